"""What was made for a caller's Idempotency-Key."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.tenancy import TenantOwned


class IdempotencyKey(TenantOwned):
    """A key that a caller has used, written in the transaction that made what it was used for."""

    route = models.CharField(max_length=50, help_text="name of the address it was sent to")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="keyed hash of the request")
    made = models.UUIDField(help_text="id of what the request made")
    status = models.PositiveSmallIntegerField(help_text="HTTP status of the first answer")
    created_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "route", "key"], name="one_use_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.key} at {self.route}"
