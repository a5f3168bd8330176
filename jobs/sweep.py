"""What puts right whatever went wrong: ends dead workers' leases, wakes workers for what waits.

Safe to run in any number of processes at once: every change is conditional on the row.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from jobs import idempotency, lifecycle, queue, same_document
from jobs.errors import DocumentCrashedWorker
from jobs.models import Task

logger = logging.getLogger(__name__)

MAX_CRASHES = (
    2  # workers that may die on one document, without a page done between, before it fails
)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: tasks queued again, jobs ended, bells rung."""

    requeued: int = 0
    ended: int = 0
    rung: int = 0


def sweep() -> Swept:
    """One round. Redis away leaves the tasks waiting; workers then look by themselves."""
    requeued, ended = _end_dead_leases()
    rung = 0
    try:
        for pool in queue.POOLS:
            rung += queue.ring_for_waiting(pool)
    except redis.RedisError as error:
        logger.warning("Redis does not answer: %s", error)
    same_document.settle_left()
    idempotency.forget_old()
    return Swept(requeued=requeued, ended=ended, rung=rung)


def _end_dead_leases() -> tuple[int, int]:
    """Requeue or end the running tasks whose worker is silent; returns both counts."""
    up_seconds = _database_up_seconds()
    if up_seconds < settings.LEASE_SECONDS:
        return 0, 0  # workers could not renew while the database was down: let them
    requeued = ended = 0
    dead = Task.objects.filter(state=Task.State.RUNNING, lease_until__lt=Now())
    for task in dead.select_related("job__tenant")[:500]:
        if task.job.cancel_requested:
            ended += _end_cancelled(task)
        elif task.crashes + 1 >= MAX_CRASHES:
            logger.error("job %s ended its worker %d times: failed", task.job_id, MAX_CRASHES)
            ended += lifecycle.abandoned(task, error=DocumentCrashedWorker())
        else:
            logger.warning("job %s: worker %s is silent, queued again", task.job_id, task.worker)
            requeued += lifecycle.abandoned(task, error=None)
    return requeued, ended


def _end_cancelled(task: Task) -> int:
    try:
        lifecycle.cancelled(task)
    except lifecycle.LeaseLost:
        return 0
    return 1


def _database_up_seconds() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - pg_postmaster_start_time())")
        return float(cursor.fetchone()[0])
