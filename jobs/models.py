"""Jobs and what belongs to them. The rows are the truth; Redis only carries ids.

Status, attempt, lease and page counts are written by jobs/lifecycle.py alone.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned


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


class FieldTemplate(TenantOwned):
    """A tenant's template. What it holds is in its versions; of the newest some columns are here.

    Written by jobs/templates.py alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField(help_text="the newest one's number")
    label = models.CharField(max_length=100)
    document_type = models.CharField(max_length=50, blank=True)
    issuers = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_template_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class FieldTemplateVersion(models.Model):
    """What a template was from one change to the next; never changed itself.

    ``content`` is as in extraction/schema/template.schema.json.
    """

    template = models.ForeignKey(FieldTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="from 1")
    content = models.JSONField()
    note = models.CharField(max_length=200, blank=True, help_text="why it was changed")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="one_version_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.template.name}@{self.number}"

    @property
    def author(self) -> str | None:
        """Who made it, for people: an address or a key's name; needs both loaded."""
        if self.api_key:
            return f"API key {self.api_key.name}"
        return self.created_by.email if self.created_by else None


class Status(models.TextChoices):
    """Where a job stands; the last four do not change any more."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"  # some pages failed
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (Status.SUCCEEDED, Status.PARTIAL, Status.FAILED, Status.CANCELLED)


class Job(TenantOwned):
    """One document on its way through the pipeline.

    ``attempt`` counts the starts and fences every write of a worker: one that was taken for dead
    and wakes up later carries an old number and can change nothing. ``lease_until`` is renewed by
    the worker's heartbeat, on the database's clock.
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
    engine = models.CharField(max_length=50)
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
    sealed_password = models.TextField(blank=True, help_text="encrypted; emptied when the job ends")
    attempt = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0, help_text="after passing faults")
    crashes = models.PositiveIntegerField(default=0, help_text="workers that died on it")
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
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
    created_at = models.DateTimeField(default=timezone.now)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-id"], name="job_tenant_newest"),
            models.Index(fields=["tenant", "status", "-id"], name="job_tenant_status"),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(status=Status.RUNNING),
                name="job_running_lease",
            ),
            models.Index(
                fields=["enqueued_at"],
                condition=models.Q(status=Status.QUEUED),
                name="job_queued_since",
            ),
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
    preview_key = models.CharField(max_length=200, blank=True)

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
    grounded = models.BooleanField(default=True)
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


class FieldRevision(models.Model):
    """What a person said of a field: its next version. Rows are added, never changed.

    A trigger of the database refuses UPDATE and DELETE; rows go with their job alone, by the
    database's own cascade (migration "review"), which Django therefore leaves to it.
    """

    class Action(models.TextChoices):
        CORRECTED = "corrected"  # it holds another value
        CONFIRMED = "confirmed"  # the value is right
        ABSENT = "absent"  # it is not on the document

    job = models.ForeignKey(
        Job, on_delete=models.DO_NOTHING, db_constraint=False, related_name="revisions"
    )
    name = models.CharField(max_length=100)
    document = models.PositiveIntegerField(
        null=True, blank=True, help_text="the part of a split file, from 1"
    )
    version = models.PositiveIntegerField(help_text="of the field, from 1; as read is 0")
    action = models.CharField(max_length=10, choices=Action.choices)
    label = models.CharField(max_length=200)
    kind = models.CharField(max_length=50)
    raw = models.TextField(blank=True)
    value = models.JSONField(null=True)
    page = models.PositiveIntegerField(null=True)
    box = ArrayField(models.FloatField(), size=4, null=True)
    grounded = models.BooleanField(default=False)
    checks = models.JSONField(default=dict)
    notes = ArrayField(models.CharField(max_length=100), default=list)
    comment = models.CharField(max_length=500, blank=True, help_text="why, in the person's words")
    at = models.DateTimeField(default=timezone.now, editable=False)
    # As in the audit log: history outlives the people and keys it speaks of.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    api_key = models.ForeignKey(
        ApiKey, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    actor = models.CharField(max_length=300, help_text="the actor's name at the time")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "job", "name", Coalesce("document", 0), "version", name="one_revision_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.job_id}, version {self.version}"


class Review(TenantOwned):
    """That a person is to look at a job's fields, and who has. Written by jobs/review.py alone."""

    class Status(models.TextChoices):
        OPEN = "open"
        CONFIRMED = "confirmed"

    job = models.OneToOneField(
        Job, primary_key=True, on_delete=models.CASCADE, related_name="review"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reasons = models.JSONField(default=list, help_text="as extraction.fields.review.Reason")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Who is at it, until when nobody else may be.
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_until = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=300, blank=True, help_text="name at the time")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="revisions of the job's fields at that moment"
    )

    class Meta:
        indexes = [models.Index(fields=["tenant", "status", "job"], name="review_queue")]

    def __str__(self) -> str:
        return str(self.job_id)

    @property
    def stage(self) -> str:
        """Its status, "taken" while somebody is at an open one."""
        taken = self.taken_until is not None and self.taken_until > timezone.now()
        return "taken" if taken else self.status


class Outbox(models.Model):
    """A job whose id has yet to reach Redis, written in the transaction that queued it."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="outbox")
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return str(self.job_id)
