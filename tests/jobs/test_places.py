"""Where jobs stand in the queue, one by one and for all listeners together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from jobs import places, tasks
from jobs.models import Job, Priority, Status, StoredFile, Task
from jobs.places import Place, place_of, places_of
from tests.engines import FakeEngine
from tests.jobs.making import claim, form_file, make_job
from tests.people import Organisation, organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_place_counts_own_jobs_before_and_as_many_turns_of_others(
    acme: Organisation, stranger: Organisation
) -> None:
    for _ in range(5):
        make_job(stranger)
    first, second = make_job(acme), make_job(acme)
    assert [place_of(job) for job in (first, second)] == [Place(1, None), Place(3, None)]


def test_places_of_many_are_those_of_each_by_two_queries(
    acme: Organisation,
    stranger: Organisation,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    done = make_job(acme)
    Job.objects.filter(pk=done.pk).update(
        status=Status.SUCCEEDED, started_at=Now() - timedelta(seconds=10), finished_at=Now()
    )
    Task.objects.filter(job=done).delete()
    with django_assert_num_queries(1):
        assert places_of([done.pk]) == {}
    third = organisation("Third")
    makers = [stranger, acme, stranger, stranger, acme, third, acme, stranger, stranger]
    jobs = [make_job(who) for who in makers]
    Task.objects.filter(job=jobs[6]).update(priority=Priority.HIGH)
    other_pool = make_job(acme)
    Task.objects.filter(job=other_pool).update(pool="gpu")
    claim(jobs[0])
    Job.objects.filter(pk=jobs[8].pk).update(same_as=jobs[3])
    Task.objects.filter(job=jobs[8]).delete()
    waiting = list(Job.objects.filter(status=Status.QUEUED).exclude(pk=other_pool.pk))
    assert len(waiting) == 8
    with django_assert_num_queries(2):
        found = places_of([job.pk for job in [*waiting, other_pool, done]])
    assert found.pop(other_pool.pk).position == 0
    expected = {job.pk: place_of(job) for job in waiting}
    assert {pk: place.position for pk, place in found.items()} == {
        pk: place.position for pk, place in expected.items() if place
    }
    assert len({place.position for place in found.values()}) > 2
    for pk, place in found.items():
        assert place.eta_seconds == pytest.approx(expected[pk].eta_seconds, abs=1)  # type: ignore[union-attr]


def test_one_that_waits_for_a_job_being_read_has_no_place_among_many(acme: Organisation) -> None:
    first, second = make_job(acme), make_job(acme)
    Job.objects.filter(pk=second.pk).update(same_as=first)
    Task.objects.filter(job=second).delete()
    assert places_of([second.pk]) == {second.pk: Place(0, None)}
    Task.objects.create(job=first, tenant=acme.tenant, pool="cpu", numbers=[2])
    claim(first)
    assert places_of([second.pk]) == {}
    Job.objects.filter(pk=second.pk).update(same_as=uuid4())
    assert places_of([second.pk]) == {}, "that one was deleted just now"


@pytest.mark.parametrize("known", [True, False])
def test_looking_for_many_places_goes_through_the_queue_once(
    acme: Organisation, known: bool
) -> None:
    files = [
        StoredFile(tenant=acme.tenant, key=f"{n}", name="a", size=1, sha256="0") for n in range(100)
    ]
    StoredFile.objects.bulk_create(files)
    jobs = [Job(tenant=acme.tenant, file=file, engine="auto") for file in files]
    Job.objects.bulk_create(jobs)
    with connection.cursor() as cursor:
        if not known:
            cursor.execute("ANALYZE jobs_task")  # as it was before so many came
        Task.objects.bulk_create(
            Task(job=jobs[n % 100], tenant=acme.tenant, pool="cpu") for n in range(3000)
        )
        if known:
            cursor.execute("ANALYZE jobs_task")
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {places._PLACES}", {"jobs": [job.pk for job in jobs]}
        )
        (plan,) = cursor.fetchone()
    steps = list(steps_of((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    assert max(step["Actual Rows"] for step in steps) == 3000
    for step in steps:
        looked_at = step["Actual Rows"] + step.get("Rows Removed by Join Filter", 0)
        looked_at += step.get("Rows Removed by Filter", 0)
        assert step["Actual Loops"] * looked_at <= 3000, step["Node Type"]


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All steps of a plan."""
    yield plan
    for below in plan.get("Plans", []):
        yield from steps_of(below)


def test_estimate_is_by_what_was_done_lately(acme: Organisation) -> None:
    done = make_job(acme)
    Job.objects.filter(pk=done.pk).update(
        status=Status.SUCCEEDED, started_at=Now() - timedelta(seconds=10), finished_at=Now()
    )
    Task.objects.filter(job=done).delete()
    make_job(acme)
    last = make_job(acme)
    place = place_of(last)
    assert place is not None
    assert (place.position, place.eta_seconds) == (1, pytest.approx(20, abs=1))


def test_job_tells_its_place_until_it_ends(acme: Organisation, fake_engine: FakeEngine) -> None:
    client = acme.api()
    answer = client.post("/api/v1/ocr/jobs", {"file": form_file()}, format="multipart").json()
    assert answer["queue"] == {
        "position": 0, "eta_seconds": None, "paused": False, "pause_reason": "",
    }  # fmt: skip
    assert client.get("/api/v1/ocr/jobs").json()["results"][0]["queue"] is None
    assert tasks.run_next("cpu") is True
    assert client.get(answer["links"]["self"]).json()["queue"] is None
    assert tasks.run_next("cpu") is False


def test_place_is_one_query_and_none_for_a_running_job_without_pages(acme: Organisation) -> None:
    job = make_job(acme)
    with CaptureQueriesContext(connection) as queries:
        assert place_of(job) == Place(0, None)
    assert len(queries) == 1
    claim(job)
    job.refresh_from_db()
    assert place_of(job) == Place(None, None)
    Task.objects.filter(job=job).delete()
    job.status = Status.QUEUED
    assert place_of(job) is None, "it ended after it was looked up"
