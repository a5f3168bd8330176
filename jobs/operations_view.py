"""The operators' view of the queues, the workers and what they are at, and the engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import redis
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import clock, usage_sums
from accounts.models import Tenant
from extraction.engines import ENGINES, EngineRow
from jobs import draining, engine_breakers, pauses, queue
from jobs.engine_breakers import BreakerState
from jobs.live_workers import LiveWorker, live_workers
from jobs.models import Pause, Task

SHOWN = 100  # tasks that are being done


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A kind of worker: what waits for it, what is being done, who is there to do it."""

    name: str
    waiting: int
    urgent: int  # of them with high priority
    oldest: datetime | None  # of those that wait
    running: int
    bells: int | None  # wake-ups in Redis; None where that does not answer
    workers: int | None
    pause: Pause | None = None  # an operator holds it back

    @property
    def is_stuck(self) -> bool:
        """Whether something waits and nobody is there for it."""
        return bool(self.waiting) and self.workers == 0


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker, how many tasks it is at, and since when it has been asked to end."""

    worker: LiveWorker
    tasks: int
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class EngineShare:
    """An engine, the workers of its pool, and what it has done today (UTC)."""

    row: EngineRow
    workers: int | None
    today: usage_sums.Totals
    breaker: BreakerState | None  # of one on another machine

    @property
    def seconds_a_page(self) -> float | None:
        """None where it has read none."""
        return self.today.compute_seconds / self.today.pages if self.today.pages else None


def operations_view(request: HttpRequest) -> HttpResponse:
    """Pools, workers, tasks at work and engines, as they are now."""
    if not request.user.has_perm("jobs.view_task"):
        raise PermissionDenied
    workers = live_workers()
    context = {
        "title": "Queues, workers, engines",
        "pools": pools(workers),
        "workers": None if workers is None else worker_rows(workers),
        "paused": Tenant.objects.filter(paused_at__isnull=False).order_by("paused_at")[:SHOWN],
        "engines": engines(workers),
        "breakers": bool(engine_breakers.states()),
        "may_act": request.user.has_perm("jobs.change_task"),
        "tasks": at_work()[:SHOWN],
        "names": {worker.process for worker in workers or []},
        "now": clock.now(),
        "shown": SHOWN,
    }
    return render(request, "admin/operations.html", {**admin.site.each_context(request), **context})


def pools(workers: Sequence[LiveWorker] | None) -> list[PoolRow]:
    """Those that an engine needs, or that have work or workers."""
    depths = queue.depths()
    paused = {row.pool: row for row in pauses.paused_pools()}
    found = []
    for pool in queue.POOLS:
        waits = [row for row in depths if (row.pool, row.state) == (pool, Task.State.WAITING)]
        running = [row for row in depths if (row.pool, row.state) == (pool, Task.State.RUNNING)]
        there = _in(pool, workers)
        used = pool in paused or any(row.pool == pool for row in ENGINES.values())
        if waits or running or there or used:
            found.append(
                PoolRow(
                    pool,
                    sum(row.tasks for row in waits),
                    sum(row.tasks for row in waits if row.priority == "high"),
                    min((row.oldest for row in waits), default=None),
                    sum(row.tasks for row in running),
                    _bells(pool),
                    there,
                    paused.get(pool),
                )
            )
    return found


def worker_rows(workers: Sequence[LiveWorker]) -> list[WorkerRow]:
    """The workers with what they are at; two queries."""
    running = Task.objects.filter(state=Task.State.RUNNING).order_by().values_list("worker")
    at_it = dict(running.annotate(Count("pk")))
    asked = draining.asked()
    return [
        WorkerRow(each, at_it.get(each.process, 0), _ends(each, asked.get(each.process)))
        for each in workers
    ]


def _ends(worker: LiveWorker, asked: datetime | None) -> datetime | None:
    """Since when it is to end; not by what an earlier process of its name was asked."""
    if asked is None or (worker.since and asked < worker.since):
        return None
    return asked


def engines(workers: Sequence[LiveWorker] | None) -> list[EngineShare]:
    """All of them, with what the ledger has of them today; one query."""
    done = usage_sums.by_day_and_engine(usage_sums.span_of(1))
    breakers = engine_breakers.states()
    return [
        EngineShare(
            row,
            _in(row.pool, workers),
            usage_sums.totals(share for share in done if share.name == row.name),
            breakers.get(row.name),
        )
        for row in ENGINES.values()
    ]


def at_work() -> QuerySet[Task]:
    """The tasks that workers hold, the longest held first."""
    running = Task.objects.filter(state=Task.State.RUNNING)
    return running.select_related("job", "tenant").order_by("taken_at", "pk")


def _in(pool: str, workers: Sequence[LiveWorker] | None) -> int | None:
    return None if workers is None else sum(worker.pool == pool for worker in workers)


def _bells(pool: str) -> int | None:
    try:
        return queue.bells(pool)
    except redis.RedisError:
        return None
