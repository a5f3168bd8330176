"""How people are signed in: sessions of browsers, families of tokens."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from accounts.models.people import User
from accounts.models.tenants import Tenant


class Session(AbstractBaseSession):
    """A browser's session, with whose it is; written by accounts/sessions.py alone."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    signed_in_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"session {self.public_id}"

    @property
    def public_id(self) -> UUID:
        """Names the session where its key, with which one could act in it, must not be seen."""
        return UUID(bytes=hashlib.sha256(self.session_key.encode()).digest()[:16])

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class TokenFamily(models.Model):
    """A sign-in by the API and the tokens that follow from it; see accounts/tokens.py."""

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    signed_in_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, help_text="its last new tokens")
    expires_at = models.DateTimeField(help_text="of its newest refresh token")
    ended_at = models.DateTimeField(null=True, blank=True)
    # Of a browser's session whose pages call the API; they are refused when it is over
    session_key = models.CharField(max_length=40, default="", editable=False)

    class Meta:
        verbose_name_plural = "token families"
        ordering = ["-signed_in_at"]

    def __str__(self) -> str:
        return f"API sign-in {self.id}"
