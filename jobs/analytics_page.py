"""The page on which an organisation sees what it reads, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from accounts import clock
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.formats.csv import safe_cell
from jobs import analytics, forecast
from jobs.analytics import TABLES, Table
from jobs.analytics_periods import CUSTOM, PERIODS, PeriodForm, preset


class AnalyticsPage(PageMixin, View):
    """Figures, charts and tables of a period."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``period`` is one of `PERIODS`, or "custom" with ``first`` and ``last``."""
        form, today = PeriodForm(request.GET), clock.today()
        valid = form.is_valid()
        name, period = form.chosen(today) if valid else (CUSTOM, preset("30", today))
        actor = actor_of(request)
        query = request.GET.urlencode() if name == CUSTOM else f"period={name}"
        context = {
            "form": form if name == CUSTOM else PeriodForm(),
            "periods": PERIODS,
            "name": name,
            "query": query,
            "report": analytics.report(actor.tenant, period) if valid else None,
            "quotas": forecast.quotas(actor.tenant),
            "may_submit": actor.may("jobs:write"),
        }
        return render(request, "jobs/analytics.html", context, status=200 if valid else 400)


class AnalyticsTablePage(PageMixin, View):
    """One of the page's tables, to keep."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}

    def get(self, request: HttpRequest, table: str) -> HttpResponse:
        """Of the same period, with the same rows and numbers."""
        form = PeriodForm(request.GET)
        if table not in TABLES:
            raise Http404
        if not form.is_valid():
            raise BadRequest("These are no days.")
        _name, period = form.chosen(clock.today())
        shown = analytics.report(tenant_of(request), period).tables[TABLES.index(table)]
        response = HttpResponse(_csv(shown), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = (
            f'attachment; filename="by-{table}-{period.first}-{period.last}.csv"'
        )
        response["Cache-Control"] = "private, no-store"
        return response


def _csv(table: Table) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue()


def _plain(cell: Any) -> Any:
    """Numbers as programs read them, texts that no spreadsheet takes for a formula."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return safe_cell(cell)
