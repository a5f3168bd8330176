"""What puts right whatever went wrong: ends dead workers' leases, wakes workers for what waits.

Safe to run in any number of processes at once: every change is conditional on the row.

How soon a dead worker's task is with another one, added up for the worst order of events:

=====  ==========================================================================================
 15 s  the lease, renewed just before the worker died (``LEASE_SECONDS``)
  2 s  to the sweep that would end it (``SWEEP_SECONDS``), which does not come, because
  4 s  the sweeper dies too, and is there again at once, looking first and pausing afterwards; then
  4 s  PostgreSQL dies too, and serves again
  8 s  in which living workers, who could not renew, are heard (``HEARD_SECONDS``)
  2 s  to the next sweep
=====  ==========================================================================================

35 s, 21 s where the sweeper and PostgreSQL live, and until a worker is free. What the two 4 s are
depends on who restarts these processes; each further death at that moment adds its own.

Nobody alive is taken for dead: while the database is away a worker tries every 4 s at the latest (3
of waiting for a connection, 1 of pause), so it has renewed, or handed its task back, well within
``HEARD_SECONDS`` of service. That this time has passed, the age of a session tells: none outlives a
restart of the server, nor the recovery after one of its processes was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import redis
from django.db import connection
from django.db.models.functions import Now

from accounts import request_ids
from extraction import tracing
from jobs import claims, idempotency, lifecycle, queue, same_document
from jobs.errors import DocumentCrashedWorker
from jobs.models import Task

logger = logging.getLogger(__name__)

# Workers that may die on one document, without a page done between, before it fails
MAX_CRASHES = 2
HEARD_SECONDS = 8  # of the database's service, after which every living worker has renewed


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
    with suppress(redis.RedisError):
        for pool in queue.POOLS:
            rung += queue.ring_for_waiting(pool)
    same_document.settle_left()
    idempotency.forget_old()
    return Swept(requeued=requeued, ended=ended, rung=rung)


def _end_dead_leases() -> tuple[int, int]:
    """Requeue or end the running tasks whose worker is silent; returns both counts."""
    if _served_seconds() < HEARD_SECONDS:
        return 0, 0
    requeued = ended = 0
    dead = Task.objects.filter(state=Task.State.RUNNING, lease_until__lt=Now())
    for task in dead.select_related("job__tenant")[:500]:
        with (
            request_ids.of_job(task.job_id),
            tracing.span("job.abandoned", parent=task.job.traceparent, job=task.job_id),
        ):
            if task.job.cancel_requested:
                ended += _soon(partial(_end_cancelled, task))
            elif task.crashes + 1 >= MAX_CRASHES:
                logger.error("job %s ended its worker %d times: failed", task.job_id, MAX_CRASHES)
                error = DocumentCrashedWorker()
                ended += _soon(partial(lifecycle.abandoned, task, error=error))
            else:
                logger.warning(
                    "job %s: worker %s is silent, queued again", task.job_id, task.worker
                )
                requeued += _soon(partial(lifecycle.abandoned, task, error=None))
    return requeued, ended


def _soon(end: Callable[[], bool]) -> bool:
    """Whether ``end`` did it; left to a later sweep where the job's row is held by somebody."""
    return bool(claims.soon(end))


def _end_cancelled(task: Task) -> bool:
    try:
        lifecycle.cancelled(task)
    except lifecycle.LeaseLost:
        return False
    return True


def _served_seconds() -> float:
    """For how long the database has certainly served without a break."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - min(backend_start)) "
            "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
        )
        return float(cursor.fetchone()[0])
