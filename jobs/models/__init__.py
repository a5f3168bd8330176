"""The rows of jobs, by what they are about; import them from here."""

from jobs.models.batches import Batch
from jobs.models.comparisons import ComparedJob, Comparison
from jobs.models.engines import TenantEngine
from jobs.models.idempotency import IdempotencyKey
from jobs.models.jobs import (
    ENDED,
    KEPT,
    Extraction,
    FieldValue,
    Job,
    Page,
    Priority,
    Status,
    StoredFile,
)
from jobs.models.review import FieldRevision, Review
from jobs.models.search import SavedFilter, SearchText, SearchWords
from jobs.models.sums import JobSum, ServiceSum, SiteAnswer
from jobs.models.tallies import EngineTally
from jobs.models.tasks import Drain, Pause, Task, Turn
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
    "KEPT",
    "Batch",
    "CallbackSecret",
    "ComparedJob",
    "Comparison",
    "Delivery",
    "DeliveryAttempt",
    "Drain",
    "EngineTally",
    "Extraction",
    "FieldRevision",
    "FieldTemplate",
    "FieldTemplateVersion",
    "FieldValue",
    "IdempotencyKey",
    "Job",
    "JobCallback",
    "JobSum",
    "Page",
    "Pause",
    "Priority",
    "Review",
    "SavedFilter",
    "SearchText",
    "SearchWords",
    "ServiceSum",
    "SiteAnswer",
    "Status",
    "StoredFile",
    "Task",
    "TenantEngine",
    "Turn",
    "Webhook",
]
