"""The queue: which task a worker takes next, how many wait, and the bell that wakes the workers.

The queue is the table of tasks. Redis carries no work, only the ringing: a bell that rings twice
does no harm, one that is lost is rung again by the sweeper, and while Redis is away the workers
look by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import get_args
from uuid import UUID

import django_rq
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, Min, Q, QuerySet
from django.db.models.functions import Now
from rq import Queue

from accounts.row_security import unscoped
from accounts.shared_redis import shared_redis
from extraction.engines import ENGINES, Pool
from jobs.errors import QueueFull
from jobs.models import Pause, Priority, Task
from jobs.models.engines import is_own

PROCESS = "process"  # in Redis, of a worker: host and process id, as in its tasks
FILTERED = "filtered"  # in Redis, of a worker: 1 where the system filters what its decoders do
BELL = "jobs.tasks.run_next"
FEW_BELLS = 20  # rung by the sweeper for what waits
MOST_BELLS = 100  # in Redis at once; whoever ends a task rings for the next
ENOUGH_SECONDS = 0.05  # for which as many as may be are taken to be there still
COUNT_SECONDS = 0.5  # how long a count of what waits is good enough for refusing
LOCK = 4_711  # of PostgreSQL's advisory locks: one choice at a time in each pool
OWN_POOL: Pool = "gpu"  # of organisations' own engines: their bases are models
POOLS: Sequence[str] = get_args(Pool)

# What operators hold back is passed over.
#
# One tenant after the other by a loose index scan, whatever the number of tasks. Who has the fewest
# tasks running is first, of those who waited longest since their last turn; within a tenant its
# priorities, each a step higher for every `aging` seconds of waiting. The order (priority, id) is
# the index's: asked for by id alone PostgreSQL walks the primary key, past everything that waits.
TENANTS = """tenants AS (
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
    WITH RECURSIVE {TENANTS}, busy AS (
        SELECT tenant_id, count(*) AS tasks FROM jobs_task
        WHERE pool = %(pool)s AND state = 'running' GROUP BY tenant_id
    )
"""  # noqa: S608 - put together from constants, as those below
_NEXT = f"""{_BUSY}
    SELECT first.id
    FROM tenants
    JOIN accounts_tenant tenant ON tenant.id = tenants.tenant_id AND tenant.paused_at IS NULL
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
# The lock, and whether the pool is held back: in the question above that would make its plan dearer
_TURN = """
    SELECT pg_advisory_xact_lock(%s, %s), EXISTS (SELECT FROM jobs_pause WHERE pool = %s)
"""
_OTHERS = f"""{_BUSY}
    SELECT NOT EXISTS (SELECT FROM jobs_pause WHERE pool = %(pool)s) AND (EXISTS (
        SELECT FROM tenants
        JOIN accounts_tenant tenant ON tenant.id = tenants.tenant_id AND tenant.paused_at IS NULL
        LEFT JOIN busy ON busy.tenant_id = tenants.tenant_id
        WHERE tenants.tenant_id <> %(tenant)s AND busy.tasks IS NULL AND EXISTS (
            SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
              AND tenant_id = tenants.tenant_id AND due_at <= statement_timestamp()
        )
    ) OR EXISTS (
        SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
          AND tenant_id = %(tenant)s AND priority < %(priority)s AND due_at <= statement_timestamp()
          AND (SELECT paused_at IS NULL FROM accounts_tenant WHERE id = %(tenant)s)
    ))
"""  # noqa: S608


def pool_of(engine: str) -> str:
    """The pool of workers that read with that engine."""
    return OWN_POOL if is_own(engine) else ENGINES[engine].pool


def next_task(pool: str, without: list[UUID]) -> UUID | None:
    """The task whose turn it is, other than those ``without``; inside a transaction.

    Until the transaction's end nobody else is told one of this pool.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TURN, [LOCK, POOLS.index(pool), pool])
        if cursor.fetchone()[1]:
            return None
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

    That is another organisation none of whose tasks is being done, or a more urgent one of its own;
    not while they are held back.
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


def _due(pool: str) -> QuerySet[Task]:
    return Task.objects.filter(pool=pool, state=Task.State.WAITING, due_at__lte=Now()).order_by()


def _to_begin(pool: str) -> QuerySet[Task]:
    """Those of them that nobody holds back."""
    held = Pause.objects.filter(pool=pool)
    return _due(pool).filter(~Exists(held), tenant__paused_at=None)


@unscoped()
def waiting(pool: str) -> int:
    """How many tasks of the pool are due, counted to a little beyond ``MAX_QUEUED``."""
    return _due(pool)[: settings.MAX_QUEUED + 1].count()


@unscoped()
def waiting_at_all(pool: str) -> bool:
    """Whether a task of the pool could be begun now."""
    return _to_begin(pool).exists()


@unscoped()
def ready(pool: str, most: int) -> int:
    """How many tasks of the pool could be begun now, counted to ``most``."""
    return _to_begin(pool)[:most].count()


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


@cache
def pool_queue(pool: str) -> Queue:
    """The RQ queue that the pool's workers listen on (one connection pool a process)."""
    return Queue(pool, connection=django_rq.get_connection("default"))


_enough: dict[str, float] = {}  # pool -> until when there are bells enough


def ring(pool: str, count: int = 1) -> int:
    """Wake up to ``count`` workers of the pool; returns how many bells were rung.

    Raises redis.RedisError.
    """
    if time.monotonic() < _enough.get(pool, 0):
        return 0
    with shared_redis().asked() as client:
        queue = Queue(pool, connection=client)
        count = min(count, MOST_BELLS - queue.count)
        if count <= 0:
            _enough[pool] = time.monotonic() + ENOUGH_SECONDS
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


@unscoped()
def ring_for_waiting(pool: str) -> int:
    """Ring for tasks that wait though hardly a bell does; returns how many. Raises RedisError."""
    tasks = _to_begin(pool)[:FEW_BELLS].count()
    return ring(pool, tasks - bells(pool)) if tasks else 0


def bells(pool: str) -> int:
    """How many bells wait in Redis. Raises redis.RedisError."""
    with shared_redis().asked() as client:
        return Queue(pool, connection=client).count


@dataclass(frozen=True, slots=True)
class Depth:
    """How many tasks of one kind there are, since when the oldest of them, and since when it might
    have been begun. Those that are not ``due`` wait for their time, as for an engine that is away.
    """

    pool: str
    state: str
    priority: str
    due: bool
    tasks: int
    oldest: datetime
    due_since: datetime


@unscoped()
def depths() -> list[Depth]:
    """Tasks by pool, state, priority and whether they are due, for operators."""
    due = ExpressionWrapper(Q(due_at__lte=Now()), output_field=BooleanField())
    rows = Task.objects.order_by().annotate(due=due).values_list("pool", "state", "priority", "due")
    return [
        Depth(pool, state, Priority(priority).label.lower(), due, tasks, oldest, due_since)
        for pool, state, priority, due, tasks, oldest, due_since in rows.annotate(
            Count("pk"), Min("created_at"), Min("due_at")
        )
    ]
