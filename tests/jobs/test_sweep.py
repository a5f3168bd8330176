"""What the sweeper puts right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from extraction.errors import EngineUnavailable
from extraction.types import Page
from jobs import claims, lifecycle, queue
from jobs import sweep as sweeping
from jobs.models import Job, Status, Task
from jobs.sweep import Swept, sweep
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]


@pytest.fixture(autouse=True)
def _database_long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_database_up_seconds", lambda: 3600.0)


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


def test_sweep_leaves_leases_alone_just_after_a_database_restart(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(make_job(acme))
    monkeypatch.setattr(sweeping, "_database_up_seconds", lambda: 1.0)
    assert sweep().requeued == 0


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
