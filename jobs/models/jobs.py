"""Jobs and what belongs to them. The rows are the truth; Redis only wakes workers.

Status, attempt and page counts are written by jobs/lifecycle.py alone.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned
from jobs.models.batches import Batch
from jobs.models.templates import FieldTemplateVersion


class StoredFile(TenantOwned):
    """An uploaded file. ``key`` is made by us; ``name`` is the sender's, display text only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    """Where a job stands. One that has ended stays so until it is tried again or expires."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    PARTIAL = "partial", _("Partial")  # some pages failed
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")  # ended, and its files and result were removed


KEPT = (Status.SUCCEEDED, Status.PARTIAL, Status.FAILED, Status.CANCELLED)
ENDED = (*KEPT, Status.EXPIRED)


class Priority(models.IntegerChoices):
    """Which of an organisation's own jobs come first."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class Job(TenantOwned):
    """One document on its way through the pipeline. What is left to do of it are its tasks.

    ``attempt`` counts the times that a worker took one of its tasks; each task has the number of
    its own start, which no other has. ``run`` counts the times that the ended job was tried again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="job")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    batch = models.ForeignKey(
        Batch,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="jobs",
        db_index=False,  # the constraint below has an index of it
    )
    batch_position = models.PositiveIntegerField(null=True, blank=True, help_text="from 1")
    engine = models.CharField(max_length=50)
    adapter = models.ForeignKey(
        StoredFile,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,  # it may be gone when the job's turn comes
        db_index=False,
        help_text="what an engine of the organisation's own reads with, as it was at submission",
    )
    options = models.JSONField(default=dict, help_text="as in extraction.options.Options")
    metadata = models.JSONField(default=dict, blank=True, help_text="the caller's, returned as is")
    template = models.CharField(
        max_length=80,
        blank=True,
        help_text="the result's: NAME@VERSION, a starter's NAME, empty for none or several",
    )
    template_version = models.ForeignKey(
        FieldTemplateVersion,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="asked for at submission, or the one used",
    )
    cache_key = models.UUIDField(
        null=True, editable=False, help_text="equal where the result is; null: not to be shared"
    )
    same_as = models.ForeignKey(
        "self",
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,  # told even when that one is deleted
        db_index=False,
        help_text="the job of the same document whose result it waits for, or has",
    )
    cached = models.BooleanField(default=False, help_text="has another job's result; not billed")
    traceparent = models.CharField(  # noqa: DJ001 - null in the rows of processes without it
        max_length=55, null=True, editable=False, help_text="the span that it was submitted in"
    )
    sealed_password = models.TextField(blank=True, help_text="encrypted; emptied when the job ends")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    run = models.PositiveIntegerField(default=0, help_text="from 0; one more with each retry")
    attempt = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    page_count = models.PositiveIntegerField(null=True, blank=True, help_text="of the file")
    pages_total = models.PositiveIntegerField(null=True, blank=True, help_text="to be read")
    pages_done = models.PositiveIntegerField(default=0, help_text="finished, failed ones included")
    pages_failed = models.PositiveIntegerField(default=0)
    classification = models.JSONField(
        null=True, blank=True, help_text="as in the JSON result; null until the end"
    )
    documents = models.JSONField(
        default=list, blank=True, help_text="the parts of a split file, without their fields"
    )
    warnings = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    error = models.JSONField(null=True, blank=True)
    retention_hours = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="kept for after its end; 0: until its first delivery, empty: until deleted",
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="known from its end on")
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="of a result that goes with its first delivery"
    )
    pdf_bytes = models.PositiveBigIntegerField(default=0, help_text="of the searchable PDF")
    stored_bytes = models.PositiveBigIntegerField(
        default=0, help_text="of the upload, from the end on of all its files; 0: removed"
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-id"], name="job_tenant_newest"),
            models.Index(fields=["tenant", "status", "-id"], name="job_tenant_status"),
            models.Index(
                fields=["-finished_at"],
                condition=models.Q(finished_at__isnull=False),
                name="job_finished_lately",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(expires_at__isnull=False, stored_bytes__gt=0),
                name="job_expires",
            ),
            models.Index(
                fields=["cache_key"],
                condition=models.Q(
                    status__in=("queued", "running"), same_as=None, cache_key__isnull=False
                ),
                name="job_first_at_work",
            ),
            models.Index(
                fields=["same_as"],
                condition=models.Q(status="queued", same_as__isnull=False),
                name="job_waits_for_same",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "batch_position"],
                condition=models.Q(batch__isnull=False),
                name="one_job_a_position",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in ENDED


class Page(models.Model):
    """A finished page: its part of the result, kept as soon as it is read.

    ``content`` is the page as in the JSON result (extraction.formats.json.page_to_dict).
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField(help_text="from 1")
    engine = models.CharField(max_length=50, blank=True)
    revision = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(default=0)
    confidence = models.FloatField(null=True, blank=True)
    content = models.JSONField()
    failed = models.BooleanField(default=False)
    degraded = models.BooleanField(
        default=False, db_default=False, help_text="read by OCR where the engine's model failed"
    )
    tokens = models.PositiveIntegerField(
        default=0, db_default=0, help_text="that a model wrote for it"
    )
    preview_key = models.CharField(max_length=200, blank=True)
    preview_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_row_a_page")]

    def __str__(self) -> str:
        return f"{self.job_id} page {self.number}"


class FieldValue(models.Model):
    """A named value found in a job's document (extraction.types.FieldValue)."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="field_values")
    position = models.PositiveIntegerField(help_text="order in the result")
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    kind = models.CharField(max_length=50)
    raw = models.TextField(blank=True)
    value = models.JSONField(null=True)
    page = models.PositiveIntegerField(null=True)
    box = ArrayField(models.FloatField(), size=4, null=True)
    confidence = models.FloatField(null=True)
    method = models.CharField(max_length=50, blank=True)
    grounded = models.BooleanField(
        null=True, default=True, help_text="unknown where the engine tells no places"
    )
    alternatives = models.JSONField(default=list)
    checks = models.JSONField(default=dict, help_text="tests made of the value: name -> passed")
    notes = ArrayField(models.CharField(max_length=100), default=list)
    document = models.PositiveIntegerField(
        null=True, blank=True, help_text="the part of a split file, from 1"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="field_order")]

    def __str__(self) -> str:
        return f"{self.name} of {self.job_id}"


class Extraction(models.Model):
    """The caller's schema filled from a job's document (extraction.types.Extraction).

    ``content`` is as in the JSON result; a row of its own, for lists of jobs do not need it.
    """

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="extraction")
    content = models.JSONField()

    def __str__(self) -> str:
        return f"extraction of {self.job_id}"
