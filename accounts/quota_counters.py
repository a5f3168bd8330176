"""The counters of quotas: one row an organisation and period, added to under its lock.

They are locked after all other rows: first that of the included pages, by ``accounts_bill`` alone,
then the others in the order of their periods' names. So no two transactions wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from accounts.models import QuotaUse, Tenant

PAGES_PER_MONTH, PAGES_PER_DAY = "pages_per_month", "pages_per_day"
STORAGE_BYTES, OPEN_JOBS = "storage_bytes", "open_jobs"
QUOTAS = (STORAGE_BYTES, PAGES_PER_MONTH, PAGES_PER_DAY, OPEN_JOBS)  # the order of refusals
TRAINING = "training_seconds_per_month"  # of learning.runs, whole seconds
STORAGE, OPEN = "storage", "open"  # periods of the two that have none
BUDGET = "budget"  # refuses as a quota does: what the month's pages cost, in millionths


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to a counter, if the sum then is at most ``limit``."""

    period: str
    used: int = 0
    reserved: int = 0
    limit: int | None = None


def change(tenant_id: UUID, changes: Sequence[Change]) -> dict[str, tuple[int, int]]:
    """Add to counters that are there: what is then used and reserved, of those that had room.

    One statement, which locks the rows in the order of their periods. Where it waited for another
    transaction PostgreSQL looks at each row again, as that one left it.
    """
    with connection.cursor() as cursor:
        rows = ", ".join(["(%s, %s::bigint, %s::bigint, %s::bigint)"] * len(changes))
        cursor.execute(
            f"WITH wanted (period, used, reserved, most) AS (VALUES {rows}),"  # noqa: S608
            " held AS MATERIALIZED (SELECT id FROM accounts_quotause"
            " WHERE tenant_id = %s AND period = ANY(%s) ORDER BY period FOR UPDATE)"
            " UPDATE accounts_quotause AS kept"
            " SET used = kept.used + wanted.used, reserved = kept.reserved + wanted.reserved"
            " FROM wanted, held WHERE kept.id = held.id AND kept.period = wanted.period"
            " AND (wanted.most IS NULL"
            " OR kept.used + kept.reserved + wanted.used + wanted.reserved <= wanted.most)"
            " RETURNING kept.period, kept.used, kept.reserved",
            [
                *(
                    value
                    for each in changes
                    for value in (each.period, each.used, each.reserved, each.limit)
                ),
                tenant_id,
                [each.period for each in changes],
            ],
        )
        return {period: (used, reserved) for period, used, reserved in cursor.fetchall()}


def make_counters(tenant_id: UUID, periods: Sequence[str]) -> None:
    """Counters at 0 for the periods that have none yet."""
    with connection.cursor() as cursor:
        rows = ", ".join(["(%s)"] * len(periods))
        cursor.execute(
            "INSERT INTO accounts_quotause (tenant_id, period, used, reserved)"  # noqa: S608
            f" SELECT %s, wanted.period, 0, 0 FROM (VALUES {rows}) AS wanted (period)"
            " WHERE NOT EXISTS (SELECT FROM accounts_quotause AS kept"
            " WHERE kept.tenant_id = %s AND kept.period = wanted.period)"
            " ORDER BY wanted.period ON CONFLICT DO NOTHING",
            [tenant_id, *sorted(periods), tenant_id],
        )


def lock_all(tenant_id: UUID) -> None:
    """Lock every counter of the tenant until the transaction ends, in the order that all keep."""
    counters = QuotaUse.objects.filter(tenant_id=tenant_id).order_by("period").select_for_update()
    list(counters.filter(period__startswith="included:").values_list("pk"))
    make_counters(tenant_id, [OPEN])  # one at least, for others to wait at
    list(counters.values_list("pk"))


def add_storage(tenant: Tenant, size: int) -> None:
    """Count bytes that were stored (no limit is looked at) or, below 0, removed."""
    if size:
        make_counters(tenant.pk, [STORAGE])
        change(tenant.pk, [Change(STORAGE, used=size)])


def day_period(day: date) -> str:
    """The period of pages a day."""
    return f"day:{day:%Y-%m-%d}"


def month_period(day: date) -> str:
    """The period of pages a month."""
    return f"month:{day:%Y-%m}"


def cost_period(day: date) -> str:
    """The period of what a month's pages cost."""
    return f"cost:{day:%Y-%m}"


def training_period(day: date) -> str:
    """The period of a month's seconds of training."""
    return f"training:{day:%Y-%m}"


def quota_of(period: str) -> str:
    """Which of ``QUOTAS`` the period's counter is for."""
    kind = period.partition(":")[0]
    return {
        STORAGE: STORAGE_BYTES,
        OPEN: OPEN_JOBS,
        "day": PAGES_PER_DAY,
        "month": PAGES_PER_MONTH,
        "cost": BUDGET,
        "included": "included_pages",
        "training": TRAINING,
    }[kind]
