"""The usage ledger: what each run of a job used, for billing. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Trunc
from django.utils import timezone

from accounts.models import Reservation, Tenant, UsageRecord


def record_usage(
    *,
    tenant: Tenant,
    job_id: UUID,
    engine: str,
    pages: int,
    compute_seconds: float,
    outcome: str = "",
    run: int = 0,
    cached: bool = False,
    day: date | None = None,
    submitted_at: datetime | None = None,
    api_key_id: UUID | None = None,
) -> int | None:
    """Add the run's row, inside the caller's transaction; returns the pages it bills.

    ``pages`` and ``compute_seconds`` are all that the job has read so far: those that earlier runs
    have billed are taken off. What is ``cached`` bills nothing. None where the run has its row
    already: the unique key decides, and of two that end the same run at once the second waits for
    the first to commit and then changes nothing.
    """
    if cached:
        pages, compute_seconds = 0, 0.0
    elif run:
        before = UsageRecord.objects.filter(job_id=job_id, run__lt=run).aggregate(
            pages=Sum("pages", default=0), seconds=Sum("compute_seconds", default=0.0)
        )
        pages = max(0, pages - before["pages"])
        compute_seconds = max(0.0, compute_seconds - before["seconds"])
    row, added = UsageRecord.objects.get_or_create(
        job_id=job_id,
        run=run,
        defaults={
            "tenant": tenant,
            "engine": engine,
            "pages": pages,
            "compute_seconds": compute_seconds,
            "outcome": outcome,
            "cached": cached,
            "day": day,
            "submitted_at": submitted_at or timezone.now(),
            "api_key_id": api_key_id,
        },
    )
    return row.pages if added else None


def billed_pages(job_id: UUID) -> int:
    """The pages that the job's runs have billed."""
    rows = UsageRecord.objects.filter(job_id=job_id)
    return int(rows.aggregate(pages=Sum("pages", default=0))["pages"])


@dataclass(frozen=True, slots=True)
class Used:
    """What the submissions of some time came to, those still open with nothing but their call.

    ``failed`` and ``cached`` are jobs, a job tried again counting once more where it fails again.
    """

    calls: int = 0
    pages: int = 0
    compute_seconds: float = 0.0
    cached: int = 0
    failed: int = 0
    open: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            self.calls + other.calls,
            self.pages + other.pages,
            round(self.compute_seconds + other.compute_seconds, 3),
            self.cached + other.cached,
            self.failed + other.failed,
            self.open + other.open,
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """The submissions from ``start`` on, for one of "minute", "hour", "day", "month" of UTC."""

    start: datetime
    total: Used = field(default_factory=Used)
    engines: dict[str, Used] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfKey:
    """The use of one API key alone; ``open_jobs`` gives the ids of its jobs that have not ended."""

    key_id: UUID
    open_jobs: QuerySet[Any, Any] | None = None


def used_by(
    tenant: Tenant,
    unit: str,
    starts: list[datetime],
    end: datetime,
    *,
    of: OfKey | None = None,
) -> list[Bucket]:
    """What the tenant, or one of its keys, used in each bucket of time; two queries.

    ``starts`` are the buckets' starts in order, one ``unit`` apart, ``end`` is the last one's end.
    A job counts when it was submitted, its pages and outcome as soon as it has ended. A key's are
    those of the jobs that it submitted, deleted ones too.
    """
    buckets = {start: Bucket(start) for start in starts}
    ended = UsageRecord.objects.for_tenant(tenant)
    still_open = Reservation.objects.for_tenant(tenant)
    if of is not None:
        ended = ended.filter(api_key=of.key_id)
        jobs = of.open_jobs
        still_open = still_open.none() if jobs is None else still_open.filter(job_id__in=jobs)
    for start, engine, used in (
        *_ended(ended, unit, starts[0], end),
        *_open(still_open, unit, starts[0], end),
    ):
        bucket = buckets[start]
        engines = bucket.engines | {engine: bucket.engines.get(engine, Used()) + used}
        buckets[start] = replace(bucket, total=bucket.total + used, engines=engines)
    return list(buckets.values())


def _ended(
    records: QuerySet[UsageRecord], unit: str, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, str, Used]]:
    rows = (
        records.filter(submitted_at__gte=begin, submitted_at__lt=end)
        .order_by()
        .values(bucket=Trunc("submitted_at", unit, tzinfo=UTC), name=F("engine"))
        .annotate(
            calls=Count("pk", filter=Q(run=0)),
            read=Sum("pages"),
            seconds=Sum("compute_seconds"),
            from_cache=Count("pk", filter=Q(cached=True)),
            failures=Count("pk", filter=Q(outcome="failed")),
        )
    )
    for row in rows:
        used = Used(row["calls"], row["read"], row["seconds"], row["from_cache"], row["failures"])
        yield row["bucket"], row["name"], used


def _open(
    kept: QuerySet[Reservation], unit: str, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, str, Used]]:
    rows = (
        kept.filter(submitted_at__gte=begin, submitted_at__lt=end)
        .order_by()
        .values(bucket=Trunc("submitted_at", unit, tzinfo=UTC), name=F("engine"))
        .annotate(calls=Count("pk", filter=Q(run=0)), jobs=Count("pk"))
    )
    for row in rows:
        yield row["bucket"], row["name"], Used(calls=row["calls"], open=row["jobs"])
