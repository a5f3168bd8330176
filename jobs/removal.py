"""What goes when somebody deletes a job or its time has passed, and what is written down of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from accounts import audit
from accounts.tenancy import Actor
from jobs import storage
from jobs.models import (
    Comparison,
    Extraction,
    FieldRevision,
    FieldValue,
    Job,
    JobCallback,
    Page,
    Review,
    SearchText,
    SearchWords,
    Status,
    StoredFile,
)

# Rows that hold what was read or said; of the job's own row ``empty`` takes the rest
RESULT = (Page, FieldValue, Extraction, Review, FieldRevision, JobCallback, SearchText, SearchWords)


@dataclass(frozen=True, slots=True)
class Removed:
    """What there was: files with their bytes, and rows."""

    files: int
    bytes: int
    pages: int
    fields: int
    revisions: int


def contents(job: Job) -> Removed:
    """What there is of a job, by its rows: a removal that is begun again tells the same."""
    if not job.stored_bytes:
        return Removed(0, 0, 0, 0, 0)
    pages = Page.objects.filter(job=job).aggregate(
        rows=Count("pk"),
        pictures=Count("pk", filter=~Q(preview_key="")),
        bytes=Sum("preview_bytes", default=0),
    )
    return Removed(
        files=1 + pages["pictures"] + bool(job.pdf_bytes),
        bytes=job.file.size + pages["bytes"] + job.pdf_bytes,
        pages=pages["rows"],
        fields=FieldValue.objects.filter(job=job).count(),
        revisions=FieldRevision.objects.filter(job=job).count(),
    )


def remove_files(job: Job) -> None:
    """Remove all files of a job, also such as dead workers left. Raises ``StorageUnavailable``."""
    storage.remove(storage.files_of(job.tenant_id, job.pk, job.file.key))


def empty(job: Job) -> None:
    """Take out of an expired job's rows all that came from its document or from the caller.

    Its status must be written before: the database lets revisions go with an expired job alone.
    """
    for model in RESULT:
        model._default_manager.filter(job=job).delete()
    Job.objects.filter(pk=job.pk).update(
        options={},
        metadata={},
        template="",
        template_version=None,
        classification=None,
        documents=[],
        error={**job.error, "detail": ""} if job.error else None,
        pdf_bytes=0,
        stored_bytes=0,
    )
    StoredFile.objects.filter(pk=job.file_id).update(name="")
    Comparison.objects.filter(parts__job=job).update(name="", truth={}, truth_text="")


def receipt(
    job: Job,
    removed: Removed,
    *,
    action: str,
    reason: str,
    before: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
    address: str | None = None,
) -> None:
    """Write down that a document and its result were removed: what, when, why, by whom."""
    audit.record(
        actor=actor,
        tenant=job.tenant,
        action=action,
        obj=job,
        before={**(before or {}), "sha256": job.file.sha256},
        after={"reason": reason, **asdict(removed)},
        address=address,
    )


def keeps_files(job: Job) -> bool:
    """Whether files of this job are still wanted: it was neither deleted nor has it expired."""
    return Job.objects.filter(pk=job.pk).exclude(status=Status.EXPIRED).exists()
