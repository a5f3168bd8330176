"""Where jobs stand in the queue, and when they are likely to end."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounts.row_security import unscoped
from jobs import queue
from jobs.models import Job, Status
from jobs.queue import TENANTS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands: tasks before it (0 is next), and seconds until its likely end.

    While operators hold it back it is ``paused``, its end cannot be told, and ``pause_reason`` is
    what they say.
    """

    position: int | None
    eta_seconds: float | None
    paused: bool = False
    pause_reason: str = ""


_USUAL = """
    SELECT avg(extract(epoch FROM finished_at - started_at)) AS seconds FROM (
        SELECT finished_at, started_at FROM jobs_job
        WHERE finished_at > statement_timestamp() - interval '10 minutes'
          AND started_at IS NOT NULL AND status IN ('succeeded', 'partial')
        ORDER BY finished_at DESC LIMIT 50
    ) lately
"""
# Of jobs that wait, whose tasks they wait for: their own, or those of the one with their document
_WAITED_FOR = """
    SELECT job.id, coalesce(first.id, job.id)
    FROM jobs_job job LEFT JOIN jobs_job first ON first.id = job.same_as_id
    WHERE job.id = ANY(%(jobs)s) AND job.status = 'queued'
      AND (job.same_as_id IS NULL OR first.status = 'queued')
"""
# Why a pool or an organisation is held back, in one column; null: it is not
_HELD = """
    SELECT reason FROM jobs_pause WHERE pool = {pool}
    UNION ALL SELECT pause_reason FROM accounts_tenant
        WHERE paused_at IS NOT NULL AND id = {tenant}
    LIMIT 1
"""
_PAUSED = "(SELECT id FROM accounts_tenant WHERE paused_at IS NOT NULL)"
# Its organisation's own tasks before it, and as many turns of each other one; how many tasks run;
# the usual time of a job; and why it is held back
_PLACE = f"""
    WITH RECURSIVE first AS (
        SELECT priority, id FROM jobs_task WHERE job_id = %(job)s ORDER BY priority, id LIMIT 1
    ), own AS (
        SELECT count(*) AS tasks FROM first JOIN jobs_task task
        ON task.pool = %(pool)s AND task.state = 'waiting' AND task.tenant_id = %(tenant)s
          AND (task.priority, task.id) < (first.priority, first.id)
    ), {TENANTS}
    SELECT own.tasks + (
        SELECT count(*) FROM tenants CROSS JOIN LATERAL (
            SELECT FROM jobs_task WHERE pool = %(pool)s AND state = 'waiting'
              AND tenant_id = tenants.tenant_id ORDER BY priority, id LIMIT own.tasks + 1
        ) turn
        WHERE tenants.tenant_id <> %(tenant)s AND tenants.tenant_id NOT IN {_PAUSED}
    ), (
        SELECT count(*) FROM jobs_task WHERE pool = %(pool)s AND state = 'running'
    ), ({_USUAL}), ({_HELD.format(pool="%(pool)s", tenant="%(tenant)s")})
    FROM first CROSS JOIN own
"""  # noqa: S608
# The same for many jobs, in one pass over what waits: whoever's turn comes no later than a task's
# own, of its organisation or of another, is before it, but for organisations that are held back.
# The jobs are in an array, which PostgreSQL hashes: the table of tasks changes too fast for its
# estimates, and they would be looped over.
_PLACES = f"""
    WITH ranked AS (
        SELECT job_id, pool, tenant_id, tenant_id IN {_PAUSED} AS held,
            row_number() OVER (PARTITION BY pool, tenant_id ORDER BY priority, id) AS turn
        FROM jobs_task WHERE state = 'waiting'
    ), placed AS (
        SELECT job_id, pool, tenant_id,
            count(*) OVER (PARTITION BY pool, held ORDER BY turn) - 1 AS before
        FROM ranked
    ), running AS MATERIALIZED (
        SELECT pool, count(*) AS tasks FROM jobs_task WHERE state = 'running' GROUP BY pool
    ), usual AS MATERIALIZED ({_USUAL})
    SELECT job_id, min(before), coalesce(
        (SELECT tasks FROM running WHERE running.pool = placed.pool), 0
    ), (SELECT seconds FROM usual), ({_HELD.format(pool="placed.pool", tenant="placed.tenant_id")})
    FROM placed WHERE job_id = ANY(%(jobs)s) GROUP BY job_id, pool, tenant_id
"""  # noqa: S608


@unscoped()
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
            _PLACE, {"job": job.pk, "pool": queue.pool_of(job.engine), "tenant": job.tenant_id}
        )
        row = cursor.fetchone()
    if row is None:  # it has ended meanwhile
        return None
    return _place(*row)


@unscoped()
def places_of(job_ids: Collection[UUID]) -> dict[UUID, Place]:
    """The places of those of the jobs that wait for a worker, as ``place_of`` has them.

    One that waits for a job that is being read is missing. Two queries, whatever the number.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITED_FOR, {"jobs": list(job_ids)})
        waited_for = dict(cursor.fetchall())
        if not waited_for:
            return {}
        cursor.execute(_PLACES, {"jobs": list(set(waited_for.values()))})
        places = {pk: _place(before, *row) for pk, before, *row in cursor.fetchall()}
    return {pk: places[other] for pk, other in waited_for.items() if other in places}


def _place(before: int, running: int, usual: Decimal | None, held: str | None) -> Place:
    if held is not None:
        return Place(before, None, paused=True, pause_reason=held)
    eta = None if usual is None else float(usual) * (1 + before / max(running, 1))
    return Place(before, None if eta is None else round(eta, 1))


_last_places: dict[tuple[str, UUID, int], tuple[float, Place]] = {}


def place_of_new(job: Job) -> Place | None:
    """The place of a job that was made just now, about: looked up for its like twice a second.

    Between, each is behind the one before.
    """
    who, now = (queue.pool_of(job.engine), job.tenant_id, job.priority), time.monotonic()
    looked, last = _last_places.get(who, (-queue.COUNT_SECONDS, Place(None, None)))
    if last.position is None or job.same_as_id or now - looked >= queue.COUNT_SECONDS:
        place = place_of(job)
        for old, (at, _) in [*_last_places.items()]:
            if now - at >= queue.COUNT_SECONDS:
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
