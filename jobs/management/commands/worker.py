"""`manage.py worker`: does jobs until told to stop."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from extraction import engines
from jobs import queue, tasks
from jobs.worker import WarmWorker

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run a worker: it keeps its engine loaded and does one job at a time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pool", choices=queue.POOLS, default="cpu", help="whose tasks it does"
        )
        parser.add_argument("--burst", action="store_true", help="end when the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        engines.warm(settings.DEFAULT_ENGINE, settings.WORKER_THREADS)
        pause = 0.5
        while not tasks.stopping.is_set():
            try:
                worker = WarmWorker(
                    queue.pool_queue(options["pool"]),
                    # Redis holds a killed worker's name for a while, and in a container the
                    # next one has its host and process id
                    name=f"{tasks.worker_name()}:{secrets.token_hex(4)}",
                    max_jobs=settings.WORKER_MAX_JOBS,
                    max_mb=settings.WORKER_MAX_MB,
                )
                worker.log_job_description = False
                worker.work(burst=options["burst"], logging_level="WARNING")
                if options["burst"] or worker.recycled:
                    return
                pause = 0.5
            except redis.RedisError as error:
                logger.warning("Redis does not answer, looking for work without: %s", error)
                while not tasks.stopping.is_set() and tasks.run_next(options["pool"]):
                    pass
            if not tasks.stopping.is_set():
                time.sleep(pause)
                pause = min(pause * 2, 5)
