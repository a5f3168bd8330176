"""The RQ worker: one process that keeps its engine loaded from job to job.

RQ's default worker forks for each job, which loses the loaded models. Its SimpleWorker stays in
one process but sends no heartbeat while it works: ours does, from a thread.
"""

from __future__ import annotations

import logging
import threading
from types import FrameType

import psutil
import redis
from django.conf import settings
from rq import Queue, SimpleWorker
from rq.job import Job as RQJob

from jobs import tasks

logger = logging.getLogger(__name__)


class WarmWorker(SimpleWorker):
    """Ends by itself after ``max_jobs`` jobs or beyond ``max_mb`` of resident memory."""

    def __init__(self, queue: Queue, *, name: str, max_jobs: int = 0, max_mb: int = 0) -> None:
        super().__init__(
            [queue],
            name=name,
            connection=queue.connection,
            worker_ttl=settings.LEASE_SECONDS,
            job_monitoring_interval=settings.HEARTBEAT_SECONDS,
            maintenance_interval=settings.LEASE_SECONDS,
        )
        self.max_jobs = max_jobs
        self.max_mb = max_mb
        self.jobs_done = 0
        self.recycled = False

    def get_heartbeat_ttl(self, job: RQJob) -> int:
        """Seconds without a heartbeat after which RQ takes the execution for dead."""
        return settings.LEASE_SECONDS

    def execute_job(self, job: RQJob, queue: Queue) -> None:
        """Run the job in this process with a heartbeat beside it."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(settings.HEARTBEAT_SECONDS):
                try:
                    self.maintain_heartbeats(job)
                except redis.RedisError as error:
                    logger.warning("no heartbeat to Redis: %s", error)

        thread = threading.Thread(target=beat, name="rq-heartbeat", daemon=True)
        thread.start()
        try:
            super().execute_job(job, queue)
        finally:
            over.set()
            thread.join(settings.HEARTBEAT_SECONDS)
        self.jobs_done += 1
        if self._worn():
            self.recycled = True
            self._stop_requested = True

    def _worn(self) -> bool:
        megabytes = psutil.Process().memory_info().rss / 1e6
        if self.max_jobs and self.jobs_done >= self.max_jobs:
            logger.info("restarting after %d jobs, %d MB", self.jobs_done, megabytes)
            return True
        if self.max_mb and megabytes > self.max_mb:
            logger.warning("restarting at %d MB, after %d jobs", megabytes, self.jobs_done)
            return True
        return False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: no new work, running work handed back at the next page."""
        tasks.stopping.set()
        super().request_stop(signum, frame)
