"""The queue: which task a worker takes next, how many wait, and the bell that wakes the workers.

The queue is the table of tasks. Redis carries no work, only the ringing: a bell that rings twice
does no harm, one that is lost is rung again by the sweeper, and while Redis is away the workers
look by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import get_args
from uuid import UUID

import django_rq
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min
from django.db.models.functions import Now
from rq import Queue

from accounts.shared_redis import shared_redis
from extraction.engines import ENGINES, Pool
from jobs.errors import QueueFull
from jobs.models import Job, Priority, Status, Task

BELL = "jobs.tasks.run_next"
FEW_BELLS = 20  # rung by the sweeper for what waits
MOST_BELLS = 100  # in Redis at once; whoever ends a task rings for the next
COUNT_SECONDS = 0.5  # how long a count of what waits is good enough for refusing
LOCK = 4_711  # of PostgreSQL's advisory locks: one choice at a time in each pool
POOLS: Sequence[str] = get_args(Pool)

# One tenant after the other by a loose index scan, whatever the number of tasks. Who has the fewest
# tasks running is first, of those who waited longest since their last turn; within a tenant its
# priorities, each a step higher for every `aging` seconds of waiting. The order (priority, id) is
# the index's: asked for by id alone PostgreSQL walks the primary key, past everything that waits.
_TENANTS = """tenants AS (
        (SELECT tenant_id FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
         ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT later.tenant_id FROM jobs_task later
                WHERE later.pool = %(pool)s AND later.state = 'waiting'
                  AND later.tenant_id > tenants.tenant_id
                ORDER BY later.tenant_id LIMIT 1)
        FROM tenants WHERE tenants.tenant_id IS NOT NULL
    )"""
_BUSY = f"""
    WITH RECURSIVE {_TENANTS}, busy AS (
        SELECT tenant_id, count(*) AS tasks FROM jobs_task
        WHERE pool = %(pool)s AND state = 'running' GROUP BY tenant_id
    )
"""  # noqa: S608 - put together from constants, as those below
_NEXT = f"""{_BUSY}
    SELECT first.id
    FROM tenants
    JOIN accounts_tenant tenant ON tenant.id = tenants.tenant_id
    LEFT JOIN accounts_plan plan ON plan.id = tenant.plan_id
    LEFT JOIN busy ON busy.tenant_id = tenants.tenant_id
    LEFT JOIN jobs_turn turn ON turn.tenant_id = tenants.tenant_id AND turn.pool = %(pool)s
    CROSS JOIN LATERAL (
        SELECT task.id FROM generate_series(0, 2) AS level
        CROSS JOIN LATERAL (
            SELECT id, created_at FROM jobs_task
            WHERE pool = %(pool)s AND state = 'waiting' AND tenant_id = tenants.tenant_id
              AND priority BETWEEN level AND level
              AND due_at <= statement_timestamp() AND NOT id = ANY(%(without)s)
            ORDER BY priority, id LIMIT 1
        ) task
        ORDER BY greatest(
            level - floor(
                extract(epoch FROM statement_timestamp() - task.created_at) / %(aging)s
            ), 0
        ), task.id
        LIMIT 1
    ) first
    WHERE coalesce(busy.tasks, 0) < coalesce(plan.running_tasks, %(most)s)
    ORDER BY coalesce(busy.tasks, 0), turn.at NULLS FIRST, first.id
    LIMIT 1
"""  # noqa: S608
_OTHERS = f"""{_BUSY}
    SELECT EXISTS (
        SELECT FROM tenants LEFT JOIN busy ON busy.tenant_id = tenants.tenant_id
        WHERE tenants.tenant_id <> %(tenant)s AND busy.tasks IS NULL AND EXISTS (
            SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
              AND tenant_id = tenants.tenant_id AND due_at <= statement_timestamp()
        )
    ) OR EXISTS (
        SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
          AND tenant_id = %(tenant)s AND priority < %(priority)s AND due_at <= statement_timestamp()
    )
"""  # noqa: S608


def pool_of(engine: str) -> str:
    """The pool of workers that read with that engine."""
    return ENGINES[engine].pool


def next_task(pool: str, without: list[UUID]) -> UUID | None:
    """The task whose turn it is, other than those ``without``; inside a transaction.

    Until the transaction's end nobody else is told one of this pool.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, POOLS.index(pool)])
        cursor.execute(
            _NEXT,
            {
                "pool": pool,
                "without": without,
                "aging": settings.PRIORITY_AGING_SECONDS,
                "most": settings.RUNNING_TASKS or 1_000_000,
            },
        )
        row = cursor.fetchone()
    return row[0] if row else None


def others_wait(task: Task) -> bool:
    """Whether somebody waits to whom the worker of ``task`` should turn at the next page.

    That is another organisation none of whose tasks is being done, or a more urgent one of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OTHERS, {"pool": task.pool, "tenant": task.tenant_id, "priority": task.priority}
        )
        return bool(cursor.fetchone()[0])


def mark_turn(task: Task) -> None:
    """Note that the task's organisation has had its turn."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_turn (tenant_id, pool, at) VALUES (%s, %s, clock_timestamp()) "
            "ON CONFLICT (tenant_id, pool) DO UPDATE SET at = excluded.at",
            [task.tenant_id, task.pool],
        )


def waiting(pool: str) -> int:
    """How many tasks of the pool could be begun now, counted to a little beyond ``MAX_QUEUED``."""
    rows = Task.objects.filter(pool=pool, state=Task.State.WAITING, due_at__lte=Now())
    return rows.order_by()[: settings.MAX_QUEUED + 1].count()


def waiting_at_all(pool: str) -> bool:
    """Whether a task of the pool could be begun now."""
    return Task.objects.filter(pool=pool, state=Task.State.WAITING, due_at__lte=Now()).exists()


_counts: dict[str, tuple[float, int]] = {}  # pool -> when counted, how many


def refuse_when_full(pool: str) -> None:
    """Raises ``QueueFull`` where ``MAX_QUEUED`` tasks wait; a count may be half a second old."""
    now = time.monotonic()
    counted, depth = _counts.get(pool, (-COUNT_SECONDS, 0))
    if now - counted >= COUNT_SECONDS:
        depth = waiting(pool)
        _counts[pool] = (now, depth)
    if depth >= settings.MAX_QUEUED:
        raise QueueFull(limit=settings.MAX_QUEUED, actual=depth)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands: tasks before it (0 is next), and seconds until its likely end."""

    position: int | None
    eta_seconds: float | None


_USUAL = """
    SELECT avg(extract(epoch FROM finished_at - started_at)) AS seconds FROM (
        SELECT finished_at, started_at FROM jobs_job
        WHERE finished_at > statement_timestamp() - interval '10 minutes'
          AND started_at IS NOT NULL AND status IN ('succeeded', 'partial')
        ORDER BY finished_at DESC LIMIT 50
    ) lately
"""
# Its organisation's own tasks before it, and as many turns of each other one; how many tasks run;
# and the usual time of a job
_PLACE = f"""
    WITH RECURSIVE first AS (
        SELECT priority, id FROM jobs_task WHERE job_id = %(job)s ORDER BY priority, id LIMIT 1
    ), own AS (
        SELECT count(*) AS tasks FROM first JOIN jobs_task task
        ON task.pool = %(pool)s AND task.state = 'waiting' AND task.tenant_id = %(tenant)s
          AND (task.priority, task.id) < (first.priority, first.id)
    ), {_TENANTS}
    SELECT own.tasks + (
        SELECT count(*) FROM tenants CROSS JOIN LATERAL (
            SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
              AND tenant_id = tenants.tenant_id ORDER BY priority, id LIMIT own.tasks + 1
        ) turn
        WHERE tenants.tenant_id <> %(tenant)s
    ), (
        SELECT count(*) FROM jobs_task WHERE pool = %(pool)s AND state = 'running'
    ), ({_USUAL})
    FROM first CROSS JOIN own
"""  # noqa: S608
# The same for many jobs, in one pass over what waits
_PLACES = f"""
    WITH ranked AS MATERIALIZED (
        SELECT job_id, pool, tenant_id,
            row_number() OVER (PARTITION BY pool, tenant_id ORDER BY priority, id) - 1 AS own
        FROM jobs_task WHERE state = 'waiting'
    ), waiting AS (
        SELECT pool, tenant_id, count(*) AS tasks FROM ranked GROUP BY pool, tenant_id
    ), running AS (
        SELECT pool, count(*) AS tasks FROM jobs_task WHERE state = 'running' GROUP BY pool
    ), usual AS MATERIALIZED ({_USUAL})
    SELECT job.id, min(first.own) + coalesce((
        SELECT sum(least(waiting.tasks, min(first.own) + 1)) FROM waiting
        WHERE waiting.pool = first.pool AND waiting.tenant_id <> first.tenant_id
    ), 0), coalesce((SELECT tasks FROM running WHERE running.pool = first.pool), 0), (
        SELECT seconds FROM usual
    )
    FROM jobs_job job JOIN ranked first ON first.job_id = coalesce(job.same_as_id, job.id)
    WHERE job.id = ANY(%(jobs)s) AND job.status = 'queued'
    GROUP BY job.id, first.pool, first.tenant_id
"""  # noqa: S608


def place_of(job: Job) -> Place | None:
    """Where a job stands in the queue, or the one it waits for; None for one that has ended.

    The estimate takes the jobs of the last ten minutes, and for a running job its own pages, as a
    measure; it is None where there is none.
    """
    if job.ended:
        return None
    if job.same_as_id is not None:
        first = Job.objects.filter(pk=job.same_as_id, same_as=None).first()
        return place_of(first) if first else None
    if job.status == Status.RUNNING:
        return Place(None, _eta_running(job))
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE, {"job": job.pk, "pool": pool_of(job.engine), "tenant": job.tenant_id}
        )
        row = cursor.fetchone()
    if row is None:  # it has ended meanwhile
        return None
    return _place(*row)


def places_of(job_ids: Collection[UUID]) -> dict[UUID, Place]:
    """The places of those of the jobs that wait for a worker, as ``place_of`` has them; one query.

    One that waits for a job that is being read is missing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, {"jobs": list(job_ids)})
        return {job_id: _place(int(before), *row) for job_id, before, *row in cursor.fetchall()}


def _place(before: int, running: int, usual: Decimal | None) -> Place:
    eta = None if usual is None else float(usual) * (1 + before / max(running, 1))
    return Place(before, None if eta is None else round(eta, 1))


_last_places: dict[tuple[str, UUID, int], tuple[float, Place]] = {}


def place_of_new(job: Job) -> Place | None:
    """The place of a job that was made just now, about: looked up for its like twice a second.

    Between, each is behind the one before.
    """
    who, now = (pool_of(job.engine), job.tenant_id, job.priority), time.monotonic()
    looked, last = _last_places.get(who, (-COUNT_SECONDS, Place(None, None)))
    if last.position is None or job.same_as_id or now - looked >= COUNT_SECONDS:
        place = place_of(job)
        for old in [key for key, (at, _) in [*_last_places.items()] if now - at >= COUNT_SECONDS]:
            _last_places.pop(old, None)
        looked = now
    else:
        place = replace(last, position=last.position + 1)
    if place and not job.same_as_id:
        _last_places[who] = looked, place
    return place


def _eta_running(job: Job) -> float | None:
    if not job.pages_total or not job.pages_done or job.started_at is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM statement_timestamp() - %s)", [job.started_at])
        spent = float(cursor.fetchone()[0])
    return round(spent / job.pages_done * max(job.pages_total - job.pages_done, 0), 1)


@cache
def pool_queue(pool: str) -> Queue:
    """The RQ queue that the pool's workers listen on (one connection pool a process)."""
    return Queue(pool, connection=django_rq.get_connection("default"))


def ring(pool: str, count: int = 1) -> int:
    """Wake up to ``count`` workers of the pool; returns how many bells were rung.

    Raises redis.RedisError.
    """
    with shared_redis().asked() as client:
        queue = Queue(pool, connection=client)
        count = min(count, MOST_BELLS - queue.count)
        if count <= 0:
            return 0
        with client.pipeline() as pipeline:
            for _ in range(count):
                queue.enqueue_call(
                    BELL,
                    args=(pool,),
                    timeout=-1,
                    result_ttl=0,
                    failure_ttl=3600,
                    pipeline=pipeline,
                )
            pipeline.execute()
    return count


def ring_softly(pool: str, count: int = 1) -> None:
    """Ring, or leave it to the sweeper where Redis does not answer."""
    with suppress(redis.RedisError):
        ring(pool, count)


def ring_for_next(pool: str) -> None:
    """Wake a worker where a task waits though no bell does."""
    with suppress(redis.RedisError):
        if not bells(pool) and waiting_at_all(pool):
            ring(pool)


def ring_after_commit(pool: str, count: int = 1) -> None:
    """Wake workers once the transaction has committed."""
    transaction.on_commit(lambda: ring_softly(pool, count), robust=True)


def ring_for_waiting(pool: str) -> int:
    """Ring for tasks that wait though hardly a bell does; returns how many. Raises RedisError."""
    tasks = min(waiting(pool), FEW_BELLS)
    return ring(pool, tasks - bells(pool)) if tasks else 0


def bells(pool: str) -> int:
    """How many bells wait in Redis. Raises redis.RedisError."""
    with shared_redis().asked() as client:
        return Queue(pool, connection=client).count


@dataclass(frozen=True, slots=True)
class Depth:
    """How many tasks of one kind there are, and since when the oldest of them."""

    pool: str
    state: str
    priority: str
    tasks: int
    oldest: datetime


def depths() -> list[Depth]:
    """Tasks by pool, state and priority, for operators."""
    rows = Task.objects.order_by().values_list("pool", "state", "priority")
    return [
        Depth(pool, state, Priority(priority).label.lower(), tasks, oldest)
        for pool, state, priority, tasks, oldest in rows.annotate(Count("pk"), Min("created_at"))
    ]
