"""The status machine: claims, fences, billing, cancelling, deleting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now
from django.http import Http404

from accounts.models import AuditEntry, UsageRecord
from extraction.errors import CorruptDocument, EngineUnavailable, PageTimeout
from extraction.types import Document, FieldValue, Page, Source
from jobs import claims, job_actions, lifecycle, models, storage
from jobs.errors import AlreadyEnded, LeaseLost
from jobs.models import Job, Status, Task
from tests.jobs.making import claim, make_job
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def read(number: int, *, failed: bool = False) -> Page:
    """A finished page."""
    error = PageTimeout().failure() if failed else None
    return Page(number, 595.0, 842.0, engine="fake", revision="1", seconds=0.5, error=error)


def document(*pages: Page, fields: tuple[FieldValue, ...] = ()) -> Document:
    """A result of these pages."""
    return Document(Source("a.pdf", "application/pdf", "0" * 64, len(pages)), pages, fields)


def test_start_claims_once(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    task = claims.start("cpu", worker="w")
    assert task is not None
    assert (task.job_id, task.attempt, task.worker) == (job.pk, 1, "w")
    assert (task.job.status, task.job.attempt) == (Status.RUNNING, 1)
    assert claims.start("cpu", worker="other") is None
    assert claims.claim(task.pk, worker="other") is None


def test_finish_stores_fields_usage_and_status(acme: Organisation, files: Path) -> None:
    task = claim(make_job(acme))
    job = task.job
    pages = (read(1), read(2))
    for page in pages:
        claims.page_done(task, page, b"jpeg")
    total = FieldValue(
        "total_amount", "Total", "money", "12.50", {"amount": "12.50", "currency": None}, 1,
        (1.0, 2.0, 3.0, 4.0), 0.9, "label",
    )  # fmt: skip
    lifecycle.finish(task, document(*pages, fields=(total,)))
    job.refresh_from_db()
    assert (job.status, job.pages_done, job.pages_failed) == (Status.SUCCEEDED, 2, 0)
    assert not Task.objects.exists()
    assert job.finished_at is not None
    usage = UsageRecord.objects.get(job_id=job.pk)
    assert (usage.tenant, usage.pages, usage.compute_seconds) == (acme.tenant, 2, 1.0)
    value = models.FieldValue.objects.get(job=job)
    assert (value.name, value.value, value.box) == (
        "total_amount",
        {"amount": "12.50", "currency": None},
        [1.0, 2.0, 3.0, 4.0],
    )
    entry = AuditEntry.objects.get(action="job.end")
    assert (entry.object_id, entry.after) == (str(job.pk), {"status": "succeeded"})


def test_finish_is_partial_when_a_page_failed_and_bills_the_others(
    acme: Organisation, files: Path
) -> None:
    task = claim(make_job(acme))
    job = task.job
    pages = (read(1), read(2, failed=True))
    for page in pages:
        claims.page_done(task, page, None)
    lifecycle.finish(task, document(*pages))
    job.refresh_from_db()
    assert (job.status, job.pages_failed, job.error) == (Status.PARTIAL, 1, None)
    assert UsageRecord.objects.get(job_id=job.pk).pages == 1


def test_finish_fails_when_all_pages_failed_and_bills_nothing(
    acme: Organisation, files: Path
) -> None:
    task = claim(make_job(acme))
    job = task.job
    page = read(1, failed=True)
    claims.page_done(task, page, None)
    lifecycle.finish(task, document(page))
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == "page_timeout"
    usage = UsageRecord.objects.get()
    assert (usage.pages, usage.outcome) == (0, "failed")


def test_old_attempt_can_write_nothing(acme: Organisation, files: Path) -> None:
    old = claim(make_job(acme))
    lifecycle.hand_back(old)
    new = claim(old.job)
    assert (old.attempt, new.attempt) == (1, 2)
    with pytest.raises(LeaseLost):
        claims.page_done(old, read(1), None)
    with pytest.raises(LeaseLost):
        lifecycle.finish(old, document(read(1)))
    with pytest.raises(LeaseLost):
        lifecycle.fail(old, CorruptDocument())
    with pytest.raises(LeaseLost):
        lifecycle.cancelled(old)
    with pytest.raises(LeaseLost):
        lifecycle.hand_back(old)
    assert claims.renew(old) is False
    assert claims.renew(new) is True
    new.job.refresh_from_db()
    assert (new.job.status, new.job.pages_done) == (Status.RUNNING, 0)
    assert not models.Page.objects.exists()


def test_try_again_waits_longer_each_time_and_then_fails(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    delays = []
    for _ in range(2):
        lifecycle.try_again(claim(job), EngineUnavailable())
        task = Task.objects.annotate(now=Now()).get(job=job)
        delays.append((task.due_at - task.now) / timedelta(seconds=1))
    assert 4 < delays[0] <= 5
    assert 14 < delays[1] <= 15
    lifecycle.try_again(claim(job), EngineUnavailable())
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == "engine_unavailable"


def test_cancel_ends_a_queued_job_at_once(acme: Organisation, files: Path) -> None:
    job = job_actions.cancel(make_job(acme), actor=acme.actor, address=None)
    assert job.status == Status.CANCELLED
    assert claims.start("cpu", worker="w") is None
    assert not Task.objects.exists()
    with pytest.raises(AlreadyEnded):
        job_actions.cancel(job, actor=acme.actor, address=None)


def test_cancel_asks_a_running_job_and_keeps_its_pages(acme: Organisation, files: Path) -> None:
    task = claim(make_job(acme))
    job = task.job
    claims.page_done(task, read(1), None)
    assert claims.should_go_on(task) is True
    job_actions.cancel(job, actor=acme.actor, address=None)
    assert claims.should_go_on(task) is False
    lifecycle.cancelled(task)
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.CANCELLED, 1)
    assert UsageRecord.objects.get(job_id=job.pk).pages == 1


@pytest.mark.django_db(transaction=True)
def test_delete_removes_rows_and_files_and_keeps_the_bill(acme: Organisation, files: Path) -> None:
    task = claim(make_job(acme))
    job = task.job
    claims.page_done(task, read(1), b"jpeg")
    key = job.file.key
    assert storage.read(key)
    job_actions.delete(job, actor=acme.actor, address="192.0.2.1")
    assert not Job.objects.exists()
    assert not models.StoredFile.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert UsageRecord.objects.get().pages == 1
    with pytest.raises(LeaseLost):
        claims.page_done(task, read(2), b"jpeg of a deleted job")
    assert [path for path in files.rglob("*") if path.is_file()] == []
    entry = AuditEntry.objects.get(action="job.delete")
    assert (entry.api_key, entry.address) == (acme.key, "192.0.2.1")


@pytest.mark.django_db(transaction=True)
def test_delete_leaves_no_folder_behind(acme: Organisation, files: Path) -> None:
    task = claim(make_job(acme))
    job = task.job
    claims.page_done(task, read(1), b"jpeg")
    job_actions.delete(job, actor=acme.actor, address=None)
    assert list((files / str(acme.tenant.pk) / "pages").iterdir()) == []


def test_delete_of_a_deleted_job_is_404_and_not_written_down_twice(
    acme: Organisation, files: Path
) -> None:
    job = make_job(acme)
    seen_by_the_second = Job.objects.select_related("file", "tenant").get(pk=job.pk)
    job_actions.delete(job, actor=acme.actor, address=None)
    with pytest.raises(Http404):
        job_actions.delete(seen_by_the_second, actor=acme.actor, address=None)
    assert AuditEntry.objects.filter(action="job.delete").count() == 1


def test_delete_writes_down_the_status_at_that_moment(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    claim(job)
    job_actions.delete(job, actor=acme.actor, address=None)
    before = AuditEntry.objects.get(action="job.delete").before
    assert before == {"status": "running", "sha256": job.file.sha256}
