"""Which of a tenant's jobs somebody wants to see: as the API and the list's page take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from accounts.identifiers import first_since
from accounts.models import Tenant
from extraction.errors import InvalidOption
from extraction.fields.document_types import BY_NAME
from jobs import search, words
from jobs.models import Job, Review, Status

LONGEST_SEARCH = 300
MOST_COUNTED = 1000  # jobs; nobody waits until all are counted
SLACK = timedelta(days=1)  # between a job's id, which tells its time, and its row


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters by their parameters' names; what is empty filters nothing.

    ``from_`` and ``to`` are times, the latter exclusive; ``by`` is a person's or a key's id.
    """

    q: str = ""
    status: str = ""
    engine: str = ""
    template: str = ""
    type: str = ""
    from_: datetime | None = None
    to: datetime | None = None
    by: UUID | None = None
    batch: UUID | None = None
    needs_review: bool | None = None
    cached: bool | None = None


def wanted_of(params: Mapping[str, str]) -> Wanted:
    """What the parameters say, empty ones left out. Raises ``InvalidOption``."""
    given = {name: value.strip() for name, value in params.items() if value.strip()}
    q = given.get("q", "")
    if len(q) > LONGEST_SEARCH:
        raise InvalidOption("q is too long.", limit=LONGEST_SEARCH, actual=len(q))
    return Wanted(
        # a space at its end is kept: the last word is whole
        q=params["q"].replace("\x00", "").lstrip() if q else "",
        status=_one_of(given, "status", Status.values),
        engine=_name(given, "engine"),
        template=_name(given, "template"),
        type=_one_of(given, "type", list(BY_NAME)),
        from_=_time(given, "from"),
        to=_time(given, "to", end=True),
        by=_id(given, "by"),
        batch=_id(given, "batch"),
        needs_review=_boolean(given, "needs_review"),
        cached=_boolean(given, "cached"),
    )


def narrowed(jobs: QuerySet[Job], tenant: Tenant, wanted: Wanted) -> QuerySet[Job]:
    """Those of the tenant's jobs that are wanted."""
    if wanted.q:
        jobs = search.found(jobs, tenant, words.search_of(wanted.q))
    for column, value in (("status", wanted.status), ("engine", wanted.engine)):
        if value:
            jobs = jobs.filter(**{column: value})
    if wanted.template:
        versions = Q(template__startswith=f"{wanted.template}@")
        jobs = jobs.filter(Q(template=wanted.template) | versions)
    if wanted.type:
        jobs = jobs.filter(classification__kind=wanted.type)
    if wanted.from_:  # ids are in the order of time, and so is the index
        jobs = jobs.filter(created_at__gte=wanted.from_, pk__gte=_near(wanted.from_ - SLACK))
    if wanted.to:
        jobs = jobs.filter(created_at__lt=wanted.to, pk__lte=_near(wanted.to + SLACK))
    if wanted.by:
        jobs = jobs.filter(Q(created_by=wanted.by) | Q(api_key=wanted.by))
    if wanted.batch:
        jobs = jobs.filter(batch=wanted.batch)
    if wanted.needs_review is not None:
        waits = Q(review__status=Review.Status.OPEN, review__tenant=F("tenant"))
        jobs = jobs.filter(waits) if wanted.needs_review else jobs.exclude(waits)
    if wanted.cached is not None:
        jobs = jobs.filter(cached=wanted.cached)
    return jobs


def newest_ids(jobs: QuerySet[Job], most: int = MOST_COUNTED) -> tuple[list[UUID], bool]:
    """The ids of the newest of the jobs, and whether there are more."""
    ids = list(jobs.order_by("-pk").values_list("pk", flat=True)[: most + 1])
    return ids[:most], len(ids) > most


def _one_of(given: Mapping[str, str], name: str, choices: list[str]) -> str:
    value = given.get(name, "")
    if value and value not in choices:
        raise InvalidOption(f"{name} {value[:80]!r} is not one of: {', '.join(choices)}")
    return value


def _name(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "")
    if len(value) > 80 or "\x00" in value:
        raise InvalidOption(f"{name} is no name of one.")
    return value


def _id(given: Mapping[str, str], name: str) -> UUID | None:
    value = given.get(name, "")
    try:
        return UUID(value) if value else None
    except ValueError as error:
        raise InvalidOption(f"{name} is no id.") from error


def _boolean(given: Mapping[str, str], name: str) -> bool | None:
    value = given.get(name)
    if value not in (None, "true", "false"):
        raise InvalidOption(f"{name} is true or false.")
    return None if value is None else value == "true"


def _time(given: Mapping[str, str], name: str, *, end: bool = False) -> datetime | None:
    """A time of UTC; of a day its start, with ``end`` that of the next one."""
    text = given.get(name, "")
    if not text:
        return None
    try:
        day: date | None = parse_date(text)
        at = None if day else parse_datetime(text)
        if day:
            at = datetime.combine(day, time(), UTC) + timedelta(days=end)
        if at is not None:
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
            if not 1970 <= at.year < 9000:
                at = None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise InvalidOption(f"{name} is an ISO 8601 date or time, for example 2026-11-26.")
    return at


def _near(moment: datetime) -> UUID:
    return first_since(max(moment, datetime(1970, 1, 2, tzinfo=UTC)))
