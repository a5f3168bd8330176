"""Work that operators hold back: what is begun, what people are told, who is killed meanwhile."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import AuditEntry, UsageRecord, User
from jobs import claims, draining, job_actions, lifecycle, pauses, queue, sweep, tasks
from jobs.live_workers import live_workers
from jobs.models import Job, Priority, Status, Task
from jobs.places import Place, place_of, places_of
from ocrsite.metrics import JobsCollector
from tests.documents import text_pdf
from tests.jobs.making import claim, form_file, make_job
from tests.people import PASSWORD, Organisation
from tests.processes import ROOT, process, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
WORKER = """
from django.core.management import call_command
call_command("worker")
"""


@pytest.fixture
def operator(db: None) -> User:
    """Who runs the site."""
    return User.objects.create_superuser("op@site.example", PASSWORD)


def begun() -> Job | None:
    """The job that a worker of the usual pool begins now."""
    task = claims.start("cpu", worker="w")
    return task.job if task else None


def test_paused_pool_begins_nothing_and_finishes_what_it_has_begun(
    acme: Organisation, stranger: Organisation, operator: User
) -> None:
    running = claim(make_job(acme))
    waiting = make_job(stranger)
    assert queue.others_wait(running)
    pauses.pause_pool("cpu", reason="New disks.", operator=operator, address=None)
    assert begun() is None
    assert not queue.others_wait(running), "nobody is to make room for what nobody may begin"
    assert not queue.waiting_at_all("cpu")
    with queue.shared_redis().asked() as client:
        client.flushdb()
    assert queue.ring_for_waiting("cpu") == 0, "workers are not woken in vain"
    answer = acme.api().post("/api/v1/ocr/jobs", {"file": form_file()}, format="multipart")
    assert answer.status_code == 202
    assert answer.json()["queue"] == {
        "position": 1, "eta_seconds": None, "paused": True, "pause_reason": "New disks.",
    }  # fmt: skip
    lifecycle.cancelled(running)
    assert pauses.resume_pool("cpu", operator=operator, address=None)
    assert queue.bells("cpu") > 0
    assert {begun(), begun()} == {waiting, Job.objects.get(pk=answer.json()["id"])}
    assert not pauses.resume_pool("cpu", operator=operator, address=None)
    told = AuditEntry.objects.filter(action__startswith="pool.").order_by("pk")
    assert [(row.action, row.actor, row.after) for row in told] == [
        ("pool.pause", str(operator), {"pool": "cpu", "reason": "New disks."}),
        ("pool.resume", str(operator), {"pool": "cpu"}),
    ]


def test_paused_organisation_waits_and_others_do_not_wait_for_it(
    acme: Organisation, stranger: Organisation, operator: User
) -> None:
    held, other = [make_job(acme) for _ in range(3)], make_job(stranger)
    assert place_of(other) == Place(1, None)
    pauses.pause_tenant(acme.tenant, reason="A flood.", operator=operator, address=None)
    assert place_of(other) == Place(0, None)
    for job in held:
        place = place_of(job)
        assert place
        assert (place.paused, place.pause_reason, place.eta_seconds) == (True, "A flood.", None)
    places = places_of([other.pk, held[0].pk])
    assert (places[other.pk], places[held[0].pk].paused) == (Place(0, None), True)
    task = claims.start("cpu", worker="w")
    assert task and task.job_id == other.pk
    assert begun() is None
    assert not queue.others_wait(task)
    assert not queue.waiting_at_all("cpu")
    assert pauses.resume_tenant(acme.tenant, operator=operator, address=None)
    assert begun() == held[0]
    told = AuditEntry.objects.for_tenant(acme.tenant).filter(object_id=str(acme.tenant.pk))
    assert [row.action for row in told.order_by("pk")] == ["tenant.pause", "tenant.unpause"]


def test_people_are_told_in_plain_words(
    acme: Organisation, stranger: Organisation, operator: User, client: Client
) -> None:
    job = make_job(acme)
    client.force_login(acme.owner)
    assert "paused" not in client.get("/").content.decode()
    pauses.pause_pool("gpu", reason="<b>No power.", operator=operator, address=None)
    assert "paused" not in client.get("/").content.decode(), "it has no engine there"
    pauses.pause_pool("cpu", reason="<b>New disks.", operator=operator, address=None)
    page = client.get("/").content.decode()
    assert "Reading is paused" in page
    assert "The operators of this site say: &lt;b&gt;New disks." in page
    assert "Waiting: work is paused" in client.get(f"/jobs/{job.pk}").content.decode()
    health = Client().get("/api/v1/health").json()
    assert health["status"] == "degraded"
    assert [row["pool"] for row in health["paused"]] == ["cpu", "gpu"]
    assert "Documents are accepted and wait" in health["paused"][0]["detail"]
    pauses.resume_pool("cpu", operator=operator, address=None)
    pauses.pause_tenant(acme.tenant, reason="A flood.", operator=operator, address=None)
    page = client.get("/").content.decode()
    assert "The work of your organisation is paused" in page
    assert "A flood." in page
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in JobsCollector().collect()
        for sample in metric.samples
        if "paused" in sample.name
    }
    assert told == {
        ("ocrsite_pool_paused", "cpu"): 0, ("ocrsite_pool_paused", "gpu"): 1,
        ("ocrsite_pool_paused", "io"): 0, ("ocrsite_organisations_paused",): 1,
    }  # fmt: skip
    client.force_login(stranger.owner)
    assert "flood" not in client.get("/").content.decode()
    assert Client().get("/api/v1/health").json()["paused"][0]["pool"] == "gpu"


def test_operator_stops_a_job_with_a_reason_that_its_people_see(
    acme: Organisation, operator: User
) -> None:
    waiting, running = make_job(acme), make_job(acme)
    task = claim(running)
    for job in (waiting, running):
        job_actions.cancel(job, actor=operator, address=None, reason="It blocks the others.")
    job_actions.cancel(running, actor=acme.actor, address=None)  # by its people as well
    lifecycle.cancelled(task)
    for job in (waiting, running):
        told = acme.api().get(f"/api/v1/ocr/jobs/{job.pk}").json()
        assert (told["status"], told["error"]["code"], told["error"]["detail"]) == (
            "cancelled",
            "stopped_by_operator",
            "It blocks the others.",
        )
    job_actions.retry(waiting, actor=acme.actor, address=None)
    assert acme.api().get(f"/api/v1/ocr/jobs/{waiting.pk}").json()["error"] is None


def test_priority_of_what_is_left_to_do_is_changed(acme: Organisation, operator: User) -> None:
    first, second = make_job(acme), make_job(acme)
    job_actions.put_at(second, Priority.HIGH, actor=operator, address=None)
    assert begun() == second
    (entry,) = AuditEntry.objects.filter(action="job.priority")
    assert (entry.before, entry.after) == ({"priority": "normal"}, {"priority": "high"})
    job_actions.cancel(first, actor=operator, address=None)
    with pytest.raises(job_actions.AlreadyEnded):
        job_actions.put_at(first, Priority.LOW, actor=operator, address=None)


def test_work_is_taken_back_from_a_worker_that_then_can_change_nothing(
    acme: Organisation, operator: User
) -> None:
    task = claim(make_job(acme))
    assert lifecycle.take_back(task, operator=operator, address=None)
    assert not claims.renew(task)
    with pytest.raises(lifecycle.LeaseLost):
        lifecycle.cancelled(task)
    again = claims.start("cpu", worker="other")
    assert again
    assert (again.job_id, again.crashes) == (task.job_id, 0)
    assert not lifecycle.take_back(task, operator=operator, address=None), "another has it"
    lifecycle.hand_back(again, 300)
    assert begun() is None
    later = Task.objects.get()
    assert lifecycle.begin_now(later, operator=operator, address=None)
    assert not lifecycle.begin_now(later, operator=operator, address=None)
    assert begun() == task.job
    told = AuditEntry.objects.filter(action__startswith="task.").order_by("pk")
    assert [row.action for row in told] == ["task.take_back", "task.begin_now"]


def started() -> tuple[subprocess.Popen[str], str]:
    """A worker process that listens, and its name."""
    # PYTHONPATH for its decoders, as it is not manage.py
    worker = process(WORKER, PYTHONPATH=str(ROOT), PAGES_A_TASK="1000")

    def name() -> str | None:
        alive = [each.process for each in live_workers() or []]
        return next((each for each in alive if each.endswith(f":{worker.pid}")), None)

    return worker, until(name)


def running() -> Any:
    """Whether a worker is at something, one page done at least."""
    return Job.objects.filter(status=Status.RUNNING, pages_done__gt=0).first()


@pytest.mark.slow
def test_workers_killed_and_started_while_work_is_paused_lose_nothing(
    acme: Organisation, operator: User
) -> None:
    """And one that is asked to end finishes what it does first."""
    long = text_pdf(["A page with text enough."] * 120)
    first = make_job(acme, long)
    killed, dead = started()
    other = None
    try:
        until(running)
        pauses.pause_pool("cpu", reason="New disks.", operator=operator, address=None)
        second = make_job(acme, long, text_layer="only")
        draining.ask(dead, operator=operator, address=None)
        killed.kill()
        killed.wait()
        Task.objects.filter(state=Task.State.RUNNING).update(lease_until=Now() - timedelta(hours=1))
        connection.close()  # the sweeper believes a database that has served for a while
        until(lambda: sweep.sweep().requeued or not Task.objects.filter(state="running").exists())
        other, name = started()
        with queue.shared_redis().asked() as client:
            client.flushdb()
        queue.ring("cpu", 3)
        until(lambda: queue.bells("cpu") == 0)  # it has looked
        assert not Task.objects.exclude(state=Task.State.WAITING).exists()
        pauses.resume_pool("cpu", operator=operator, address=None)
        until(running)
        draining.ask(name, operator=operator, address=None)
        assert other.wait(60) == 0
        assert not Task.objects.filter(state=Task.State.RUNNING).exists()
        ended = Job.objects.filter(status=Status.SUCCEEDED)
        assert {job.pages_done for job in ended} == {120}, "what it was at, to its end"
        assert list(draining.asked()) == [dead], "of whom nothing more is expected"
        while tasks.run_next("cpu"):
            pass
    finally:
        for each in (killed, other):
            if each is not None:
                each.kill()
                each.wait()
    for job in (first, second):
        job.refresh_from_db()
        assert (job.status, job.pages_done) == (Status.SUCCEEDED, 120)
        assert [row.pages for row in UsageRecord.objects.filter(job_id=job.pk)] == [120]


def test_worker_hears_what_it_is_asked_and_not_what_an_earlier_one_of_its_name_was(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "LOOK_SECONDS", 0)
    draining.ask("host:1", operator=operator, address=None)
    ear = draining.Ear("host:1")
    assert not ear.look()
    draining.ask("host:2", operator=operator, address=None)
    assert not ear.look()
    draining.ask("host:1", operator=operator, address=None)
    assert ear.look()
    ear.gone()
    assert list(draining.asked()) == ["host:2"]
