"""Switching organisations off and on again.

Members and tokens notice with the next request, keys too, in other processes within
KEY_CACHE_SECONDS.
"""

from __future__ import annotations

from django.db import transaction

from accounts import audit, keys
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
    keys.forget_checked()
    return bool(changed)
