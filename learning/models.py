"""What models are taught with, and the runs that teach them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned
from jobs.models import StoredFile


class Dataset(TenantOwned):
    """Pages with the text that is right for them, to teach a ``base`` engine.

    ``version`` grows with each change of its examples. Written by learning/datasets.py alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    base = models.CharField(max_length=50, help_text="the engine that is to be taught")
    version = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_dataset_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class Example(TenantOwned):
    """One page and its right text. Never changed: another text is another example.

    ``file`` is the dataset's own copy of the document, shared by its pages. ``held_out`` pages are
    never learned from, but measured by; which side a page is on follows from its content.
    """

    class Source(models.TextChoices):
        CORRECTION = "correction"  # a page of a job whose fields people corrected or confirmed
        UPLOAD = "upload"  # sent with its text

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="examples")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    page = models.PositiveIntegerField(help_text="of the file, from 1")
    text = models.TextField()
    held_out = models.BooleanField()
    source = models.CharField(max_length=10, choices=Source.choices)
    job_id = models.UUIDField(null=True, blank=True, help_text="whose page was corrected")
    confirmed_by = models.CharField(max_length=300, blank=True, help_text="name at the time")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "file", "page"], name="one_example_a_page")
        ]

    def __str__(self) -> str:
        return f"{self.file.name}, page {self.page}"


class RunStatus(models.TextChoices):
    """Where a training run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    EVALUATING = "evaluating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


AT_WORK = (RunStatus.RUNNING, RunStatus.EVALUATING)
OPEN = (RunStatus.QUEUED, *AT_WORK)


class TrainingRun(TenantOwned):
    """An adapter being made from a dataset. Written by learning/runs.py alone.

    ``examples`` are those that the dataset had at its ``dataset_version``, ``digest`` a hash over
    their pages and texts: what is learned is settled at submission. ``attempt`` is the number of
    the trainer that has it; a write with an older one changes nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="runs")
    dataset_version = models.PositiveIntegerField()
    examples = ArrayField(models.UUIDField())
    digest = models.CharField(max_length=64)
    base = models.CharField(max_length=50)
    options = models.JSONField(help_text="as extraction.training.TrainingSettings")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    attempt = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(
        default=0, help_text="trainers lost on it one after the other"
    )
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0, help_text="0: not known yet")
    losses = models.JSONField(default=list, help_text="[step, loss], thinned out")
    tokens = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="of trainers, those lost too")
    most_seconds = models.PositiveIntegerField(help_text="that it may take; kept of the quota")
    checkpoint = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    adapter = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    evaluation = models.JSONField(
        null=True, blank=True, help_text="of base and tuned: lessons, similarity, exact, seconds"
    )
    skipped = models.JSONField(default=list, help_text="examples not used, and why")
    error = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-id"], name="training_run_newest"),
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=("queued", "running", "evaluating")),
                name="training_run_open",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status not in OPEN
