"""API keys."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models.people import User
from accounts.tenancy import TenantOwned, TenantQuerySet

KEY_STATES = ("live", "expired", "revoked")


class ApiKeyQuerySet(TenantQuerySet["ApiKey"]):
    def live(self) -> Self:
        """Those neither revoked nor expired; of an organisation that may be switched off."""
        valid = models.Q(expires_at=None) | models.Q(expires_at__gt=Now())
        return self.filter(valid, revoked_at=None)

    def expired(self) -> Self:
        """Those that have expired without having been revoked."""
        return self.filter(expires_at__lte=Now(), revoked_at=None)

    def ended(self) -> Self:
        """All that are not live."""
        return self.filter(models.Q(expires_at__lte=Now()) | ~models.Q(revoked_at=None))


class ApiKey(TenantOwned):
    """A tenant's key; its text is shown once and kept only as prefix and keyed hash.

    After a rotation the text before opens it too, until ``old_until``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.CharField(max_length=64)
    pepper = models.CharField(
        max_length=8, blank=True, help_text="names what it is hashed under; empty: not known yet"
    )
    scopes = ArrayField(models.CharField(max_length=50))
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        db_default=[],
        blank=True,
        help_text="It is refused from elsewhere; empty: it may be used from anywhere.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    refused_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last came from outside its networks."
    )
    refused_from = models.GenericIPAddressField(null=True, blank=True)
    old_prefix = models.CharField(max_length=12, unique=True, null=True, blank=True)
    old_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    old_until = models.DateTimeField(null=True, blank=True)
    old_used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ApiKeyQuerySet.as_manager()  # type: ignore[misc]  # narrows TenantOwned's

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="apikey_newest")]

    def __str__(self) -> str:
        return f"key {self.prefix} ({self.name})"

    @property
    def status(self) -> str:
        """One of `KEY_STATES`."""
        if self.revoked_at is not None:
            return "revoked"
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if expired else "live"

    @property
    def is_live(self) -> bool:
        """Neither revoked nor expired."""
        return self.status == "live"

    @property
    def rotating(self) -> bool:
        """Whether the text before the last rotation still opens it."""
        return self.is_live and self.old_until is not None and self.old_until > timezone.now()
