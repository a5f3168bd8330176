"""Redis hangs or is gone: workers notice, go on without it, and listen again when it is back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django_rq.connection_utils import get_redis_connection
from pytest_django import Settings
from rq import Queue

from accounts.shared_redis import RedisAway, shared_redis
from extraction.types import PageImage
from jobs import queue, result_cache, tasks
from jobs.management.commands import worker
from jobs.models import Job, Status, Task
from ocrsite.embedded import Valkey
from tests.documents import text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files"),
]

NOTICE_SECONDS = 15  # on a busy machine; a listening worker needs some four


@dataclass
class Redis:
    """A server of the test's own, to be stopped and killed."""

    server: Valkey

    @property
    def pid(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    def hang(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def listeners(self) -> int:
        """Workers that wait for a bell now."""
        clients = queue.pool_queue("cpu").connection.client_list()
        return sum(client["cmd"] == "blmove" for client in clients)


@pytest.fixture
def own_redis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Iterator[Redis]:
    """The Redis of this test alone."""
    server = Valkey(tmp_path / "valkey")
    url = settings.REDIS_URL = server.start()
    listened = Queue("cpu", connection=get_redis_connection({"URL": f"{url}?socket_timeout=5"}))
    monkeypatch.setattr(queue, "pool_queue", lambda pool: listened)
    yield Redis(server)
    assert server.process is not None
    server.process.send_signal(signal.SIGCONT)
    server.stop()


def wait_for(reached: Callable[[], bool], seconds: float = NOTICE_SECONDS) -> float:
    """The seconds it took."""
    begun = time.monotonic()
    while not reached():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def ended(job: Job) -> bool:
    """Whether the job has succeeded."""
    return Job.objects.filter(pk=job.pk, status=Status.SUCCEEDED).exists()


def wait_for_all(jobs: list[Job]) -> None:
    """Until all have succeeded."""
    wait_for(lambda: all(map(ended, jobs)))


def work_while(story: Callable[[], None]) -> None:
    """A worker in this thread, as long as the story goes on in another; raises what that raises."""
    failures: list[BaseException] = []

    def tell() -> None:
        try:
            story()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=tell)
    thread.start()
    call_command("worker")
    thread.join()
    if failures:
        raise failures[0]


def test_listening_worker_notices_that_redis_hangs_and_that_it_is_back(
    acme: Organisation, fake_engine: FakeEngine, own_redis: Redis
) -> None:
    threads: list[int] = []

    def story() -> None:
        for _ in range(2):
            wait_for(lambda: own_redis.listeners() == 1)
            threads.append(threading.active_count())
            own_redis.hang()
            wait_for_all([make_job(acme) for _ in range(3)])
            own_redis.go_on()
        wait_for(lambda: own_redis.listeners() == 1)
        threads.append(threading.active_count())

    work_while(story)
    assert threads[0] == threads[-1]


def test_listening_worker_goes_on_while_redis_is_gone(
    acme: Organisation, fake_engine: FakeEngine, own_redis: Redis
) -> None:
    def story() -> None:
        wait_for(lambda: own_redis.listeners() == 1)
        os.kill(own_redis.pid, signal.SIGKILL)
        job = make_job(acme)
        wait_for(lambda: ended(job), 5)
        time.sleep(3)  # RQ would wait longer at each try
        job = make_job(acme)
        wait_for(lambda: ended(job), 5)
        own_redis.server.ensure()
        wait_for(lambda: own_redis.listeners() == 1)

    work_while(story)


def test_redis_that_begins_to_hang_amid_a_job_costs_that_job_nothing(
    acme: Organisation, fake_engine: FakeEngine, own_redis: Redis
) -> None:
    def story() -> None:
        wait_for(lambda: own_redis.listeners() == 1)
        fake_engine.before = lambda page: own_redis.hang()
        wait_for_all([make_job(acme) for _ in range(3)])
        assert {job.attempt for job in Job.objects.all()} == {1}

    work_while(story)


@pytest.mark.parametrize("listening", [True, False])
def test_worker_told_to_stop_while_redis_hangs_hands_its_job_back(
    acme: Organisation, fake_engine: FakeEngine, own_redis: Redis, listening: bool
) -> None:
    def stop(page: PageImage) -> None:
        own_redis.hang()
        os.kill(os.getpid(), signal.SIGTERM)

    fake_engine.before = stop
    job = make_job(acme, text_pdf([f"Page {n} with text enough." for n in (1, 2, 3)]))
    if not listening:
        own_redis.hang()
    begun = time.monotonic()
    call_command("worker")
    assert time.monotonic() - begun < NOTICE_SECONDS
    task = Task.objects.get(job=job)
    assert (task.state, task.retries, task.crashes) == (Task.State.WAITING, 0, 0)
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.QUEUED, 1)


def test_worker_told_to_stop_while_it_looks_ends(
    acme: Organisation, own_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def look(pool: str) -> bool:
        looks.append(pool)
        if len(looks) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    monkeypatch.setattr(tasks, "run_next", look)
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)
    os.kill(own_redis.pid, signal.SIGKILL)
    call_command("worker")
    assert looks == ["cpu"] * 3


def test_worker_without_redis_ends_when_worn(
    acme: Organisation, fake_engine: FakeEngine, own_redis: Redis, settings: Settings
) -> None:
    settings.WORKER_MAX_JOBS = 2
    os.kill(own_redis.pid, signal.SIGKILL)
    for _ in range(3):
        make_job(acme)
    call_command("worker")
    assert Job.objects.filter(status=Status.QUEUED).count() == 1


def test_worker_without_redis_and_database_goes_on(
    acme: Organisation, own_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def away(pool: str) -> bool:
        asked.append(pool)
        if len(asked) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        raise OperationalError("away")

    monkeypatch.setattr(tasks, "run_next", away)
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)
    os.kill(own_redis.pid, signal.SIGKILL)
    call_command("worker")
    assert asked == ["cpu"] * 3


def test_all_that_requests_ask_waits_once_for_a_redis_that_hangs(
    acme: Organisation, own_redis: Redis
) -> None:
    """Bells, results known, rate limits, health: one place knows that Redis does not answer."""
    client = acme.api()
    own_redis.hang()
    begun = time.monotonic()
    for _ in range(3):
        make_job(acme)
        queue.ring_for_next("cpu")
        result_cache.recall(acme.tenant.pk, acme.tenant.pk)
        assert client.get("/api/v1/ocr/jobs").status_code == 200
        assert client.get("/health/ready").json()["checks"]["redis"] is False
        assert client.get("/api/v1/health").json()["workers"] is None
    assert time.monotonic() - begun < 2, "less than for two that wait"
    with pytest.raises(RedisAway):
        queue.bells("cpu")
    own_redis.go_on()
    wait_for(lambda: not shared_redis().away)
    queue.ring_softly("cpu")
    assert queue.bells("cpu") == 1
