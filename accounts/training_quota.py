"""What training runs take from their tenant's quota of seconds: kept at submission, settled at the
end, each in the transaction that writes that."""

from __future__ import annotations

from datetime import date

from accounts.models import QuotaUse, Tenant
from accounts.quota_counters import (
    TRAINING,
    Change,
    change,
    make_counters,
    training_period,
)
from accounts.quota_standings import REFUSALS, OverQuota, limit_of


def reserve(tenant: Tenant, *, seconds: int, month: date) -> None:
    """Keep so many seconds of the month's for a run. Raises ``OverQuota``."""
    limit, period = limit_of(tenant, TRAINING), training_period(month)
    make_counters(tenant.pk, [period])
    if not change(tenant.pk, [Change(period, reserved=seconds, limit=limit)]):
        assert limit is not None, "what is unlimited refuses nothing"
        REFUSALS.labels(TRAINING).inc()
        raise OverQuota(
            TRAINING, limit=limit, actual=sum(used(tenant, month)) + seconds, seconds=None
        )


def settle(tenant: Tenant, *, reserved: int, used: int, month: date) -> None:
    """Count what a run has used instead of what was kept for it."""
    change(tenant.pk, [Change(training_period(month), used=used, reserved=-reserved)])


def used(tenant: Tenant, month: date) -> tuple[int, int]:
    """Seconds used in the month, and those kept for runs that have not ended."""
    rows = QuotaUse.objects.for_tenant(tenant).filter(period=training_period(month))
    return rows.values_list("used", "reserved").first() or (0, 0)


def limit(tenant: Tenant) -> int | None:
    """Seconds a month; None is unlimited."""
    return limit_of(tenant, TRAINING)
