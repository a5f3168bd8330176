"""What people said of fields that were read, and which jobs wait for them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import ApiKey
from accounts.tenancy import TenantOwned
from jobs.models.jobs import Job


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
    grounded = models.BooleanField(null=True, default=False)
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
    confidence = models.FloatField(
        default=0, help_text="least one of the fields that the reasons name; 0: one is missing"
    )
    template = models.CharField(
        max_length=80,
        blank=True,
        help_text="the job's by its name alone, empty for none or several",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Who is at it, since when, and until when nobody else may be.
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_at = models.DateTimeField(
        null=True, blank=True, help_text="kept when confirmed: how long it took"
    )
    taken_until = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=300, blank=True, help_text="name at the time")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="revisions of the job's fields at that moment"
    )

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "status", "job"], name="review_queue"),
            models.Index(
                fields=["tenant", "confidence", "job"],
                condition=models.Q(status="open"),
                name="review_least_sure",
            ),
            models.Index(
                fields=["tenant", "confirmed_by", "confirmed_at"],
                condition=models.Q(status="confirmed"),
                name="review_done_by",
            ),
        ]

    def __str__(self) -> str:
        return str(self.job_id)

    @property
    def stage(self) -> str:
        """Its status, "taken" while somebody is at an open one."""
        taken = self.taken_until is not None and self.taken_until > timezone.now()
        return "taken" if taken else self.status
