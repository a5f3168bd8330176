"""The expected failures of jobs, in the family of extraction.errors."""

from django.core.exceptions import SuspiciousOperation

from extraction.errors import ExtractionError, FileTooLarge


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


class StorageUnavailable(ExtractionError):
    code = "storage_unavailable"
    title = "The file storage is not available"
    status = 503
    permanent = False


class UploadTooLarge(FileTooLarge, SuspiciousOperation):
    """Raised while a form is parsed: where Django's own code reads it, its answer is 400."""


class FieldChanged(ExtractionError):
    code = "version_conflict"
    title = "It was changed meanwhile"
    status = 409


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
