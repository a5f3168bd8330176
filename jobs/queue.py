"""Job ids on their way to the workers: from the outbox to Redis.

The row decides everything; an id that arrives twice or not at all does no harm, because a worker
claims the row (lifecycle.start) and the sweeper writes a new outbox row for what Redis lost.
"""

from __future__ import annotations

import logging
from functools import cache
from uuid import UUID

import django_rq
import redis
from django.db import transaction
from django.db.models.functions import Now
from rq import Queue

from jobs.models import Job, Outbox

logger = logging.getLogger(__name__)
TASK = "jobs.tasks.run_job"


@cache
def job_queue() -> Queue:
    """The RQ queue of this process (one connection pool).

    RQ's own class: django-rq's waits for the commit, and here the push must come before it.
    """
    return Queue("default", connection=django_rq.get_connection("default"))


def enqueue_due(limit: int = 500, job_id: UUID | None = None) -> int:
    """Move due outbox rows to Redis; returns how many.

    Raises redis.RedisError with the rows kept. A crash after the push and before the commit
    pushes the id again later.
    """
    with transaction.atomic():
        due = Outbox.objects.filter(due_at__lte=Now()).order_by("due_at")
        if job_id is not None:
            due = due.filter(job_id=job_id)
        rows = list(
            due.select_for_update(skip_locked=True).values_list("pk", "job_id", "job__attempt")[
                :limit
            ]
        )
        if not rows:
            return 0
        queue = job_queue()
        with queue.connection.pipeline() as pipeline:
            for _, job, attempt in rows:
                queue.enqueue_call(
                    TASK,
                    args=(str(job),),
                    job_id=f"{job}-{attempt}",
                    timeout=-1,
                    result_ttl=0,
                    failure_ttl=3600,
                    pipeline=pipeline,
                )
            pipeline.execute()
        Job.objects.filter(pk__in=[job for _, job, _ in rows]).update(enqueued_at=Now())
        Outbox.objects.filter(pk__in=[pk for pk, _, _ in rows]).delete()
    return len(rows)


def enqueue_after_commit(job_id: UUID) -> None:
    """Send the job's id once the transaction has committed; without Redis the sweeper does."""

    def send() -> None:
        try:
            enqueue_due(job_id=job_id)
        except redis.RedisError as error:
            logger.warning("job %s waits in the outbox: %s", job_id, error)

    transaction.on_commit(send, robust=True)


def waiting_ids() -> set[UUID]:
    """The jobs whose ids wait in Redis. Raises redis.RedisError."""
    return {UUID(job_id[:36]) for job_id in job_queue().get_job_ids()}


def depth() -> int:
    """How many ids wait in Redis. Raises redis.RedisError."""
    return job_queue().count
