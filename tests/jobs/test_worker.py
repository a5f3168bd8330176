"""The worker: warm from job to job, ends when worn, keeps its place in Redis."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import django_rq
import pytest
from django.core.management import call_command
from pytest_django import Settings
from rq.utils import now, utcformat

from accounts.shared_redis import shared_redis
from extraction import syscall_filter
from extraction.types import PageImage
from jobs import queue, tasks
from jobs.hands import Hands
from jobs.live_workers import live_workers
from jobs.models import Job, Status, Task
from jobs.worker import WarmWorker
from tests.engines import FakeEngine
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_worker_does_what_is_queued_in_one_process(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    made = [make_job(acme) for _ in range(3)]
    worker = WarmWorker(queue.pool_queue("cpu"), name="one")
    worker.work(burst=True)
    assert Job.objects.filter(status=Status.SUCCEEDED).count() == len(made)
    assert fake_engine.read_pages == [1, 1, 1]  # this process's engine read them all
    assert (worker.jobs_done, worker.recycled) == (3, False)
    assert queue.pool_queue("cpu").connection.keys("rq:job:*") == []  # nothing is kept in Redis


def test_worker_ends_after_its_number_of_jobs(acme: Organisation, fake_engine: FakeEngine) -> None:
    for _ in range(3):
        make_job(acme)
    worker = WarmWorker(queue.pool_queue("cpu"), name="two", max_jobs=2)
    worker.work(burst=True)
    assert (worker.jobs_done, worker.recycled) == (2, True)
    assert Job.objects.filter(status=Status.QUEUED).count() == 1


def test_worker_ends_beyond_its_memory(acme: Organisation, fake_engine: FakeEngine) -> None:
    for _ in range(2):
        make_job(acme)
    worker = WarmWorker(queue.pool_queue("cpu"), name="three", max_mb=1)
    worker.work(burst=True)
    assert (worker.jobs_done, worker.recycled) == (1, True)


def test_worker_sends_heartbeats_while_it_works(
    acme: Organisation, fake_engine: FakeEngine, settings: Settings, files: Path
) -> None:
    settings.HEARTBEAT_SECONDS = 0.05
    job = make_job(acme)
    leases = set()

    def watch(page: PageImage) -> None:
        import time

        for _ in range(40):
            leases.add(Task.objects.get(job=job).lease_until)
            if len(leases) >= 3:
                return
            time.sleep(0.05)

    fake_engine.before = watch
    WarmWorker(queue.pool_queue("cpu"), name="four").work(burst=True)
    assert len(leases) >= 3
    assert len([lease for lease in leases if lease is not None]) == len(leases)


def test_redis_that_hangs_does_not_hang_the_web_tier() -> None:
    options = django_rq.get_connection("default").connection_pool.connection_kwargs
    assert 0 < options["socket_timeout"] <= 10
    assert 0 < options["socket_connect_timeout"] <= 5


def test_worker_starts_where_one_of_its_host_and_process_id_was_killed(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    """As in a container, which keeps both; Redis holds the dead one's name for over a minute."""
    WarmWorker(queue.pool_queue("cpu"), name=tasks.worker_name()).register_birth()
    job = make_job(acme)
    call_command("worker", "--burst")
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED


def test_worker_without_a_heartbeat_is_not_counted_as_live(settings: Settings) -> None:
    worker = WarmWorker(queue.pool_queue("cpu"), name="killed")
    worker.register_birth()
    assert [each.name for each in live_workers() or []] == ["killed"]
    long_ago = utcformat(now() - timedelta(seconds=settings.LEASE_SECONDS + 1))
    worker.connection.hset(worker.key, "last_heartbeat", long_ago)
    assert live_workers() == []


def test_looking_for_workers_leaves_the_shared_client_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RQ's own look gives the client 415 seconds for each answer, whoever uses it afterwards."""
    WarmWorker(queue.pool_queue("cpu"), name="seen").register_birth()
    with shared_redis().asked() as client:
        kept = client.connection_pool.connection_kwargs
        monkeypatch.setitem(kept, "socket_timeout", 0.5)
        assert [each.name for each in live_workers() or []] == ["seen"]
        assert kept["socket_timeout"] == 0.5


def test_worker_tells_whether_its_decoders_are_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for works in (True, False):
        monkeypatch.setattr(syscall_filter, "works", lambda works=works: works)
        worker = WarmWorker(queue.pool_queue("cpu"), name=f"filtered {works}")
        worker.register_birth()
        told.append([each.filtered for each in live_workers() or []])
    assert told == [[True], [False, True]]


def test_worker_that_redis_has_forgotten_is_known_again() -> None:
    worker = WarmWorker(queue.pool_queue("cpu"), name="forgotten")
    worker.register_birth()
    worker.heartbeat()
    connection = queue.pool_queue("cpu").connection
    connection.flushdb()
    assert live_workers() == []
    worker.heartbeat()
    (known,) = live_workers() or []
    assert (known.name, known.pool, known.process) == ("forgotten", "cpu", tasks.worker_name())
    assert known.filtered is not None
    worker.register_death()
    assert live_workers() == []


@pytest.fixture
def two_hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """This process does two tasks at once."""
    hands = Hands(2)
    monkeypatch.setattr(tasks, "hands", hands)
    yield hands
    hands.wait()


def test_worker_with_two_hands_does_two_tasks_at_once_and_no_more(
    acme: Organisation, fake_engine: FakeEngine, two_hands: Hands
) -> None:
    made = [make_job(acme) for _ in range(3)]
    together, at_it = threading.Barrier(2), []

    def meet(page: PageImage) -> None:
        at_it.append(Task.objects.filter(state=Task.State.RUNNING).count())
        if len(at_it) <= 2:
            together.wait(20)  # fails, and with it the job, where there are no two

    fake_engine.before = meet
    WarmWorker(queue.pool_queue("cpu"), name="handy").work(burst=True)
    two_hands.wait()
    assert Job.objects.filter(status=Status.SUCCEEDED).count() == len(made)
    assert (len(at_it), max(at_it)) == (3, 2)
    assert not together.broken


def test_hand_that_fails_says_so_and_is_free_for_the_next(
    two_hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("broken")

    for _ in range(3):
        assert two_hands.take(lambda: fail, lambda: False)
    assert two_hands.take(lambda: done.set, lambda: False)
    assert done.wait(10)
    assert not two_hands.take(lambda: None, lambda: False)
    two_hands.wait()  # the third may still be saying so
    told = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert told == ["broken"] * 3


def test_taking_gives_up_where_the_process_ends_and_no_hand_is_free(two_hands: Hands) -> None:
    over = threading.Event()

    def wait() -> None:
        over.wait(20)

    for _ in range(2):
        two_hands.take(lambda: wait, lambda: False)
    try:
        assert not two_hands.take(lambda: pytest.fail("no hand is free"), lambda: True)
    finally:
        over.set()
