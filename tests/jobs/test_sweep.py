"""What the sweeper puts right."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from extraction.errors import EngineUnavailable
from extraction.types import Page
from jobs import claims, heartbeat, lifecycle, queue
from jobs import sweep as sweeping
from jobs.management.commands import sweep as sweep_command
from jobs.models import Job, Status, Task
from jobs.sweep import Swept, sweep
from jobs.sweep import _served_seconds as served_seconds
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]


@pytest.fixture(autouse=True)
def _database_long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_served_seconds", lambda: 3600.0)


def silent(job: Job) -> Task:
    """The job's task claimed by a worker that then fell silent."""
    task = claim(job, worker="dead")
    Task.objects.filter(pk=task.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return task


def test_submit_rings_for_a_worker(acme: Organisation, files: Path) -> None:
    make_job(acme)
    assert queue.bells("cpu") == 1
    assert sweep() == Swept()


def test_sweep_rings_for_what_waited_for_redis(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> int:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as broken:
        broken.setattr(queue, "ring", away)
        make_job(acme)
        assert queue.bells("cpu") == 0
        assert sweep() == Swept()  # Redis is away: nothing is lost, nothing raised
    assert sweep().rung == 1
    assert queue.bells("cpu") == 1


def test_sweep_rings_again_where_redis_lost_the_bells(acme: Organisation, files: Path) -> None:
    make_job(acme)
    make_job(acme)
    queue.pool_queue("cpu").connection.flushdb()
    assert sweep() == Swept(rung=2)
    assert sweep() == Swept()


def test_task_that_is_not_due_yet_rings_no_bell(acme: Organisation, files: Path) -> None:
    lifecycle.try_again(claim(make_job(acme)), EngineUnavailable())
    queue.pool_queue("cpu").connection.flushdb()
    assert sweep() == Swept()
    assert claims.start("cpu", worker="w") is None


def test_sweep_requeues_the_job_of_a_silent_worker(acme: Organisation, files: Path) -> None:
    task = silent(make_job(acme))
    queue.pool_queue("cpu").connection.flushdb()
    assert sweep().requeued == 1
    task.refresh_from_db()
    assert (task.job.status, task.crashes, task.lease_until) == (Status.QUEUED, 1, None)
    assert queue.bells("cpu") == 1


def test_sweep_leaves_a_worker_that_sends_heartbeats(acme: Organisation, files: Path) -> None:
    task = silent(make_job(acme))
    assert claims.renew(task) is True
    assert sweep() == Swept()
    assert Task.objects.get().state == Task.State.RUNNING


def test_leases_are_spared_until_every_living_worker_has_been_heard(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL dies again and again: each time the living have a while, and no more."""
    served = iter([0.1, sweeping.HEARD_SECONDS - 0.1, 0.5, 7.0, sweeping.HEARD_SECONDS + 0.1])
    monkeypatch.setattr(sweeping, "_served_seconds", lambda: next(served))
    dead, alive = silent(make_job(acme)), silent(make_job(acme))
    assert [sweep().requeued for _ in range(4)] == [0] * 4
    assert claims.renew(alive) is True
    assert sweep().requeued == 1
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, dead.crashes) == (Task.State.WAITING, 1)
    assert (alive.state, alive.crashes) == (Task.State.RUNNING, 0)


def test_worst_order_of_events_keeps_the_promise(settings: Settings) -> None:
    """The sum in the module's docstring, with 4 s for a sweeper's and 4 s for a server's start."""
    waits = settings.LEASE_SECONDS + 2 * settings.SWEEP_SECONDS + sweeping.HEARD_SECONDS
    assert waits + 4 + 4 <= 35
    tries = settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] + heartbeat.RETRY_SECONDS
    assert 2 * tries <= sweeping.HEARD_SECONDS


def test_database_has_served_as_long_as_a_session_lasts(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sessions end when the server dies, or one of its processes by SIGKILL."""
    silent(make_job(acme))
    time.sleep(0.1)
    lasting = served_seconds()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as other:
        assert served_seconds() > lasting > 0.1, "a younger one makes no difference"
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [connection.settings_dict["NAME"]],
        )
    connection.close()
    pooled: Any = connection
    pooled.close_pool()  # whose sessions have all ended, also those that other tests left
    until = time.monotonic() + 10
    while served_seconds() >= lasting and time.monotonic() < until:  # those ended are listed yet
        connection.close()
    assert served_seconds() < lasting
    monkeypatch.setattr(sweeping, "_served_seconds", served_seconds)
    assert sweep().requeued == 0


def test_job_whose_row_somebody_holds_does_not_hold_up_the_others(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "LOCK_SECONDS", 0.1)
    locked, cancelled, free = (silent(make_job(acme)) for _ in range(3))
    Job.objects.filter(pk=cancelled.job_id).update(cancel_requested=True)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        rows = Job.objects.select_for_update().filter(pk__in=[locked.job_id, cancelled.job_id])
        assert len(rows) == 2
        assert pool.submit(sweep_and_close).result(10) == Swept(requeued=1)
    free.refresh_from_db()
    assert free.state == Task.State.WAITING
    assert (sweep().requeued, Task.objects.filter(state=Task.State.RUNNING).count()) == (1, 0)


def sweep_and_close() -> Swept:
    """A sweep on another connection, bells not counted."""
    try:
        return replace(sweep(), rung=0)
    finally:
        connection.close()


@pytest.mark.alone
def test_command_sweeps_as_soon_as_it_runs_and_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SWEEP_SECONDS = 0.01
    swept: list[float] = []

    def fail() -> Swept:
        swept.append(time.monotonic())
        if len(swept) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        raise OperationalError("away")

    monkeypatch.setattr(sweep_command, "sweep", fail)
    begun = time.monotonic()
    call_command("sweep")
    assert len(swept) == 3
    assert swept[0] - begun < 1


def test_sweep_fails_a_document_that_killed_two_workers_and_no_other(
    acme: Organisation, files: Path
) -> None:
    poison, good = make_job(acme), make_job(acme)
    silent(poison)
    sweep()
    assert Task.objects.get(job=poison).crashes == 1
    silent(poison)
    assert sweep().ended == 1
    poison.refresh_from_db()
    good.refresh_from_db()
    assert poison.status == Status.FAILED
    assert poison.error is not None
    assert poison.error["code"] == "document_crashed_worker"
    assert (good.status, good.tasks.get().crashes) == (Status.QUEUED, 0)


def test_page_done_between_two_deaths_of_workers_clears_the_document(
    acme: Organisation, files: Path
) -> None:
    job = make_job(acme)
    for number in (1, 2, 3):
        task = silent(job)
        claims.page_done(task, Page(number, 595.0, 842.0), None)
        Task.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert sweep().requeued == 1
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.QUEUED, 3)


def test_sweep_ends_a_cancelled_job_of_a_silent_worker(acme: Organisation, files: Path) -> None:
    job = silent(make_job(acme)).job
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert sweep().ended == 1
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
