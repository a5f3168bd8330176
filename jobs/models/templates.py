"""An organisation's templates and their versions."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import ApiKey
from accounts.tenancy import TenantOwned


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
