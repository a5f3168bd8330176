"""A job's result: put together again from its rows, and the searchable PDF kept beside them."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File

from extraction.documents import parse_pages
from extraction.errors import NotMade
from extraction.formats import FORMATS, Format
from extraction.formats.json_reading import (
    classification_from_dict,
    extraction_from_dict,
    page_from_dict,
    part_from_dict,
)
from extraction.options import Options
from extraction.searchable_pdf import write_searchable_pdf
from extraction.settling import settle
from extraction.types import Document, Source
from jobs import removal, revisions, storage
from jobs.errors import Expired, NoResult, ResultNotReady
from jobs.models import Extraction, Job, Page, Status, Task

logger = logging.getLogger(__name__)

PDF_NOT_MADE = "pdf_not_made"  # a job's warning
_LOST = "It could not be made; the other formats hold what was read."


def ready(job: Job) -> None:
    """Raises ``ResultNotReady`` while the job is on its way, ``Expired`` where all is gone."""
    if not job.ended:
        raise ResultNotReady(f"The job is {job.status}: {job.pages_done} pages are done.")
    refuse_expired(job)


def refuse_expired(job: Job) -> None:
    """Raises ``Expired`` where the job's files and result are gone, or about to go."""
    if job.status == Status.EXPIRED:
        raise Expired()


def document_of(job: Job) -> Document:
    """The document that the job has read; a cancelled job's holds the pages finished by then.

    Raises as ``ready``, and ``NoResult`` where it read nothing.
    """
    ready(job)
    rows = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    pages = tuple(page_from_dict(content) for content in rows)
    if not pages:
        reason = (job.error or {}).get("detail", "")
        raise NoResult(f"The job is {job.status}. {reason}".strip())
    filled = Extraction.objects.filter(job=job).values_list("content", flat=True).first()
    return Document(
        source=source_of(job),
        pages=settle(pages, strip=bool(job.options.get("strip_furniture"))),
        fields=revisions.values_of(job),
        classification=classification_from_dict(job.classification),
        warnings=tuple(job.warnings),
        extraction=extraction_from_dict(filled) if filled else None,
        documents=tuple(part_from_dict(part) for part in job.documents),
        template=job.template,
    )


def source_of(job: Job) -> Source:
    """The file that the job's result is of."""
    return Source(
        name=job.file.name,
        media_type=job.file.media_type,
        sha256=job.file.sha256,
        page_count=job.page_count or job.pages_done,
    )


def make_pdf(
    job: Job, path: Path, document: Document, options: Options, stop: Callable[[], bool]
) -> Document:
    """Keep the searchable PDF of the original at ``path`` where the options ask for it.

    Returns the document, with a warning where its PDF could not be made: its pages are read all
    the same. Raises ``StorageUnavailable``, ``EngineUnavailable``, ``Cancelled``.
    """
    if "pdf" not in options.outputs or all(page.error for page in document.pages):
        return document
    key = storage.pdf_key(job.tenant_id, job.pk, job.attempt)
    with tempfile.TemporaryFile(prefix="ocrsite-") as out:
        try:
            write_searchable_pdf(
                path, document, out, password=options.password, limits=settings.LIMITS, stop=stop
            )
        except NotMade as error:
            logger.warning("job %s: %s", job.pk, error)
            return replace(document, warnings=(*document.warnings, PDF_NOT_MADE))
        size = out.seek(0, os.SEEK_END)
        storage.put_file(key, out)
    Job.objects.filter(pk=job.pk, attempt=job.attempt).update(pdf_bytes=size)
    earlier = range(1, job.attempt)
    storage.delete(storage.pdf_key(job.tenant_id, job.pk, attempt) for attempt in earlier)
    if not removal.keeps_files(job):
        storage.delete([key])  # nobody else would remove it
    return document


@dataclass(frozen=True, slots=True)
class PageState:
    """How far a page of a job is: waiting, done or failed, and what is known of it by then."""

    number: int
    status: str
    engine: str | None = None
    seconds: float | None = None
    confidence: float | None = None
    error: dict[str, Any] | None = None
    tokens: int | None = None


def page_states(job: Job) -> list[PageState]:
    """The pages that the job is to read, in order; none before the document has been opened.

    Raises ``Expired``.
    """
    refuse_expired(job)
    if job.page_count is None:
        return []
    rows = Page.objects.filter(job=job).values_list(
        "number", "failed", "engine", "seconds", "confidence", "content__error"
    )
    read = {
        number: PageState(
            number, "failed" if failed else "done", engine or None, seconds, confidence, error
        )
        for number, failed, engine, seconds, confidence, error in rows
    }
    numbers = parse_pages(job.options.get("pages", ""), job.page_count)
    written: dict[str, int] = {}
    for tokens in Task.objects.filter(job=job).values_list("tokens", flat=True):
        written |= tokens or {}
    return [
        read.get(number) or PageState(number, "waiting", tokens=written.get(str(number)))
        for number in sorted(numbers)
    ]


def formats_of(job: Job) -> list[Format]:
    """The formats that an ended job's result can be had in."""
    return [row for row in FORMATS.values() if row.render is not None or pdf_made(job)]


def open_pdf(job: Job) -> File[bytes]:
    """The job's searchable PDF, to be read in parts.

    Raises as ``check_pdf``, and ``StorageUnavailable``.
    """
    check_pdf(job)
    try:
        return storage.open_file(storage.pdf_key(job.tenant_id, job.pk, job.attempt))
    except FileNotFoundError as error:
        logger.error("job %s: its searchable PDF is gone", job.pk)
        raise NotMade(_LOST) from error


def check_pdf(job: Job) -> None:
    """Raises as ``ready``, and ``NotMade`` with what to do where there is none."""
    ready(job)
    if pdf_made(job):
        return
    if "pdf" in job.options.get("outputs", ()):
        raise NotMade(_LOST)
    raise NotMade("It was not asked for: submit the document again with outputs=pdf.")


def pdf_made(job: Job) -> bool:
    """Whether an ended job has a searchable PDF."""
    return (
        "pdf" in job.options.get("outputs", ())
        and job.status in (Status.SUCCEEDED, Status.PARTIAL)
        and PDF_NOT_MADE not in job.warnings
    )
