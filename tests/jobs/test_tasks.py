"""A job from its claim to its stored result, with the tests' engine and with real documents."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import UsageRecord
from extraction import engines
from extraction.errors import EngineUnavailable
from extraction.formats import render
from extraction.formats.md import document_markdown
from extraction.types import PageImage
from jobs import claims, heartbeat, job_actions, lifecycle, tasks
from jobs.models import Job, Page, Status, Task
from jobs.results import document_of
from tests.documents import encrypted_pdf, image_png, text_pdf
from tests.engines import FakeEngine
from tests.extraction.test_continued import TITLES, drawn, items
from tests.jobs.making import claim, make_job, run_job
from tests.listening import at_each_pause
from tests.people import Organisation

pytestmark = pytest.mark.django_db(transaction=True)

THREE = text_pdf(["One page here", "Two pages here", "Three pages here"])


def test_run_job_reads_a_document_end_to_end(acme: Organisation, files: Path) -> None:
    """The real decoder and the real `auto` engine."""
    job = make_job(acme, text_pdf(["Invoice number: A-17\nTotal due: 12.50 EUR"]), preview=True)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error, job.page_count) == (Status.SUCCEEDED, None, 1)
    document = document_of(job)
    assert "Invoice number: A-17" in document_markdown(document)
    assert {value.name: value.value for value in document.fields}["invoice_number"] == "A-17"
    assert document.pages[0].words[0].text == "Invoice"
    assert document.source.sha256 == job.file.sha256
    page = Page.objects.get(job=job)
    assert (files / page.preview_key).read_bytes()[:2] == b"\xff\xd8"
    assert b"A-17" in render(document, "txt").body


def test_result_of_a_job_leaves_out_furniture_where_told(acme: Organisation, files: Path) -> None:
    pages = [f"Harbour Review\n\n\n\nIts part {letter}" for letter in "AB"]
    whole, bare = (
        make_job(acme, text_pdf(pages), strip_furniture=strip) for strip in (False, True)
    )
    run_job(str(whole.pk))
    run_job(str(bare.pk))
    whole.refresh_from_db()
    bare.refresh_from_db()
    assert [[block.kind for block in page.blocks] for page in document_of(whole).pages] == [
        ["header", "paragraph"]
    ] * 2
    assert document_markdown(document_of(bare)) == "Its part A\n\nIts part B"


def test_result_of_a_job_tells_that_a_table_goes_on_overleaf(
    acme: Organisation, files: Path, tmp_path: Path
) -> None:
    path = drawn(tmp_path, [(TITLES, items(1, 19), 390), (TITLES, items(20, 9), 60)])
    job = make_job(acme, path.read_bytes())
    run_job(str(job.pk))
    job.refresh_from_db()
    document = document_of(job)
    blocks = [block for page in document.pages for block in page.blocks]
    assert [block.continues for block in blocks] == [None, "p1-b1"]
    assert document_markdown(document).count("| Item | Code | Amount |") == 1


def test_entities_are_kept_by_what_the_whole_document_tells(
    acme: Organisation, files: Path
) -> None:
    """On the first page alone 03/04/2026 may be either, and an amount has no currency."""
    texts = ["Delivered on 03/04/2026", "Due on 12/31/2026, at last USD 12.50"]
    job = make_job(acme, text_pdf(texts))
    run_job(str(job.pk))
    kept = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    first, second = (page["entities"] for page in kept)
    assert [each["value"] for each in first] == ["2026-03-04"]
    assert first[0]["notes"] == ["month_first_by_document"]
    assert [each["value"] for each in second] == [
        "2026-12-31",
        {"amount": "12.50", "currency": "USD"},
    ]
    body = acme.api().get(f"/api/v1/ocr/jobs/{job.pk}/result.json").json()
    assert [page["entities"] for page in body["pages"]] == [first, second]


def test_fault_of_entities_or_languages_loses_nothing_else(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr("extraction.entities.entities_of", fail)
    monkeypatch.setattr("extraction.entities.retold", fail)
    monkeypatch.setattr("extraction.languages.language_of", fail)
    job = make_job(acme, text_pdf(["One page here", "Two pages here"]))
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    for page in document_of(job).pages:
        assert page.warnings == ("language_failed", "entities_failed")
        assert (page.language, page.entities) == (None, None)
        assert "pages here" in page.markdown or "page here" in page.markdown


def test_run_job_reads_a_picture(acme: Organisation, files: Path) -> None:
    job = make_job(acme, image_png(["TOTAL 12.50"], 320, 90))
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    page = document_of(job).pages[0]
    assert [word.text for word in page.words] == ["TOTAL", "12.50"]
    assert page.engine == "rapidocr"
    assert page.confidence is not None
    assert page.confidence > 0.8


def test_run_job_ignores_a_job_that_another_worker_has(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    job = make_job(acme)
    claim(job, worker="other")
    run_job(str(job.pk))
    assert fake_engine.read_pages == []


@pytest.mark.parametrize(
    ("body", "options", "code"),
    [
        (encrypted_pdf("geheim"), {}, "encrypted"),
        (encrypted_pdf("geheim"), {"password": "wrong"}, "wrong_password"),
        (b"%PDF-1.7 and then nothing", {}, "corrupt_document"),
        (THREE, {"pages": "2-9"}, "invalid_option"),
    ],
)
def test_run_job_fails_a_bad_document_with_its_code(
    acme: Organisation, files: Path, body: bytes, options: dict[str, str], code: str
) -> None:
    job = make_job(acme, body, **options)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == code
    assert job.sealed_password == ""
    assert UsageRecord.objects.get().pages == 0


def test_run_job_opens_an_encrypted_document_with_its_password(
    acme: Organisation, files: Path
) -> None:
    job = make_job(acme, encrypted_pdf("geheim", "Secret contents"), password="geheim")
    assert "geheim" not in job.sealed_password
    assert "password" not in job.options
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.sealed_password) == (Status.SUCCEEDED, "")
    assert "Secret contents" in document_markdown(document_of(job))


def test_run_job_tries_again_when_the_engine_is_unavailable(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    def down(page: PageImage) -> None:
        raise EngineUnavailable("no answer")

    fake_engine.before = down
    job = make_job(acme)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.tasks.get().retries) == (Status.QUEUED, 1)


def test_run_job_leaves_what_this_worker_is_set_up_without_to_another(
    acme: Organisation, files: Path
) -> None:
    job = make_job(acme, engine="text-layer")
    with patch.dict(engines.ENGINES):  # whose order it restores too
        del engines.ENGINES["text-layer"]
        run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.QUEUED, None)
    Task.objects.filter(job=job).update(due_at=Now())
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED


def test_run_job_keeps_the_good_pages_when_one_fails(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    def second_fails(page: PageImage) -> None:
        if page.number == 2:
            raise RuntimeError("a bug in the engine")

    fake_engine.before = second_fails
    job = make_job(acme, THREE)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done, job.pages_failed) == (Status.PARTIAL, 3, 1)
    errors = [page.error and page.error.code for page in document_of(job).pages]
    assert errors == [None, "engine_failed", None]


def test_run_job_stops_at_a_page_boundary_when_cancelled(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, THREE)

    def cancel_on_second(page: PageImage) -> None:
        if page.number == 2:
            job_actions.cancel(Job.objects.get(pk=job.pk), actor=acme.actor, address=None)

    fake_engine.before = cancel_on_second
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.CANCELLED, 2)
    assert [page.number for page in document_of(job).pages] == [1, 2]


def test_run_job_hands_back_when_the_worker_stops_and_goes_on_where_it_was(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    fake_engine.before = lambda page: tasks.stopping.set() if page.number == 1 else None
    job = make_job(acme, THREE)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done, job.tasks.get().crashes) == (Status.QUEUED, 1, 0)
    tasks.stopping.clear()
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.attempt, job.pages_done) == (Status.SUCCEEDED, 2, 3)
    assert fake_engine.read_pages == [1, 2, 3]
    assert UsageRecord.objects.get(job_id=job.pk).pages == 3


def test_run_job_writes_nothing_after_its_job_was_deleted(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, THREE, preview=True)

    def delete_on_second(page: PageImage) -> None:
        if page.number == 2:
            job_actions.delete(Job.objects.get(pk=job.pk), actor=acme.actor, address=None)

    fake_engine.before = delete_on_second
    run_job(str(job.pk))
    assert not Job.objects.exists()
    assert not Page.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_run_job_fails_when_the_password_cannot_be_unsealed(
    acme: Organisation, files: Path, settings: object
) -> None:
    job = make_job(acme, encrypted_pdf("geheim"), password="geheim")
    Job.objects.filter(pk=job.pk).update(sealed_password="not what we sealed")
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert job.error is not None
    assert job.error["code"] == "internal_error"


def test_run_job_hands_back_when_the_database_returns_after_its_lease(
    acme: Organisation, files: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise OperationalError("the server closed the connection")

    clock = [0.0]
    hand_back = lifecycle.hand_back

    def hand_back_later(task: Task) -> None:
        if clock[0] < 100:
            fails()
        hand_back(task)

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(claims, "page_done", fails)
    monkeypatch.setattr(lifecycle, "hand_back", hand_back_later)
    at_each_pause(monkeypatch, tasks, sleep, monotonic=lambda: clock[0])
    job = make_job(acme)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.tasks.get().crashes) == (Status.QUEUED, 0)


def test_heartbeat_is_tried_again_at_once_while_the_database_is_away(
    acme: Organisation, files: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEARTBEAT_SECONDS = 0.4
    monkeypatch.setattr(heartbeat, "RETRY_SECONDS", 0.01)
    task, tried, enough = claim(make_job(acme)), [], threading.Event()

    def renew(task: Task, tokens: dict[int, int] | None) -> bool:
        tried.append(time.monotonic())
        if len(tried) == 6:
            enough.set()
        if len(tried) < 5:
            raise OperationalError("away")
        return True

    monkeypatch.setattr(claims, "renew", renew)
    with tasks.TaskHeartbeat(task):
        assert enough.wait(10)
    pauses = [after - before for before, after in pairwise(tried)]
    assert max(pauses[:4]) < 0.2, "until the lease was renewed"
    assert pauses[4] >= 0.4
