"""/metrics: what tells operators and autoscalers how the site's parts stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.row_security import unscoped
from extraction import hardware
from extraction.hardware import GpuMemory
from jobs import gpu_reports, storage
from jobs.models import Task
from jobs.operations_view import pools
from jobs.queue import pool_queue
from jobs.tasks import worker_name
from jobs.worker import WarmWorker
from ocrsite import kept_counts, metrics
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept_counts._kept.clear()
    metrics._storage.clear()


def told(name: str, **labels: str) -> dict[tuple[str, ...], float]:
    """The numbers of that name that have these labels, by their other labels' values."""
    with unscoped():
        families = list(metrics.JobsCollector().collect())
    (family,) = [each for each in families if each.name == name]
    return {
        others(sample.labels, labels): sample.value
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


def others(all_labels: Mapping[str, str], asked: Mapping[str, str]) -> tuple[str, ...]:
    """The values of those not asked for."""
    return tuple(value for name, value in all_labels.items() if name not in asked)


def test_what_waits_for_its_time_is_told_apart_and_ages_nothing(acme: Organisation) -> None:
    put_off, due, running = (make_job(acme) for _ in range(3))
    claim(running)
    hour = timedelta(hours=1)
    tasks = Task.objects.filter(job=put_off)
    tasks.update(created_at=Now() - 9 * hour, due_at=Now() + hour)
    Task.objects.filter(job=due).update(created_at=Now() - 9 * hour, due_at=Now() - hour)
    assert told("ocrsite_tasks", pool="cpu", priority="normal") == {
        ("later",): 1, ("waiting",): 1, ("running",): 1,
    }  # fmt: skip
    oldest = told("ocrsite_queue_oldest_seconds")["cpu",]
    assert 3600 <= oldest < 3700, "since it was due, not since it came"
    Task.objects.filter(job=due).delete()
    assert told("ocrsite_queue_oldest_seconds") == {("cpu",): 0, ("gpu",): 0, ("io",): 0}
    (row,) = [row for row in pools([]) if row.name == "cpu"]
    assert (row.waiting, row.running) == (1, 1), "operators see what waits, whatever for"
    tasks.update(due_at=Now())
    assert told("ocrsite_tasks", pool="cpu", state="waiting") == {("normal",): 1}


def test_storage_that_does_not_answer_is_told_and_asked_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def broken() -> None:
        asked.append(1)
        raise OSError

    assert told("ocrsite_storage_up") == {(): 1}
    monkeypatch.setattr(storage.default_storage, "check", broken)
    assert told("ocrsite_storage_up") == {(): 1}, "as it was some seconds ago"
    metrics._storage.clear()
    assert told("ocrsite_storage_up") == told("ocrsite_storage_up") == {(): 0}
    assert len(asked) == 1
    assert told("ocrsite_database_up") == {(): 1}, "the rest is told all the same"


def test_workers_tell_the_memory_of_their_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = WarmWorker(pool_queue("gpu"), name="has-a-gpu")
    worker.register_birth()
    try:
        worker.heartbeat()
        assert told("ocrsite_workers") == {(): 1}
        assert told("ocrsite_gpu_memory_bytes") == {}, "without a GPU there are none"
        gpus = [GpuMemory("GPU-1", 80, 20, 50)]
        monkeypatch.setattr(hardware, "gpu_memory", lambda: tuple(gpus))
        worker.heartbeat()
        kinds = told("ocrsite_gpu_memory_bytes", worker=worker_name(), gpu="GPU-1")
        assert kinds == {("total",): 80, ("available",): 20, ("allocated",): 50}
        gpus[:] = [GpuMemory("GPU-1", 80, 10, 60)]
        worker.heartbeat()
        assert told("ocrsite_gpu_memory_bytes", kind="available") == {(worker_name(), "GPU-1"): 10}
        gpus.clear()  # it fell off the bus
        worker.heartbeat()
        assert told("ocrsite_gpu_memory_bytes") == {}
    finally:
        worker.register_death()
    assert gpu_reports.read('[{"another": "version"}]') == gpu_reports.read(b"x") == ()
