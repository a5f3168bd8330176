"""The searchable PDF of a job: made once, kept with the job's files, gone with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf
import pytest
from django.core.files.storage import default_storage

from extraction import searchable_pdf
from extraction.errors import NotMade
from jobs import job_actions, lifecycle, results, storage
from jobs.errors import ResultNotReady, StorageUnavailable
from jobs.models import Job, Status
from jobs.results import open_pdf
from tests.documents import encrypted_pdf, text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.test_api import URL, post
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def text_of(job: Job) -> str:
    """The text of a job's searchable PDF."""
    job.refresh_from_db()
    with open_pdf(job) as file:
        return str(pymupdf.open(stream=file.read(), filetype="pdf")[0].get_text()).strip()


def pdfs(files: Path) -> list[str]:
    """The names of all searchable PDFs kept."""
    return sorted(path.name for path in files.rglob("*.pdf"))


@contextmanager
def kept(path: Path, body: bytes) -> Iterator[Path]:
    """A file that stays for the length of a block."""
    path.write_bytes(body)
    yield path


def test_searchable_pdf_is_made_where_it_was_asked_for(acme: Organisation, files: Path) -> None:
    answer = post(acme.api(), outputs="json, pdf")
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.options["outputs"] == ["json", "pdf"]
    run_job(str(job.pk))

    assert text_of(job) == "A page of text that needs no OCR at all."
    assert pdfs(files) == ["1.pdf"]
    links = acme.api().get(f"{URL}/{job.pk}").json()["links"]
    assert links["pdf"].endswith(f"{job.pk}/result.pdf")


def test_searchable_pdf_of_an_encrypted_document_needs_no_password(acme: Organisation) -> None:
    job = make_job(acme, encrypted_pdf("geheim", "Secret"), password="geheim", outputs=("pdf",))
    run_job(str(job.pk))
    assert text_of(job) == "Secret"


def test_searchable_pdf_not_asked_for_is_409(acme: Organisation, files: Path) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    answer = acme.api().get(f"{URL}/{job.pk}/result.pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_made")
    assert "outputs=pdf" in answer.json()["detail"]
    assert "pdf" not in acme.api().get(f"{URL}/{job.pk}").json()["links"]
    assert pdfs(files) == []


def test_unknown_output_is_refused(acme: Organisation) -> None:
    answer = post(acme.api(), outputs="pdf,docx")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert "'docx' is not one of: json" in str(answer.json()["errors"])
    assert not Job.objects.exists()


def test_searchable_pdf_of_a_job_on_its_way_is_not_ready(acme: Organisation) -> None:
    with pytest.raises(ResultNotReady):
        open_pdf(make_job(acme, outputs=("pdf",)))


def test_document_that_allows_no_pdf_keeps_its_result(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchable_pdf, "MAX_GROWTH", 0)  # every PDF is too large
    job = make_job(acme, outputs=("pdf",))
    run_job(str(job.pk))
    body = acme.api().get(f"{URL}/{job.pk}").json()
    assert (body["status"], body["warnings"]) == ("succeeded", ["pdf_not_made"])
    assert "json" in body["links"]
    assert "pdf" not in body["links"]
    job.refresh_from_db()
    with pytest.raises(NotMade, match="could not be made"):
        open_pdf(job)


def test_pdf_of_an_attempt_that_died_gives_way_to_the_next(
    acme: Organisation, files: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker ends between writing the PDF and ending the job."""
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "finish", lambda job, document: lifecycle.hand_back(job))
        job = make_job(acme, outputs=("pdf",))
        run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, pdfs(files)) == (Status.QUEUED, ["1.pdf"])

    run_job(str(job.pk))

    assert "A page of text that needs no OCR at all." in text_of(job)
    assert (job.status, job.attempt, pdfs(files)) == (Status.SUCCEEDED, 2, ["2.pdf"])
    assert len(fake_engine.read_pages) == 1


def test_attempt_that_comes_back_from_the_dead_spoils_nothing(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(acme, outputs=("pdf",))
    first = claim(job, worker="first")
    lifecycle.hand_back(first)
    run_job(str(job.pk))

    storage.put(storage.pdf_key(job.tenant_id, job.pk, first.attempt), b"half a f")

    assert text_of(job) == "A page of text that needs no OCR at all."


def test_job_is_tried_again_when_its_pdf_cannot_be_stored(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, file: object) -> None:
        raise StorageUnavailable()

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put_file", full)
        job = make_job(acme, outputs=("pdf",))
        run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.tasks.get().retries) == (Status.QUEUED, 1)
    run_job(str(job.pk))
    assert text_of(job) == "A page of text that needs no OCR at all."


def test_deleting_a_job_removes_its_pdf(acme: Organisation, files: Path) -> None:
    job = make_job(acme, outputs=("pdf",))
    run_job(str(job.pk))
    assert pdfs(files) == ["1.pdf"]
    assert acme.api().delete(f"{URL}/{job.pk}").status_code == 204
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_pdf_of_a_job_deleted_meanwhile_is_removed(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = results.write_searchable_pdf

    def delete_first(*args: object, **kwargs: object) -> None:
        job_actions.delete(job, actor=acme.actor, address=None)
        write(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(results, "write_searchable_pdf", delete_first)
    job = make_job(acme, outputs=("pdf",))
    key = job.file.key
    body = default_storage.open(key).read()
    # The original is gone with the job; this worker still has it open.
    monkeypatch.setattr(storage, "local_path", lambda key: kept(files / "kept", body))
    run_job(str(job.pk))
    assert not Job.objects.exists()
    assert pdfs(files) == []


def test_cancelled_job_has_no_pdf(acme: Organisation, files: Path, fake_engine: FakeEngine) -> None:
    job = make_job(acme, text_pdf(["One", "Two"]), outputs=("pdf",))

    def cancel(page: object) -> None:
        job_actions.cancel(job, actor=acme.actor, address=None)
        fake_engine.before = lambda page: None

    fake_engine.before = cancel
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    with pytest.raises(NotMade):
        open_pdf(job)
    assert pdfs(files) == []
