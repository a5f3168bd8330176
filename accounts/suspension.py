"""Switching organisations off and on again: their members and keys, from the next request."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.models import Tenant, User


def set_active(
    tenant: Tenant, *, active: bool, actor: User | str | None, address: str | None = None
) -> bool:
    """Suspend an organisation, or let it in again; False if it was so already."""
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk, is_active=not active).update(is_active=active)
        if changed:
            audit.record(
                actor=actor,
                tenant=tenant,
                action="tenant.resume" if active else "tenant.suspend",
                obj=tenant,
                before={"is_active": not active},
                after={"is_active": active},
                address=address,
            )
    return bool(changed)
