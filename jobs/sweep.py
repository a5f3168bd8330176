"""What puts right whatever went wrong: sends due ids, finds lost ones, ends dead workers' leases.

Safe to run in any number of processes at once: every change is conditional on the row.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from jobs import idempotency, lifecycle, queue, same_document
from jobs.errors import DocumentCrashedWorker
from jobs.models import Job, Outbox, Status

logger = logging.getLogger(__name__)

MAX_CRASHES = 2  # workers that may die on one document before it is failed


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    enqueued: int = 0
    requeued: int = 0
    ended: int = 0
    found_lost: int = 0


def sweep() -> Swept:
    """One round. Redis away leaves the ids in the outbox for the next round."""
    requeued, ended = _end_dead_leases()
    enqueued = lost = 0
    try:
        lost = _find_lost()
        enqueued = queue.enqueue_due()
    except redis.RedisError as error:
        logger.warning("Redis does not answer, ids wait in the outbox: %s", error)
    same_document.settle_left()
    idempotency.forget_old()
    return Swept(enqueued=enqueued, requeued=requeued, ended=ended, found_lost=lost)


def _end_dead_leases() -> tuple[int, int]:
    """Requeue or end the running jobs whose worker is silent; returns both counts."""
    up_seconds = _database_up_seconds()
    if up_seconds < settings.LEASE_SECONDS:
        return 0, 0  # workers could not renew while the database was down: let them
    requeued = ended = 0
    dead = Job.objects.filter(status=Status.RUNNING, lease_until__lt=Now())
    for job in dead.select_related("tenant")[:500]:
        if job.cancel_requested:
            ended += _end_cancelled(job)
        elif job.crashes + 1 >= MAX_CRASHES:
            logger.error("job %s ended its worker %d times: failed", job.pk, MAX_CRASHES)
            ended += lifecycle.abandoned(job, error=DocumentCrashedWorker())
        else:
            logger.warning("job %s: worker %s is silent, queued again", job.pk, job.worker)
            requeued += lifecycle.abandoned(job, error=None)
    return requeued, ended


def _end_cancelled(job: Job) -> int:
    try:
        lifecycle.cancelled(job)
    except lifecycle.LeaseLost:
        return 0
    return 1


def _find_lost() -> int:
    """Queued jobs whose id is neither in the outbox nor in Redis get a new outbox row."""
    waiting_long = list(
        Job.objects.filter(
            status=Status.QUEUED,
            outbox__isnull=True,
            enqueued_at__lt=Now() - timedelta(seconds=settings.SWEEP_SECONDS),
        ).values_list("pk", flat=True)[:10_000]
    )
    if not waiting_long:
        return 0
    known = queue.waiting_ids()
    lost = [pk for pk in waiting_long if pk not in known]
    if lost:
        logger.warning("%d queued jobs were lost by Redis, queued again", len(lost))
        Outbox.objects.bulk_create((Outbox(job_id=pk) for pk in lost), ignore_conflicts=True)
    return len(lost)


def _database_up_seconds() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - pg_postmaster_start_time())")
        return float(cursor.fetchone()[0])
