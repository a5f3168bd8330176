"""The rows of jobs, by what they are about; import them from here."""

from jobs.models.jobs import (
    ENDED,
    Extraction,
    FieldValue,
    Job,
    Outbox,
    Page,
    Status,
    StoredFile,
)
from jobs.models.review import FieldRevision, Review
from jobs.models.templates import FieldTemplate, FieldTemplateVersion
from jobs.models.webhooks import (
    CallbackSecret,
    Delivery,
    DeliveryAttempt,
    JobCallback,
    Webhook,
)

__all__ = [
    "ENDED",
    "CallbackSecret",
    "Delivery",
    "DeliveryAttempt",
    "Extraction",
    "FieldRevision",
    "FieldTemplate",
    "FieldTemplateVersion",
    "FieldValue",
    "Job",
    "JobCallback",
    "Outbox",
    "Page",
    "Review",
    "Status",
    "StoredFile",
    "Webhook",
]
