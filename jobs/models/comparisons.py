"""Comparisons: one document read by several engines."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned
from jobs.models.jobs import Job


class Comparison(TenantOwned):
    """A document that several engines read, each in a job of its own.

    How it stands and what came out is told from these jobs, whenever somebody asks. ``truth`` and
    ``truth_text`` are what the caller knows to be right; they go when a job of it expires.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255, blank=True, help_text="of the document")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    truth = models.JSONField(default=dict, blank=True, help_text="true values by the field's name")
    truth_text = models.TextField(blank=True, help_text="a form feed between its pages, or whole")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="comparison_tenant_newest")]

    def __str__(self) -> str:
        return self.name or str(self.id)


class ComparedJob(models.Model):
    """One engine's part in a comparison; its job may have been deleted since."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField(help_text="from 1, as the engines were named")
    engine = models.CharField(max_length=50)
    job = models.ForeignKey(
        Job, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "position"], name="one_engine_a_position")
        ]

    def __str__(self) -> str:
        return f"{self.engine} in {self.comparison_id}"
