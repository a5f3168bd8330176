"""Batches through the API: what is accepted, what is refused, how they stand, cancel and delete."""

from __future__ import annotations

import json
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, Plan
from jobs import batch_actions, batch_api, batches, lifecycle, queue, storage, submit, unpacking
from jobs.batch_actions import submit_batch
from jobs.errors import NothingAccepted
from jobs.models import Batch, Job, Priority, StoredFile, Task
from tests.documents import encrypted_pdf, image_png, text_pdf
from tests.jobs.batching import URL, jobs_of, make_batch, run_all, send
from tests.jobs.making import PDF, claim, form_file, make_job, run_job, upload
from tests.jobs.zips import changed, entries_zip, overlapping, zipped
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def kept(folder: Path) -> list[Path]:
    """The files in the storage."""
    return [path for path in folder.rglob("*") if path.is_file()]


def noted() -> list[str]:
    """What the audit log has of jobs and batches."""
    rows = AuditEntry.objects.filter(object_type__startswith="jobs.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def refusals(body: dict[str, Any]) -> dict[str, str]:
    """Codes by name of what was refused."""
    return {row["name"]: row["error"]["code"] for row in body["items"] if row["error"]}


def test_hundred_files_become_a_hundred_jobs(acme: Organisation, files: Path) -> None:
    sent = {f"{number:03}.pdf": text_pdf([f"Document {number}"]) for number in range(100)}
    answer = send(acme.api(), sent, name="May", metadata='{"case": 7}', pages="1", fields="iban")
    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == body["links"]["self"]
    assert (body["name"], body["status"], body["metadata"]) == ("May", "running", {"case": 7})
    assert body["documents"] == {"total": 100, "queued": 100}
    assert [item["name"] for item in body["items"]] == list(sent)
    assert [item["position"] for item in body["items"]] == list(range(1, 101))
    batch = Batch.objects.get()
    assert (batch.tenant, batch.api_key, batch.created_by) == (acme.tenant, acme.key, None)
    jobs = jobs_of(batch)
    assert [str(job.pk) for job in jobs] == [item["job"] for item in body["items"]]
    assert {(job.options["pages"], tuple(job.options["fields"])) for job in jobs} == {
        ("1", ("iban",))
    }
    assert {job.status for job in jobs} == {"queued"}
    assert len(kept(files)) == 100
    assert sorted(noted()) == ["batch.submit"] + ["job.submit"] * 100
    entry = AuditEntry.objects.get(action="batch.submit")
    assert (entry.object_id, entry.after) == (
        str(batch.pk),
        {"name": "May", "documents": 100, "refused": 0},
    )
    shown = acme.api().get(f"/api/v1/ocr/jobs/{jobs[7].pk}").json()
    assert (shown["batch"], shown["name"]) == (str(batch.pk), "007.pdf")


def test_files_that_are_no_documents_are_told_and_the_others_taken(
    acme: Organisation, files: Path, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, max_bytes=100_000)
    sent = {
        "a.pdf": PDF,
        "words.txt": b"just some text",
        "large.pdf": PDF + b" " * 200_000,
        "b.png": image_png(["B"]),
        "broken.zip": b"PK\3\4 and no more",
        "letter.docx": zipped({"[Content_Types].xml": b"", "word/media/1.png": PDF}),
        "nothing.zip": zipped({}),
    }
    answer = send(acme.api(), sent)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert body["documents"] == {"total": 7, "queued": 2, "refused": 5}
    assert refusals(body) == {
        "words.txt": "unsupported_type",
        "large.pdf": "file_too_large",
        "broken.zip": "corrupt_archive",
        "letter.docx": "unsupported_type",
        "nothing.zip": "empty_document",
    }
    large = body["items"][2]
    assert (large["position"], large["job"], large["status"]) == (3, None, "refused")
    assert (large["error"]["limit"], large["error"]["actual"]) == (100_000, len(PDF) + 200_000)
    assert [job.batch_position for job in jobs_of(Batch.objects.get())] == [1, 4]
    assert len(kept(files)) == 2
    again = acme.api().get(answer["Location"]).json()
    assert again == body


def test_zip_is_taken_apart_with_its_good_and_bad_entries(acme: Organisation, files: Path) -> None:
    archive = zipped(
        {
            "in/a.pdf": PDF,
            "in/b.txt": b"some text",
            "in/empty.pdf": b"",
            "__MACOSX/in/._a.pdf": b"\0\5\26\7",
            "../../c.png": image_png(["C"]),
            "inner.zip": zipped({"d.pdf": PDF}),
        }
    )
    answer = acme.api().post(
        URL,
        {"zip": form_file(archive, "all.zip"), "file": form_file(PDF, "first.pdf")},
        format="multipart",
    )
    body = answer.json()
    assert [(item["name"], item["status"]) for item in body["items"]] == [
        ("first.pdf", "queued"),
        ("a.pdf", "queued"),
        ("b.txt", "refused"),
        ("empty.pdf", "refused"),
        ("c.png", "queued"),
        ("inner.zip", "refused"),
    ]
    assert refusals(body) == {
        "b.txt": "unsupported_type",
        "empty.pdf": "empty_document",
        "inner.zip": "unsupported_entry",
    }
    stored = StoredFile.objects.get(name="a.pdf")
    assert (default_storage.open(stored.key).read(), stored.size) == (PDF, len(PDF))
    assert stored.sha256 == StoredFile.objects.get(name="first.pdf").sha256
    assert len(kept(files)) == 3


@pytest.mark.parametrize(
    "path", ["a/..", "..", "x/.", "a\\..\\", "\x01", "x" * 60_000, "a/" * 30_000]
)
def test_entry_may_be_called_anything(acme: Organisation, path: str) -> None:
    archive = entries_zip(zipfile.ZipInfo(path), zipfile.ZipInfo("b"), body=PDF)
    body = send(acme.api(), {"a.zip": archive})
    assert body.status_code == 202, body.content
    assert 1 <= len(body.json()["items"]) <= 2
    assert body.json()["items"][-1]["name"] == "b"


def test_zip_is_told_by_its_content_whatever_it_is_called(acme: Organisation) -> None:
    sent = {"scan.pdf": zipped({"a.pdf": PDF}), "real.zip": PDF}
    body = send(acme.api(), sent).json()
    assert [item["name"] for item in body["items"]] == ["a.pdf", "real.zip"]
    assert body["documents"] == {"total": 2, "queued": 2}


def test_nothing_acceptable_is_400_with_each_reason_and_leaves_nothing(
    acme: Organisation, files: Path
) -> None:
    answer = send(acme.api(), {"a.txt": b"text", "b.zip": b"PK\3\4"})
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_accepted")
    assert answer["Content-Type"] == "application/problem+json"
    assert [
        (row["position"], row["name"], row["error"]["code"])
        for row in answer.json()["errors"]["files"]
    ] == [(1, "a.txt", "unsupported_type"), (2, "b.zip", "corrupt_archive")]
    assert not Batch.objects.exists()
    assert noted() == []
    assert kept(files) == []


@pytest.mark.parametrize(
    ("data", "code", "named"),
    [
        ({}, "invalid_option", "files"),
        ({"files": "text"}, "invalid_option", "files"),
        ({"document": form_file()}, "invalid_option", "files"),
        ({"files": form_file(), "engine": "no-such"}, "invalid_option", "engine"),
        ({"files": form_file(), "metadata": "[]"}, "invalid_option", "metadata"),
        ({"files": form_file(), "name": "x" * 201}, "invalid_option", "name"),
        ({"files": form_file(), "name": "\u0958" * 101}, "invalid_option", "name"),
        ({"files": form_file(), "name": "a\0"}, "invalid_option", "name"),
    ],
)
def test_request_that_is_not_valid_is_refused(
    acme: Organisation, data: dict[str, Any], code: str, named: str
) -> None:
    answer = acme.api().post(URL, data, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert named in answer.json()["errors"]
    assert not Batch.objects.exists()


def test_template_that_is_missing_is_told_before_anything_is_kept(
    acme: Organisation, files: Path
) -> None:
    answer = send(acme.api(), {"a.pdf": PDF}, template="no-such")
    assert (answer.status_code, answer.json()["code"]) == (400, "template_not_found")
    assert kept(files) == []


def test_more_files_than_allowed_are_413(
    acme: Organisation, settings: Settings, files: Path
) -> None:
    settings.MAX_BATCH_FILES = 3
    two = zipped({"a.pdf": PDF, "b.pdf": PDF})
    for sent in (
        {f"{number}.pdf": PDF for number in range(4)},
        {"all.zip": zipped({f"{number}.pdf": PDF for number in range(4)})},
        {"1.pdf": PDF, "2.zip": two, "3.zip": two},
    ):
        answer = send(acme.api(), sent)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_files")
        assert answer.json()["limit"] == 3
    assert send(acme.api(), {"1.pdf": PDF, "2.zip": two}).status_code == 202
    assert len(kept(files)) == 3


def test_more_than_a_hundred_files_are_told_by_our_own_error(acme: Organisation) -> None:
    answer = send(acme.api(), {f"{number}.pdf": PDF for number in range(101)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_files")


def test_more_bytes_than_allowed_are_413(
    acme: Organisation, settings: Settings, files: Path
) -> None:
    settings.MAX_BATCH_BYTES = 3_000_000
    body = PDF + b" " * 2_000_000
    answer = send(acme.api(), {"a.pdf": body, "b.pdf": body})
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    assert answer.json()["limit"] == 3_000_000
    far = send(acme.api(), {"a.pdf": body * 3})
    assert (far.status_code, far.json()["code"]) == (413, "batch_too_large")
    assert far.json()["actual"] > len(body) * 3, "by Content-Length"
    assert kept(files) == []


def test_what_an_archive_unpacks_to_counts_for_the_batch(
    acme: Organisation, settings: Settings
) -> None:
    settings.MAX_BATCH_BYTES = 3_000_000
    body = PDF + b" " * 900_000
    sent = {"a.pdf": body, "b.zip": zipped({f"{number}.pdf": body for number in range(4)})}
    answer = send(acme.api(), sent)
    assert refusals(answer.json()) == {"2.pdf": "batch_too_large", "3.pdf": "batch_too_large"}


def test_entry_larger_than_a_document_may_be_is_refused_alone(
    acme: Organisation, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, max_bytes=100_000)
    archive = zipped({"a.pdf": PDF + bytes(150_000), "b.pdf": PDF})
    large = zipped({"c.pdf": PDF + bytes(range(256)) * 350, "d.pdf": PDF + b"x" * 90_000}, 0)
    assert len(large) > 100_000, "an archive may be larger"
    body = send(acme.api(), {"1.zip": archive, "2.zip": large}).json()
    assert refusals(body) == {"a.pdf": "file_too_large"}
    assert body["documents"] == {"total": 4, "queued": 3, "refused": 1}


def test_bombs_are_refused_and_good_files_beside_them_taken(acme: Organisation) -> None:
    large = PDF + bytes(40_000_000)
    sent = {
        "overlapping.zip": overlapping(90, large),
        "ratio.zip": zipped({"zeros.pdf": large, "text.txt": bytes(40_000_000)}),
        "lying.zip": changed(zipped({"a.pdf": PDF}), "size", 7),
        "good.pdf": PDF,
    }
    body = send(acme.api(), sent).json()
    assert refusals(body) == {
        "overlapping.zip": "corrupt_archive",
        "zeros.pdf": "compression_too_high",
        "text.txt": "unsupported_type",
        "a.pdf": "corrupt_archive",
    }
    assert body["documents"]["queued"] == 1


def test_many_archives_of_rubbish_hold_no_memory() -> None:
    rubbish = zipped({f".{number}": b"" for number in range(2000)})
    with ExitStack() as stack:
        uploads = [stack.enter_context(upload(rubbish, "a.zip")) for _ in range(20)]
        unpacking.incoming(uploads[:1])
        tracemalloc.start()
        documents = unpacking.incoming(uploads)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert {document.refusal.code for document in documents if document.refusal} == {
        "empty_document"
    }
    assert peak < 6_000_000, "about one archive's entries"


def test_unpacking_ends_when_its_time_is_over(acme: Organisation, settings: Settings) -> None:
    settings.UNPACK_SECONDS = 0
    body = send(acme.api(), {"a.zip": zipped({"a.pdf": PDF}), "b.pdf": PDF}).json()
    assert refusals(body) == {"a.pdf": "unpack_timeout"}


def test_other_endpoints_keep_their_limit(acme: Organisation, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, max_bytes=1000)
    data = {"file": form_file(PDF + b" " * 2000)}
    answer = acme.api().post("/api/v1/ocr/jobs", data, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


def test_many_batches_at_once_are_told_to_wait(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(batch_api, "receiving", places)
    with places:
        answer = send(acme.api(), {"a.pdf": PDF})
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) > 0
    assert send(acme.api(), {"a.txt": b"text"}).status_code == 400
    assert send(acme.api(), {"a.pdf": PDF}).status_code == 202, "the place was given back"


def failing(error: Exception, at: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which raises at its call of that number."""
    calls = iter(range(1, 1000))

    def called(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == at:
            raise error
        return real(*args, **kwargs)

    return called


@pytest.mark.parametrize("at", [1, 3])
def test_storage_that_fails_leaves_neither_rows_nor_files(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    broken = failing(OSError("full"), at, default_storage.save)
    monkeypatch.setattr(default_storage, "save", broken)
    answer = send(acme.api(), {f"{number}.pdf": PDF for number in range(4)})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert kept(files) == []


def test_fault_amid_the_rows_leaves_no_half_batch(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, stored in ((ValueError("bug"), 0), (OperationalError("gone"), 3)):
        with monkeypatch.context() as patched:
            patched.setattr(submit, "create", failing(error, 3, submit.create))
            with pytest.raises(type(error)):
                make_batch(acme)
        for model in (Batch, Job, StoredFile, Task):
            assert not model._default_manager.exists()
        assert noted() == []
        assert len(kept(files)) == stored, "kept only where the commit may have gone through"


def test_documents_ending_complete_the_batch_once(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF, b"%PDF-1.7 broken", text_pdf(["One", "Two"])])
    jobs = jobs_of(batch)
    url, client = f"{URL}/{batch.pk}", acme.api()
    run_job(str(jobs[0].pk))
    half = client.get(url).json()
    assert half["documents"] == {"total": 3, "succeeded": 1, "queued": 2}
    assert (half["status"], half["completed_at"]) == ("running", None)
    assert half["pages"] == {"total": 1, "done": 1, "failed": 0}
    assert "cancel" in half["links"]
    run_job(str(jobs[1].pk))
    run_job(str(jobs[2].pk))
    whole = client.get(url).json()
    assert whole["documents"] == {"total": 3, "succeeded": 2, "failed": 1}
    assert whole["status"] == "completed"
    assert whole["pages"] == {"total": 3, "done": 3, "failed": 0}
    assert "cancel" not in whole["links"]
    assert whole["items"][1]["error"]["code"] == "corrupt_document"
    entry = AuditEntry.objects.get(action="batch.end")
    assert (entry.actor, entry.after) == ("system", {"succeeded": 2, "failed": 1})


def test_job_without_a_batch_costs_no_query(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = make_job(acme)
    with django_assert_num_queries(0):
        batches.job_ended(job)


def test_cancel_half_way_keeps_what_was_read(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF] * 4)
    jobs = jobs_of(batch)
    run_job(str(jobs[0].pk))
    task = claim(jobs[1])
    client = acme.api()
    answer = client.post(f"{URL}/{batch.pk}/cancel")
    assert answer.status_code == 202
    body = answer.json()
    assert body["status"] == "cancelling"
    assert [item["status"] for item in body["items"]] == [
        "succeeded", "running", "cancelled", "cancelled"
    ]  # fmt: skip
    assert Job.objects.get(pk=jobs[1].pk).cancel_requested
    assert not AuditEntry.objects.filter(action="batch.end").exists()
    again = client.post(f"{URL}/{batch.pk}/cancel")
    assert again.status_code == 202, "the running one has not ended"
    lifecycle.cancelled(task)
    shown = client.get(f"{URL}/{batch.pk}").json()
    assert (shown["status"], shown["documents"]) == (
        "completed", {"total": 4, "succeeded": 1, "cancelled": 3}
    )  # fmt: skip
    late = client.post(f"{URL}/{batch.pk}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "already_ended")
    of_batch = sorted(action for action in noted() if action.startswith("batch."))
    assert of_batch == ["batch.cancel", "batch.cancel", "batch.end", "batch.submit"]


def test_retry_reopens_the_batch_and_ends_it_again(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF, b"%PDF-1.7 broken", PDF, PDF])
    jobs = jobs_of(batch)
    url, client = f"{URL}/{batch.pk}", acme.api()
    early = client.post(f"{url}/retry")
    assert (early.status_code, early.json()["code"]) == (409, "nothing_to_retry")
    run_job(str(jobs[0].pk))
    run_job(str(jobs[1].pk))
    client.post(f"{url}/cancel")
    assert client.get(url).json()["documents"] == {
        "total": 4, "succeeded": 1, "failed": 1, "cancelled": 2
    }  # fmt: skip
    answer = client.post(f"{url}/retry")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["completed_at"]) == ("running", None)
    assert body["documents"] == {"total": 4, "succeeded": 1, "queued": 3}
    run_all(batch)
    body = client.get(url).json()
    assert (body["status"], body["documents"]) == (
        "completed", {"total": 4, "succeeded": 3, "failed": 1}
    )  # fmt: skip
    assert noted().count("batch.end") == 2
    assert client.post(f"/api/v1/ocr/jobs/{jobs[1].pk}/retry").status_code == 202
    assert client.get(url).json()["status"] == "running", "one job is enough"
    of_batch = [action for action in noted() if action.startswith("batch.")]
    assert of_batch == ["batch.submit", "batch.cancel", "batch.end", "batch.retry", "batch.end"]


def test_retry_opens_encrypted_documents_with_the_password_given_again(acme: Organisation) -> None:
    batch = make_batch(acme, [encrypted_pdf("geheim")])
    run_all(batch)
    client, url = acme.api(), f"{URL}/{batch.pk}"
    assert client.get(url).json()["documents"] == {"total": 1, "failed": 1}
    assert client.post(f"{url}/retry", {"password": "geheim"}).status_code == 202
    run_all(batch)
    assert client.get(url).json()["documents"] == {"total": 1, "succeeded": 1}
    done = client.post(f"{url}/retry")
    assert (done.status_code, done.json()["code"]) == (409, "nothing_to_retry")


def test_priority_is_each_jobs(acme: Organisation) -> None:
    send(acme.api(), {"a.pdf": PDF, "b.pdf": PDF}, priority="low")
    assert set(Task.objects.values_list("priority", flat=True)) == {Priority.LOW}


def test_full_queue_refuses_batches_and_retries(acme: Organisation, settings: Settings) -> None:
    batch = make_batch(acme, [b"%PDF-1.7 broken"])
    run_all(batch)
    settings.MAX_QUEUED = 0
    queue._counts.clear()
    for answer in (send(acme.api(), {"a.pdf": PDF}), acme.api().post(f"{URL}/{batch.pk}/retry")):
        assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
    queue._counts.clear()


def test_batch_beyond_a_quota_is_refused_whole_and_leaves_nothing(
    acme: Organisation, files: Path
) -> None:
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", open_jobs=2)
    acme.tenant.save()
    answer = send(acme.api(), {f"{number}.pdf": PDF for number in range(3)})
    assert answer.json()["code"] == "quota_exceeded"
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert kept(files) == []
    assert send(acme.api(), {"1.pdf": PDF, "2.pdf": PDF}).status_code == 202


def test_cancelling_all_completes_at_once(acme: Organisation) -> None:
    batch = make_batch(acme)
    body = acme.api().post(f"{URL}/{batch.pk}/cancel").json()
    assert (body["status"], body["documents"]) == ("completed", {"total": 3, "cancelled": 3})
    assert AuditEntry.objects.filter(action="batch.end").count() == 1


def test_deleting_the_last_open_job_completes_the_batch(acme: Organisation) -> None:
    batch = make_batch(acme)
    jobs, client = jobs_of(batch), acme.api()
    run_job(str(jobs[0].pk))
    run_job(str(jobs[1].pk))
    assert client.delete(f"/api/v1/ocr/jobs/{jobs[2].pk}").status_code == 204
    shown = client.get(f"{URL}/{batch.pk}").json()
    assert (shown["status"], shown["documents"]) == ("completed", {"total": 2, "succeeded": 2})


def test_delete_removes_jobs_results_and_files(acme: Organisation, files: Path) -> None:
    batch, other = make_batch(acme, preview=True), make_job(acme)
    jobs = jobs_of(batch)
    run_job(str(jobs[0].pk))
    assert acme.api().delete(f"{URL}/{batch.pk}").status_code == 204
    assert acme.api().get(f"{URL}/{batch.pk}").status_code == 404
    assert [job.pk for job in Job.objects.all()] == [other.pk]
    assert len(kept(files)) == 1
    assert sorted(action for action in noted() if "delete" in action) == [
        "batch.delete", "job.delete", "job.delete", "job.delete"
    ]  # fmt: skip
    assert "batch.end" not in noted(), "no end is told of what is being deleted"


def test_delete_goes_on_where_its_time_or_the_storage_ended_it(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(acme)
    url, client = f"{URL}/{batch.pk}", acme.api()
    with monkeypatch.context() as short:
        short.setattr(batch_actions, "DELETE_SECONDS", -1)
        answer = client.delete(url)
    assert (answer.status_code, answer.json()["documents"]["total"]) == (202, 3)
    with monkeypatch.context() as broken:
        broken.setattr(
            default_storage, "remove", failing(OSError("read-only"), 2, storage.store().remove)
        )
        answer = client.delete(url)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert 0 < Job.objects.count() < 3
    assert client.delete(url).status_code == 204
    assert not Batch.objects.exists()
    assert kept(files) == []


def test_list_is_newest_first_in_as_many_queries_for_1_and_30(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, made = acme.api(), [str(make_batch(acme, [PDF]).pk)]
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    made += [str(make_batch(acme, [PDF, PDF]).pk) for _ in range(29)]
    with django_assert_num_queries(len(one)):
        rows = client.get(URL).json()["results"]
    assert [row["id"] for row in rows] == made[::-1]
    assert rows[0]["documents"] == {"total": 2, "queued": 2}
    assert "items" not in rows[0]
    page = client.get(f"{URL}?page_size=2").json()
    assert client.get(page["next"]).json()["results"][0]["id"] == made[-3]


def test_batch_is_shown_in_as_many_queries_for_1_and_30_documents(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = acme.api()
    small, large = make_batch(acme, [PDF]), make_batch(acme, [PDF] * 30)
    client.get(f"{URL}/{small.pk}")
    with CaptureQueriesContext(connection) as one:
        client.get(f"{URL}/{small.pk}")
    with django_assert_num_queries(len(one)):
        assert len(client.get(f"{URL}/{large.pk}").json()["items"]) == 30


def test_scopes_bound_what_a_key_may_do(acme: Organisation) -> None:
    reader, writer = acme.api("jobs:read"), acme.api("jobs:write")
    url = f"{URL}/{make_batch(acme).pk}"
    assert reader.get(url).status_code == 200
    assert reader.get(f"{url}/export.csv").status_code == 200
    assert send(reader, {"a.pdf": PDF}).status_code == 403
    assert reader.post(f"{url}/cancel").status_code == 403
    assert reader.delete(url).status_code == 403
    assert writer.get(URL).status_code == 403
    assert send(writer, {"a.pdf": PDF}).status_code == 202
    assert writer.post(f"{url}/cancel").status_code == 202


def test_password_opens_every_document_and_is_never_shown(acme: Organisation) -> None:
    sent = {"a.pdf": encrypted_pdf("geheim"), "b.pdf": encrypted_pdf("geheim")}
    answer = send(acme.api(), sent, password="geheim")
    assert b"geheim" not in answer.content
    batch = Batch.objects.get()
    assert "password" not in batch.options
    run_all(batch)
    assert {job.status for job in jobs_of(batch)} == {"succeeded"}


def test_form_is_refused_before_its_archives_are_opened(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "Archive", None)
    answer = send(acme.api(), {"a.zip": zipped({"a.pdf": PDF})}, dpi="9000")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


def test_refusals_are_carried_by_the_error(acme: Organisation) -> None:
    from extraction.options import Options

    with upload(b"", "a.pdf") as empty, pytest.raises(NothingAccepted) as raised:
        submit_batch(actor=acme.actor, uploads=[empty], options=Options())
    assert json.dumps(raised.value.refused).startswith('[{"position": 1, "name": "a.pdf", "error"')
