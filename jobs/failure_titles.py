"""What failures are called on pages, by code: the titles of their classes, to be translated.

The API tells the English ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: Mapping[str, Promise | str] = {
    "unsupported_type": _("This kind of file is not supported"),
    "file_too_large": _("The file is larger than allowed"),
    "too_many_pages": _("The document has more pages than allowed"),
    "image_too_large": _("The image has more pixels than allowed"),
    "page_too_large": _("The page cannot be rendered within the limits"),
    "encrypted": _("The document is encrypted and needs a password"),
    "wrong_password": _("The password does not open the document"),
    "corrupt_document": _("The document is damaged"),
    "empty_document": _("The document has no pages"),
    "page_timeout": _("The page took too long to decode"),
    "invalid_option": _("An option is not valid"),
    "invalid_template": _("The template is not valid"),
    "template_too_large": _("The template has more bytes than allowed"),
    "template_not_found": _("There is no such template"),
    "address_refused": _("The address is not one that may be reached"),
    "invalid_value": _("The value is none of the field's kind"),
    "engine_failed": _("The engine failed on this page"),
    "engine_unavailable": _("The engine is not available"),
    "engine_cap_reached": _("The engine's pages of this day are used up"),
    "not_made": _("The searchable PDF was not made"),
    "cancelled": _("The work was cancelled"),
    "lease_lost": _("Another worker has this job"),
    "document_crashed_worker": _("The document ended the worker that read it, twice"),
    "stopped_by_operator": _("The operators of this site stopped it"),
    "internal_error": _("Something went wrong on our side"),
    "already_ended": _("The job has ended already"),
    "result_not_ready": _("The job has no result yet"),
    "no_result": _("The job ended without a result"),
    "idempotency_conflict": _("This Idempotency-Key was sent with another request"),
    "idempotency_in_progress": _(
        "The first request with this Idempotency-Key is still being answered"
    ),
    "idempotency_gone": _("What the first request with this Idempotency-Key made has been deleted"),
    "template_exists": _("There is a template of that name"),
    "version_conflict": _("It was changed meanwhile"),
    "too_many_templates": _("The organisation has as many templates as allowed"),
    "too_many_versions": _("The template has as many versions as allowed"),
    "nothing_to_learn": _("There are too few confirmed documents"),
    "queue_full": _("Too much waits already: try again later"),
    "not_ended": _("The job has not ended yet"),
    "nothing_to_retry": _("Every page of the job was read"),
    "quota_exceeded": _("A quota of the organisation is used up"),
    "budget_exceeded": _("The organisation's budget for this month is used up"),
    "engine_not_allowed": _("The organisation's plan does not have this engine"),
    "nothing_to_roll_back": _("The engine reads with its base alone"),
    "busy": _("Too many others do the same at the moment"),
    "storage_unavailable": _("The file storage is not available"),
    "storage_full": _("There is no room left for files"),
    "expired": _("The document and its result were removed: the time to keep them has passed"),
    "link_expired": _("The link has expired"),
    "review_taken": _("Somebody else is at this review"),
    "not_in_review": _("The job is not in review"),
    "fields_missing": _("Required fields are missing"),
    "corrupt_archive": _("The archive is damaged"),
    "unsupported_entry": _("This entry of the archive cannot be unpacked"),
    "compression_too_high": _(
        "This entry of the archive unpacks to far more than a document would"
    ),
    "unpack_timeout": _("Unpacking the archive took too long"),
    "too_many_files": _("The batch has more files than allowed"),
    "batch_too_large": _("The batch has more bytes than allowed"),
    "nothing_accepted": _("No file of the batch could be accepted"),
    "fetch_failed": _("The document could not be fetched"),
    "fetch_timeout": _("Fetching the documents of the batch took too long"),
    "too_many_webhooks": _("The organisation has as many webhooks as allowed"),
    "webhook_disabled": _("The webhook is switched off"),
    "dataset_exists": _("There is a dataset of that name"),
    "too_many_examples": _("The dataset has as many examples as allowed"),
    "too_few_examples": _("The dataset has too few examples"),
    "training_open": _("A training run that has not ended needs it"),
    "not_trained": _("The training run has not succeeded"),
    "adapter_in_use": _("An engine reads with it, or may go back to it"),
    "training_timeout": _("The training took longer than it may"),
    "trainer_lost": _("The training ended its trainer, several times"),
    "too_many_filters": _("You have as many saved filters as allowed"),
}
