"""What jobs take from their organisation's quotas, and what is billed for them.

Called by submit and lifecycle, inside the transactions in which a job is made, opened, ended or
deleted, so that a job, its quota and its bill never differ.
"""

from __future__ import annotations

from dataclasses import asdict

from django.db.models import Count, Sum

from accounts import quotas, thresholds
from accounts.models import Tenant
from accounts.quotas import OverQuota
from accounts.statements import Statements
from accounts.usage import billed_pages, record_usage
from jobs import webhooks
from jobs.errors import QuotaExceeded, StorageQuotaExceeded
from jobs.models import Job, Page

OPEN_JOBS_WAIT = 10  # seconds, for Retry-After: jobs end all the time


def refuse_beyond(tenant: Tenant, *, size: int) -> None:
    """A look before a document of ``size`` bytes is stored. Raises ``QuotaExceeded``."""
    try:
        quotas.refuse_beyond(tenant, size=size)
    except OverQuota as over:
        raise _told(over) from over


def keep(sent: Statements, job: Job) -> quotas.Kept:
    """The part of ``reserve`` that may be sent with the rows of a new job."""
    return quotas.keep(sent, job.tenant, job_id=job.pk, engine=job.engine)


def take(job: Job, kept: quotas.Kept, *, size: int) -> None:
    """The rest of ``reserve``, with what ``keep`` returned."""
    try:
        quotas.take(job.tenant, kept, size=size)
    except OverQuota as over:
        raise _told(over) from over


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
        raise _told(over) from over


def adjust(job: Job, *, pages: int) -> None:
    """Keep room for all the pages that are to be read of an opened document.

    Those of its pages that an earlier run has billed are not counted again. Raises
    ``QuotaExceeded``; the transaction is then to be rolled back.
    """
    try:
        quotas.adjust(job.tenant, job_id=job.pk, pages=max(0, pages - billed_pages(job.pk)))
    except OverQuota as over:
        raise _told(over) from over


def settle(job: Job, *, outcome: str, cached: bool = False) -> None:
    """Bill the pages that were read (failed ones are free) and give back what was kept.

    Once for each run, whoever comes first; needs the job's row locked. ``outcome`` is the status
    it ends with, ``cached`` says that the result is another job's.
    """
    kept = quotas.end(job.pk)
    read = Page.objects.filter(job=job, failed=False).aggregate(
        pages=Count("pk"), seconds=Sum("seconds", default=0.0)
    )
    billed = record_usage(
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
    )
    if kept is not None:
        used = quotas.settle(job.tenant, kept, pages=billed or 0)
        for crossing in thresholds.cross(job.tenant, used):
            tell(job.tenant, crossing)


def add_storage(tenant: Tenant, size: int) -> None:
    """Count bytes that were stored or, below 0, removed."""
    quotas.add_storage(tenant, size)


def tell(tenant: Tenant, crossing: thresholds.Crossing) -> None:
    """Tell the organisation's programs of a threshold; its owners and the audit log know."""
    webhooks.notify(tenant, "usage.threshold", asdict(crossing))


def _told(over: OverQuota) -> QuotaExceeded:
    """The refusal as the API tells it."""
    limit, actual = over.limit, over.actual
    if over.quota == quotas.STORAGE_BYTES:
        return StorageQuotaExceeded(
            f"The plan allows {limit:,} bytes of stored documents; with this one there would be "
            f"{actual:,}. Delete jobs, or wait until some expire.",
            limit=limit,
            actual=actual,
        )
    if over.quota == quotas.OPEN_JOBS:
        return QuotaExceeded(
            f"The plan allows {limit:,} jobs queued and running at once.",
            limit=limit,
            actual=actual,
            wait=OPEN_JOBS_WAIT,
        )
    span = "day" if over.quota == quotas.PAGES_PER_DAY else "month"
    return QuotaExceeded(
        f"The plan allows {limit:,} pages a {span}; with this document there would be {actual:,}.",
        limit=limit,
        actual=actual,
        wait=over.seconds,
    )
