"""A job's result, put together again from its rows."""

from __future__ import annotations

from extraction.formats.json import field_from_dict, page_from_dict
from extraction.types import Document, Source
from jobs.errors import NoResult, ResultNotReady
from jobs.models import FieldValue, Job, Page

NOT_IN_RESULT = {"id", "job", "position"}  # columns of a field value that are ours alone


def document_of(job: Job) -> Document:
    """The document that the job has read; a cancelled job's holds the pages finished by then.

    Raises ``ResultNotReady`` while the job is on its way, ``NoResult`` where it read nothing.
    """
    if not job.ended:
        raise ResultNotReady(f"The job is {job.status}: {job.pages_done} pages are done.")
    rows = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    pages = tuple(page_from_dict(content) for content in rows)
    if not pages:
        reason = (job.error or {}).get("detail", "")
        raise NoResult(f"The job is {job.status}. {reason}".strip())
    columns = [f.name for f in FieldValue._meta.get_fields() if f.name not in NOT_IN_RESULT]
    values = FieldValue.objects.filter(job=job).order_by("position").values(*columns)
    return Document(
        source=Source(
            name=job.file.name,
            media_type=job.file.media_type,
            sha256=job.file.sha256,
            page_count=job.page_count or len(pages),
        ),
        pages=pages,
        fields=tuple(field_from_dict(value) for value in values),
        warnings=tuple(job.warnings),
    )
