"""Datasets: filled from corrections and uploads, split by content, exported, removed."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from accounts.models import Plan, QuotaUse
from extraction.errors import InvalidOption
from jobs import reconciliation, storage
from jobs.errors import EngineNotAllowed, StorageQuotaExceeded
from jobs.models import Review, StoredFile
from learning import corrections, datasets, export
from learning.errors import DatasetExists, TooManyExamples
from learning.models import Dataset, Example
from tests.documents import text_pdf
from tests.jobs.making import upload
from tests.jobs.reviewing import read_job
from tests.learning.teaching import RIGHT, corrected_job, dataset, filled
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue", "base")]


def test_corrected_pages_become_examples_with_the_right_text(acme: Organisation) -> None:
    job, made = corrected_job(acme), dataset(acme)
    found = corrections.import_corrections(dataset=made, actor=acme.actor)
    assert (found.added, found.changed, found.unchanged, found.skipped) == (1, 0, 0, 0)
    (example,) = Example.objects.filter(dataset=made).select_related("file")
    assert (example.text, example.page, example.job_id) == (RIGHT, 1, job.pk)
    assert (example.source, example.confirmed_by) == ("correction", "API key first")
    assert example.file.sha256 == job.file.sha256 and example.file != job.file
    assert storage.read(example.file.key) == storage.read(job.file.key)
    again = corrections.import_corrections(dataset=made, actor=acme.actor)
    assert (again.added, again.unchanged) == (0, 1)
    assert reconciliation.differences() == []


def test_a_page_that_was_corrected_anew_replaces_its_example(acme: Organisation) -> None:
    made = dataset(acme)
    corrected_job(acme)
    corrections.import_corrections(dataset=made, actor=acme.actor)
    Example.objects.update(text="as it was")
    found = corrections.import_corrections(dataset=made, actor=acme.actor)
    assert (found.added, found.changed) == (0, 1)
    assert list(Example.objects.values_list("text", flat=True)) == [RIGHT]
    made.refresh_from_db()
    assert made.version == 2 and StoredFile.objects.filter(job=None).count() == 1


def test_pages_without_a_place_for_the_value_are_skipped_and_told(acme: Organisation) -> None:
    made = dataset(acme)
    corrected_job(acme, "Total 1g,00")
    found = corrections.import_corrections(dataset=made, actor=acme.actor)
    assert (found.added, found.skipped) == (0, 1)
    assert not Example.objects.exists()


def test_what_waits_for_a_review_or_was_never_looked_at_is_not_taken(acme: Organisation) -> None:
    made, job = dataset(acme), corrected_job(acme)
    read_job(acme)
    Review.objects.update_or_create(
        job=job, defaults={"tenant": acme.tenant, "status": Review.Status.OPEN}
    )
    found = corrections.import_corrections(dataset=made, actor=acme.actor)
    assert (found.added, found.skipped) == (0, 0)


def test_another_organisations_corrections_are_not_taken(
    acme: Organisation, stranger: Organisation
) -> None:
    corrected_job(stranger)
    found = corrections.import_corrections(dataset=dataset(acme), actor=acme.actor)
    assert (found.added, found.skipped) == (0, 0)


def test_copies_of_a_page_are_on_one_side_in_every_dataset(acme: Organisation) -> None:
    one, two = filled(acme, "one", sides=False), dataset(acme, "two")
    for example in Example.objects.filter(dataset=one).select_related("file"):
        with upload(storage.read(example.file.key), "copy.pdf") as received:
            copy = datasets.add_upload(
                dataset=two, upload=received, page=1, text="another", actor=acme.actor
            )
        assert copy.held_out == example.held_out
    assert datasets.counts(two) == datasets.counts(one)
    sides = [datasets.is_held_out(f"{number:064x}", 1) for number in range(1000)]
    assert 150 < sum(sides) < 250


def test_a_page_sent_again_replaces_its_example_and_shares_the_file(acme: Organisation) -> None:
    made = dataset(acme)
    for page, text in ((1, "first"), (2, "second"), (1, "first, better")):
        with upload() as received:
            datasets.add_upload(
                dataset=made, upload=received, page=page, text=text, actor=acme.actor
            )
    rows = Example.objects.filter(dataset=made).order_by("page")
    assert list(rows.values_list("page", "text")) == [(1, "first, better"), (2, "second")]
    assert len({row.file_id for row in rows}) == 1
    assert reconciliation.differences() == []


def test_the_last_example_of_a_document_takes_its_file_along(
    acme: Organisation, django_capture_on_commit_callbacks: object
) -> None:
    made = filled(acme, count=2)
    one, two = Example.objects.filter(dataset=made).select_related("file")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        datasets.remove_example(example=one, actor=acme.actor)
    assert not StoredFile.objects.filter(pk=one.file_id).exists()
    with pytest.raises(FileNotFoundError):
        storage.read(one.file.key)
    assert storage.read(two.file.key)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        datasets.delete(dataset=made, actor=acme.actor)
    assert not Dataset.objects.exists() and not StoredFile.objects.exists()
    assert QuotaUse.objects.get(period="storage").used == 0
    assert reconciliation.differences() == []


def test_the_export_has_documents_by_their_hash_and_a_line_an_example(acme: Organisation) -> None:
    made = dataset(acme)
    body = text_pdf(["one", "two"])
    for page in (1, 2):
        with upload(body, "../../etc/passwd\r\n.pdf") as received:
            datasets.add_upload(
                dataset=made, upload=received, page=page, text=f"{page} ☐", actor=acme.actor
            )
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(made))))
    document, listed = archive.namelist()
    sha256 = Example.objects.select_related("file")[0].file.sha256
    assert (document, listed) == (f"documents/{sha256}.pdf", "examples.jsonl")
    assert archive.read(document) == body
    lines = [json.loads(line) for line in archive.read(listed).decode().splitlines()]
    assert [(line["page"], line["text"], line["document"]) for line in lines] == [
        (1, "1 ☐", document),
        (2, "2 ☐", document),
    ]
    assert {line["split"] for line in lines} <= {"train", "held_out"}


def test_limits_refuse_and_leave_nothing_behind(acme: Organisation, settings: Settings) -> None:
    made = filled(acme, count=1)
    used = QuotaUse.objects.get(period="storage").used
    settings.TRAINING_MOST_EXAMPLES = 1
    with upload(text_pdf(["more"])) as received, pytest.raises(TooManyExamples):
        datasets.add_upload(dataset=made, upload=received, page=1, text="x", actor=acme.actor)
    settings.TRAINING_MOST_EXAMPLES = 5_000
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", storage_bytes=used + 10)
    acme.tenant.save(update_fields=["plan"])
    made = Dataset.objects.select_related("tenant__plan").get()
    with upload(text_pdf(["more"])) as received, pytest.raises(StorageQuotaExceeded):
        datasets.add_upload(dataset=made, upload=received, page=1, text="x", actor=acme.actor)
    assert Example.objects.count() == 1 and StoredFile.objects.count() == 1
    assert [len(page) for page in storage.pages(f"{acme.tenant.pk}/")] == [1]


def test_only_models_that_are_set_up_and_in_the_plan_can_be_taught(acme: Organisation) -> None:
    with pytest.raises(InvalidOption):
        datasets.create(actor=acme.actor, name="x", base="auto")
    dataset(acme)
    with pytest.raises(DatasetExists):
        dataset(acme)
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", engines=["auto"])
    with pytest.raises(EngineNotAllowed):
        dataset(acme, "other")


def test_one_example_a_page(acme: Organisation) -> None:
    example = Example.objects.filter(dataset=filled(acme, count=1)).get()
    example.pk = None
    with pytest.raises(IntegrityError):
        example.save(force_insert=True)
