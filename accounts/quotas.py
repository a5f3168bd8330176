"""What a tenant may use: pages a day and a month, bytes of storage, open jobs.

A job's pages are reserved when it is submitted and settled when it ends, in the transactions that
write those, under the locks of counter rows: of jobs that come at once no more are admitted than
fit. What a job has reserved is a row of its own; who deletes it settles, so that it is done
once. Days and months are UTC's, by the database's clock, those of the submission.

Counters are locked in the order of their periods' names and after all other rows, so that no two
transactions wait for each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from prometheus_client import Counter

from accounts.models import Budget, QuotaUse, Reservation, Tenant

PAGES_PER_MONTH, PAGES_PER_DAY = "pages_per_month", "pages_per_day"
STORAGE_BYTES, OPEN_JOBS = "storage_bytes", "open_jobs"
QUOTAS = (STORAGE_BYTES, PAGES_PER_MONTH, PAGES_PER_DAY, OPEN_JOBS)  # the order of refusals
STORAGE, OPEN = "storage", "open"  # periods of the two that have none
BUDGET = "budget"  # refuses as a quota does: what the month's pages cost, in millionths
REFUSALS = Counter("ocrsite_quota_refused", "Submissions refused by quotas", ["quota"])


class OverQuota(Exception):
    """Something does not fit; the caller's transaction is to be rolled back.

    ``limit`` and ``actual`` (what it would have been) are pages, bytes or jobs; ``seconds`` are
    left of the quota's period, None where it has none.
    """

    def __init__(self, quota: str, *, limit: int, actual: int, seconds: int | None) -> None:
        super().__init__(f"{quota}: {actual} of {limit}")
        self.quota = quota
        self.limit = limit
        self.actual = actual
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a quota is used, at ``now``; ``limit`` None is unlimited."""

    quota: str
    period: str
    limit: int | None
    used: int
    reserved: int
    resets_at: datetime | None
    now: datetime

    @property
    def remaining(self) -> int | None:
        """What is neither used nor reserved."""
        return None if self.limit is None else max(self.limit - self.used - self.reserved, 0)


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


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to a counter, if the sum then is at most ``limit``."""

    period: str
    used: int = 0
    reserved: int = 0
    limit: int | None = None


def limit_of(tenant: Tenant, quota: str) -> int | None:
    """The plan's limit, else the one of the settings; None is unlimited."""
    limit: int | None = getattr(tenant.plan, quota) if tenant.plan else None
    usual: int | None = getattr(settings, f"QUOTA_{quota.upper()}")
    return usual if limit is None else limit


def standings(tenant: Tenant) -> list[Standing]:
    """Each of ``QUOTAS`` as it stands now; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT now(), period, used, reserved FROM (SELECT now()) AS at"
            " LEFT JOIN accounts_quotause ON tenant_id = %s AND period IN (%s, %s,"
            " to_char(now() AT TIME ZONE 'UTC', '\"day:\"YYYY-MM-DD'),"
            " to_char(now() AT TIME ZONE 'UTC', '\"month:\"YYYY-MM'))",
            [tenant.pk, STORAGE, OPEN],
        )
        rows = cursor.fetchall()
    now: datetime = rows[0][0].astimezone(UTC)
    known = {period: (used, reserved) for _, period, used, reserved in rows}
    periods = {
        STORAGE_BYTES: STORAGE,
        PAGES_PER_MONTH: month_period(now.date()),
        PAGES_PER_DAY: day_period(now.date()),
        OPEN_JOBS: OPEN,
    }
    return [
        Standing(
            quota,
            periods[quota],
            limit_of(tenant, quota),
            *known.get(periods[quota], (0, 0)),
            _reset(quota, now),
            now,
        )
        for quota in QUOTAS
    ]


def standing(tenant: Tenant, quota: str) -> Standing:
    """One of ``QUOTAS`` as it stands now."""
    return next(each for each in standings(tenant) if each.quota == quota)


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
            raise _refusal(each, each.limit, actual)


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
        raise _over_budget(tenant, int(next(each for each in room if each != BUDGET)))
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
        raise _over_budget(tenant, row.used + row.reserved + cost - kept.cost)


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


def add_storage(tenant: Tenant, size: int) -> None:
    """Count bytes that were stored (no limit is looked at) or, below 0, removed."""
    if size:
        make_counters(tenant.pk, [STORAGE])
        change(tenant.pk, [Change(STORAGE, used=size)])


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


def day_period(day: date) -> str:
    """The period of pages a day."""
    return f"day:{day:%Y-%m-%d}"


def month_period(day: date) -> str:
    """The period of pages a month."""
    return f"month:{day:%Y-%m}"


def cost_period(day: date) -> str:
    """The period of what a month's pages cost."""
    return f"cost:{day:%Y-%m}"


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
                raise _refusal(quota, each.limit, max(now, (each.limit or 0) + 1))  # as it was
    raise RuntimeError(f"counters are missing: {sorted(left)}")


def _refusal(quota: Standing, limit: int | None, actual: int) -> OverQuota:
    assert limit is not None, "what is unlimited refuses nothing"
    REFUSALS.labels(quota.quota).inc()
    wait = quota.resets_at - quota.now if quota.resets_at else None
    seconds = math.ceil(wait.total_seconds()) if wait else None
    return OverQuota(quota.quota, limit=limit, actual=actual, seconds=seconds)


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
    }[kind]


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


def _over_budget(tenant: Tenant, actual: int) -> OverQuota:
    """The refusal: limit, and ``actual`` that would be used of it, in millionths."""
    budget = Budget.objects.for_tenant(tenant).get()
    now = standings(tenant)[0].now
    ends = _reset(PAGES_PER_MONTH, now)
    assert ends is not None, "a month ends"
    REFUSALS.labels(BUDGET).inc()
    seconds = math.ceil((ends - now).total_seconds())
    return OverQuota(BUDGET, limit=int(budget.amount * 1_000_000), actual=actual, seconds=seconds)


def _reset(quota: str, now: datetime) -> datetime | None:
    """When the quota's period ends; None where it has none."""
    today = datetime.combine(now.date(), time(), UTC)
    if quota == PAGES_PER_DAY:
        return today + timedelta(days=1)
    if quota == PAGES_PER_MONTH:
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return None
