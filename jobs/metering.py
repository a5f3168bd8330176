"""What jobs take from their organisation's quotas, and what is billed for them.

Called by submit and lifecycle, inside the transactions in which a job is made, opened, ended or
deleted, so that a job, its quota and its bill never differ.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Sum

from accounts import budgets, quota_counters, quotas, thresholds
from accounts.models import Tenant
from accounts.money import shown
from accounts.quota_standings import OverQuota
from accounts.usage import bill_run, billed_pages
from jobs import webhooks
from jobs.errors import BudgetExceeded, QuotaExceeded, StorageQuotaExceeded
from jobs.models import Job, Page

# What the files of a job have come to, and how much more that is than was counted
COUNTED = """
UPDATE jobs_job AS job SET stored_bytes = found.bytes FROM (
    SELECT kept.id, kept.stored_bytes AS counted, file.size + kept.pdf_bytes
        + (SELECT coalesce(sum(preview_bytes), 0) FROM jobs_page WHERE job_id = kept.id) AS bytes
    FROM jobs_job AS kept JOIN jobs_storedfile AS file ON file.id = kept.file_id
    WHERE kept.id = %s
) AS found
WHERE job.id = found.id RETURNING found.bytes - found.counted
"""
OPEN_JOBS_WAIT = 10  # seconds, for Retry-After: jobs end all the time


def refuse_beyond(tenant: Tenant, *, size: int) -> None:
    """A look before a document of ``size`` bytes is stored. Raises ``QuotaExceeded``."""
    try:
        quotas.refuse_beyond(tenant, size=size)
    except OverQuota as over:
        raise told(over) from over


def refuse(job: Job, room: Collection[str], *, size: int) -> None:
    """Raises as ``reserve``, for a new job for which not all could be kept."""
    try:
        quotas.refuse_unless(job.tenant, room, size=size)
    except OverQuota as over:
        raise told(over) from over


def reserve(job: Job, *, size: int = 0, pages: int = 1, run: int = 0) -> None:
    """Keep room for a job that is submitted, or tried again (then without ``size``).

    The last thing before the commit: the organisation's other submissions wait for it. Raises
    ``QuotaExceeded``; the transaction is then to be rolled back.
    """
    try:
        quotas.reserve(
            job.tenant, job_id=job.pk, engine=job.engine, size=size, pages=pages, run=run
        )
    except OverQuota as over:
        raise told(over) from over


def adjust(job: Job, *, pages: int) -> None:
    """Keep room for all the pages that are to be read of an opened document.

    Those of its pages that an earlier run has billed are not counted again. Raises
    ``QuotaExceeded``; the transaction is then to be rolled back.
    """
    try:
        quotas.adjust(job.tenant, job_id=job.pk, pages=max(0, pages - billed_pages(job.pk)))
    except OverQuota as over:
        raise told(over) from over


def count_files(job: Job) -> int:
    """Note how many bytes the files of a job that ends have; returns how many more than before.

    Until its end its upload alone is counted. Needs the job's row locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [job.pk])
        return int(cursor.fetchone()[0])


def settle(job: Job, *, outcome: str, cached: bool = False, stored: int = 0) -> None:
    """Bill the pages that were read (failed ones are free) and give back what was kept.

    Once for each run, whoever comes first; needs the job's row locked. ``outcome`` is the status
    it ends with, ``cached`` says that the result is another job's, ``stored`` bytes are
    more (below 0: fewer) than were counted.
    """
    kept = quotas.end(job.pk)
    read = Page.objects.filter(job=job, failed=False).aggregate(
        pages=Count("pk"), seconds=Sum("seconds", default=0.0)
    )
    billed = bill_run(
        tenant=job.tenant,
        job_id=job.pk,
        engine=job.engine,
        pages=read["pages"],
        compute_seconds=read["seconds"],
        outcome=outcome,
        run=kept.run if kept else job.run,  # accepted by a version without quotas
        cached=cached,
        day=kept.day if kept else None,
        submitted_at=kept.submitted_at if kept else job.created_at,
        api_key_id=job.api_key_id,
    )
    if kept is not None:
        used = quotas.settle(
            job.tenant,
            kept,
            pages=billed.pages if billed else 0,
            cost=billed.millionths if billed else 0,
            stored=stored,
        )
        for crossing in thresholds.cross(job.tenant, used):
            tell(job.tenant, crossing)
        currency = billed.currency if billed else ""
        for reached in budgets.cross(job.tenant, used, currency=currency):
            webhooks.notify(job.tenant, "budget.threshold", asdict(reached))
    else:
        quota_counters.add_storage(job.tenant, stored)


def add_storage(tenant: Tenant, size: int) -> None:
    """Count bytes that were stored or, below 0, removed."""
    quota_counters.add_storage(tenant, size)


def tell(tenant: Tenant, crossing: thresholds.Crossing) -> None:
    """Tell the organisation's programs of a threshold; its owners and the audit log know."""
    webhooks.notify(tenant, "usage.threshold", asdict(crossing))


def told(over: OverQuota) -> QuotaExceeded:
    """The refusal as the API tells it."""
    limit, actual = over.limit, over.actual
    if over.quota == quota_counters.BUDGET:
        allowed, wanted = (Decimal(each) / budgets.MILLION for each in (limit, actual))
        return BudgetExceeded(
            f"The organisation's budget for this month is {shown(allowed, '')}; with this one more "
            f"it might come to {shown(wanted, '')}.",
            limit=float(allowed),
            actual=float(wanted),
            wait=over.seconds,
        )
    if over.quota == quota_counters.STORAGE_BYTES:
        return StorageQuotaExceeded(
            f"The plan allows {limit:,} bytes of stored documents; with this one there would be "
            f"{actual:,}. Delete jobs, or wait until some expire.",
            limit=limit,
            actual=actual,
        )
    if over.quota == quota_counters.OPEN_JOBS:
        return QuotaExceeded(
            f"The plan allows {limit:,} jobs queued and running at once.",
            limit=limit,
            actual=actual,
            wait=OPEN_JOBS_WAIT,
        )
    span = "day" if over.quota == quota_counters.PAGES_PER_DAY else "month"
    return QuotaExceeded(
        f"The plan allows {limit:,} pages a {span}; with this document there would be {actual:,}.",
        limit=limit,
        actual=actual,
        wait=over.seconds,
    )
