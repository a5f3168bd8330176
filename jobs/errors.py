"""The expected failures of jobs, in the family of extraction.errors."""

from django.core.exceptions import SuspiciousOperation

from extraction.errors import ExtractionError, FileTooLarge, InvalidOption, InvalidTemplate


class LeaseLost(ExtractionError):
    """The job went to another worker, ended or was deleted: this worker's writes are refused."""

    code = "lease_lost"
    title = "Another worker has this job"
    status = 409


class DocumentCrashedWorker(ExtractionError):
    code = "document_crashed_worker"
    title = "The document ended the worker that read it, twice"


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


class Busy(ExtractionError):
    code = "busy"
    title = "Others are trying templates at the moment"
    status = 503
    permanent = False


class StorageUnavailable(ExtractionError):
    code = "storage_unavailable"
    title = "The file storage is not available"
    status = 503
    permanent = False


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
