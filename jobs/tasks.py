"""The RQ entry point: takes the task whose turn it is, and everything else from the rows."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from accounts import request_ids
from extraction import engines, pipeline, tracing, types
from extraction.errors import Cancelled, EngineUnavailable, ExtractionError
from extraction.options import Options
from jobs import (
    claims,
    engine_away,
    lifecycle,
    own_engines,
    queue,
    results,
    storage,
    templates,
)
from jobs.draining import Ear
from jobs.errors import InternalError, LeaseLost, StorageUnavailable
from jobs.hands import Hands
from jobs.heartbeat import Heartbeat
from jobs.models import Job, Task
from jobs.models.engines import counted_as
from jobs.results import source_of
from jobs.sealing import unseal

logger = logging.getLogger(__name__)
STORAGE_SECONDS = 10  # before a job is tried again that found the file storage away

# Set when this process is asked to end: running work is handed back at the next page
stopping = threading.Event()
hands: Hands | None = None  # of a process that does several tasks at once
ear: Ear | None = None  # of a worker: whether operators ask it to end
_worked = time.monotonic()  # when this process last had a task in hand


def worker_name() -> str:
    """This process, for people: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


class TaskHeartbeat(Heartbeat):
    """Renews a task's lease. Along with it goes what a model has ``written`` so far, tokens by
    page."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"job {task.job_id}")
        self.task = task
        self.written: dict[int, int] = {}
        self._told: dict[int, int] = {}

    def renew(self) -> None:
        written = dict(self.written)
        claims.renew(self.task, None if written == self._told else written)
        self._told = written


def idle_seconds() -> float:
    """For how long this process has had nothing in hand."""
    return 0.0 if hands is not None and hands.busy else time.monotonic() - _worked


def begin_idling() -> None:
    """Count from now."""
    global _worked
    _worked = time.monotonic()


def asked_to_end() -> bool:
    """Whether an operator wants this process to finish what it does and to end."""
    return ear is not None and ear.look()


def run_next(pool: str) -> bool:
    """Do the task whose turn it is in the pool, or have a free hand do it; False if there was none.

    Every expected failure ends in the rows. Whoever ends a task wakes a worker for the next one.
    """
    if hands is not None:
        return hands.take(lambda: _next(pool), stopping.is_set)
    work = _next(pool)
    if work is None:
        return False
    work()
    return True


def _next(pool: str) -> Callable[[], None] | None:
    """What does the task whose turn it is, which is claimed; None if there was none."""
    if asked_to_end():
        return None
    close_old_connections()
    task = claims.start(pool, worker=worker_name())
    if task is None:
        return None

    def work() -> None:
        run_task(task)
        begin_idling()
        queue.ring_for_next(pool)

    return work


def run_task(task: Task) -> None:
    """Do a task that this worker has claimed; log and audit name it as "job-" and the job's id."""
    with request_ids.of_job(task.job_id), _span_of(task):
        try:
            _work(task)
        except LeaseLost:
            logger.warning("job %s attempt %s: the lease was lost", task.job_id, task.attempt)
        except (OperationalError, InterfaceError):
            logger.exception("job %s: the database failed", task.job_id)
            _hand_back_when_possible(task)


def _span_of(task: Task) -> tracing.Off:
    """The work on a task, after its waiting, as parts of the trace of its job's submission."""
    job, begun = task.job, task.taken_at
    if begun is not None:
        tracing.past("queue.wait", task.due_at, begun, parent=job.traceparent, job=job.pk)
    return tracing.span(
        "job.work",
        kind="consumer",
        parent=job.traceparent,
        job=job.pk,
        tenant=job.tenant_id,
        engine=counted_as(job.engine),
        attempt=task.attempt,
    )


class Stop:
    """Asked before each page whether to stop: told to, or because others wait.

    ``others`` says that it was for them; the task is then handed back, and goes on when the turn
    of its organisation comes. At least one page is read each time.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.others = False
        self._begun = time.monotonic()
        self._asked = False

    def __call__(self) -> bool:
        first, self._asked = not self._asked, True
        if self.told():
            return True
        if first or time.monotonic() - self._begun < settings.TURN_SECONDS:
            return False  # what has been opened is read a little
        self.others = queue.others_wait(self.task)
        return self.others

    def told(self) -> bool:
        """Whether this process ends, or the task is to be given up."""
        return stopping.is_set() or not claims.should_go_on(self.task)


def _work(task: Task) -> None:
    job, stop = task.job, Stop(task)
    try:
        options = job_options(job)
        with TaskHeartbeat(task) as heartbeat, storage.local_path(job.file.key) as path:
            if task.numbers != []:
                _read(task, path, options, stop, heartbeat.written)
            if not claims.last_one(task):
                return
            pages = claims.finished_pages(job)
            with tracing.span("result.make", pages=len(pages)):
                document = pipeline.put_together(
                    pages,
                    options,
                    source_of(job),
                    template=templates.of_job(job),
                    choose=partial(templates.chosen, job.tenant),
                    ask=engine_away.asker(job, options, stop.told),
                )
            claims.retold(task, pages, document.pages)
            document = results.make_pdf(job, path, document, options, stop.told)
        lifecycle.finish(task, document)
    except LeaseLost:
        raise
    except Cancelled:
        if (stopping.is_set() or stop.others) and claims.should_go_on(task):
            lifecycle.hand_back(task)
        else:
            lifecycle.cancelled(task)
    except ExtractionError as error:
        if error.permanent:
            lifecycle.fail(task, error)
        elif isinstance(error, StorageUnavailable) and not storage.available():
            lifecycle.hand_back(task, STORAGE_SECONDS)  # as often as it takes
        elif isinstance(error, EngineUnavailable) and (
            seconds := engine_away.seconds_to_wait(job, error)
        ):
            lifecycle.hand_back(task, seconds)
        else:
            lifecycle.try_again(task, error)
    except (OperationalError, InterfaceError):
        raise
    except InvalidToken:
        logger.error("job %s: SECRET_KEY has changed, its password is lost", job.pk)
        lifecycle.fail(task, InternalError("The document's password was lost; send it again."))
    except Exception:
        logger.exception("job %s failed unexpectedly", job.pk)
        lifecycle.try_again(task, InternalError())


def _read(task: Task, path: Path, options: Options, stop: Stop, written: dict[int, int]) -> None:
    """Read the task's pages, each kept as it is finished; ``written`` are a model's tokens of those
    not finished."""

    def on_open(document: pipeline.Opened) -> tuple[int, ...]:
        return claims.opened(task, page_count=document.info.page_count, numbers=document.numbers)

    def on_page(page: types.Page, preview: bytes | None) -> None:
        claims.page_done(task, page, preview)
        written.pop(page.number, None)

    instead = engine_away.instead(task.job)
    if instead is None:
        engine_away.check_breaker(task.job.engine)
    pipeline.read_pages(
        path,
        options,
        own_engines.engine_of(task.job, settings.WORKER_THREADS),
        limits=settings.LIMITS,
        on_open=on_open,
        on_page=on_page,
        stop=stop,
        watch=engines.Watch(stop.told, written.__setitem__),
        instead=instead,
    )


def job_options(job: Job) -> Options:
    """The options a job was submitted with. Raises InvalidToken if its password is unreadable."""
    return Options(
        **{
            **job.options,
            "fields": tuple(job.options.get("fields", ())),
            "outputs": tuple(job.options.get("outputs", ())),
        },
        password=unseal(job.sealed_password),
    )


def _hand_back_when_possible(task: Task) -> None:
    """The database went away: hand the task back when it answers again, however long that takes.

    One left behind would count as one that ended its worker.
    """
    while not stopping.is_set():
        try:
            close_old_connections()
            lifecycle.hand_back(task)
            return
        except LeaseLost:
            return
        except (OperationalError, InterfaceError):
            time.sleep(1)
