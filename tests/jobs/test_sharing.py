"""A long document in the hands of several workers: shared, given up, put together once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import AuditEntry, UsageRecord
from extraction.types import Page as Read
from extraction.types import PageImage
from jobs import claims, job_actions, lifecycle, sweep, tasks
from jobs.claims import _shares
from jobs.errors import LeaseLost, NotEnded, NothingToRetry
from jobs.models import FieldValue, Job, Page, Status, Task
from jobs.results import document_of, page_states
from tests.documents import encrypted_pdf, text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import claim, make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
TEN = text_pdf([f"Page {n} of ten, with text enough" for n in range(1, 11)])
URL = "/api/v1/ocr/jobs"


@pytest.fixture(autouse=True)
def _four_pages_a_task(settings: Settings) -> None:
    settings.PAGES_A_TASK = 4


@pytest.mark.parametrize(
    ("count", "shares"),
    [
        (0, [0]),
        (3, [3]),
        (4, [4]),
        (6, [6]),
        (7, [4, 3]),
        (8, [4, 4]),
        (10, [4, 6]),
        (11, [4, 4, 3]),
    ],
)
def test_shares_hold_every_number_once(count: int, shares: list[int]) -> None:
    made = _shares(range(1, count + 1), 4)
    assert [len(share) for share in made] == shares
    assert [number for share in made for number in share] == list(range(1, count + 1))


def test_long_document_is_shared_and_put_together_once(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, TEN)
    first = claim(job)
    tasks.run_task(first)
    waiting = Task.objects.get(job=job)
    assert (waiting.state, waiting.numbers) == (Task.State.WAITING, [5, 6, 7, 8, 9, 10])
    job.refresh_from_db()
    assert (job.status, job.pages_done, job.pages_total) == (Status.RUNNING, 4, 10)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.SUCCEEDED, 10)
    assert [page.number for page in document_of(job).pages] == list(range(1, 11))
    assert sorted(fake_engine.read_pages) == list(range(1, 11))
    assert UsageRecord.objects.get(job_id=job.pk).pages == 10
    assert AuditEntry.objects.filter(action="job.end").count() == 1


def test_two_workers_at_once_put_together_once(acme: Organisation, fake_engine: FakeEngine) -> None:
    meet = threading.Barrier(2, timeout=20)

    def both_end_together(page: PageImage) -> None:
        if page.number in (4, 10):
            meet.wait()

    fake_engine.before = both_end_together
    job = make_job(acme, TEN, outputs=("pdf",))
    results: list[bool] = []

    def work() -> None:
        try:
            while tasks.run_next("cpu"):
                results.append(True)
        finally:
            connection.close()

    first = threading.Thread(target=work)
    first.start()
    while Task.objects.filter(job=job).count() < 2:
        pass
    second = threading.Thread(target=work)
    second.start()
    first.join(30)
    second.join(30)
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.SUCCEEDED, 10)
    assert len(results) == 2
    assert not Task.objects.exists()
    assert UsageRecord.objects.get(job_id=job.pk).pages == 10
    assert AuditEntry.objects.filter(action="job.end").count() == 1
    pdf = acme.api().get(f"{URL}/{job.pk}/result.pdf")
    assert b"".join(pdf)[:5] == b"%PDF-"


def test_one_bad_page_of_a_share_leaves_the_others(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    def seventh_fails(page: PageImage) -> None:
        if page.number == 7:
            raise RuntimeError("a bug in the engine")

    fake_engine.before = seventh_fails
    job = make_job(acme, TEN)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done, job.pages_failed) == (Status.PARTIAL, 10, 1)


def test_cancelling_ends_all_shares_and_keeps_finished_pages(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, TEN)
    one = claim(job)
    claims.opened(one, page_count=10, numbers=range(1, 11))
    other = claim(job)
    claims.page_done(one, Read(1, 595.0, 842.0), None)
    claims.page_done(other, Read(5, 595.0, 842.0), None)
    job_actions.cancel(job, actor=acme.actor, address=None)
    assert claims.should_go_on(one) is claims.should_go_on(other) is False
    lifecycle.cancelled(one)
    with pytest.raises(LeaseLost):
        claims.page_done(other, Read(6, 595.0, 842.0), None)
    with pytest.raises(LeaseLost):
        lifecycle.cancelled(other)
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.CANCELLED, 2)
    assert UsageRecord.objects.get(job_id=job.pk).pages == 2
    assert not Task.objects.exists()


def test_cancelling_a_started_job_that_no_worker_is_at_ends_it_now(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, TEN)
    tasks.run_task(claim(job))
    job = job_actions.cancel(job, actor=acme.actor, address=None)
    assert (job.status, job.pages_done) == (Status.CANCELLED, 4)
    assert UsageRecord.objects.get(job_id=job.pk).pages == 4


def test_share_of_a_dead_worker_goes_on_where_it_was(
    acme: Organisation, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_served_seconds", lambda: 3600.0)
    job = make_job(acme, TEN)
    tasks.run_task(claim(job))
    dead = claim(job, worker="dead")
    claims.page_done(dead, Read(5, 595.0, 842.0), None)
    Task.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert sweep.sweep().requeued == 1
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    assert sorted(fake_engine.read_pages) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert UsageRecord.objects.get(job_id=job.pk).pages == 10


def test_worker_that_dies_while_putting_together_is_followed_by_one_that_does(
    acme: Organisation, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_served_seconds", lambda: 3600.0)
    job = make_job(acme)

    class Killed(BaseException):
        pass

    def killed(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "finish", killed)
        with pytest.raises(Killed):
            tasks.run_task(claim(job))
    assert Task.objects.get().numbers == []
    Task.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert sweep.sweep().requeued == 1
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    assert fake_engine.read_pages == [1], "the pages are not read again"


def test_worker_gives_way_at_a_page_and_the_document_goes_on(
    acme: Organisation, stranger: Organisation, fake_engine: FakeEngine, settings: Settings
) -> None:
    settings.TURN_SECONDS = 0
    long = make_job(acme, TEN)
    other: list[Job] = []

    def second_page(page: PageImage) -> None:
        if page.number == 2 and not other:
            other.append(make_job(stranger))

    fake_engine.before = second_page
    assert tasks.run_next("cpu")
    long.refresh_from_db()
    assert long.pages_done == 2
    assert tasks.run_next("cpu")
    other[0].refresh_from_db()
    assert other[0].status == Status.SUCCEEDED
    while tasks.run_next("cpu"):
        pass
    long.refresh_from_db()
    assert (long.status, long.pages_done) == (Status.SUCCEEDED, 10)
    assert sorted(fake_engine.read_pages) == sorted([1, *range(1, 11)])
    assert Task.objects.count() == 0


def test_pages_are_told_while_the_job_runs(acme: Organisation, fake_engine: FakeEngine) -> None:
    client = acme.api()
    job = make_job(acme, TEN, pages="3-9")
    assert client.get(f"{URL}/{job.pk}/pages").json() == []

    def fourth_fails(page: PageImage) -> None:
        if page.number == 4:
            raise RuntimeError("a bug in the engine")

    fake_engine.before = fourth_fails
    tasks.run_task(claim(job))
    states = client.get(f"{URL}/{job.pk}/pages").json()
    assert [(page["number"], page["status"]) for page in states] == [
        (3, "done"), (4, "failed"), (5, "done"), (6, "done"),
        (7, "waiting"), (8, "waiting"), (9, "waiting"),
    ]  # fmt: skip
    assert states[1]["error"]["code"] == "engine_failed"
    page = client.get(f"{URL}/{job.pk}/pages/3").json()
    assert (page["number"], page["error"]) == (3, None)
    assert client.get(f"{URL}/{job.pk}/pages/7").status_code == 404


def test_retry_reads_what_failed_alone(acme: Organisation, fake_engine: FakeEngine) -> None:
    def broken(page: PageImage) -> None:
        if page.number in (2, 9):
            raise RuntimeError("a bug in the engine")

    fake_engine.before = broken
    client = acme.api()
    job = make_job(acme, TEN)
    run_job(str(job.pk))
    ended = client.get(f"{URL}/{job.pk}").json()
    assert (ended["status"], ended["run"]) == ("partial", 0)
    fake_engine.before = lambda page: None
    fake_engine.read_pages.clear()
    answer = client.post(ended["links"]["retry"])
    assert answer.status_code == 202
    again = answer.json()
    assert (again["status"], again["run"]) == ("queued", 1)
    assert again["pages"] == {"total": 10, "done": 8, "failed": 0}
    run_job(str(job.pk))
    done = client.get(f"{URL}/{job.pk}").json()
    assert (done["status"], done["pages"]) == (
        "succeeded", {"total": 10, "done": 10, "failed": 0},
    )  # fmt: skip
    assert fake_engine.read_pages == [2, 9]
    assert AuditEntry.objects.filter(action="job.retry").count() == 1
    assert [state.status for state in page_states(Job.objects.get())] == ["done"] * 10


def test_retry_tells_fields_anew(acme: Organisation) -> None:
    body = text_pdf(["Tax invoice\nInvoice number: A-17\nTotal due: 12.50 EUR"])
    job = make_job(acme, body)
    run_job(str(job.pk))
    values = FieldValue.objects.filter(job=job).count()
    assert values
    Job.objects.filter(pk=job.pk).update(status=Status.CANCELLED)
    job_actions.retry(Job.objects.get(pk=job.pk), actor=acme.actor, address=None)
    assert not FieldValue.objects.exists()
    run_job(str(job.pk))
    assert FieldValue.objects.filter(job=job).count() == values


def test_retry_of_an_encrypted_document_needs_its_password_again(acme: Organisation) -> None:
    client = acme.api()
    job = make_job(acme, encrypted_pdf("geheim", "Secret contents"), password="wrong")
    run_job(str(job.pk))
    assert client.get(f"{URL}/{job.pk}").json()["error"]["code"] == "wrong_password"
    client.post(f"{URL}/{job.pk}/retry")
    run_job(str(job.pk))
    assert client.get(f"{URL}/{job.pk}").json()["error"]["code"] == "encrypted"
    client.post(f"{URL}/{job.pk}/retry", {"password": "geheim"})
    run_job(str(job.pk))
    assert client.get(f"{URL}/{job.pk}").json()["status"] == "succeeded"


def test_retry_refuses_a_job_on_its_way_and_one_that_succeeded(acme: Organisation) -> None:
    job = make_job(acme)
    with pytest.raises(NotEnded):
        job_actions.retry(job, actor=acme.actor, address=None)
    run_job(str(job.pk))
    with pytest.raises(NothingToRetry):
        job_actions.retry(job, actor=acme.actor, address=None)
    answer = acme.api().post(f"{URL}/{job.pk}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")
    assert Page.objects.count() == 1


def test_deleting_a_shared_document_stops_its_workers(
    acme: Organisation, fake_engine: FakeEngine, files: Path
) -> None:
    job = make_job(acme, TEN)
    one = claim(job)
    claims.opened(one, page_count=10, numbers=range(1, 11))
    other = claim(job)
    job_actions.delete(job, actor=acme.actor, address=None)
    for task in (one, other):
        with pytest.raises(LeaseLost):
            claims.last_one(task)
    assert not Task.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
