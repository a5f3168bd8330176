"""The same document twice in a batch, or read before it: read once, billed once, shown twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import AuditEntry, UsageRecord
from jobs import lifecycle, result_cache, same_document
from jobs.errors import DocumentCrashedWorker, StorageUnavailable
from jobs.models import Batch, Delivery, Job, Priority, Task
from jobs.reconciliation import differences
from jobs.sweep import sweep
from tests.documents import image_png
from tests.engines import FakeEngine
from tests.jobs.batching import URL, jobs_of, make_batch, run_all, send
from tests.jobs.hooking import ALLOWED, hook
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.receiving import answering, receiver
from tests.jobs.test_review_races import at_once
from tests.jobs.zips import zipped
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "cache_on"),
]
ONE, OTHER = image_png(["One"]), image_png(["Other"])


@pytest.fixture
def cache_on(settings: Settings) -> None:
    """Results are kept for an hour, as by default."""
    settings.RESULT_CACHE_SECONDS = 3600
    result_cache._memory.clear()


def billed() -> list[int]:
    """Pages of each bill that has any."""
    return list(UsageRecord.objects.filter(pages__gt=0).values_list("pages", flat=True))


def by_form(organisation: Organisation) -> Any:
    return send(organisation.api(), {"1.png": ONE, "2.png": OTHER, "3.png": ONE})


def by_zip(organisation: Organisation) -> Any:
    archive = zipped({"1.png": ONE, "2.png": OTHER, "3.png": ONE})
    return send(organisation.api(), {"all.zip": archive})


def by_url(organisation: Organisation) -> Any:
    with receiver() as site:
        bodies = {"/1.png": ONE, "/2.png": OTHER, "/3.png": ONE}
        site.behaviours |= {path: answering(200, body) for path, body in bodies.items()}
        urls = [site.url + path for path in bodies]
        return organisation.api().post(URL, {"urls": urls}, format="json")


@pytest.mark.parametrize("sent", [by_form, by_zip, by_url])
def test_document_that_is_twice_in_a_batch_is_read_and_billed_once(
    acme: Organisation,
    fake_engine: FakeEngine,
    settings: Settings,
    sent: Callable[[Organisation], Any],
) -> None:
    settings.FETCH_ALLOWED_HOSTS = ALLOWED
    hook(acme, "https://8.8.8.8/", "batch.completed")
    answer = sent(acme)
    assert answer.status_code == 202, answer.json()
    assert answer.json()["documents"] == {"total": 3, "queued": 3}
    batch = Batch.objects.get()
    first, other, again = jobs_of(batch)
    assert (first.same_as, other.same_as, again.same_as) == (None, None, first)
    assert Task.objects.count() == 2
    run_all(batch)
    assert fake_engine.read_pages == [1, 1]
    assert billed() == [1, 1]
    client = acme.api()
    body = client.get(answer["Location"]).json()
    assert (body["status"], body["documents"]) == ("completed", {"total": 3, "succeeded": 3})
    assert [job.cached for job in jobs_of(batch)] == [False, False, True]
    assert Delivery.objects.filter(event="batch.completed").count() == 1
    exported = json.loads(client.get(f"{URL}/{batch.pk}/export.json").getvalue())
    assert [row["name"] for row in exported] == ["1.png", "2.png", "3.png"]
    assert exported[0]["result"]["pages"] == exported[2]["result"]["pages"] != []
    table = client.get(f"{URL}/{batch.pk}/export.csv").getvalue()
    rows = list(csv.DictReader(table.decode("utf-8-sig").splitlines()))
    assert [(row["name"], row["status"]) for row in rows] == [
        (f"{number}.png", "succeeded") for number in (1, 2, 3)
    ]


def test_results_of_zero_hours_are_shared_with_nobody(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    first = make_job(acme, ONE, preview=True)
    run_job(str(first.pk))
    answer = send(acme.api(), {"1.png": ONE, "2.png": ONE}, retention_hours="0")
    assert answer.status_code == 202, answer.json()
    batch = Batch.objects.get()
    assert [(job.same_as, job.cache_key) for job in jobs_of(batch)] == [(None, None)] * 2
    run_all(batch)
    assert (fake_engine.read_pages, billed()) == ([1, 1, 1], [1, 1, 1])


def test_batch_of_documents_read_before_is_over_at_once(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    first = make_job(acme, ONE, preview=True)
    run_job(str(first.pk))
    body = send(acme.api(), {"1.png": ONE, "2.png": ONE}).json()
    assert (body["status"], body["documents"]) == ("completed", {"total": 2, "succeeded": 2})
    assert [job.same_as_id for job in jobs_of(Batch.objects.get())] == [first.pk] * 2
    assert AuditEntry.objects.filter(action="batch.end").count() == 1
    assert (fake_engine.read_pages, billed()) == ([1], [1])
    assert differences() == [], "nothing is left reserved"


def test_batch_with_one_read_before_ends_with_its_others(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    run_job(str(make_job(acme, ONE, preview=True).pk))
    body = send(acme.api(), {"1.png": ONE, "2.png": OTHER}).json()
    assert (body["status"], body["documents"]) == (
        "running", {"total": 2, "succeeded": 1, "queued": 1}
    )  # fmt: skip
    batch = Batch.objects.get()
    run_all(batch)
    assert acme.api().get(f"{URL}/{batch.pk}").json()["status"] == "completed"
    assert AuditEntry.objects.filter(action="batch.end").count() == 1
    assert len(fake_engine.read_pages) == 2


def test_document_on_its_way_is_waited_for_and_hurried(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    first = make_job(acme, ONE, preview=True)
    send(acme.api(), {"1.png": ONE}, priority="high")
    assert Task.objects.get().priority == Priority.HIGH
    run_job(str(first.pk))
    assert acme.api().get(URL).json()["results"][0]["status"] == "completed"
    assert len(fake_engine.read_pages) == 1


def test_caller_may_have_each_read(acme: Organisation, fake_engine: FakeEngine) -> None:
    send(acme.api(), {"1.png": ONE, "2.png": ONE}, cache="false")
    run_all(Batch.objects.get())
    assert (fake_engine.read_pages, billed()) == ([1, 1], [1, 1])


def test_one_that_waits_is_read_where_the_first_fails(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    batch = make_batch(acme, [ONE, ONE, ONE])
    first = jobs_of(batch)[0]
    lifecycle.fail(claim(first), DocumentCrashedWorker())
    assert Batch.objects.get().completed_at is None
    run_all(batch)
    assert [job.status for job in jobs_of(batch)] == ["failed", "succeeded", "succeeded"]
    assert Batch.objects.get().completed_at is not None
    assert AuditEntry.objects.filter(action="batch.end").count() == 1
    assert len(fake_engine.read_pages) == 1


def test_cancelling_and_deleting_the_batch_takes_those_that_wait_along(acme: Organisation) -> None:
    batch = make_batch(acme, [ONE, ONE, ONE])
    body = acme.api().post(f"{URL}/{batch.pk}/cancel").json()
    assert (body["status"], body["documents"]) == ("completed", {"total": 3, "cancelled": 3})
    assert not Task.objects.exists()
    other = make_batch(acme, [ONE, ONE])
    assert acme.api().delete(f"{URL}/{other.pk}").status_code == 204
    assert Job.objects.count() == 3
    assert not Task.objects.exists()


@pytest.mark.parametrize("error", [StorageUnavailable(), ValueError("a fault")])
def test_what_cannot_be_taken_over_at_once_is_by_the_sweeper(
    acme: Organisation,
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    run_job(str(make_job(acme, ONE, preview=True).pk))

    def broken(*args: Any) -> None:
        raise error

    with monkeypatch.context() as away:
        away.setattr(lifecycle, "finish_as", broken)
        body = send(acme.api(), {"1.png": ONE, "2.png": OTHER}).json()
    assert body["documents"] == {"total": 2, "queued": 2}
    monkeypatch.setattr(same_document, "SETTLE_SECONDS", 0)
    late = send(acme.api(), {"1.png": ONE}).json()
    assert late["documents"] == {"total": 1, "queued": 1}
    sweep()
    assert sorted(Job.objects.values_list("status", flat=True)) == ["queued"] + ["succeeded"] * 3


def test_batches_of_the_same_documents_at_once_do_not_wait_for_each_other(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    bodies = [image_png([f"Number {number}"]) for number in range(6)]
    orders = [bodies, bodies[::-1], bodies[3:] + bodies[:3], bodies[::2] + bodies[1::2]]
    assert at_once(*[partial(make_batch, acme, each) for each in orders]) == ["done"] * 4
    for batch in Batch.objects.all():
        run_all(batch)
    assert len(fake_engine.read_pages) == 6
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded"}
    assert not Batch.objects.filter(completed_at=None).exists()
