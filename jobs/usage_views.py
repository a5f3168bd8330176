"""The operators' views of usage and billing over all organisations, drawn by the server."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import charts, clock, usage_sums
from accounts.charts import Chart
from accounts.closing import missing_numbers
from accounts.models import Tenant
from accounts.usage_sums import Share, Span
from extraction.engines import ENGINES
from jobs import reconciliation

DAYS = (7, 30, 90, 365)
COMPARED_HOURS = 24  # of jobs beside their bills; the command compares all


def usage_view(request: HttpRequest) -> HttpResponse:
    """Pages and cost by day, engine and organisation. ``days``, ``engine``, ``tenant`` choose."""
    _allow(request)
    asked = request.GET.get("days", "30")
    days = int(asked) if asked in {str(choice) for choice in DAYS} else 30
    engine = request.GET.get("engine", "")
    chosen = _tenant(request.GET.get("tenant", ""))
    span = usage_sums.span_of(
        days, tenant_id=chosen.pk if chosen else None, engine=engine if engine in ENGINES else ""
    )
    daily = usage_sums.by_day_and_engine(span)
    by_engine = usage_sums.together(daily, lambda share: share.name, "")
    context = {
        "title": "Usage",
        "days": days,
        "day_choices": DAYS,
        "engines": list(ENGINES),
        "span": span,
        "chosen": chosen,
        "totals": usage_sums.totals(daily),
        "charts": [_pages_chart(span, daily), *_cost_charts(span, daily)],
        "engine_rows": sorted(by_engine, key=lambda share: -share.pages),
        "tenant_rows": [] if chosen else usage_sums.top_tenants(span),
        "day_rows": usage_sums.together(daily, lambda share: share.key, "%Y-%m-%d")[::-1],
        "near_quota": usage_sums.near_quota(),
    }
    return render(request, "admin/usage.html", {**admin.site.each_context(request), **context})


def billing_view(request: HttpRequest) -> HttpResponse:
    """Revenue by month, cost by day, who pays most, and the checks that must be 0."""
    _allow(request)
    days = 30
    span = usage_sums.span_of(days)
    since = clock.now() - timedelta(hours=COMPARED_HOURS)
    revenue = usage_sums.revenue()
    daily = usage_sums.by_day_and_engine(span)
    context = {
        "title": "Billing",
        "days": days,
        "checks": [
            (
                "Unbilled usage",
                usage_sums.unbilled_rows(),
                "rows of months that are over; until they are closed, or more come late, not 0",
            ),
            (
                "Ledger against jobs",
                len(reconciliation.wrongly_billed(since)),
                f"jobs of the last {COMPARED_HOURS} hours that are not billed as they were read",
            ),
            ("Missing numbers", missing_numbers(), "of invoices and credit notes"),
        ],
        "charts": [*_revenue_charts(revenue), *_cost_charts(span, daily)],
        "revenue": revenue,
        "tenant_rows": usage_sums.top_tenants(span, by="cost"),
        "near_budget": usage_sums.near_budget(),
    }
    return render(request, "admin/billing.html", {**admin.site.each_context(request), **context})


def _allow(request: HttpRequest) -> None:
    if not request.user.has_perm("accounts.view_usagesum"):
        raise PermissionDenied


def _tenant(text: str) -> Tenant | None:
    try:
        return Tenant.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _pages_chart(span: Span, daily: list[Share]) -> Chart:
    days = span.days
    engines = sorted({share.name for share in daily})
    pages: dict[tuple[Any, str], int] = defaultdict(int)
    for share in daily:
        pages[share.key, share.name] += share.pages
    series = {name: [pages[day, name] for day in days] for name in engines}
    return charts.stacked_bars(
        "Pages by day and engine", [f"{day:%m-%d}" for day in days], series, unit="pages"
    )


def _cost_charts(span: Span, daily: list[Share]) -> list[Chart]:
    """One for each currency."""
    days, found = span.days, []
    for currency in sorted({share.currency for share in daily if share.currency}):
        cost: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
        for share in daily:
            if share.currency == currency:
                cost[share.key, share.name] += share.cost
        engines = sorted({name for _, name in cost})
        series = {name: [cost[day, name] for day in days] for name in engines}
        names = [f"{day:%m-%d}" for day in days]
        title = f"Cost of pages by day and engine, {currency}"
        found.append(charts.stacked_bars(title, names, series, unit=currency))
    return found


def _revenue_charts(revenue: list[usage_sums.Revenue]) -> list[Chart]:
    """One for each currency."""
    found = []
    for currency in sorted({row.currency for row in revenue}):
        rows = [row for row in revenue if row.currency == currency]
        names = [f"{row.month:%Y-%m}" for row in rows]
        title = f"Invoiced by month without tax, {currency}"
        series = {"invoiced": [row.net for row in rows]}
        found.append(charts.stacked_bars(title, names, series, unit=currency))
    return found
