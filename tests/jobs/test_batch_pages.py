"""The pages of batches: what works first, then what is refused."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.permissions import Role
from jobs.models import Batch, Job
from tests.jobs.batching import jobs_of, make_batch, run_all
from tests.jobs.batching import send as send_by_api
from tests.jobs.making import PDF, form_file, make_job, run_job
from tests.jobs.test_views import SCRIPT, page, send, signed_in, text_of
from tests.jobs.zips import zipped
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    return signed_in(acme.owner)


@pytest.fixture
def mixed(acme: Organisation) -> Batch:
    """One that was read, one broken, one refused."""
    sent = {"one.pdf": PDF, "broken.pdf": b"%PDF-1.7 broken", "text.txt": b"words"}
    assert send_by_api(acme.api(), sent, name="May").status_code == 202
    batch = Batch.objects.get()
    run_all(batch)
    batch.refresh_from_db()
    return batch


def test_many_files_and_a_zip_become_one_batch(browser: Client, acme: Organisation) -> None:
    archive = form_file(zipped({"b.pdf": PDF, "c.pdf": PDF}), "more.zip")
    assert 'name="url"' not in page(browser, "/batches/new")
    answer = send(
        browser,
        "/batches/new",
        file=[form_file(name="a.pdf"), archive],
        name="  Invoices of May ",
        priority="2",
    )
    batch = Batch.objects.for_tenant(acme.tenant).get()
    assert (answer.status_code, answer["Location"]) == (302, f"/batches/{batch.pk}")
    assert (batch.name, batch.created_by) == ("Invoices of May", acme.owner)
    assert [job.file.name for job in jobs_of(batch)] == ["a.pdf", "b.pdf", "c.pdf"]
    assert {job.priority for job in jobs_of(batch)} == {2}
    assert AuditEntry.objects.get(action="batch.submit").user == acme.owner


def test_upload_by_script_answers_201_or_the_reasons_alone(browser: Client) -> None:
    answer = send(browser, "/batches/new", file=form_file(), **SCRIPT)
    assert (answer.status_code, answer["Location"]) == (201, f"/batches/{Batch.objects.get().pk}")
    refused = send(browser, "/batches/new", file=form_file(b"words", "notes.txt"), **SCRIPT)
    said = text_of(refused.content.decode())
    assert refused.status_code == 400
    assert "No file of the batch could be accepted" in said
    assert "notes.txt: This kind of file is not supported" in said
    assert "<html" not in refused.content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose at least one document."),
        ({"file": form_file(), "pages": "3-1"}, "is not a range of pages"),
        ({"file": form_file(), "name": "x" * 300}, "Name of the batch"),
    ],
)
def test_upload_with_something_wrong_is_400_and_says_what(
    browser: Client, data: dict[str, Any], words: str
) -> None:
    answer = send(browser, "/batches/new", **data)
    assert answer.status_code == 400
    assert words in text_of(answer.content.decode())
    assert not Batch.objects.exists()


def test_upload_without_the_forms_token_is_403(browser: Client) -> None:
    assert browser.post("/batches/new", {"file": form_file()}).status_code == 403
    assert not Batch.objects.exists()


def test_list_tells_how_batches_stand(browser: Client, acme: Organisation, mixed: Batch) -> None:
    waiting = make_batch(acme)
    said = text_of(page(browser, "/batches"))
    assert "Completed, 2 failed" in said
    assert "Queued" in said
    run_job(str(jobs_of(waiting)[0].pk))
    part = page(browser, "/batches", **SCRIPT)
    assert "1 of 3" in text_of(part)
    assert "every 2s" in part


def test_batch_shows_its_documents_and_why_they_failed(browser: Client, mixed: Batch) -> None:
    said = text_of(page(browser, f"/batches/{mixed.pk}"))
    assert "broken.pdf The document is damaged" in said
    assert "text.txt This kind of file is not supported" in said
    assert "Try 1 document again" in said
    failed = text_of(page(browser, f"/batches/{mixed.pk}?status=failed"))
    assert "broken.pdf" in failed
    assert "one.pdf" not in failed
    refused = text_of(page(browser, f"/batches/{mixed.pk}?status=refused"))
    assert "text.txt" in refused
    assert "broken.pdf" not in refused
    assert browser.get(f"/batches/{mixed.pk}?status=lost").status_code == 400
    assert browser.get(f"/batches/{mixed.pk}?after=x").status_code == 400


def test_batch_goes_on_with_further_documents(
    browser: Client, mixed: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.batch_pages.ITEMS", 2)
    first = page(browser, f"/batches/{mixed.pk}")
    assert "after=2" in first
    assert "text.txt" not in first
    assert "text.txt" in page(browser, f"/batches/{mixed.pk}?after=2")


def test_batch_is_cancelled_tried_again_and_deleted(browser: Client, acme: Organisation) -> None:
    batch = make_batch(acme)
    address = f"/batches/{batch.pk}"
    assert send(browser, f"{address}/cancel")["Location"] == address
    assert {job.status for job in jobs_of(batch)} == {"cancelled"}
    assert send(browser, f"{address}/retry")["Location"] == address
    assert {job.status for job in jobs_of(batch)} == {"queued"}
    assert send(browser, f"{address}/delete")["Location"] == "/batches"
    assert not Job.objects.exists()
    made = list(
        AuditEntry.objects.filter(action__startswith="batch.")
        .order_by("pk")
        .values_list("action", "user")
    )
    owner = acme.owner.pk
    assert [each for each in made if each[1] == owner] == [
        ("batch.cancel", owner), ("batch.retry", owner), ("batch.delete", owner)
    ]  # fmt: skip


def test_what_cannot_be_done_is_told(browser: Client, mixed: Batch) -> None:
    answer = send(browser, f"/batches/{mixed.pk}/cancel")
    assert answer.status_code == 409
    assert "has ended already" in text_of(answer.content.decode())


def test_results_are_taken_in_one_file(browser: Client, acme: Organisation, mixed: Batch) -> None:
    answer: Any = browser.get(f"/batches/{mixed.pk}/export.zip?formats=txt")
    body = b"".join(answer.streaming_content)
    answer.close()
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert names == ["001-one/result.txt", "errors.csv"]
    assert answer["Content-Disposition"] == 'attachment; filename="May.zip"'
    entry = AuditEntry.objects.get(action="batch.download")
    assert (entry.user, entry.after) == (acme.owner, {"file": "zip", "by": "page"})
    assert browser.get(f"/batches/{mixed.pk}/export.zip?formats=exe").status_code == 400


def test_who_looks_on_is_offered_nothing_else(acme: Organisation, mixed: Batch) -> None:
    client = signed_in(acme.join(Role.VIEWER))
    assert "New batch" not in page(client, "/batches")
    said = text_of(page(client, f"/batches/{mixed.pk}"))
    assert "Delete" not in said
    assert "Try 1" not in said
    assert "Download" in said
    assert client.get("/batches/new").status_code == 403


def test_list_takes_the_same_queries_for_1_and_30_batches(
    browser: Client, acme: Organisation
) -> None:
    counts = []
    for more in (1, 29):
        for _ in range(more):
            batch = Batch.objects.create(tenant=acme.tenant)
            Job.objects.filter(pk=make_job(acme).pk).update(batch=batch, batch_position=1)
        with CaptureQueriesContext(connection) as queries:
            page(browser, "/batches")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_batch_takes_the_same_queries_for_1_and_30_documents(
    browser: Client, acme: Organisation
) -> None:
    counts = []
    for number in (1, 30):
        batch = make_batch(acme, [PDF] * number)
        with CaptureQueriesContext(connection) as queries:
            page(browser, f"/batches/{batch.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
