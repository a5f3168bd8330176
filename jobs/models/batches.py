"""Batches: many documents that came in one request."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned


class Batch(TenantOwned):
    """Documents sent together: its jobs, and what was refused of it.

    A job's place in it is ``Job.batch_position``, from 1. ``refused`` holds the others:
    ``{"position", "name", "error"}`` each, the error as a job's. ``completed_at`` is written once,
    by jobs/batches.py in the transaction that ends the last job.
    """

    COMPLETED = "completed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200, blank=True, help_text="the caller's, display text only")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    options = models.JSONField(default=dict, help_text="of each of its jobs")
    metadata = models.JSONField(default=dict, blank=True, help_text="the caller's, returned as is")
    refused = models.JSONField(default=list, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True, help_text="when its last job ended")

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["tenant", "-id"], name="batch_tenant_newest")]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def status(self) -> str:
        """Where it stands: "running", "cancelling" or "completed", whatever became of its jobs."""
        return self.status_of(completed=self.ended, cancelled=self.cancel_requested)

    @property
    def ended(self) -> bool:
        """Whether all its jobs have ended."""
        return self.completed_at is not None

    @classmethod
    def status_of(cls, *, completed: bool, cancelled: bool) -> str:
        """The status of a batch with these columns."""
        return cls.COMPLETED if completed else "cancelling" if cancelled else "running"
