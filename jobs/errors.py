"""The expected failures of jobs, in the family of extraction.errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import SuspiciousOperation

from extraction.errors import ExtractionError, FileTooLarge, InvalidOption, InvalidTemplate

# With these a job fails by our fault, not for what its document or its sender is
OUR_FAULTS = frozenset(
    {
        "document_crashed_worker",
        "engine_cap_reached",
        "engine_failed",
        "engine_unavailable",
        "internal_error",
        "storage_full",
        "storage_unavailable",
    }
)


class LeaseLost(ExtractionError):
    """The job went to another worker, ended or was deleted: this worker's writes are refused."""

    code = "lease_lost"
    title = "Another worker has this job"
    status = 409


class DocumentCrashedWorker(ExtractionError):
    code = "document_crashed_worker"
    title = "The document ended the worker that read it, twice"


class StoppedByOperator(ExtractionError):
    code = "stopped_by_operator"
    title = "The operators of this site stopped it"
    status = 409


class InternalError(ExtractionError):
    code = "internal_error"
    title = "Something went wrong on our side"
    status = 500
    permanent = False


class AlreadyEnded(ExtractionError):
    code = "already_ended"
    title = "The job has ended already"
    status = 409


class ResultNotReady(ExtractionError):
    code = "result_not_ready"
    title = "The job has no result yet"
    status = 409


class NoResult(ExtractionError):
    code = "no_result"
    title = "The job ended without a result"
    status = 409


class IdempotencyConflict(ExtractionError):
    code = "idempotency_conflict"
    title = "This Idempotency-Key was sent with another request"
    status = 409


class IdempotencyInProgress(ExtractionError):
    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still being answered"
    status = 409
    permanent = False


class IdempotencyGone(ExtractionError):
    code = "idempotency_gone"
    title = "What the first request with this Idempotency-Key made has been deleted"
    status = 410


class TemplateNotFound(InvalidOption):
    code = "template_not_found"
    title = "There is no such template"


class TemplateExists(ExtractionError):
    code = "template_exists"
    title = "There is a template of that name"
    status = 409


class VersionConflict(ExtractionError):
    code = "version_conflict"
    title = "It was changed meanwhile"
    status = 409


class TemplateTooLarge(InvalidTemplate):
    code = "template_too_large"
    title = "The template has more bytes than allowed"
    status = 413


class TooManyTemplates(ExtractionError):
    code = "too_many_templates"
    title = "The organisation has as many templates as allowed"


class TooManyFilters(ExtractionError):
    code = "too_many_filters"
    title = "You have as many saved filters as allowed"


class TooManyVersions(ExtractionError):
    code = "too_many_versions"
    title = "The template has as many versions as allowed"


class NothingToLearn(ExtractionError):
    code = "nothing_to_learn"
    title = "There are too few confirmed documents"
    status = 409


class QueueFull(ExtractionError):
    code = "queue_full"
    title = "Too much waits already: try again later"
    status = 503
    permanent = False


class NotEnded(ExtractionError):
    code = "not_ended"
    title = "The job has not ended yet"
    status = 409


class NothingToRetry(ExtractionError):
    code = "nothing_to_retry"
    title = "Every page of the job was read"
    status = 409


class QuotaExceeded(ExtractionError):
    """``wait`` is in seconds, for Retry-After."""

    code = "quota_exceeded"
    title = "A quota of the organisation is used up"
    status = 429

    def __init__(
        self, detail: str, *, limit: int | float, actual: int | float, wait: int | None = None
    ) -> None:
        super().__init__(detail, limit=limit, actual=actual)
        self.wait = wait


class StorageQuotaExceeded(QuotaExceeded):
    title = "The organisation's storage is used up"
    status = 403  # waiting does not help, and programs send what got a 5xx again


class BudgetExceeded(QuotaExceeded):
    """``limit`` and ``actual`` are amounts in the budget's currency."""

    code = "budget_exceeded"
    title = "The organisation's budget for this month is used up"


class EngineNotAllowed(ExtractionError):
    code = "engine_not_allowed"
    title = "The organisation's plan does not have this engine"
    status = 403


class NothingToRollBack(ExtractionError):
    code = "nothing_to_roll_back"
    title = "The engine reads with its base alone"
    status = 409


class Busy(ExtractionError):
    code = "busy"
    title = "Too many others do the same at the moment"
    status = 503
    permanent = False


class ListenersBusy(Busy):
    title = "As many listen as may"


class StorageUnavailable(ExtractionError):
    code = "storage_unavailable"
    title = "The file storage is not available"
    status = 503
    permanent = False


class StorageFull(ExtractionError):
    code = "storage_full"
    title = "There is no room left for files"
    status = 507
    permanent = False


class Expired(ExtractionError):
    code = "expired"
    title = "The document and its result were removed: the time to keep them has passed"
    status = 410


class LinkExpired(ExtractionError):
    code = "link_expired"
    title = "The link has expired"
    status = 410


class UploadTooLarge(FileTooLarge, SuspiciousOperation):
    """Raised while a form is parsed: where Django's own code reads it, its answer is 400."""


class ReviewTaken(ExtractionError):
    code = "review_taken"
    title = "Somebody else is at this review"
    status = 409


class NotInReview(ExtractionError):
    code = "not_in_review"
    title = "The job is not in review"
    status = 409


class FieldsMissing(ExtractionError):
    code = "fields_missing"
    title = "Required fields are missing"
    status = 409


class CorruptArchive(ExtractionError):
    code = "corrupt_archive"
    title = "The archive is damaged"


class UnsupportedEntry(ExtractionError):
    code = "unsupported_entry"
    title = "This entry of the archive cannot be unpacked"


class CompressionTooHigh(ExtractionError):
    code = "compression_too_high"
    title = "This entry of the archive unpacks to far more than a document would"


class UnpackTimeout(ExtractionError):
    code = "unpack_timeout"
    title = "Unpacking the archive took too long"


class TooManyFiles(ExtractionError):
    code = "too_many_files"
    title = "The batch has more files than allowed"
    status = 413


class BatchTooLarge(ExtractionError):
    code = "batch_too_large"
    title = "The batch has more bytes than allowed"
    status = 413


class NothingAccepted(ExtractionError):
    """Carries what was refused, as ``Batch.refused`` holds it."""

    code = "nothing_accepted"
    title = "No file of the batch could be accepted"
    status = 400

    def __init__(self, refused: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.refused = refused


class AddressRefused(InvalidOption):
    code = "address_refused"
    title = "The address is not one that may be reached"


class FetchFailed(ExtractionError):
    code = "fetch_failed"
    title = "The document could not be fetched"


class FetchTimeout(ExtractionError):
    code = "fetch_timeout"
    title = "Fetching the documents of the batch took too long"


class TooManyWebhooks(ExtractionError):
    code = "too_many_webhooks"
    title = "The organisation has as many webhooks as allowed"


class WebhookDisabled(ExtractionError):
    code = "webhook_disabled"
    title = "The webhook is switched off"
    status = 409
