"""Examples from what people corrected and confirmed on the pages of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts import audit
from accounts.tenancy import Actor
from jobs import revisions, storage
from jobs.models import FieldRevision, FieldValue, Job, Page, Review, Status, StoredFile
from learning import datasets
from learning.models import Dataset, Example
from learning.targets import Said, corrected, plain

MOST_JOBS = 500  # the newest, of one import


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the pages with confirmed fields.

    ``skipped``: the place of a corrected value was not found in the page's text, that is too long,
    or the document is gone.
    """

    added: int
    changed: int
    unchanged: int
    skipped: int


@dataclass(frozen=True, slots=True)
class TaughtPage:
    """A page with its right text, None where the corrections could not be put into it."""

    number: int
    text: str | None
    confirmed_by: str


def import_corrections(*, dataset: Dataset, actor: Actor, address: str | None = None) -> Imported:
    """Take over every page on which people have corrected or confirmed fields.

    Of the newest jobs that are not waiting for a review; a page whose text has changed since is
    taken anew. Raises ``TooManyExamples``, ``TrainingOpen`` where a changed page is needed by a
    run, ``StorageQuotaExceeded``, ``StorageUnavailable``; what was taken by then stays.
    """
    before, tally = dataset.version, {"added": 0, "changed": 0, "unchanged": 0, "skipped": 0}
    for job in _jobs(dataset):
        for page in pages_of(job):
            outcome = "skipped" if not _usable(page) else _take(dataset, job, page)
            tally[outcome] += 1
    audit.record(
        actor=actor,
        tenant=dataset.tenant,
        action="dataset.import",
        obj=dataset,
        before={"version": before},
        after=tally,
        address=address,
    )
    return Imported(**tally)


def pages_of(job: Job) -> list[TaughtPage]:
    """The job's pages on which people have said something, with their right texts."""
    said, authors = _said(job)
    rows = Page.objects.filter(job=job, number__in=said, failed=False).order_by("number")
    return [
        TaughtPage(
            number,
            corrected(plain(markdown), said[number]) or None,
            authors[number],
        )
        for number, markdown in rows.values_list("number", "content__markdown")
    ]


def _usable(page: TaughtPage) -> bool:
    return page.text is not None and len(page.text) <= settings.TRAINING_MOST_CHARACTERS


def _jobs(dataset: Dataset) -> list[Job]:
    waiting = Review.objects.filter(job=OuterRef("pk"), status=Review.Status.OPEN)
    jobs = Job.objects.for_tenant(dataset.tenant).filter(
        Exists(FieldRevision.objects.filter(job=OuterRef("pk"))),
        ~Exists(waiting),
        status__in=(Status.SUCCEEDED, Status.PARTIAL),
    )
    return list(jobs.select_related("file", "tenant").order_by("-pk")[:MOST_JOBS])


def _said(job: Job) -> tuple[dict[int, list[Said]], dict[int, str]]:
    """People's last words on the values of each page, and who said the last of them."""
    read: dict[tuple[str, int | None], FieldValue] = {}
    for row in FieldValue.objects.filter(job=job).order_by("-position"):
        read[row.name, row.document] = row
    said: dict[int, list[Said]] = {}
    authors: dict[int, str] = {}
    for key, revision in _newest(job).items():
        found = read.get(key)
        number = found.page if found is not None and found.page else revision.page
        if number is None or revision.action == FieldRevision.Action.ABSENT:
            continue
        said.setdefault(number, []).append(Said(found.raw if found else "", _written(revision)))
        authors[number] = revision.actor
    return said, authors


def _newest(job: Job) -> Mapping[tuple[str, int | None], FieldRevision]:
    return dict(sorted(revisions.latest(job).items(), key=lambda each: each[1].pk))


def _written(revision: FieldRevision) -> str:
    """The value as it is written on the page."""
    if revision.raw or not isinstance(revision.value, str):
        return revision.raw
    return revision.value


def _take(dataset: Dataset, job: Job, page: TaughtPage) -> str:
    """Take a page over; what became of it."""
    assert page.text is not None, "pages without a text are skipped"
    text = page.text
    file, kept = datasets.file_of(dataset, job.file.sha256), False
    if file is not None:
        former = Example.objects.filter(dataset=dataset, file=file, page=page.number).first()
        if former is not None and former.text == text:
            return "unchanged"
    else:
        former, file, kept = None, _copy(job.file), True
        if file is None:
            return "skipped"
    with datasets.taken_back(file if kept else None), transaction.atomic():
        datasets.lock(dataset)
        example = Example(
            tenant=dataset.tenant,
            dataset=dataset,
            file=file,
            page=page.number,
            text=text,
            source=Example.Source.CORRECTION,
            job_id=job.pk,
            confirmed_by=page.confirmed_by,
        )
        datasets.put(example, new_file=kept)
    return "changed" if former is not None else "added"


def _copy(original: StoredFile) -> StoredFile | None:
    """A copy of the document for the dataset, its row still to be saved; None if it is gone."""
    copy = StoredFile(
        tenant=original.tenant,
        name=original.name,
        media_type=original.media_type,
        size=original.size,
        sha256=original.sha256,
    )
    copy.key = storage.upload_key(original.tenant_id, copy.pk)
    try:
        storage.copy(original.key, copy.key)
    except FileNotFoundError:
        return None
    return copy
