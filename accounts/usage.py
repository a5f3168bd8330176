"""The usage ledger: what each run of a job used, for billing. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Trunc
from django.utils import timezone

from accounts.models import Reservation, Tenant, UsageRecord

# How many units of its price a row is charged: see the migration 0021_price_of_training
CHARGED = Func(
    "engine",
    "pages",
    "included",
    "compute_seconds",
    "outcome",
    function="accounts_charged",
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Billed:
    """What a run's row of the ledger charges: ``included`` of the pages are in the base fee.

    ``currency`` is "" where no price was due.
    """

    pages: int
    included: int
    unit_price: Decimal
    currency: str

    @property
    def millionths(self) -> int:
        """What the other pages cost, in millionths of the currency."""
        return int((self.pages - self.included) * self.unit_price * 1_000_000)


def bill_run(
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
) -> Billed | None:
    """Add the run's row, inside the caller's transaction; one call of the database.

    ``pages`` and ``compute_seconds`` are all that the job has read so far: those that earlier runs
    have billed are taken off. What is ``cached`` bills nothing. The price is that of the job's
    ``day``, and stays in the row. None where the run has its row already: the unique key decides,
    and of two that end the same run at once the second waits for the first to commit and then
    changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM accounts_bill(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                job_id,
                run,
                tenant.pk,
                engine,
                pages,
                compute_seconds,
                outcome,
                cached,
                day,
                submitted_at or timezone.now(),
                api_key_id,
            ],
        )
        row = cursor.fetchone()
    return Billed(*row) if row else None


def billed_pages(job_id: UUID) -> int:
    """The pages that the job's runs have billed."""
    rows = UsageRecord.objects.filter(job_id=job_id)
    return int(rows.aggregate(pages=Sum("pages", default=0))["pages"])


def costs_of(tenant: Tenant, job_ids: Collection[UUID]) -> dict[UUID, dict[str, Decimal]]:
    """What the pages of each job have cost, by currency, as billed; one query.

    Jobs that nothing was billed for are missing.
    """
    rows = (
        UsageRecord.objects.for_tenant(tenant)
        .filter(job_id__in=job_ids)
        .exclude(currency="")
        .order_by()
        .values_list("job_id", "currency")
        .annotate(cost=Sum(CHARGED * F("unit_price")))
    )
    costs: dict[UUID, dict[str, Decimal]] = {}
    for job_id, currency, cost in rows:
        costs.setdefault(job_id, {})[currency] = cost
    return costs


@dataclass(frozen=True, slots=True)
class Used:
    """What the submissions of some time came to, those still open with nothing but their call.

    ``failed`` and ``cached`` are jobs, a job tried again counting once more where it fails again.
    ``cost`` is that of the pages by currency, without base fee and tax; empty where none was due.
    """

    calls: int = 0
    pages: int = 0
    compute_seconds: float = 0.0
    cached: int = 0
    failed: int = 0
    open: int = 0
    cost: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: Used) -> Used:
        return Used(
            self.calls + other.calls,
            self.pages + other.pages,
            round(self.compute_seconds + other.compute_seconds, 3),
            self.cached + other.cached,
            self.failed + other.failed,
            self.open + other.open,
            {
                currency: self.cost.get(currency, Decimal(0)) + other.cost.get(currency, Decimal(0))
                for currency in sorted({*self.cost, *other.cost})
            },
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
        .values("currency", bucket=Trunc("submitted_at", unit, tzinfo=UTC), name=F("engine"))
        .annotate(
            cost=Sum(CHARGED * F("unit_price")),
            calls=Count("pk", filter=Q(run=0)),
            read=Sum("pages"),
            seconds=Sum("compute_seconds"),
            from_cache=Count("pk", filter=Q(cached=True)),
            failures=Count("pk", filter=Q(outcome="failed")),
        )
    )
    for row in rows:
        used = Used(
            row["calls"],
            row["read"],
            row["seconds"],
            row["from_cache"],
            row["failures"],
            cost={row["currency"]: row["cost"]} if row["currency"] else {},
        )
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
