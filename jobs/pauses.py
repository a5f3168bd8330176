"""What operators hold back: a pool's work, or an organisation's. Documents are accepted meanwhile.

The rows are the truth, and the question for the next task reads them (jobs/queue.py): no worker
begins anything that is held back, also one that starts later or does without Redis. What has been
begun is finished; of a document in parts, the parts that workers are at.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from accounts import audit
from accounts.models import Tenant, User
from jobs import queue
from jobs.models import Pause, Task


def paused_pools() -> list[Pause]:
    """Those that are held back, by name; one query."""
    return list(Pause.objects.order_by("pool"))


def pause_pool(pool: str, *, reason: str, operator: User, address: str | None) -> None:
    """Let no worker begin a task of the pool; where that is so already, for this ``reason``."""
    with transaction.atomic():
        Pause.objects.update_or_create(
            pool=pool, defaults={"reason": reason, "paused_by": str(operator)[:300]}
        )
        audit.record(
            actor=operator,
            tenant=None,
            action="pool.pause",
            after={"pool": pool, "reason": reason},
            address=address,
        )


def resume_pool(pool: str, *, operator: User, address: str | None) -> bool:
    """Let the pool's workers go on; False where nothing held them back."""
    with transaction.atomic():
        if not Pause.objects.filter(pool=pool).delete()[0]:
            return False
        audit.record(
            actor=operator,
            tenant=None,
            action="pool.resume",
            after={"pool": pool},
            address=address,
        )
        queue.ring_after_commit(pool, queue.FEW_BELLS)
    return True


def pause_tenant(tenant: Tenant, *, reason: str, operator: User, address: str | None) -> None:
    """Let no worker begin anything of the organisation, in any pool; others' turns come sooner."""
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(
            paused_at=Coalesce("paused_at", Now()), pause_reason=reason
        )
        audit.record(
            actor=operator,
            tenant=tenant,
            action="tenant.pause",
            obj=tenant,
            after={"reason": reason},
            address=address,
        )


def resume_tenant(tenant: Tenant, *, operator: User, address: str | None) -> bool:
    """Let its work go on; False where nothing held it back."""
    with transaction.atomic():
        held = Tenant.objects.filter(pk=tenant.pk, paused_at__isnull=False)
        if not held.update(paused_at=None, pause_reason=""):
            return False
        audit.record(
            actor=operator, tenant=tenant, action="tenant.unpause", obj=tenant, address=address
        )
        waits = Task.objects.filter(tenant=tenant, state=Task.State.WAITING)
        for pool in waits.order_by().values_list("pool", flat=True).distinct():
            queue.ring_after_commit(pool, queue.FEW_BELLS)
    return True
