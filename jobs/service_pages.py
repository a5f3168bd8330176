"""The page on which an organisation sees what its plan promises and how it was kept; its report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.views import View

from accounts import clock
from accounts.organisation_views import OrganisationPageMixin
from accounts.statements import following, month_of
from accounts.tenancy import tenant_of
from extraction.errors import InvalidOption
from jobs import analytics_charts, service_levels
from jobs.analytics import COUNT, UNIT_TITLES
from jobs.analytics_charts import Chart, Series
from jobs.service_numbers import Asked, Month, Tally

COLUMNS = (
    "period", "measure", "priority", "counted", "failed", "promised", "missed", "allowed",
    "measured_percent", "p95_seconds",
)  # fmt: skip


class ServiceLevelPage(OrganisationPageMixin, View):
    """A month, and the ones before it."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``month`` is "2026-11", or this one."""
        tenant, today = tenant_of(request), clock.today()
        found = service_levels.month(tenant, _month(request, today))
        later = following(found.month)
        context = {
            "found": found,
            "chart": _chart(found),
            "unit": UNIT_TITLES["day"],
            "history": service_levels.history(tenant, today),
            "earlier": month_of(found.month - timedelta(days=1)),
            "later": later if later <= today else None,
        }
        return self.shown(request, "jobs/service_level.html", context)


class ServiceLevelTablePage(OrganisationPageMixin, View):
    """The month's report, to keep."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """As CSV: the whole month, then each day of it."""
        tenant = tenant_of(request)
        found = service_levels.month(tenant, _month(request, clock.today()))
        response = HttpResponse(report(found), content_type="text/csv; charset=utf-8")
        name = f"service-level-{found.month:%Y-%m}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response


def report(found: Month) -> str:
    """The month as a table: a row for calls, each priority and the site; of it and of its days."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    whole = f"{found.month:%Y-%m}"
    writer.writerow(_calls(whole, found.calls))
    for each in found.turnaround:
        p95 = "" if each.p95 is None else f"{each.p95:.1f}"
        writer.writerow([*_jobs(whole, each.priority.label, each.jobs), p95])
    writer.writerow(_site(whole, found.site))
    for row in _day_rows(found):
        writer.writerow(row)
    return out.getvalue()


def _day_rows(found: Month) -> Iterator[list[Any]]:
    for day in found.days:
        period = day.day.isoformat()
        yield _calls(period, day.calls)
        for priority, jobs in day.jobs.items():
            yield [*_jobs(period, priority.label, jobs), ""]
        yield _site(period, day.site)


def _calls(period: str, calls: Tally) -> list[Any]:
    return [period, "calls", "", *_numbers(calls), _plain(calls.answered), ""]


def _jobs(period: str, priority: str, jobs: Tally) -> list[Any]:
    return [period, "jobs", priority.lower(), *_numbers(jobs), _plain(jobs.kept)]


def _site(period: str, asked: Asked) -> list[Any]:
    failed = asked.minutes - asked.answers
    return [
        period,
        "site_minutes",
        "",
        asked.minutes,
        failed,
        "",
        "",
        "",
        _plain(asked.answered),
        "",
    ]


def _numbers(tally: Tally) -> list[Any]:
    return [tally.counted, tally.failed, tally.promised, tally.missed, f"{tally.allowed:.3f}"]


def _plain(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.3f}"


def _chart(found: Month) -> Chart:
    """What went wrong, day by day."""
    return analytics_charts.bars(
        "missed",
        _("What went wrong, by day"),
        COUNT,
        [date_format(day.day, "j M") for day in found.days],
        [
            Series(_("Calls that failed"), [day.calls.failed for day in found.days]),
            Series(
                _("Documents that were late or failed by our fault"),
                [max(day.all_jobs.missed, day.all_jobs.failed) for day in found.days],
            ),
        ],
    )


def _month(request: HttpRequest, today: date) -> date:
    try:
        return service_levels.month_from(request.GET.get("month"), today)
    except InvalidOption as error:
        raise BadRequest(error.detail) from error
