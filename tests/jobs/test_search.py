"""jobs/search.py and jobs/words.py: what a search finds in every language, and what it does not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from jobs import job_actions, retention, search, words
from jobs.models import Job, SearchText, SearchWords
from tests.documents import text_pdf
from tests.jobs.making import make_job, run_job
from tests.jobs.reviewing import read_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]
OWNER = UUID(int=7)


def read(organisation: Organisation, *pages: str, name: str = "a.pdf", **options: Any) -> Job:
    """A job that has read these pages."""
    job = make_job(organisation, text_pdf(list(pages)), **options)
    job.file.name = name
    job.file.save(update_fields=["name"])
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def hits(organisation: Organisation, text: str) -> set[UUID]:
    """The jobs that the search finds."""
    jobs = Job.objects.for_tenant(organisation.tenant)
    found = search.found(jobs, organisation.tenant, words.search_of(text))
    return set(found.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("Hausmeister", True),
        ("HAUSMEISTER", True),
        ("hausm", True),
        ("hausm ", False),  # a space ends the word
        ("grosse", True),
        ("große müllabfuhr", True),
        ("mullabfuhr", True),
        ("RE-2024-0017", True),
        ("re 2024 0018", False),
        ('"Straße 5"', True),
        ('"5 Straße"', False),
        ("hausmeister -rechnung", False),
        ("hausmeister -katze", True),
        ("katze or hausmeister", True),
        ("-katze", False),
        ("scan_42", True),
        ("42.pdf", True),
        ("'; DROP TABLE jobs_job; --", False),
        ("\\ ' & | ! <-> :*", False),
        ("", False),
    ],
)
def test_search_finds_words_phrases_and_names(acme: Organisation, text: str, finds: bool) -> None:
    text_of_it = "Rechnung RE-2024-0017 Große Straße 5 Müllabfuhr Hausmeister"
    job = read(acme, text_of_it, name="Scan_42.pdf")
    assert hits(acme, text) == ({job.pk} if finds else set())


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        ("請求書番号は一二三です", "書番"),
        ("ใบแจ้งหนี้เลขที่", "แจ้งหนี้"),
        ("हिन्दी चालान संख्या", "चालान"),
        ("فاتورة رقم", "فاتورة"),
        ("חשבונית מס", "חשבונית"),
        ("Счёт на оплату", "счет"),
        ("Τιμολόγιο", "τιμολογιο"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("e\u0301cole", "école"),
    ],
)
def test_words_are_cut_alike_in_every_script(stands: str, asked: str) -> None:
    found = words.search_of(asked)
    assert any(run.hit for run in words.excerpt(f"before {stands} after", found)), stands
    entry = words.index_entry(OWNER, [stands])
    for term in found.wanted:
        for word in term.words:
            assert f"'{OWNER.hex}{word}" in entry


def test_search_meets_no_other_tenants_words(acme: Organisation, stranger: Organisation) -> None:
    own, foreign = read(acme, "Alpha beta"), read(stranger, "Alpha gamma")
    assert hits(acme, "alpha") == {own.pk}
    assert hits(acme, "gamma") == set()
    assert hits(stranger, "alpha") == {foreign.pk}
    query = words.search_of("alpha").query(acme.tenant.pk)
    assert [row.pk for row in SearchWords.objects.filter(words__matches=query)] == [own.pk]


def test_job_that_has_not_ended_is_found_by_its_name(acme: Organisation) -> None:
    job = make_job(acme, text_pdf(["Alpha"]))
    assert hits(acme, "a.pdf") == {job.pk}
    assert hits(acme, "alpha") == set()
    assert not SearchWords.objects.exists()


def test_failed_and_cancelled_jobs_are_found_by_their_name(acme: Organisation) -> None:
    job = make_job(acme, text_pdf(["Alpha"]))
    job_actions.cancel(job, actor=acme.actor, address=None)
    assert hits(acme, "a.pdf") == {job.pk}


def test_corrected_value_is_found(acme: Organisation) -> None:
    job = read_job(acme)
    answer = acme.api().put(
        f"/api/v1/ocr/jobs/{job.pk}/fields/issuer_name",
        {"raw": "Zwergenhandel Nord", "version": 0},
    )
    assert answer.status_code == 200, answer.content
    assert hits(acme, '"zwergenhandel nord"') == {job.pk}
    shown = search.excerpts([job], words.search_of("zwergenhandel"))[job.pk]
    assert [run.text for run in shown if run.hit] == ["Zwergenhandel"]


def test_nothing_is_left_of_what_expired_or_was_deleted(acme: Organisation) -> None:
    once = read(acme, "Alpha")
    Job.objects.filter(pk=once.pk).update(retention_hours=0)
    deleted = read(acme, "Beta")
    retention.delivered([once.pk])
    job_actions.delete(deleted, actor=acme.actor, address=None)
    assert Job.objects.get().status == "expired"
    assert not SearchText.objects.exists()
    assert not SearchWords.objects.exists()
    assert hits(acme, "alpha or beta or a.pdf") == set()


def test_excerpt_is_text_and_marks_alone() -> None:
    hostile = "x " * 200 + "<script>alert(1)</script> Total <b>due</b> & more " + "y " * 200
    runs = words.excerpt(hostile, words.search_of("due total"))
    assert [run.text for run in runs if run.hit] == ["Total", "due"]
    line = "".join(run.text for run in runs)
    assert "<script>alert(1)</script> Total <b>due</b> & more" in line
    assert len(line) < 400
    assert words.excerpt(hostile, words.search_of("nothing")) == []


def test_very_long_and_odd_texts_fit_the_index(acme: Organisation) -> None:
    job = read(acme, "Alpha")
    many = " ".join(f"word{number}ü" for number in range(60_000))
    search.keep(job, [many, "a\x00b \ud800 c", "x" * 5000, "'\\ " * 100])
    assert hits(acme, "word17u") == {job.pk}
    assert hits(acme, "ab ") == {job.pk}


def test_jobs_from_before_the_search_are_found_after_the_command(acme: Organisation) -> None:
    from django.core.management import call_command

    job = read(acme, "Alpha")
    SearchText.objects.all().delete()
    SearchWords.objects.all().delete()
    assert hits(acme, "alpha") == set()
    call_command("index_jobs")
    assert hits(acme, "alpha") == {job.pk}
    assert not search.missing().exists()
