"""An organisation's month of service levels, and the months before, in ``jobs.service_numbers``.

Read off `CallSum`, `ServiceSum` and `SiteAnswer`: a few queries, whatever there is. How each of
them is counted: docs/service-levels.md. Days and months are UTC's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from accounts import clock
from accounts.models import CallSum, Tenant
from accounts.statements import following, month_of
from extraction.errors import InvalidOption
from jobs.job_sums import Ended
from jobs.models import Priority, ServiceSum
from jobs.service_numbers import Asked, Day, Month, Past, Tally, Turnaround

EARLIEST = date(2000, 1, 1)
MONTHS = 12  # in the history
_JOBS = """
SELECT day, priority, took, sum(jobs), sum(failed), sum(promised), sum(missed), sum(allowed)
FROM jobs_servicesum WHERE tenant_id = %s AND day >= %s AND day < %s
GROUP BY GROUPING SETS ((day, priority), (priority, took))
"""
_SITE = """
SELECT (minute AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE answered)
FROM jobs_siteanswer WHERE minute >= %s AND minute < %s GROUP BY 1
"""


def month_from(text: str | None, today: date) -> date:
    """The first day of the month "2026-11"; of this one for nothing. Raises ``InvalidOption``."""
    if not text:
        return month_of(today)
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise InvalidOption("month is a month, for example 2026-11.") from error
    if not EARLIEST <= found <= today:
        raise InvalidOption(f"month is one from {EARLIEST:%Y-%m} to {today:%Y-%m}.")
    return found


def month(tenant: Tenant, first: date) -> Month:
    """The month that begins on that day; six queries at most."""
    end, now = following(first), clock.now()
    plan = tenant.plan
    objectives = list(plan.turnaround_objectives.all()) if plan else []
    calls, asked = _calls(tenant, first, end), _site(first)
    jobs, times = _jobs(tenant, first, end)
    last = min(end - timedelta(days=1), now.date())
    days = tuple(
        Day(
            day,
            calls.get(day, Tally()),
            {priority: jobs.get((day, priority), Tally()) for priority in Priority},
            asked.get(day, Asked()),
        )
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
    )
    turnaround = tuple(
        Turnaround(
            priority,
            next((each for each in objectives if each.priority == priority), None),
            sum((day.jobs[priority] for day in days), Tally()),
            Ended(took=times[priority]).within(0.95),
        )
        for priority in Priority
    )
    begin = datetime(first.year, first.month, 1, tzinfo=UTC)
    passed = min(now, datetime(end.year, end.month, 1, tzinfo=UTC)) - begin
    return Month(
        month=first,
        plan=plan.title if plan else "",
        availability=plan.availability if plan else None,
        calls=sum((day.calls for day in days), Tally()),
        turnaround=turnaround,
        site=_added(day.site for day in days),
        minutes=max(0, int(passed / timedelta(minutes=1))),
        over=end <= now.date(),
        days=days,
    )


def site(first: date) -> Asked:
    """How often the whole site answered in the month that begins on that day; one query."""
    return _added(_site(first).values())


def history(tenant: Tenant, today: date) -> list[Past]:
    """The last ``MONTHS`` months, this one first; without those before the first with anything."""
    months = [month_of(today)]
    while len(months) < MONTHS:
        months.append(month_of(months[-1] - timedelta(days=1)))
    calls, jobs = (_by_month(rows, tenant, months[-1], each) for rows, each in (
        (CallSum.objects, "calls"), (ServiceSum.objects, "jobs"),
    ))  # fmt: skip
    found = [Past(each, calls[each], jobs[each]) for each in months]
    while len(found) > 1 and not found[-1].calls.counted and not found[-1].jobs.counted:
        found.pop()
    return found


def _by_month(rows: Any, tenant: Tenant, first: date, counted: str) -> dict[date, Tally]:
    found: dict[date, Tally] = defaultdict(Tally)
    sums = (
        rows.for_tenant(tenant)
        .filter(day__gte=first)
        .order_by()
        .values_list(TruncMonth("day"))
        .annotate(*(Sum(name) for name in (counted, "failed", "promised", "missed", "allowed")))
    )
    for begin, *numbers in sums:
        found[begin] = Tally(*numbers)
    return found


def _calls(tenant: Tenant, first: date, end: date) -> dict[date, Tally]:
    rows = CallSum.objects.for_tenant(tenant).filter(day__gte=first, day__lt=end).order_by()
    names = ("calls", "failed", "promised", "missed", "allowed")
    sums = rows.values_list("day").annotate(*(Sum(name) for name in names))
    return {day: Tally(*numbers) for day, *numbers in sums}


def _jobs(
    tenant: Tenant, first: date, end: date
) -> tuple[dict[tuple[date, Priority], Tally], dict[Priority, dict[int, int]]]:
    """By day and priority, and how many took how long, by priority."""
    days: dict[tuple[date, Priority], Tally] = {}
    times: dict[Priority, dict[int, int]] = {priority: {} for priority in Priority}
    with connection.cursor() as cursor:
        cursor.execute(_JOBS, [tenant.pk, first, end])
        for day, priority, took, *numbers in cursor.fetchall():
            if day is not None:
                counted, failed, promised, missed = map(int, numbers[:4])
                days[day, Priority(priority)] = Tally(counted, failed, promised, missed, numbers[4])
            elif took:
                times[Priority(priority)][took] = int(numbers[0])
    return days, times


def _added(found: Iterable[Asked]) -> Asked:
    listed = list(found)
    return Asked(sum(each.minutes for each in listed), sum(each.answers for each in listed))


def _site(first: date) -> dict[date, Asked]:
    begin = datetime(first.year, first.month, 1, tzinfo=UTC)
    end = following(first)
    with connection.cursor() as cursor:
        cursor.execute(_SITE, [begin, datetime(end.year, end.month, 1, tzinfo=UTC)])
        return {day: Asked(minutes, answers) for day, minutes, answers in cursor.fetchall()}
