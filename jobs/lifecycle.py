"""The only writer of a job's status, attempt, lease and page counts.

Every change is a conditional UPDATE whose row count is checked. A worker's writes carry the
attempt number it was given at its start: after the job has gone to another worker, ended or been
deleted they change nothing and raise ``LeaseLost``. Times are the database's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.shortcuts import get_object_or_404

from accounts import audit
from accounts.tenancy import Actor
from accounts.usage import record_usage
from extraction import types
from extraction.errors import ExtractionError
from extraction.formats.json import (
    classification_to_dict,
    extraction_to_dict,
    field_to_dict,
    page_from_dict,
    page_to_dict,
    part_to_dict,
)
from jobs import queue, result_copy, review, revisions, same_document, storage, templates
from jobs.errors import AlreadyEnded, LeaseLost
from jobs.models import Extraction, FieldValue, Job, Outbox, Page, Status

RETRY_SECONDS = 5  # before the second attempt; three times as long before each further one


def _held(job: Job) -> QuerySet[Job]:
    """The job's row, if it is still this attempt's."""
    return Job.objects.filter(pk=job.pk, attempt=job.attempt, status=Status.RUNNING)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def make_ready(job: Job) -> None:
    """Let a queued job be worked on, once the transaction has committed."""
    Outbox.objects.create(job=job)
    queue.enqueue_after_commit(job.pk)


def start(job_id: UUID, *, worker: str) -> Job | None:
    """Claim a queued job for this worker; None if it is not there to be claimed."""
    with transaction.atomic():
        claimed = Job.objects.filter(pk=job_id, status=Status.QUEUED).update(
            status=Status.RUNNING,
            attempt=F("attempt") + 1,
            worker=worker,
            lease_until=_lease(),
            started_at=Coalesce("started_at", Now()),
        )
        if not claimed:
            return None
        Outbox.objects.filter(job_id=job_id).delete()
        return Job.objects.select_related("tenant", "file").get(pk=job_id)


def renew(job: Job) -> bool:
    """Keep the lease; returns whether it was still ours."""
    return _held(job).update(lease_until=_lease()) == 1


def should_go_on(job: Job) -> bool:
    """Whether the job is still this attempt's and nobody has asked to cancel it."""
    return _held(job).filter(cancel_requested=False).exists()


def opened(job: Job, *, page_count: int, pages_total: int) -> None:
    """Note how many pages the file has and how many are to be read. Raises ``LeaseLost``."""
    if not _held(job).update(page_count=page_count, pages_total=pages_total):
        raise LeaseLost()


def page_done(job: Job, page: types.Page, preview: bytes | None) -> None:
    """Keep a finished page. Raises ``LeaseLost``, ``StorageUnavailable``."""
    key = ""
    if preview:
        key = storage.preview_key(job.tenant_id, job.pk, page.number)
        storage.put(key, preview)
    failed = page.error is not None
    with transaction.atomic():
        counted = _held(job).update(
            pages_done=F("pages_done") + 1,
            pages_failed=F("pages_failed") + int(failed),
            lease_until=_lease(),
        )
        if not counted:
            if key and not Job.objects.filter(pk=job.pk).exists():
                storage.delete([key])  # deleted meanwhile: nobody else would remove it
            raise LeaseLost()
        Page.objects.create(
            job=job,
            number=page.number,
            engine=page.engine,
            revision=page.revision,
            seconds=page.seconds,
            confidence=page.confidence,
            content=page_to_dict(page),
            failed=failed,
            preview_key=key,
        )


def finished_pages(job: Job) -> dict[int, types.Page]:
    """The pages kept so far, by number."""
    rows = Page.objects.filter(job=job).order_by("number").values_list("number", "content")
    return {number: page_from_dict(content) for number, content in rows}


def finish(job: Job, document: types.Document) -> None:
    """End the job with its result: fields, schema, usage, audit, review and status, all or none.

    All pages failed is ``failed``, some is ``partial``. Raises ``LeaseLost``.
    """
    errors = [page.error for page in document.pages if page.error]
    if not errors:
        status = Status.SUCCEEDED
    elif len(errors) < len(document.pages):
        status = Status.PARTIAL
    else:
        status = Status.FAILED
    with transaction.atomic():
        _end(
            job,
            status,
            error=asdict(errors[0]) if status == Status.FAILED else None,
            warnings=list(document.warnings),
            classification=classification_to_dict(document.classification),
            documents=[part_to_dict(part) for part in document.documents],
            template=document.template,
        )
        FieldValue.objects.bulk_create(
            FieldValue(job=job, position=position, **field_to_dict(value))
            for position, value in enumerate(document.fields)
        )
        if version := templates.version_used(job.tenant, document.template):
            Job.objects.filter(pk=job.pk, template_version=None).update(template_version=version)
        if document.extraction is not None:
            Extraction.objects.create(job=job, content=extraction_to_dict(document.extraction))
        if status != Status.FAILED:
            review.open_for(job, document.fields)


def finish_as(job: Job, first: Job) -> None:
    """End a job that waits for ``first`` with a copy of its result; that one's row is held.

    Not billed: nothing was read. Raises ``LeaseLost`` where it no longer waits, FileNotFoundError
    where a file of ``first`` is gone, ``StorageUnavailable``.
    """
    with transaction.atomic():
        result = result_copy.columns_of(first)
        waited = Job.objects.filter(pk=job.pk, status=Status.QUEUED, same_as=first)
        if not waited.update(
            status=Status.SUCCEEDED, cached=True, finished_at=Now(), sealed_password="", **result
        ):
            raise LeaseLost()
        result_copy.copy_rows(first, job)
        job.refresh_from_db()
        review.open_for(job, revisions.values_of(job))
        audit.record(
            actor=None,
            tenant=job.tenant,
            action="job.end",
            obj=job,
            after={"status": str(job.status), "same_as": str(first.pk)},
        )
        result_copy.copy_files(first, job)


def fail(job: Job, error: ExtractionError) -> None:
    """End the job with an error. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(job, Status.FAILED, error=asdict(error.failure()))


def cancelled(job: Job) -> None:
    """End a running job as cancelled, its finished pages kept. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(job, Status.CANCELLED)


def hand_back(job: Job) -> None:
    """Put a running job back in the queue because its worker stops. Raises ``LeaseLost``."""
    with transaction.atomic():
        _requeue(_held(job), job.pk, 0)


def try_again(job: Job, error: ExtractionError) -> None:
    """After a passing fault: back in the queue with backoff, failed after the last attempt.

    Raises ``LeaseLost``.
    """
    if job.retries + 1 >= settings.MAX_ATTEMPTS:
        fail(job, error)
        return
    with transaction.atomic():
        if not _held(job).update(retries=F("retries") + 1):
            raise LeaseLost()
        _requeue(_held(job), job.pk, RETRY_SECONDS * 3**job.retries)


def abandoned(job: Job, *, error: ExtractionError | None) -> bool:
    """The sweeper's, for a job whose lease has run out: queue it again, or fail it with ``error``.

    Counts a crash against the document. Returns whether it did so: False if the worker has come
    back to life or another sweeper was first.
    """
    with transaction.atomic():
        if not _held(job).filter(lease_until__lt=Now()).update(crashes=F("crashes") + 1):
            return False
        if error is None:
            _requeue(_held(job), job.pk, 0)
        else:
            _end(job, Status.FAILED, error=asdict(error.failure()))
    return True


def cancel(job: Job, *, actor: Actor, address: str | None) -> Job:
    """Ask for an end: a queued job ends now, a running one after its current page.

    Raises ``AlreadyEnded``.
    """
    with transaction.atomic():
        now_ended = Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(
            status=Status.CANCELLED,
            cancel_requested=True,
            same_as=None,
            finished_at=Now(),
            sealed_password="",
        )
        if now_ended:
            Outbox.objects.filter(job=job).delete()
            _bill(job)
            same_document.after_end(job)
        elif not Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(cancel_requested=True):
            raise AlreadyEnded()
        audit.record(actor=actor, tenant=job.tenant, action="job.cancel", obj=job, address=address)
        job.refresh_from_db()  # while the row is locked: afterwards it may be deleted
    return job


def delete(job: Job, *, actor: Actor, address: str | None) -> None:
    """Remove the job, its result and its files; a worker still on it finds its lease lost.

    Raises Http404 where it is gone already, and ``StorageUnavailable`` where a file cannot be
    removed: the job then stays, to be deleted again, for nothing else knows its files.
    """
    rows = Job.objects.select_for_update(of=("self",)).select_related("tenant", "file")
    with transaction.atomic():
        job = get_object_or_404(rows, pk=job.pk)
        file, job_id = job.file, job.pk
        _bill(job)
        same_document.after_end(job)
        audit.record(
            actor=actor,
            tenant=job.tenant,
            action="job.delete",
            obj=job,
            before={"status": job.status, "sha256": file.sha256},
            address=address,
        )
        job.delete()
        file.delete()
        storage.delete_job(file.tenant_id, job_id, file.key)


def _end(
    job: Job,
    status: Status,
    *,
    error: dict[str, Any] | None = None,
    warnings: Sequence[str] = (),
    classification: dict[str, Any] | None = None,
    documents: Sequence[dict[str, Any]] = (),
    template: str = "",
) -> None:
    ended = _held(job).update(
        template=template,
        status=status,
        error=error,
        warnings=list(warnings),
        classification=classification,
        documents=list(documents),
        finished_at=Now(),
        lease_until=None,
        sealed_password="",
    )
    if not ended:
        raise LeaseLost()
    _bill(job)
    same_document.after_end(job)
    audit.record(
        actor=None, tenant=job.tenant, action="job.end", obj=job, after={"status": str(status)}
    )


def _bill(job: Job) -> None:
    """Write the usage of the pages that were read; failed and taken over ones are free."""
    if job.cached:
        return
    read = list(Page.objects.filter(job=job, failed=False).values_list("engine", "seconds"))
    if read:
        record_usage(
            tenant=job.tenant,
            job_id=job.pk,
            engine=job.engine,
            pages=len(read),
            compute_seconds=sum(seconds for _, seconds in read),
        )


def _requeue(held: QuerySet[Job], job_id: UUID, after_seconds: float) -> None:
    due = Now() + timedelta(seconds=after_seconds)
    if not held.update(status=Status.QUEUED, worker="", lease_until=None, enqueued_at=None):
        raise LeaseLost()
    Outbox.objects.update_or_create(job_id=job_id, defaults={"due_at": due})
    if not after_seconds:
        queue.enqueue_after_commit(job_id)
