"""Usage over time and what is left of the quotas."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import quota_standings, training_quota
from accounts.limits import USUAL
from accounts.models import Tenant
from accounts.tenancy import tenant_of
from accounts.usage import Bucket, OfKey, Used, used_by
from extraction.errors import InvalidOption
from extraction.formats.csv import safe_cell
from jobs.models import Job, Status
from jobs.usage_serializers import UsageSerializer


@dataclass(frozen=True, slots=True)
class Unit:
    """Into what time is cut; ``usual`` buckets if none are asked for, ``most`` in one answer."""

    name: str
    usual: int
    most: int


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("minute", 60, 1440),
        Unit("hour", 24, 744),
        Unit("day", 30, 366),
        Unit("month", 12, 60),
    )
}
PARAMETERS = [
    OpenApiParameter("by", enum=list(UNITS), description="day if left out"),
    OpenApiParameter(
        "from", OpenApiTypes.DATETIME, description="ISO 8601 date or time; UTC without an offset"
    ),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="likewise; now if left out"),
    OpenApiParameter(
        "key", OpenApiTypes.UUID, description="only what the API key with this id submitted"
    ),
]


@dataclass(frozen=True, slots=True)
class Span:
    """The buckets that were asked for: their starts, and the end of the last one."""

    unit: str
    starts: list[datetime]
    end: datetime


class UsageView(APIView):
    """What the organisation has used, and what is left."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="usage",
        tags=["usage"],
        summary="Usage over time, and what is left of each quota",
        parameters=PARAMETERS,
        responses=UsageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Buckets without any submission are there too. Four queries."""
        tenant = tenant_of(request)
        standings = quota_standings.standings(tenant)
        now = standings[0].now
        standings.append(training_quota.standing(tenant, now))
        span = _span(request, now)
        of = _of_key(request, tenant)
        buckets = used_by(tenant, span.unit, span.starts, span.end, of=of)
        usage = {
            "by": span.unit,
            "from": span.starts[0],
            "to": span.end,
            "total": sum((bucket.total for bucket in buckets), Used()),
            "buckets": buckets,
            "quotas": {standing.quota: standing for standing in standings},
        }
        return Response(UsageSerializer(usage).data)


class UsageTableView(APIView):
    """The same as a table."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="usage_csv",
        tags=["usage"],
        summary="Usage over time as CSV, a row for each bucket and engine",
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        """A row of zeros without an engine for a bucket without any submission."""
        tenant = tenant_of(request)
        span = _span(request, datetime.now(UTC))
        of = _of_key(request, tenant)
        text = _table(used_by(tenant, span.unit, span.starts, span.end, of=of))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="usage.csv"'
        return response


def _table(buckets: list[Bucket]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["start", "engine", *(column.name for column in fields(Used))])
    for bucket in buckets:
        for engine, used in sorted(bucket.engines.items()) or [("", Used())]:
            *numbers, cost = astuple(used)
            costs = " ".join(f"{amount} {currency}" for currency, amount in cost.items())
            rounded = [round(number, 3) for number in numbers]
            writer.writerow([bucket.start.isoformat(), safe_cell(engine), *rounded, costs])
    return out.getvalue()


def _of_key(request: Request, tenant: Tenant) -> OfKey | None:
    """The key whose use is asked for. Raises ``InvalidOption``."""
    text = request.query_params.get("key")
    if text is None:
        return None
    try:
        key_id = UUID(text)
    except ValueError as error:
        raise InvalidOption("key is the id of an API key.") from error
    unended = Job.objects.for_tenant(tenant).filter(status__in=(Status.QUEUED, Status.RUNNING))
    return OfKey(key_id, unended.filter(api_key=key_id).values("pk"))


def _span(request: Request, now: datetime) -> Span:
    """The buckets that the parameters ask for. Raises ``InvalidOption``."""
    name = request.query_params.get("by", "day")
    if name not in UNITS:
        raise InvalidOption(f"by {name!r} is not one of: {', '.join(UNITS)}")
    unit = UNITS[name]
    try:
        asked, until = time_of(request, "from"), time_of(request, "to") or now
        end = _start(unit, until)
        if end < until:
            end = _next(unit, end, 1)  # the bucket that it lies in is whole
        begin = _start(unit, asked) if asked else _next(unit, end, -unit.usual)
        if begin >= end:
            raise InvalidOption("from is not before to.")
        starts = [begin]
        while (following := _next(unit, starts[-1], 1)) < end:
            if len(starts) == unit.most:
                raise InvalidOption(
                    f"From {begin:%Y-%m-%dT%H:%MZ} to {end:%Y-%m-%dT%H:%MZ} are more {name}s than "
                    f"one answer holds.",
                    limit=unit.most,
                    actual=_count(unit, begin, end),
                )
            starts.append(following)
    except OverflowError as error:
        raise InvalidOption("from or to is beyond the calendar.") from error
    return Span(name, starts, end)


def time_of(request: Request, name: str) -> datetime | None:
    """The parameter as a time of UTC. Raises ``InvalidOption``."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)):
            at = datetime.combine(day, time())
    except ValueError:
        at = None
    if at is None:
        raise InvalidOption(f"{name} is an ISO 8601 date or time, for example 2026-11-26T10:00Z.")
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _start(unit: Unit, at: datetime) -> datetime:
    """The start of the bucket that the time lies in."""
    at = at.replace(second=0, microsecond=0)
    if unit.name == "minute":
        return at
    at = at.replace(minute=0)
    if unit.name == "hour":
        return at
    at = at.replace(hour=0)
    return at if unit.name == "day" else at.replace(day=1)


def _next(unit: Unit, start: datetime, steps: int) -> datetime:
    """The start of the bucket so many steps on. Raises OverflowError beyond the calendar."""
    if unit.name == "month":
        months = start.year * 12 + start.month - 1 + steps
        if not 1 <= months // 12 <= 9999:
            raise OverflowError
        return start.replace(year=months // 12, month=months % 12 + 1)
    return start + timedelta(**{f"{unit.name}s": steps})


def _count(unit: Unit, begin: datetime, end: datetime) -> int:
    """How many buckets lie between two starts."""
    if unit.name == "month":
        return (end.year - begin.year) * 12 + end.month - begin.month
    return int((end - begin) / timedelta(**{f"{unit.name}s": 1}))
