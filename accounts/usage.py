"""The usage ledger: what each job used, for billing."""

from uuid import UUID

from accounts.models import Tenant, UsageRecord


def record_usage(
    *, tenant: Tenant, job_id: UUID, engine: str, pages: int, compute_seconds: float
) -> bool:
    """Add the job's row, inside the caller's transaction; False if the job has one already.

    The unique ``job_id`` decides: of two that bill the same job at once, the second waits for the
    first to commit and then changes nothing.
    """
    _, added = UsageRecord.objects.get_or_create(
        job_id=job_id,
        defaults={
            "tenant": tenant,
            "engine": engine,
            "pages": pages,
            "compute_seconds": compute_seconds,
        },
    )
    return added
