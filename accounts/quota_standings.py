"""How much of its quotas a tenant uses, and what they allow; the refusal of what is beyond."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import connection
from prometheus_client import Counter

from accounts.models import Budget, Tenant
from accounts.quota_counters import (
    BUDGET,
    OPEN,
    OPEN_JOBS,
    PAGES_PER_DAY,
    PAGES_PER_MONTH,
    QUOTAS,
    STORAGE,
    STORAGE_BYTES,
    TRAINING,
    day_period,
    month_period,
)

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
            reset_of(quota, now),
            now,
        )
        for quota in QUOTAS
    ]


def standing(tenant: Tenant, quota: str) -> Standing:
    """One of ``QUOTAS`` as it stands now."""
    return next(each for each in standings(tenant) if each.quota == quota)


def refusal(quota: Standing, limit: int | None, actual: int) -> OverQuota:
    """What to raise where ``actual`` would be used of the limit; it is counted."""
    assert limit is not None, "what is unlimited refuses nothing"
    REFUSALS.labels(quota.quota).inc()
    wait = quota.resets_at - quota.now if quota.resets_at else None
    seconds = math.ceil(wait.total_seconds()) if wait else None
    return OverQuota(quota.quota, limit=limit, actual=actual, seconds=seconds)


def over_budget(tenant: Tenant, actual: int) -> OverQuota:
    """The refusal: limit, and ``actual`` that would be used of it, in millionths."""
    budget = Budget.objects.for_tenant(tenant).first()
    REFUSALS.labels(BUDGET).inc()
    if budget is None:  # it was taken away meanwhile: the next try will not find it
        return OverQuota(BUDGET, limit=0, actual=actual, seconds=1)
    now = standings(tenant)[0].now
    ends = reset_of(PAGES_PER_MONTH, now)
    assert ends is not None, "a month ends"
    seconds = math.ceil((ends - now).total_seconds())
    return OverQuota(BUDGET, limit=int(budget.amount * 1_000_000), actual=actual, seconds=seconds)


def reset_of(quota: str, now: datetime) -> datetime | None:
    """When the quota's period ends; None where it has none."""
    today = datetime.combine(now.date(), time(), UTC)
    if quota == PAGES_PER_DAY:
        return today + timedelta(days=1)
    if quota in (PAGES_PER_MONTH, TRAINING):
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return None
