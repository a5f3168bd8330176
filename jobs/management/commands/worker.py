"""`manage.py worker`: does jobs until told to stop."""

from __future__ import annotations

import gc
import logging
import secrets
import signal
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from accounts.shared_redis import shared_redis
from extraction import annotating, engines, tracing
from extraction.errors import ExtractionError
from jobs import alive, model_reports, queue, tasks
from jobs.draining import Ear
from jobs.hands import AT_ONCE, Hands
from jobs.worker import WarmWorker, worn

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5  # between looks for work, or for Redis
LOOK_SECONDS = 10  # of work without Redis, before it is asked again


MEGABYTES = {"cpu": 3000, "gpu": 0, "io": 3000}  # what it may grow to; 0: no bound


def _most_megabytes(pool: str) -> int:
    return MEGABYTES[pool] if settings.WORKER_MAX_MB is None else int(settings.WORKER_MAX_MB)


def _widen_connections(count: int) -> None:
    """Room in the pool of connections for so many tasks and their heartbeats, and this thread."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    pool["max_size"] = max(pool["max_size"], 2 * count + 1)


def _warm(pool: str) -> None:
    """Load what the pool's tasks need before the first of them comes; of engines the usual one.

    What cannot be loaded ends no worker: its jobs tell why, and it may be there later.
    """
    annotating.warm()
    here = [row.name for row in engines.ENGINES.values() if row.pool == pool]
    if pool == "io" or not here:
        return
    if pool == "gpu":
        model_reports.plan_all()
    usual = settings.DEFAULT_ENGINE if settings.DEFAULT_ENGINE in here else here[0]
    try:
        engines.warm(usual, settings.WORKER_THREADS)
    except ExtractionError as error:
        logger.error("%s cannot be loaded: %s", usual, error.detail)


class Command(BaseCommand):
    help = (
        "Run a worker: it keeps its engines loaded and does one task after the other, or several."
    )
    done_alone = 0  # jobs, without Redis
    idle_seconds = 0.0  # without work, after which it ends; 0: never

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pool", choices=queue.POOLS, default="cpu", help="whose tasks it does"
        )
        parser.add_argument(
            "--tasks", type=int, default=0, help="how many at once (default: cpu 1, others 8)"
        )
        parser.add_argument("--burst", action="store_true", help="end when the queue is empty")
        parser.add_argument(
            "--idle-seconds",
            type=float,
            default=0,
            help="end after so many seconds without work, to be woken (default: 0, never)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tracing.name_process("worker")
        for number in (signal.SIGTERM, signal.SIGINT):
            # the RQ worker has its own once Redis answers
            signal.signal(number, lambda *_: tasks.stopping.set())
        pool: str = options["pool"]
        count = options["tasks"] or AT_ONCE[pool]
        if count > 1:
            _widen_connections(count)
            tasks.hands = Hands(count)
        tasks.ear = ear = Ear(tasks.worker_name())
        self.idle_seconds = options["idle_seconds"]
        _warm(pool)
        gc.collect()
        gc.freeze()  # what is loaded by now is never looked through again for garbage
        tasks.begin_idling()
        try:
            self._work(pool, burst=bool(options["burst"]))
        finally:
            if tasks.hands is not None:
                tasks.hands.wait()
            tasks.ear = None
            ear.gone()

    def _work(self, pool: str, *, burst: bool) -> None:
        """Do what there is until told to stop, worn out, or, with ``burst``, done."""
        while not tasks.stopping.is_set() and not tasks.asked_to_end():
            alive.tell()
            if shared_redis().answers():
                ends = self._listen(pool, burst=burst)
            else:
                ends = self._look(pool)
            if burst or ends or self._idle():
                return
            if not tasks.stopping.is_set():
                time.sleep(PAUSE_SECONDS)

    def _listen(self, pool: str, *, burst: bool) -> bool:
        """Work as bells ring, until told to stop or Redis is away; returns whether it is to end:
        worn out, or idle."""
        try:
            worker = WarmWorker(
                queue.pool_queue(pool),
                # Redis holds a killed worker's name for a while, and in a container the
                # next one has its host and process id
                name=f"{tasks.worker_name()}:{secrets.token_hex(4)}",
                max_jobs=settings.WORKER_MAX_JOBS,
                max_mb=_most_megabytes(pool),
                idle_seconds=self.idle_seconds,
            )
            worker.log_job_description = False
            worker.work(burst=burst, logging_level="WARNING")
        except redis.RedisError as error:
            logger.warning("Redis does not answer: %s", error)
            return False
        return worker.recycled or worker.idle

    def _idle(self) -> bool:
        return bool(self.idle_seconds) and tasks.idle_seconds() > self.idle_seconds

    def _look(self, pool: str) -> bool:
        """Do what waits, without Redis, for some seconds at most; returns whether worn out."""
        until = time.monotonic() + LOOK_SECONDS
        try:
            while not tasks.stopping.is_set() and tasks.run_next(pool):
                self.done_alone += 1
                if worn(
                    self.done_alone,
                    max_jobs=settings.WORKER_MAX_JOBS,
                    max_mb=_most_megabytes(pool),
                ):
                    return True
                if time.monotonic() > until:
                    break
        except (OperationalError, InterfaceError) as error:
            logger.warning("neither Redis nor the database answers: %s", error)
        return False
