"""What jobs take from their tenant's quotas, from a job's submission to its end.

A job's pages are reserved when it is submitted and settled when it ends, in the transactions that
write those, under the locks of counter rows (`accounts.quota_counters`): of jobs that come at once
no more are admitted than fit. What a job has reserved is a row of its own; who deletes it settles,
so that it is done once. Days and months are UTC's, by the database's clock, those of the
submission.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from accounts.models import QuotaUse, Reservation, Tenant
from accounts.quota_counters import (
    BUDGET,
    OPEN,
    OPEN_JOBS,
    PAGES_PER_DAY,
    PAGES_PER_MONTH,
    QUOTAS,
    STORAGE,
    STORAGE_BYTES,
    Change,
    change,
    cost_period,
    day_period,
    month_period,
    quota_of,
)
from accounts.quota_standings import limit_of, over_budget, refusal, standings


@dataclass(frozen=True, slots=True)
class Settled:
    """What was kept for a job that has ended."""

    tenant_id: UUID
    run: int
    engine: str
    day: date
    pages: int
    submitted_at: datetime
    cost: int = 0  # millionths kept of a budget that stops


@dataclass(frozen=True, slots=True)
class PagesUsed:
    """What a period's pages have come to; ``limit`` None is unlimited."""

    period: str
    used: int
    limit: int | None


def refuse_beyond(tenant: Tenant, *, size: int, pages: int = 1) -> None:
    """A look before anything is done for a document of ``size`` bytes. Raises ``OverQuota``.

    Only ``reserve`` decides: between the two others may come. No query where all is unlimited.
    """
    if all(limit_of(tenant, quota) is None for quota in QUOTAS):
        return
    wanted = {STORAGE_BYTES: size, PAGES_PER_MONTH: pages, PAGES_PER_DAY: pages, OPEN_JOBS: 1}
    for each in standings(tenant):
        actual = each.used + each.reserved + wanted[each.quota]
        if each.limit is not None and actual > each.limit:
            raise refusal(each, each.limit, actual)


def reserve(
    tenant: Tenant, *, job_id: UUID, engine: str, size: int = 0, pages: int = 1, run: int = 0
) -> None:
    """Keep room for a job that is being submitted, or tried again; ``size`` bytes come with it.

    The last thing that the caller's transaction does: other submissions of the tenant wait from
    here to its end. Raises ``OverQuota``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accounts_reserve(%s, %s, %s, %s, %s, %s, %s::bigint[])",
            [job_id, tenant.pk, run, engine, pages, size, most(tenant, size=size)],
        )
        (room,) = cursor.fetchone()
    refuse_unless(tenant, room, size=size, pages=pages)


def most(tenant: Tenant, *, size: int) -> list[int | None]:
    """The limits of pages a day and a month, open jobs and bytes, for ``accounts_reserve``.

    A job that brings no bytes is not refused for want of room for them.
    """
    storage = limit_of(tenant, STORAGE_BYTES) if size else None
    return [
        *(limit_of(tenant, each) for each in (PAGES_PER_DAY, PAGES_PER_MONTH, OPEN_JOBS)),
        storage,
    ]


def refuse_unless(tenant: Tenant, room: Collection[str], *, size: int = 0, pages: int = 1) -> None:
    """Raises ``OverQuota`` unless all counters of ``accounts_reserve`` had room."""
    if len(room) == len(QUOTAS):
        return
    if BUDGET in room:
        raise over_budget(tenant, int(next(each for each in room if each != BUDGET)))
    changes = [
        Change(OPEN, used=1, limit=limit_of(tenant, OPEN_JOBS)),
        *_pages(tenant, standings(tenant)[0].now.date(), reserved=pages),
        Change(STORAGE, used=size, limit=limit_of(tenant, STORAGE_BYTES)),
    ]
    _refuse(tenant, changes, room)


def adjust(tenant: Tenant, *, job_id: UUID, pages: int) -> None:
    """Keep room for this many pages of an open job, instead of those kept so far.

    Does nothing for a job that has ended. Raises ``OverQuota``.
    """
    kept = Reservation.objects.select_for_update().filter(pk=job_id).first()
    if kept is None or kept.pages == pages:
        return
    more = pages - kept.pages
    capped = _budgeted(tenant, kept, pages)
    cost = capped.cost if capped else kept.cost
    Reservation.objects.filter(pk=job_id).update(pages=pages, cost=cost)
    changes = _pages(tenant, kept.day, reserved=more)
    if cost != kept.cost:
        limit = capped.limit if capped and cost > kept.cost else None
        changes.append(Change(cost_period(kept.day), reserved=cost - kept.cost, limit=limit))
    done = change(tenant.pk, changes)
    _refuse(tenant, [each for each in changes if quota_of(each.period) != BUDGET], done)
    if len(done) < len(changes):
        row = QuotaUse.objects.for_tenant(tenant).get(period=cost_period(kept.day))
        raise over_budget(tenant, row.used + row.reserved + cost - kept.cost)


def end(job_id: UUID) -> Settled | None:
    """Take back what is kept for the job; None if it has ended before.

    The caller goes on with `accounts.usage.bill_run` and ``settle``, in one transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_reservation WHERE job_id = %s"
            " RETURNING tenant_id, run, engine, day, pages, submitted_at, cost",
            [job_id],
        )
        row = cursor.fetchone()
    return Settled(*row) if row else None


def settle(
    tenant: Tenant, settled: Settled, *, pages: int, stored: int = 0, cost: int = 0
) -> list[PagesUsed]:
    """Count the pages that were billed instead of those kept; returns the day's and the month's.

    ``stored`` bytes are added to the storage, below 0 taken from it; no limit is looked at.
    ``cost`` is that of the pages, in millionths; where there is one, or one was kept, the month's
    is returned too, without a limit.
    """
    costs = cost or settled.cost
    changed = change(
        tenant.pk,
        [
            Change(OPEN, used=-1),
            Change(day_period(settled.day), used=pages, reserved=-settled.pages),
            Change(month_period(settled.day), used=pages, reserved=-settled.pages),
            *([Change(STORAGE, used=stored)] if stored else []),
            *(
                [Change(cost_period(settled.day), used=cost, reserved=-settled.cost)]
                if costs
                else []
            ),
        ],
    )
    used = [
        PagesUsed(period, changed[period][0], limit_of(tenant, quota))
        for quota, period in (
            (PAGES_PER_DAY, day_period(settled.day)),
            (PAGES_PER_MONTH, month_period(settled.day)),
        )
    ]
    if costs:
        used.append(PagesUsed(cost_period(settled.day), changed[cost_period(settled.day)][0], None))
    return used


def _pages(tenant: Tenant, day: date, *, reserved: int) -> list[Change]:
    """Pages kept on that day and in its month; fewer pages always fit."""
    more = reserved > 0
    return [
        Change(period, reserved=reserved, limit=limit_of(tenant, quota) if more else None)
        for period, quota in (
            (day_period(day), PAGES_PER_DAY),
            (month_period(day), PAGES_PER_MONTH),
        )
    ]


def _refuse(tenant: Tenant, changes: Sequence[Change], done: Container[str]) -> None:
    """Raises ``OverQuota`` for the first of the changes that are not among those done."""
    left = {each.period: each for each in changes if each.period not in done}
    if not left:
        return
    rows = QuotaUse.objects.for_tenant(tenant).filter(period__in=left)
    taken = {row.period: row.used + row.reserved for row in rows}
    for quota in standings(tenant):
        for period, each in left.items():
            if quota_of(period) == quota.quota:
                now = taken[period] + each.used + each.reserved
                raise refusal(quota, each.limit, max(now, (each.limit or 0) + 1))  # as it was
    raise RuntimeError(f"counters are missing: {sorted(left)}")


@dataclass(frozen=True, slots=True)
class _Capped:
    """The most that a job's pages may cost, and what all of the month may, in millionths."""

    cost: int
    limit: int


def _budgeted(tenant: Tenant, kept: Reservation, pages: int) -> _Capped | None:
    """What so many pages may cost, where a budget stops; its month's counters are then locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (budget.amount * 1000000)::bigint, price.* FROM accounts_budget AS budget"
            " JOIN LATERAL accounts_price(%s, %s, %s) AS price ON price.currency = budget.currency"
            " WHERE budget.tenant_id = %s AND budget.hard_stop",
            [tenant.pk, kept.engine, kept.day, tenant.pk],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        limit, unit_price, _, covered, allowance = row
        month = month_period(kept.day)
        cursor.execute(
            "SELECT period, used + reserved FROM accounts_quotause"
            " WHERE tenant_id = %s AND period = ANY(%s) ORDER BY period FOR UPDATE",
            [tenant.pk, [cost_period(kept.day), day_period(kept.day), month]],
        )
        others = dict(cursor.fetchall()).get(month, kept.pages) - kept.pages
        cursor.execute(
            "SELECT accounts_most_cost(%s, %s, %s, %s, %s)",
            [unit_price, covered, allowance, pages, others],
        )
        return _Capped(cursor.fetchone()[0], limit)
