"""What was done, and by whom: append-only."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from accounts.models.keys import ApiKey
from accounts.models.people import User
from accounts.models.tenants import Tenant
from accounts.tenancy import TenantQuerySet


class AuditEntry(models.Model):
    """Who did what to which object, from where.

    Rows are added, never changed: triggers of the database refuse UPDATE, DELETE and TRUNCATE. What
    accounts/audit_retention.py takes out goes through the one function that they let pass.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    # History outlives what it speaks of: deleting a person or a key leaves the row as it is.
    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    api_key = models.ForeignKey(
        ApiKey, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    actor = models.CharField(max_length=300, help_text="The actor's name at the time.")
    action = models.CharField(max_length=50)
    object_type = models.CharField(max_length=100, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    # null, not "": processes of the version before write rows without it during an upgrade
    request_id = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, help_text="As in the answer's X-Request-ID."
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [  # one for each way of looking for entries: accounts/audit_log.py
            models.Index(fields=["tenant", "-at", "-id"], name="audit_newest"),
            models.Index(fields=["object_id", "-id"], name="audit_object"),
            models.Index(fields=["action", "tenant", "-at"], name="audit_action"),
            models.Index(fields=["address", "tenant", "-at"], name="audit_address"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.action}"


class AuditSeal(models.Model):
    """One link of the chain over the audit log, written by accounts/audit_seals.py alone.

    Numbered without gaps from 1. ``digest`` is the SHA-256 of the entry, ``hash`` that of the hash
    before it and the digest. Kept when its entry is taken out; never changed either.
    """

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    digest = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"seal {self.number}"
