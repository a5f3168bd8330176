"""The RQ worker: one process that keeps its engine loaded from job to job.

RQ's default worker forks for each job, which loses the loaded models. Its SimpleWorker stays in
one process but sends no heartbeat while it works: ours does, from a thread.

RQ waits for a Redis that is away, up to a minute at a time. Ours gives up at the first sign of it,
so that its command can look for work without.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from types import FrameType
from typing import Any

import psutil
import redis
from django.conf import settings
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job as RQJob

from accounts.shared_redis import shared_redis
from extraction import syscall_filter
from jobs import alive, gpu_reports, model_reports, tasks
from jobs import queue as jobs_queue

logger = logging.getLogger(__name__)

LISTEN_SECONDS = 2  # for a bell, before Redis is told that the worker lives
PAUSE_SECONDS = 0.5  # between signs of life of one that ends when its hands are free
ANSWER_SECONDS = 4  # of a silence of Redis that hides no bell


def worn(jobs: int, *, max_jobs: int, max_mb: int) -> bool:
    """Whether a process that has done so many jobs, or is so large now, should end; 0: no bound."""
    megabytes = psutil.Process().memory_info().rss / 1e6
    if max_jobs and jobs >= max_jobs:
        logger.info("restarting after %d jobs, %d MB", jobs, megabytes)
        return True
    if max_mb and megabytes > max_mb:
        logger.warning("restarting at %d MB, after %d jobs", megabytes, jobs)
        return True
    return False


class WarmWorker(SimpleWorker):
    """Ends by itself after ``max_jobs`` jobs, beyond ``max_mb`` of resident memory, or after
    ``idle_seconds`` without work."""

    def __init__(
        self,
        queue: Queue,
        *,
        name: str,
        max_jobs: int = 0,
        max_mb: int = 0,
        idle_seconds: float = 0,
    ) -> None:
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
        self.idle_seconds = idle_seconds
        self.jobs_done = 0
        self.recycled = False
        self.idle = False
        self._listening = False
        self._told = ""  # of models
        self._told_of_gpus = ""

    @property
    def dequeue_timeout(self) -> int:
        """Seconds that one call to Redis waits for a bell."""
        return LISTEN_SECONDS

    @property
    def connection_timeout(self) -> int:
        """Seconds without an answer after which Redis counts as away."""
        return ANSWER_SECONDS

    def register_birth(self) -> None:
        """Tell Redis of this worker: whose process it is, whether its decoders can be filtered."""
        super().register_birth()
        self.connection.hset(self.key, jobs_queue.PROCESS, tasks.worker_name())
        self.connection.hset(self.key, jobs_queue.FILTERED, int(syscall_filter.works()))

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """And what has become of its models and GPUs since the last one.

        A Redis that was emptied, or took this process for dead while it was frozen, is told of it
        anew.
        """
        alive.tell()
        super().heartbeat(timeout, pipeline)
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.delete(self.key)
            self.register_birth()
            self._told = self._told_of_gpus = ""
        told = model_reports.of_this_process()
        if told != self._told:
            self.connection.hset(self.key, model_reports.FIELD, told)
            self._told = told
        gpus = gpu_reports.of_this_process()
        if gpus != self._told_of_gpus:
            self.connection.hset(self.key, gpu_reports.FIELD, gpus)
            self._told_of_gpus = gpus

    def subscribe(self) -> None:
        """Nobody commands workers through Redis: no thread and connection for it."""

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[RQJob, Queue] | None:
        """The next bell; None where none waits and ``timeout`` is None.

        Raises redis.TimeoutError where Redis does not answer.
        """
        try:
            while True:
                self.heartbeat()
                if tasks.asked_to_end():
                    self._see_through()
                    raise StopRequested()
                if self.idle_seconds and tasks.idle_seconds() > self.idle_seconds:
                    self.idle = True
                    raise StopRequested()
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()
                try:
                    found = self._listen(timeout)
                except DequeueTimeout:
                    continue
                if found is not None:
                    found[0].redis_server_version = self.get_redis_server_version()
                return found
        except redis.ConnectionError as error:
            raise redis.TimeoutError(str(error)) from error  # which RQ logs in a line

    def _see_through(self) -> None:
        """Wait, alive, for what this process's hands are at."""
        while tasks.hands is not None and tasks.hands.busy and not tasks.stopping.is_set():
            time.sleep(PAUSE_SECONDS)
            self.heartbeat()

    def _listen(self, timeout: int | None) -> tuple[RQJob, Queue] | None:
        self._listening = True
        try:
            if tasks.stopping.is_set():  # asked to when nothing could be raised yet
                raise StopRequested()
            return Queue.dequeue_any(self.queues, timeout, connection=self.connection)
        finally:
            self._listening = False

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
        if worn(self.jobs_done, max_jobs=self.max_jobs, max_mb=self.max_mb):
            self.recycled = True
            self._stop_requested = True

    def handle_execution_ended(self, job: RQJob, queue: Queue, heartbeat_ttl: int) -> None:
        """Begin to note in Redis how the job ended, if Redis answers; nothing hangs on it.

        Raises redis.RedisError. RQ calls this again, to note a failure, after what it raised.
        """
        error = sys.exception()
        if isinstance(error, redis.RedisError):
            raise error
        if not shared_redis().answers():
            raise redis.TimeoutError("Redis does not answer")
        super().handle_execution_ended(job, queue, heartbeat_ttl)

    def teardown(self) -> None:
        """Tell Redis that this worker ends, if it listens; the name fades by itself otherwise."""
        if shared_redis().answers():
            super().teardown()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: no new work, running work handed back at the next page.

        Raises ``StopRequested`` where the worker listens; amid work neither that nor an error of
        Redis, to which RQ would tell it, may surface.
        """
        tasks.stopping.set()
        self._stop_requested = True
        if self._listening:
            raise StopRequested()
