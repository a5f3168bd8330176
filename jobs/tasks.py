"""The RQ entry point: takes an id, takes everything else from the row."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from functools import partial
from types import TracebackType
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from extraction import engines, pipeline
from extraction.errors import Cancelled, ExtractionError
from extraction.options import Options
from jobs import lifecycle, results, storage, templates
from jobs.errors import InternalError, LeaseLost
from jobs.models import Job
from jobs.sealing import unseal

logger = logging.getLogger(__name__)

# Set when this process is asked to end: running work is handed back at the next page
stopping = threading.Event()


def worker_name() -> str:
    """This process, for people: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Heartbeat:
    """Renews a job's lease from a thread while the block runs."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(settings.HEARTBEAT_SECONDS)

    def _beat(self) -> None:
        try:
            while not self._over.wait(settings.HEARTBEAT_SECONDS):
                try:
                    if not lifecycle.renew(self.job):
                        return
                except (OperationalError, InterfaceError) as fault:
                    logger.warning("heartbeat of job %s: %s", self.job.pk, fault)
                    close_old_connections()
        finally:
            connection.close()


def run_job(job_id: str) -> None:
    """Do one job, from its claim to its stored result; every expected failure ends in the row."""
    close_old_connections()
    job = lifecycle.start(UUID(job_id), worker=worker_name())
    if job is None:
        return
    try:
        _work(job)
    except LeaseLost:
        logger.warning("job %s attempt %s: the lease was lost", job.pk, job.attempt)
    except (OperationalError, InterfaceError):
        logger.exception("job %s: the database failed", job.pk)
        _hand_back_when_possible(job)


def _work(job: Job) -> None:
    try:
        options = job_options(job)

        def stop() -> bool:
            return stopping.is_set() or not lifecycle.should_go_on(job)

        with Heartbeat(job), storage.local_path(job.file.key) as path:
            document = pipeline.run(
                path,
                options,
                engines.get(job.engine, settings.WORKER_THREADS),
                limits=settings.LIMITS,
                name=job.file.name,
                template=templates.of_job(job),
                choose=partial(templates.chosen, job.tenant),
                done=lifecycle.finished_pages(job),
                on_open=lambda info, numbers: lifecycle.opened(
                    job, page_count=info.page_count, pages_total=len(numbers)
                ),
                on_page=lambda page, preview: lifecycle.page_done(job, page, preview),
                stop=stop,
            )
            document = results.make_pdf(job, path, document, options, stop)
        lifecycle.finish(job, document)
    except LeaseLost:
        raise
    except Cancelled:
        if stopping.is_set() and lifecycle.should_go_on(job):
            lifecycle.hand_back(job)
        else:
            lifecycle.cancelled(job)
    except ExtractionError as error:
        if error.permanent:
            lifecycle.fail(job, error)
        else:
            lifecycle.try_again(job, error)
    except (OperationalError, InterfaceError):
        raise
    except InvalidToken:
        logger.error("job %s: SECRET_KEY has changed, its password is lost", job.pk)
        lifecycle.fail(job, InternalError("The document's password was lost; send it again."))
    except Exception:
        logger.exception("job %s failed unexpectedly", job.pk)
        lifecycle.try_again(job, InternalError())


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


def _hand_back_when_possible(job: Job) -> None:
    """The database went away: hand the job back when it answers again, however long that takes.

    A job left behind would count as one that ended its worker.
    """
    while not stopping.is_set():
        try:
            close_old_connections()
            lifecycle.hand_back(job)
            return
        except LeaseLost:
            return
        except (OperationalError, InterfaceError):
            time.sleep(1)
