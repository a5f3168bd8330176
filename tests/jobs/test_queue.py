"""Whose turn it is, how much waits, and what wakes workers."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Plan
from jobs import claims, lifecycle, places, queue
from jobs.errors import QueueFull
from jobs.models import Job, Priority, Task
from tests.jobs.making import form_file, make_job
from tests.people import Organisation, organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def start() -> Task | None:
    """The next task, taken."""
    return claims.start("cpu", worker="w")


def job_of(task: Task | None) -> UUID | None:
    """The job of a task that there is."""
    return task.job_id if task else None


def end(task: Task | None) -> None:
    """The task's job ended."""
    assert task is not None
    lifecycle.cancelled(task)


def test_organisations_take_turns_whoever_came_first(
    acme: Organisation, stranger: Organisation
) -> None:
    many = [make_job(acme).pk for _ in range(4)]
    few = [make_job(stranger).pk for _ in range(2)]
    order = []
    for _ in range(6):
        task = start()
        order.append(job_of(task))
        end(task)
    assert order == [many[0], few[0], many[1], few[1], many[2], many[3]]


def test_whoever_has_fewer_tasks_running_is_next(
    acme: Organisation, stranger: Organisation
) -> None:
    first, second = make_job(acme), make_job(acme)
    one = start()
    assert job_of(one) == first.pk
    other = make_job(stranger)
    assert job_of(start()) == other.pk
    assert job_of(start()) == second.pk


def test_a_third_organisation_waits_for_its_turn_alone(
    acme: Organisation, stranger: Organisation
) -> None:
    for _ in range(3):
        make_job(acme)
        make_job(stranger)
    end(start())
    end(start())
    late = make_job(organisation("late"))
    assert job_of(start()) == late.pk, "it has waited since its last turn for ever"


def test_own_priorities_count_within_an_organisation(
    acme: Organisation, stranger: Organisation
) -> None:
    low, normal, high = (make_job(acme) for _ in range(3))
    Task.objects.filter(job=low).update(priority=Priority.LOW)
    Task.objects.filter(job=high).update(priority=Priority.HIGH)
    other = make_job(stranger)
    order = []
    for _ in range(4):
        task = start()
        order.append(job_of(task))
        end(task)
    assert order == [other.pk, high.pk, normal.pk, low.pk] or order == [
        high.pk, other.pk, normal.pk, low.pk,
    ]  # fmt: skip


def test_a_task_that_has_waited_long_counts_as_more_urgent(acme: Organisation) -> None:
    low, high = make_job(acme), make_job(acme)
    Task.objects.filter(job=low).update(
        priority=Priority.LOW, created_at=Now() - timedelta(minutes=21)
    )
    Task.objects.filter(job=high).update(priority=Priority.HIGH)
    assert job_of(start()) == low.pk
    assert job_of(start()) == high.pk


def test_plan_and_setting_bound_the_tasks_that_run_at_once(
    acme: Organisation, stranger: Organisation, settings: Settings
) -> None:
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", running_tasks=1)
    acme.tenant.save()
    settings.RUNNING_TASKS = 2
    for _ in range(3):
        make_job(acme)
        make_job(stranger)
    taken = [start() for _ in range(4)]
    tenants = [task.tenant_id for task in taken if task]
    assert sorted(tenants, key=str) == sorted(
        [acme.tenant.pk, stranger.tenant.pk, stranger.tenant.pk], key=str
    )
    end(next(task for task in taken if task and task.tenant_id == acme.tenant.pk))
    assert job_of(start()) is not None


def test_pools_are_apart(acme: Organisation) -> None:
    job = make_job(acme)
    Task.objects.filter(job=job).update(pool="gpu")
    assert start() is None
    assert job_of(claims.start("gpu", worker="w")) == job.pk


def test_workers_that_ask_at_once_get_different_tasks(
    acme: Organisation, stranger: Organisation
) -> None:
    for _ in range(10):
        make_job(acme)
        make_job(stranger)
    taken: list[Task | None] = []

    def work() -> None:
        try:
            taken.extend(start() for _ in range(4))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job_of(task) for task in taken}) == 20
    assert sorted({task.attempt for task in taken if task}) == [1]


def test_task_whose_job_somebody_holds_is_passed_over(acme: Organisation) -> None:
    held, free = make_job(acme), make_job(acme)
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Job.objects.select_for_update().get(pk=held.pk)
                locked.set()
                over.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(20)
    try:
        assert job_of(start()) == free.pk
        assert start() is None
    finally:
        over.set()
        thread.join()
    assert job_of(start()) == held.pk


def test_others_wait_where_an_organisation_without_a_worker_has_something_due(
    acme: Organisation, stranger: Organisation
) -> None:
    make_job(acme)
    make_job(acme)
    task = start()
    assert task is not None
    assert queue.others_wait(task) is False, "its own next job can wait"
    make_job(stranger)
    assert queue.others_wait(task) is True
    Task.objects.filter(tenant=stranger.tenant).update(due_at=Now() + timedelta(minutes=1))
    assert queue.others_wait(task) is False
    Task.objects.filter(tenant=stranger.tenant).update(due_at=Now())
    assert start() is not None  # the stranger's
    make_job(stranger)
    assert queue.others_wait(task) is False, "it has a worker already"


def test_others_wait_where_the_same_organisation_has_something_more_urgent(
    acme: Organisation,
) -> None:
    make_job(acme)
    task = start()
    assert task is not None
    urgent = make_job(acme)
    Task.objects.filter(job=urgent).update(priority=Priority.HIGH)
    assert queue.others_wait(task) is True


def test_submission_beyond_the_bound_is_refused_and_nothing_kept(
    acme: Organisation, settings: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "COUNT_SECONDS", 0)
    settings.MAX_QUEUED = 2
    client = acme.api()
    answers = [
        client.post("/api/v1/ocr/jobs", {"file": form_file()}, format="multipart") for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 503]
    body = answers[2].json()
    assert (body["code"], body["limit"], body["actual"]) == ("queue_full", 2, 2)
    assert int(answers[2]["Retry-After"]) > 0
    assert Job.objects.count() == 2
    assert len([path for path in files.rglob("*") if path.is_file()]) == 2
    with pytest.raises(QueueFull):
        make_job(acme)
    assert len([path for path in files.rglob("*") if path.is_file()]) == 2


def test_priority_is_asked_for_and_told(acme: Organisation) -> None:
    client = acme.api()
    data = {"file": form_file(), "priority": "high"}
    job = client.post("/api/v1/ocr/jobs", data, format="multipart").json()
    assert job["priority"] == "high"
    assert Task.objects.get(job_id=job["id"]).priority == Priority.HIGH
    refused = client.post(
        "/api/v1/ocr/jobs", {"file": form_file(), "priority": "urgent"}, format="multipart"
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_option")


def test_choosing_takes_the_same_queries_for_3_and_300_tasks(acme: Organisation) -> None:
    counts = []
    job = make_job(acme)
    assert start() is not None  # the job's first task is told to webhooks
    for more in (2, 297):
        Task.objects.bulk_create(
            Task(job=job, tenant=acme.tenant, pool="cpu", numbers=[n]) for n in range(more)
        )
        with CaptureQueriesContext(connection) as queries:
            assert start() is not None
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_submission_takes_few_queries_whatever_waits(
    acme: Organisation, stranger: Organisation
) -> None:
    client, counts = acme.api(), []
    client.get("/api/v1/auth/me")  # the key's use is noted once a minute
    for more in (1, 20):
        for _ in range(more):
            make_job(acme)
            make_job(stranger)
        queue._counts.clear()
        places._last_places.clear()
        with CaptureQueriesContext(connection) as queries:
            answer = client.post("/api/v1/ocr/jobs", {"file": form_file()}, format="multipart")
        assert answer.json()["queue"]["position"] > more
        # The key, how many wait; the transaction: all rows with their quota; its place
        statements = [each["sql"] for each in queries if each["sql"] not in ("BEGIN", "COMMIT")]
        counts.append(len(statements))
    assert counts == [4, 4]


def test_bells_are_bounded_and_rung_for_what_waits(acme: Organisation) -> None:
    assert queue.ring("cpu", 1000) == queue.MOST_BELLS
    assert queue.ring("cpu") == 0
    queue.pool_queue("cpu").connection.flushdb()
    assert queue.ring("cpu") == 0, "counted a moment ago"
    time.sleep(queue.ENOUGH_SECONDS)
    queue.ring_for_next("cpu")
    assert queue.bells("cpu") == 0, "nothing waits"
    make_job(acme)
    queue.pool_queue("cpu").connection.flushdb()
    queue.ring_for_next("cpu")
    queue.ring_for_next("cpu")
    assert queue.bells("cpu") == 1


def test_choosing_uses_the_queue_s_index_where_thousands_wait(acme: Organisation) -> None:
    job = make_job(acme)
    Task.objects.bulk_create(
        Task(job=job, tenant=acme.tenant, pool="cpu", numbers=[n]) for n in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_task")
        cursor.execute(
            f"EXPLAIN {queue._NEXT}", {"pool": "cpu", "without": [], "aging": 600, "most": 1000}
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "task_waiting" in plan
    assert "jobs_task_pkey" not in plan, "that index has every task before the one looked for"
