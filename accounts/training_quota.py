"""What training runs take from their tenant's quota of seconds, and from a budget that stops: kept
at submission, settled at the end, each in the transaction that writes that."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounts.models import QuotaUse, Reservation, Tenant
from accounts.quota_counters import (
    TRAINING,
    Change,
    change,
    cost_period,
    make_counters,
    training_period,
)
from accounts.quota_standings import (
    REFUSALS,
    OverQuota,
    Standing,
    limit_of,
    over_budget,
    reset_of,
)
from accounts.quotas import PagesUsed
from accounts.statements import TRAINING as ENGINE

# What a second costs at most of a budget that stops and has the currency of the price
STOPS = """
SELECT (price.unit_price * 1000000)::bigint, (budget.amount * 1000000)::bigint
FROM accounts_budget AS budget
JOIN LATERAL accounts_price(budget.tenant_id, %s, %s) AS price ON price.currency = budget.currency
WHERE budget.tenant_id = %s AND budget.hard_stop AND price.unit_price > 0
"""


def reserve(tenant: Tenant, *, run_id: UUID, seconds: int, day: date) -> None:
    """Keep so many seconds of the day's month for a run. Raises ``OverQuota``."""
    limit, period = limit_of(tenant, TRAINING), training_period(day)
    wanted = [Change(period, reserved=seconds, limit=limit)]
    with connection.cursor() as cursor:
        cursor.execute(STOPS, [ENGINE, day, tenant.pk])
        stops = cursor.fetchone()
    cost = seconds * stops[0] if stops else 0
    if stops:
        wanted.append(Change(cost_period(day), reserved=cost, limit=stops[1]))
    Reservation.objects.create(
        job_id=run_id, tenant=tenant, engine=ENGINE, day=day, pages=0, seconds=seconds, cost=cost
    )
    make_counters(tenant.pk, [each.period for each in wanted])
    done = change(tenant.pk, wanted)
    if period not in done:
        assert limit is not None, "what is unlimited refuses nothing"
        REFUSALS.labels(TRAINING).inc()
        actual = sum(used(tenant, day)) + seconds
        raise OverQuota(TRAINING, limit=limit, actual=actual, seconds=None)
    if len(done) < len(wanted):
        row = QuotaUse.objects.for_tenant(tenant).get(period=cost_period(day))
        raise over_budget(tenant, row.used + row.reserved + cost)


def settle(tenant: Tenant, kept: Reservation, *, seconds: int, cost: Decimal) -> list[PagesUsed]:
    """Count what a run has used and cost instead of what was kept for it, and is taken back.

    Returns what the month costs, where this run did: as ``quotas.settle``.
    """
    kept.delete()
    millionths, period = int(cost * 1_000_000), cost_period(kept.day)
    changes = [Change(training_period(kept.day), used=seconds, reserved=-kept.seconds)]
    if millionths or kept.cost:
        make_counters(tenant.pk, [period])
        changes.append(Change(period, used=millionths, reserved=-kept.cost))
    changed = change(tenant.pk, changes)
    return [PagesUsed(period, changed[period][0], None)] if period in changed else []


def used(tenant: Tenant, month: date) -> tuple[int, int]:
    """Seconds used in the month, and those kept for runs that have not ended."""
    rows = QuotaUse.objects.for_tenant(tenant).filter(period=training_period(month))
    return rows.values_list("used", "reserved").first() or (0, 0)


def standing(tenant: Tenant, now: datetime) -> Standing:
    """The quota of this month's seconds as it stands; one query."""
    return Standing(
        TRAINING,
        training_period(now.date()),
        limit_of(tenant, TRAINING),
        *used(tenant, now.date()),
        reset_of(TRAINING, now),
        now,
    )
