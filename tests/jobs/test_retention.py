"""jobs/retention.py, removal.py: what goes when its time has passed, and what is told of it."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEntry, Plan, QuotaUse, Tenant, UsageRecord
from extraction.errors import InvalidOption
from jobs import corrections, job_actions, removal, retention, storage
from jobs.corrections import Change
from jobs.errors import Expired, StorageUnavailable
from jobs.models import Extraction, FieldRevision, FieldValue, Job, Page, Review, Status
from jobs.reconciliation import differences
from ocrsite.database.roles import as_owner, grant
from tests.documents import text_pdf
from tests.jobs.batching import make_batch, run_all
from tests.jobs.making import PDF, claim, form_file, make_job, run_job, upload
from tests.jobs.reviewing import read_job
from tests.jobs.test_quota_races import at_once
from tests.owner import may_empty
from tests.people import PASSWORD, Organisation
from tests.processes import process

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]
for_real = pytest.mark.django_db(transaction=True)  # what others commit counts
URL = "/api/v1/ocr/jobs"


def ended(organisation: Organisation, body: bytes = PDF, **options: Any) -> Job:
    """A job that has ended, with a picture of its page and a searchable PDF."""
    job = make_job(organisation, body, preview=True, outputs=("pdf",), **options)
    run_job(str(job.pk))
    return fresh(job)


def zero(organisation: Organisation) -> Job:
    """A job as ``ended``, its result to go with its first delivery."""
    job = make_job(organisation, preview=True, outputs=("pdf",))
    Job.objects.filter(pk=job.pk).update(retention_hours=0)
    run_job(str(job.pk))
    return fresh(job)


def sent_by(answer: Any) -> bytes:
    """All of an answer, as a server sends it."""
    return b"".join(answer.streaming_content)


def first_of(answer: Any) -> bytes:
    """The first part of an answer, as a server sends it to nobody."""
    return bytes(next(iter(answer.streaming_content)))


def fresh(job: Job) -> Job:
    """The job as it is now."""
    return Job.objects.select_related("file", "tenant").get(pk=job.pk)


def overdue(*jobs: Job) -> None:
    """Let the time of these jobs have passed."""
    due = Now() - timedelta(seconds=1)
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(expires_at=due)


def expired(job: Job) -> Job:
    """The job after its time has passed."""
    overdue(job)
    assert retention.expire(job.pk)
    return fresh(job)


def on_disk(files: Path) -> list[int]:
    """The sizes of all files there are."""
    return sorted(path.stat().st_size for path in files.rglob("*") if path.is_file())


def stored(organisation: Organisation) -> int:
    """The organisation's bytes, as counted."""
    return QuotaUse.objects.get(tenant=organisation.tenant, period="storage").used


def receipts(job: Job) -> list[AuditEntry]:
    """What the audit log says of the job's removal."""
    wanted = ("job.expire", "job.delete")
    return list(AuditEntry.objects.filter(object_id=str(job.pk), action__in=wanted))


# How long


@pytest.mark.parametrize(
    ("plan", "tenant", "setting", "asked", "hours"),
    [
        (None, None, None, None, None),
        (None, None, 48, None, 48),
        (None, 24, 48, None, 24),
        (None, 0, 48, None, 0),
        (None, 24, 48, 0, 0),
        (None, 24, None, 100, 100),
        (72, None, None, None, 72),
        (72, 100, None, None, 72),
        (72, 24, None, 72, 72),
        (0, 24, 48, None, 0),
    ],
)
def test_job_then_organisation_then_installation_say_how_long_and_the_plan_the_most(
    settings: Settings,
    plan: int | None,
    tenant: int | None,
    setting: int | None,
    asked: int | None,
    hours: int | None,
) -> None:
    settings.RETENTION_HOURS = setting
    of_plan = None if plan is None else Plan(name="p", retention_hours=plan)
    row = Tenant(name="a", plan=of_plan, retention_hours=tenant)
    assert retention.hours_for(row, asked) == hours


@pytest.mark.parametrize(("plan", "asked", "limit"), [(72, 73, 72), (None, 87_601, 87_600)])
def test_more_than_allowed_is_refused(plan: int | None, asked: int, limit: int) -> None:
    of_plan = None if plan is None else Plan(name="p", retention_hours=plan)
    with pytest.raises(InvalidOption) as refused:
        retention.hours_for(Tenant(name="a", plan=of_plan), asked)
    assert (refused.value.limit, refused.value.actual) == (limit, asked)


def test_time_runs_from_the_end_and_is_told(acme: Organisation) -> None:
    sent = acme.api().post(URL, {"file": form_file(), "retention_hours": "5"}, format="multipart")
    told = sent.json()
    assert (sent.status_code, told["retention_hours"], told["expires_at"]) == (202, 5, None)
    run_job(told["id"])
    job = Job.objects.get(pk=told["id"])
    assert job.expires_at is not None and job.finished_at is not None
    assert job.expires_at - job.finished_at == timedelta(hours=5)
    told = acme.api().get(f"{URL}/{job.pk}").json()
    assert told["expires_at"].startswith(job.expires_at.isoformat()[:19])
    lasting = fresh(make_job(acme))
    assert (lasting.retention_hours, lasting.expires_at) == (None, None)


@pytest.mark.parametrize("hours", ["-1", "87601", "soon"])
def test_hours_out_of_range_are_refused(acme: Organisation, hours: str) -> None:
    sent = acme.api().post(URL, {"file": form_file(), "retention_hours": hours}, format="multipart")
    assert (sent.status_code, sent.json()["code"]) == (400, "invalid_option")
    assert not Job.objects.exists()


def test_batches_and_pages_take_hours_too(acme: Organisation) -> None:
    data = {"files": [form_file()], "retention_hours": "7"}
    sent = acme.api().post("/api/v1/batches", data, format="multipart")
    assert sent.status_code == 202
    browser = Client()
    browser.login(username=acme.owner.email, password=PASSWORD)
    assert b'name="retention_hours"' in browser.get("/jobs/new").content
    browser.post("/jobs/new", {"file": form_file(), "retention_hours": "9"})
    assert {*Job.objects.values_list("retention_hours", flat=True)} == {7, 9}


def test_same_key_with_other_hours_is_another_request(acme: Organisation) -> None:
    client = acme.api()
    answers = [
        client.post(
            URL,
            {"file": form_file(), **hours},
            format="multipart",
            HTTP_IDEMPOTENCY_KEY="one",
        ).status_code
        for hours in ({}, {"retention_hours": "0"}, {})
    ]
    assert answers == [202, 409, 202]


# What goes


def test_files_and_result_go_and_a_receipt_stays(acme: Organisation, files: Path) -> None:
    kept = ended(acme)
    job = read_job(acme, outputs=("pdf",))
    corrections.correct(
        job, "invoice_number", change=Change(0, raw="A-4712"), actor=acme.actor, address=None
    )
    Job.objects.filter(pk=job.pk).update(metadata={"case": "A-17"})
    before, size = on_disk(files), job.file.size
    job = expired(job)
    assert (job.status, job.file.name, job.metadata, job.options) == ("expired", "", {}, {})
    assert (job.classification, job.template, job.stored_bytes) == (None, "", 0)
    for model in (Page, FieldValue, Extraction, Review, FieldRevision):
        assert not model._default_manager.filter(job=job).exists(), model
    assert Page.objects.filter(job=kept).exists()
    before.remove(size)
    assert on_disk(files) == before
    assert stored(acme) == sum(before)
    (receipt,) = receipts(job)
    assert (receipt.actor, receipt.before) == ("system", {"sha256": job.file.sha256})
    assert receipt.after == {
        "reason": "retention", "files": 1, "bytes": size, "pages": 1, "fields": 5, "revisions": 1,
    }  # fmt: skip
    assert UsageRecord.objects.filter(job_id=job.pk).count() == 1
    assert not retention.expire(job.pk), "once"
    assert differences() == []


def test_delete_by_people_leaves_a_receipt_with_all_that_there_was(
    acme: Organisation, files: Path
) -> None:
    job = ended(acme)
    sizes = on_disk(files)
    assert len(sizes) == 3
    job_actions.delete(job, actor=acme.actor, address="192.0.2.7")
    assert (on_disk(files), stored(acme)) == ([], 0)
    (receipt,) = receipts(job)
    assert (receipt.api_key_id, receipt.address) == (acme.key.pk, "192.0.2.7")
    assert receipt.before == {"status": "succeeded", "sha256": job.file.sha256}
    assert receipt.after is not None
    assert receipt.after | {"fields": 0} == {
        "reason": "deleted", "files": 3, "bytes": sum(sizes), "pages": 1, "fields": 0,
        "revisions": 0,
    }  # fmt: skip


def test_nothing_goes_before_its_time(acme: Organisation, files: Path) -> None:
    job = ended(acme)
    Job.objects.filter(pk=job.pk).update(expires_at=Now() + timedelta(seconds=30))
    running = make_job(acme)
    overdue(running)
    assert retention.sweep() == 0
    assert fresh(job).status == Status.SUCCEEDED
    assert len(on_disk(files)) == 4


def test_audit_log_holds_no_name_of_a_file(acme: Organisation) -> None:
    with upload(name="Miller v. Smith.pdf") as received:
        from extraction.options import Options
        from jobs.submit import submit_job

        submit_job(actor=acme.actor, upload=received, options=Options())
    assert not AuditEntry.objects.filter(after__icontains="Miller").exists()


# Whoever asks then


def test_every_way_to_an_expired_result_answers_410(acme: Organisation) -> None:
    job = expired(read_job(acme))
    client = acme.api()
    for method, path in (
        ("get", "result.json"), ("get", "result.csv"), ("get", "result.pdf"), ("get", "pages"),
        ("get", "pages/1"), ("post", "retry"),
    ):  # fmt: skip
        answer = getattr(client, method)(f"{URL}/{job.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "expired"), path
        assert answer["Content-Type"] == "application/problem+json"
    for method, path, body in (
        ("get", f"reviews/{job.pk}", None),
        ("post", f"reviews/{job.pk}/take", {}),
        ("post", f"reviews/{job.pk}/confirm", {"version": 0}),
        ("get", f"ocr/jobs/{job.pk}/fields/invoice_number", None),
        ("put", f"ocr/jobs/{job.pk}/fields/invoice_number", {"raw": "1", "version": 0}),
        ("post", "templates/test", {"job": str(job.pk), "name": "invoice"}),
        ("post", "templates/propose", {"job": str(job.pk), "name": "mine"}),
    ):
        answer = getattr(client, method)(f"/api/v1/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (410, "expired"), path
    answer = client.post(f"{URL}/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_ended")


@for_real
def test_expired_job_is_still_told_of_and_can_be_deleted(acme: Organisation) -> None:
    job = expired(read_job(acme))
    client = acme.api()
    told = client.get(f"{URL}/{job.pk}?wait=5").json()
    assert (told["status"], told["name"], list(told["links"])) == ("expired", "", ["self"])
    assert told["pages"] == {"total": None, "done": 1, "failed": 0}
    listed = client.get(f"{URL}?status=expired").json()["results"]
    assert [row["id"] for row in listed] == [str(job.pk)]
    assert client.get("/api/v1/reviews").json()["results"] == []
    events = sent_by(client.get(f"{URL}/{job.pk}/events"))
    assert b"event: end\n" in events and b'"status": "expired"' in events
    assert client.delete(f"{URL}/{job.pk}").status_code == 204
    assert (stored(acme), differences()) == (0, [])
    assert [row.after["files"] for row in receipts(job) if row.after] == [0, 1]


def test_pages_say_it_in_words(acme: Organisation) -> None:
    job = expired(ended(acme))
    browser = Client()
    browser.login(username=acme.owner.email, password=PASSWORD)
    page = browser.get(f"/jobs/{job.pk}").content.decode()
    assert "The time to keep it has passed" in page
    assert "Try again" not in page
    assert f"/jobs/{job.pk}" in browser.get("/jobs").content.decode()
    for path in ("result.json", "pages/1.jpg"):
        answer = browser.get(f"/jobs/{job.pk}/{path}")
        assert answer.status_code == 410, path
        assert "the time to keep them has passed" in answer.content.decode()


def test_batch_counts_expired_documents_and_exports_the_others(acme: Organisation) -> None:
    batch = make_batch(acme)
    run_all(batch)
    gone, *_ = Job.objects.filter(batch=batch).order_by("batch_position")
    expired(gone)
    client, path = acme.api(), f"/api/v1/batches/{batch.pk}"
    told = client.get(path).json()
    assert told["documents"] == {"total": 3, "succeeded": 2, "expired": 1}
    assert told["items"][0]["error"]["code"] == "expired"
    rows = sent_by(client.get(f"{path}/export.csv")).decode().splitlines()
    assert len(rows) == 4
    assert f"1,,expired,{gone.pk},,,,expired: " in rows[1]
    read = sent_by(client.get(f"{path}/export.json"))
    assert b'"code": "expired"' in read and read.count(b'"result": null') == 1
    packed = sent_by(client.get(f"{path}/export.zip"))
    assert b"002-2/result.json" in packed and b"001-" not in packed
    answer = client.post(f"{path}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")


# The first delivery


@pytest.mark.parametrize("name", ["json", "pdf"])
def test_result_of_zero_hours_goes_with_its_first_delivery(
    acme: Organisation, files: Path, name: str
) -> None:
    job, client = zero(acme), acme.api()
    head = client.head(f"{URL}/{job.pk}/result.{name}")
    assert (head.status_code, fresh(job).status) == (200, "succeeded"), "nothing was sent"
    answer = client.get(f"{URL}/{job.pk}/result.{name}")
    body = sent_by(answer)
    assert int(answer["Content-Length"]) == len(body) > 0
    assert answer["Content-Disposition"].startswith("attachment")
    job = fresh(job)
    assert (job.status, on_disk(files), stored(acme)) == ("expired", [], 0)
    (receipt,) = receipts(job)
    assert receipt.after is not None and receipt.after["reason"] == "delivered"
    assert client.get(f"{URL}/{job.pk}/result.json").status_code == 410


@for_real
def test_broken_connection_leaves_the_result(acme: Organisation, files: Path) -> None:
    job = zero(acme)
    answer = acme.api().get(f"{URL}/{job.pk}/result.json")
    first_of(answer)  # sent to nobody: the server closes instead of going on
    answer.close()
    assert (fresh(job).status, len(on_disk(files))) == ("succeeded", 3)
    again = acme.api().get(f"{URL}/{job.pk}/result.json")
    assert b"no OCR at all" in sent_by(again)
    assert fresh(job).status == "expired"


def test_download_from_the_pages_is_a_delivery(acme: Organisation) -> None:
    job = zero(acme)
    browser = Client()
    browser.login(username=acme.owner.email, password=PASSWORD)
    assert browser.get(f"/jobs/{job.pk}").status_code == 200
    assert fresh(job).status == "succeeded", "to look at it is none"
    sent_by(browser.get(f"/jobs/{job.pk}/result.txt"))
    assert fresh(job).status == "expired"
    assert "was to go with its first download" in browser.get(f"/jobs/{job.pk}").content.decode()


@for_real
@pytest.mark.parametrize("name", ["csv", "json", "zip"])
def test_export_of_a_batch_delivers_what_it_holds(acme: Organisation, name: str) -> None:
    batch = make_batch(acme)
    rows = Job.objects.filter(batch=batch).order_by("batch_position")
    first, _, third = rows
    rows.exclude(pk=third.pk).update(retention_hours=0)
    run_job(str(first.pk))
    run_job(str(third.pk))
    address = f"/api/v1/batches/{batch.pk}/export.{name}"
    broken = acme.api().get(address)
    first_of(broken)
    broken.close()
    assert [job.status for job in rows.all()] == ["succeeded", "queued", "succeeded"]
    sent_by(acme.api().get(address))
    assert [job.status for job in rows.all()] == ["expired", "queued", "succeeded"]


def test_result_that_nobody_fetches_goes_after_some_hours(
    acme: Organisation, settings: Settings
) -> None:
    settings.UNFETCHED_HOURS = 3
    job = zero(acme)
    assert job.expires_at is not None and job.finished_at is not None
    assert job.expires_at - job.finished_at == timedelta(hours=3)
    job = expired(job)
    (receipt,) = receipts(job)
    assert receipt.after is not None and receipt.after["reason"] == "unfetched"


# The same document again


def submitted(organisation: Organisation, hours: int | None) -> Job:
    """A job of the same document, to be kept for so long."""
    from extraction.options import Options
    from jobs.submit import submit_job

    with upload() as received:
        return submit_job(
            actor=organisation.actor,
            upload=received,
            options=Options(preview=True, outputs=("pdf",)),
            retention_hours=hours,
        )


@for_real
def test_copy_is_kept_for_its_own_time_and_counted(
    acme: Organisation, settings: Settings, files: Path
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    first = submitted(acme, 1)
    run_job(str(first.pk))
    copy = submitted(acme, 5)
    assert (copy.cached, fresh(copy).status) == (True, "succeeded")
    assert stored(acme) == sum(on_disk(files))
    expired(first)
    assert stored(acme) == sum(on_disk(files)) > 0
    copy = fresh(copy)
    assert copy.expires_at is not None and copy.finished_at is not None
    assert copy.expires_at - copy.finished_at == timedelta(hours=5)
    assert acme.api().get(f"{URL}/{copy.pk}/result.pdf").status_code == 200
    assert differences() == []


@for_real
def test_neither_expired_nor_overdue_nor_zero_hours_serve_another(
    acme: Organisation, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    first = submitted(acme, None)
    run_job(str(first.pk))
    assert not submitted(acme, 0).cached, "nor does one of zero hours take from others"
    overdue(first)
    second = submitted(acme, 5)
    assert not second.cached
    job_actions.delete(second, actor=acme.actor, address=None)
    retention.expire(first.pk)
    third = submitted(acme, 0)
    run_job(str(third.pk))
    fourth = submitted(acme, 5)
    assert (third.cache_key, fourth.cached, fourth.same_as_id) == (None, False, None)


# Storage, as counted


def test_all_files_are_counted_from_the_end_on(acme: Organisation, files: Path) -> None:
    job = make_job(acme, preview=True, outputs=("pdf",))
    assert stored(acme) == len(PDF) == fresh(job).stored_bytes
    run_job(str(job.pk))
    assert len(on_disk(files)) == 3
    assert stored(acme) == sum(on_disk(files)) == fresh(job).stored_bytes
    assert differences() == []


def test_job_tried_again_and_cancelled_is_counted_as_it_lies(
    acme: Organisation, files: Path
) -> None:
    body = text_pdf(["One page of text that needs no OCR.", "Another page that needs none."])
    job = make_job(acme, body, preview=True, outputs=("pdf",))
    job_actions.cancel(job, actor=acme.actor, address=None)
    assert stored(acme) == len(body)
    job_actions.retry(job, actor=acme.actor, address=None)
    assert (stored(acme), fresh(job).expires_at) == (len(body), None)
    task = claim(job)
    job_actions.delete(job, actor=acme.actor, address=None)
    assert (stored(acme), on_disk(files), differences()) == (0, [], [])
    assert task is not None
    job = ended(acme, body)
    Page.objects.filter(job=job, number=2).update(failed=True)
    Job.objects.filter(pk=job.pk).update(status=Status.PARTIAL, pages_failed=1, retention_hours=2)
    job_actions.retry(job, actor=acme.actor, address=None)
    run_job(str(job.pk))
    assert fresh(job).status == Status.SUCCEEDED
    assert stored(acme) == sum(on_disk(files))
    assert differences() == []


def test_worker_taken_for_dead_leaves_nothing_of_an_expired_job(
    acme: Organisation, files: Path
) -> None:
    from jobs import claims
    from jobs.errors import LeaseLost
    from tests.jobs.reviewing import page

    task = claim(make_job(acme))
    job_actions.cancel(task.job, actor=acme.actor, address=None)
    Job.objects.filter(pk=task.job_id).update(status=Status.CANCELLED)
    expired(task.job)
    with pytest.raises(LeaseLost):
        claims.page_done(task, page(), b"a picture")
    assert on_disk(files) == []


@for_real
def test_counters_of_an_older_installation_stay_right(acme: Organisation) -> None:
    job = ended(acme)
    QuotaUse.objects.filter(period="storage").update(used=len(PDF))  # as was counted
    with as_owner():
        try:
            MigrationExecutor(connection).migrate([("jobs", "0012_same_document_again")])
        finally:
            executor = MigrationExecutor(connection)
            executor.migrate(executor.loader.graph.leaf_nodes())
            grant()  # tables that came anew
            may_empty()
    job = fresh(job)
    assert (job.stored_bytes, job.expires_at, job.retention_hours) == (len(PDF), None, None)
    assert differences() == []
    assert retention.sweep() == 0
    job_actions.delete(job, actor=acme.actor, address=None)
    assert (stored(acme), differences()) == (0, [])


def test_revisions_go_with_an_expired_job_alone(acme: Organisation) -> None:
    job = read_job(acme)
    corrections.correct(
        job, "invoice_number", change=Change(0, raw="A-4712"), actor=acme.actor, address=None
    )
    with pytest.raises(Exception, match="never changed"), transaction.atomic():
        FieldRevision.objects.filter(job=job).delete()
    Job.objects.filter(pk=job.pk).update(status=Status.EXPIRED)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        FieldRevision.objects.filter(job=job).update(raw="B")
    assert FieldRevision.objects.filter(job=job).delete()[0] == 1


# Faults


STEPS = ("contents", "remove_files", "receipt", "empty")


@pytest.mark.parametrize("step", STEPS)
def test_fault_at_any_step_leaves_nothing_half_said(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, files: Path, step: str
) -> None:
    job = ended(acme)
    sizes, fields = on_disk(files), FieldValue.objects.filter(job=job).count()
    overdue(job)
    with monkeypatch.context() as patched:

        def fails(*args: Any, **kwargs: Any) -> None:
            raise OSError("no more")

        patched.setattr(removal, step, fails)
        with pytest.raises(OSError, match="no more"):
            retention.expire(job.pk)
    half_done(acme, job, sizes, fields, files)


def half_done(acme: Organisation, job: Job, sizes: list[int], fields: int, files: Path) -> None:
    """Assert that a removal that broke off is not told as done, and is done by the next round."""
    assert receipts(job) == []
    assert stored(acme) == sum(sizes), "counted until it is gone"
    answer = acme.api().get(f"{URL}/{job.pk}/result.json")
    assert answer.status_code == 410, "and nobody is given half of it"
    with pytest.raises(Expired):
        job_actions.retry(job, actor=acme.actor, address=None)
    assert retention.sweep() == 1
    (receipt,) = receipts(job)
    assert receipt.after == {
        "reason": "retention", "files": 3, "bytes": sum(sizes), "pages": 1, "fields": fields,
        "revisions": 0,
    }  # fmt: skip
    assert (on_disk(files), stored(acme), differences()) == ([], 0, [])
    assert fresh(job).file.name == ""


@for_real
def test_kill_after_the_files_are_gone_is_made_good(acme: Organisation, files: Path) -> None:
    job = ended(acme)
    sizes, fields = on_disk(files), FieldValue.objects.filter(job=job).count()
    overdue(job)
    killed = process(
        "import os\n"
        "from jobs import removal, retention\n"
        "removal.receipt = lambda *args, **kwargs: os.kill(os.getpid(), 9)\n"
        "retention.sweep()\n"
    )
    assert killed.wait(60) == -signal.SIGKILL
    assert on_disk(files) == []
    half_done(acme, job, sizes, fields, files)


@for_real
@pytest.mark.parametrize("removal_of", ["expire", "delete"])
def test_files_go_before_the_quota_is_locked(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, removal_of: str
) -> None:
    job, remove, used = ended(acme), storage.remove, []

    def look() -> None:
        with transaction.atomic():
            rows = QuotaUse.objects.select_for_update(nowait=True).filter(period="storage")
            used.append(rows.get().used)

    def removes(found: list[str]) -> None:
        at_once(look)
        remove(found)

    monkeypatch.setattr(storage, "remove", removes)
    if removal_of == "delete":
        job_actions.delete(job, actor=acme.actor, address=None)
    else:
        expired(job)
    assert used == [job.stored_bytes]
    assert stored(acme) == 0


def test_storage_away_keeps_what_is_due_for_the_next_round(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    jobs = [ended(acme), ended(acme)]
    overdue(*jobs)
    asked = []

    def away(found: list[str]) -> None:
        asked.append(found)
        raise StorageUnavailable()

    with monkeypatch.context() as patched:
        patched.setattr(storage, "remove", away)
        patched.setattr(storage, "available", lambda: False)
        assert retention.sweep() == 0
        assert len(asked) == 1, "of the others it would not be there either"
        patched.setattr(storage, "available", lambda: True)
        assert retention.sweep() == 0
        assert len(asked) == 3
    assert retention.sweep() == 2
    assert (on_disk(files), stored(acme), differences()) == ([], 0, [])


@for_real
def test_several_sweepers_remove_each_job_once(acme: Organisation, files: Path) -> None:
    jobs = [make_job(acme) for _ in range(8)]
    for job in jobs:
        job_actions.cancel(job, actor=acme.actor, address=None)
    overdue(*jobs)
    done: list[int] = []
    at_once(*[lambda: done.append(retention.sweep())] * 4)
    assert sum(done) == 8
    assert [len(receipts(job)) for job in jobs] == [1] * 8
    assert (on_disk(files), stored(acme), differences()) == ([], 0, [])


def test_sweep_stops_when_told(acme: Organisation) -> None:
    jobs = [make_job(acme) for _ in range(3)]
    for job in jobs:
        job_actions.cancel(job, actor=acme.actor, address=None)
    overdue(*jobs)
    answers = iter([False, True, True])
    assert retention.sweep(lambda: next(answers)) == 1
    assert Job.objects.filter(status=Status.EXPIRED).count() == 1


@for_real
def test_links_deliver_and_end_with_the_job(acme: Organisation) -> None:
    job, client = zero(acme), acme.api()
    links = client.post(f"{URL}/{job.pk}/links", {"files": ["original", "page-1", "json"]}).json()
    anybody = Client()
    for name in ("original", "page-1"):
        assert sent_by(anybody.get(links["links"][name]))
    assert fresh(job).status == "succeeded"
    sent_by(anybody.get(links["links"]["json"]))
    assert fresh(job).status == "expired"
    assert anybody.get(links["links"]["original"]).status_code == 410
    answer = client.post(f"{URL}/{job.pk}/links", {})
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
