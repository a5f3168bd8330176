"""What the sweeper puts right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from jobs import lifecycle, queue
from jobs import sweep as sweeping
from jobs.models import Job, Outbox, Status
from jobs.sweep import Swept, sweep
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]


@pytest.fixture(autouse=True)
def _database_long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_database_up_seconds", lambda: 3600.0)


def silent(job: Job) -> Job:
    """The job claimed by a worker that then fell silent."""
    claimed = lifecycle.start(job.pk, worker="dead")
    assert claimed is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return claimed


def test_submit_sends_the_id_and_empties_the_outbox(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    assert queue.waiting_ids() == {job.pk}
    assert not Outbox.objects.exists()
    assert sweep() == Swept()


def test_sweep_sends_what_waited_for_redis(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**kwargs: object) -> int:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as broken:
        broken.setattr(queue, "enqueue_due", away)
        job = make_job(acme)
        assert Outbox.objects.filter(job=job).exists()
        assert sweep() == Swept()  # Redis is away: nothing is lost, nothing raised
    assert sweep().enqueued == 1
    assert queue.waiting_ids() == {job.pk}


def test_sweep_finds_what_redis_lost(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    queue.job_queue().connection.flushdb()
    assert sweep() == Swept()  # too early to tell: a worker may have just taken it
    Job.objects.update(enqueued_at=timezone.now() - timedelta(minutes=1))
    assert sweep() == Swept(enqueued=1, found_lost=1)
    assert queue.waiting_ids() == {job.pk}


def test_sweep_leaves_long_waiting_jobs_that_redis_still_has(
    acme: Organisation, files: Path
) -> None:
    make_job(acme)
    Job.objects.update(enqueued_at=timezone.now() - timedelta(days=1))
    assert sweep() == Swept()


def test_sweep_requeues_the_job_of_a_silent_worker(acme: Organisation, files: Path) -> None:
    job = silent(make_job(acme))
    queue.job_queue().connection.flushdb()
    assert sweep().requeued == 1
    job.refresh_from_db()
    assert (job.status, job.crashes, job.lease_until) == (Status.QUEUED, 1, None)
    assert queue.waiting_ids() == {job.pk}


def test_sweep_leaves_a_worker_that_sends_heartbeats(acme: Organisation, files: Path) -> None:
    job = silent(make_job(acme))
    assert lifecycle.renew(job) is True
    assert sweep() == Swept()
    job.refresh_from_db()
    assert job.status == Status.RUNNING


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
    silent(poison)
    assert sweep().ended == 1
    poison.refresh_from_db()
    good.refresh_from_db()
    assert poison.status == Status.FAILED
    assert poison.error is not None
    assert poison.error["code"] == "document_crashed_worker"
    assert (good.status, good.crashes) == (Status.QUEUED, 0)


def test_sweep_ends_a_cancelled_job_of_a_silent_worker(acme: Organisation, files: Path) -> None:
    job = silent(make_job(acme))
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    assert sweep().ended == 1
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
