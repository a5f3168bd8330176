"""What operators see of usage and billing over all organisations, read off the sums of the ledger.

A sum is a row for each organisation, day, engine and currency (`UsageSum`), so a view costs the
same whether these come from a thousand rows of the ledger or a million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts import clock
from accounts.models import Budget, Closing, Invoice, QuotaUse, UsageSum
from accounts.money import ZERO
from accounts.quota_counters import QUOTAS, cost_period, day_period, month_period, quota_of
from accounts.statements import month_of

NUMBERS = ("rows", "calls", "pages", "included", "cached", "failed", "compute_seconds")
TOP = 20  # organisations in a table
NEAR = 80  # percent of a quota, from which an organisation is shown
NEAR_QUOTA = """
SELECT tenant.id, tenant.name, use.period, use.used + use.reserved AS taken, its.most
FROM accounts_quotause AS use
JOIN accounts_tenant AS tenant ON tenant.id = use.tenant_id
LEFT JOIN accounts_plan AS plan ON plan.id = tenant.plan_id
JOIN LATERAL (
    SELECT CASE split_part(use.period, ':', 1)
        WHEN 'day' THEN coalesce(plan.pages_per_day, %(pages_per_day)s)
        WHEN 'month' THEN coalesce(plan.pages_per_month, %(pages_per_month)s)
        WHEN 'open' THEN coalesce(plan.open_jobs, %(open_jobs)s)
        ELSE coalesce(plan.storage_bytes, %(storage_bytes)s) END AS most
) AS its ON its.most IS NOT NULL
WHERE use.period IN (%(day)s, %(month)s, 'open', 'storage')
AND (use.used + use.reserved) * 100 >= its.most * %(near)s
ORDER BY (use.used + use.reserved)::float / greatest(its.most, 1) DESC, tenant.id LIMIT %(top)s
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both ends in, of one organisation or all, of one engine or all."""

    first: date
    last: date
    tenant_id: UUID | None = None
    engine: str = ""

    @property
    def days(self) -> list[date]:
        """Each day of it."""
        return [
            self.first + timedelta(days=number)
            for number in range((self.last - self.first).days + 1)
        ]


@dataclass(frozen=True, slots=True)
class Totals:
    """What a span came to; ``rows`` are runs of jobs, ``cost`` is by currency."""

    rows: int
    calls: int
    pages: int
    included: int
    cached: int
    failed: int
    compute_seconds: float
    cost: tuple[tuple[str, Decimal], ...]

    @property
    def cached_percent(self) -> float:
        """Of all runs."""
        return 100 * self.cached / self.rows if self.rows else 0.0

    @property
    def failed_percent(self) -> float:
        """Of all runs."""
        return 100 * self.failed / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the totals: an engine's, a day's or an organisation's, in one currency."""

    key: Any
    name: str
    currency: str
    rows: int
    calls: int
    pages: int
    included: int
    cached: int
    failed: int
    compute_seconds: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class NearQuota:
    """An organisation that has used much of a quota of now, or more than all."""

    tenant_id: UUID
    name: str
    quota: str
    used: int
    limit: int

    @property
    def percent(self) -> float:
        """Of the limit."""
        return 100 * self.used / self.limit if self.limit else 100.0


@dataclass(frozen=True, slots=True)
class Revenue:
    """What was invoiced for a month in a currency, credit notes taken off; without tax."""

    month: date
    currency: str
    net: Decimal
    invoices: int
    unpaid: Decimal


def span_of(days: int, *, tenant_id: UUID | None = None, engine: str = "") -> Span:
    """The last days, today among them (UTC)."""
    last = clock.today()
    return Span(last - timedelta(days=days - 1), last, tenant_id, engine)


def totals(shares: Iterable[Share]) -> Totals:
    """All of them together."""
    listed, cost = list(shares), defaultdict[str, Decimal](Decimal)
    for share in listed:
        if share.currency:
            cost[share.currency] += share.cost
    added = {name: sum(getattr(share, name) for share in listed) for name in NUMBERS}
    return Totals(**added, cost=tuple(sorted(cost.items())))


def together(shares: Iterable[Share], key: Callable[[Share], Any], named: str) -> list[Share]:
    """The shares with the same key and currency added up, in their order; names by ``named``."""
    added: dict[tuple[Any, str], Share] = {}
    for share in shares:
        its_key = key(share)
        kept = added.get((its_key, share.currency))
        if kept is None:
            added[its_key, share.currency] = replace(
                share, key=its_key, name=format(its_key, named)
            )
        else:
            numbers = {
                name: getattr(kept, name) + getattr(share, name) for name in (*NUMBERS, "cost")
            }
            added[its_key, share.currency] = replace(kept, **numbers)
    return list(added.values())


def by_day_and_engine(span: Span) -> list[Share]:
    """Keys are days, names engines; those without any row are left out. One query."""
    return sorted(_shares(_sums(span), "day", "engine"), key=lambda each: (each.key, each.name))


def top_tenants(span: Span, *, by: str = "pages") -> list[Share]:
    """The largest organisations by ``pages`` or ``cost``; one query."""
    return _shares(_sums(span), "tenant_id", "tenant__name", order=f"-its_{by}", most=TOP)


def near_quota() -> list[NearQuota]:
    """Organisations near or over a quota now, the fullest first; one query."""
    today = clock.today()
    with connection.cursor() as cursor:
        cursor.execute(
            NEAR_QUOTA,
            {
                "day": day_period(today),
                "month": month_period(today),
                "near": NEAR,
                "top": TOP,
                **_usual_limits(),
            },
        )
        return [
            NearQuota(tenant_id, name, quota_of(period), used, limit)
            for tenant_id, name, period, used, limit in cursor.fetchall()
        ]


def near_budget() -> list[tuple[Budget, Decimal]]:
    """Budgets of which much is used this month, with what is; one query."""
    period = cost_period(clock.today())
    uses = dict(
        QuotaUse.objects.filter(
            period=period, used__gt=0, tenant__in=Budget.objects.values("tenant")
        ).values_list("tenant_id", "used")
    )
    budgets = Budget.objects.filter(tenant__in=uses).select_related("tenant")
    found = [(each, Decimal(uses[each.tenant_id]) / 1_000_000) for each in budgets]
    near = [(each, used) for each, used in found if used * 100 >= each.amount * NEAR]
    return near[:TOP]


def revenue(months: int = 12) -> list[Revenue]:
    """What was invoiced for each month; one query."""
    first = month_of(clock.today())
    for _ in range(months - 1):
        first = month_of(first - timedelta(days=1))
    invoice, paid = Q(kind=Invoice.Kind.INVOICE), Invoice.Payment.PAID
    issued = Invoice.Status.ISSUED
    # what is left of an invoice: itself, and the credit notes (below 0) that took back parts of it
    unpaid = (invoice & Q(status=issued) & ~Q(payment=paid)) | (
        Q(corrects__status=issued) & ~Q(corrects__payment=paid)
    )
    rows = (
        Invoice.objects.filter(month__gte=first)
        .order_by("month", "currency")
        .values("month", "currency")
        .annotate(
            its_net=Sum("net"),
            count=Count("pk", filter=invoice),
            unpaid=Sum("total", filter=unpaid, default=ZERO),
        )
    )
    return [
        Revenue(row["month"], row["currency"], row["its_net"], row["count"], row["unpaid"])
        for row in rows
    ]


def unbilled_rows() -> int:
    """Rows of months that are over, which no closing has: from the sums, which equal the ledger.

    `accounts.closing.check` counts them one by one.
    """
    month = month_of(clock.today())
    gone = Closing.objects.filter(month__gte=month).values("tenant")  # deleted: all is billed
    due = UsageSum.objects.filter(day__lt=month).exclude(currency="").exclude(tenant__in=gone)
    closings = Closing.objects.exclude(tenant__in=gone)
    closed = closings.aggregate(rows=Sum("rows", default=0))["rows"]
    return int(due.aggregate(rows=Sum("rows", default=0))["rows"] - closed)


def _sums(span: Span) -> QuerySet[UsageSum]:
    rows = UsageSum.objects.filter(day__gte=span.first, day__lte=span.last).order_by()
    if span.tenant_id is not None:
        rows = rows.filter(tenant_id=span.tenant_id)
    return rows.filter(engine=span.engine) if span.engine else rows


def _shares(
    rows: QuerySet[UsageSum], key: str, name: str, *, order: str = "", most: int | None = None
) -> list[Share]:
    added: Any = rows.values(  # its columns are named at run time
        "currency", its_key=F(key), its_name=F(name)
    ).annotate(**{f"its_{number}": Sum(number) for number in (*NUMBERS, "cost")})
    if order:
        added = added.order_by(order, "its_key")
    return [
        Share(
            row["its_key"],
            row["its_name"],
            row["currency"],
            *(row[f"its_{number}"] for number in (*NUMBERS, "cost")),
        )
        for row in added[:most]
    ]


def _usual_limits() -> dict[str, int | None]:
    """The installation's limits, for organisations whose plan names none."""
    return {quota: getattr(settings, f"QUOTA_{quota.upper()}") for quota in QUOTAS}
