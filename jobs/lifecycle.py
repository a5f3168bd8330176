"""How tasks leave a worker's hands, and how jobs end: what jobs/claims.py began.

The same rules hold: conditional UPDATEs under the attempt number, and its order of locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import audit
from accounts.models import User
from extraction import tracing, types
from extraction.errors import ExtractionError
from extraction.formats.json import (
    classification_to_dict,
    extraction_to_dict,
    field_to_dict,
    part_to_dict,
)
from extraction.media_types import named_otherwise
from jobs import (
    batches,
    claims,
    metering,
    queue,
    result_copy,
    retention,
    review,
    revisions,
    same_document,
    search,
    templates,
    webhooks,
)
from jobs.errors import LeaseLost
from jobs.models import Extraction, FieldValue, Job, Status, Task

EXTENSION_MISMATCH = "extension_mismatch"  # a job's warning
RETRY_SECONDS = 5  # before the second attempt; three times as long before each further one


def finish(task: Task, document: types.Document) -> None:
    """End the job with its result: fields, schema, usage, audit, review and status, all or none.

    All pages failed is ``failed``, some is ``partial``. Raises ``LeaseLost``.
    """
    job = task.job
    errors = [page.error for page in document.pages if page.error]
    if not errors:
        status = Status.SUCCEEDED
    elif len(errors) < len(document.pages):
        status = Status.PARTIAL
    else:
        status = Status.FAILED
    with transaction.atomic():
        _end(
            task,
            status,
            error=asdict(errors[0]) if status == Status.FAILED else None,
            warnings=list(document.warnings),
            classification=classification_to_dict(document.classification),
            documents=[part_to_dict(part) for part in document.documents],
            template=document.template,
            texts=search.texts_of(document),
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
    with (
        tracing.span("job.take_over", parent=job.traceparent, job=job.pk, tenant=job.tenant_id),
        transaction.atomic(),
    ):
        tracing.link(first.traceparent)
        waits = Job.objects.filter(pk=job.pk, status=Status.QUEUED, same_as=first)
        if not waits.update(cached=True, **result_copy.columns_of(first)):
            raise LeaseLost()
        job.cached = True
        result_copy.copy_rows(first, job)
        with result_copy.files_copied(first, job):  # before the locks of many that the end takes
            close(
                job,
                Status.SUCCEEDED,
                warnings=first.warnings,
                classification=first.classification,
                documents=first.documents,
                template=first.template,
            )
            job.refresh_from_db()
            review.open_for(job, revisions.values_of(job))
            audit.record(
                actor=None,
                tenant=job.tenant,
                action="job.end",
                obj=job,
                after={"status": str(job.status), "same_as": str(first.pk)},
            )


def fail(task: Task, error: ExtractionError) -> None:
    """End the job with an error. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(task, Status.FAILED, error=asdict(error.failure()))


def cancelled(task: Task) -> None:
    """End a running job as cancelled, its finished pages kept, and what an operator said of why.

    Raises ``LeaseLost``.
    """
    with transaction.atomic():
        claims.lock(task.job_id)
        said = Job.objects.values_list("error", flat=True).filter(pk=task.job_id).first()
        _end(task, Status.CANCELLED, error=said)


def hand_back(task: Task, after_seconds: float = 0) -> None:
    """Put a task back in the queue, to no fault of its document: its worker stops, others wait.

    Raises ``LeaseLost``.
    """
    with transaction.atomic():
        claims.lock(task.job_id)
        _requeue(task, after_seconds)


def take_back(task: Task, *, operator: User, address: str | None) -> bool:
    """An operator's, for a task that its worker gets no further with: queue it again at once.

    Not a crash of the document's. What the worker still writes is refused. Returns whether it did
    so: False if the task has ended or gone to another worker meanwhile.
    """
    with transaction.atomic():
        claims.lock(task.job_id)
        if not claims.held(task).exists():
            return False
        _requeue(task)
        _note(task, "task.take_back", {"worker": task.worker}, operator, address)
    return True


def begin_now(task: Task, *, operator: User, address: str | None) -> bool:
    """An operator's, for a task that waits for its time: it may be begun at once.

    False where it does not wait any more.
    """
    with transaction.atomic():
        claims.lock(task.job_id)
        later = Task.objects.filter(pk=task.pk, state=Task.State.WAITING, due_at__gt=Now())
        if not later.update(due_at=Now()):
            return False
        _note(task, "task.begin_now", {"due_at": task.due_at.isoformat()}, operator, address)
        queue.ring_after_commit(task.pool)
    return True


def _note(
    task: Task, action: str, before: dict[str, str], operator: User, address: str | None
) -> None:
    audit.record(
        actor=operator,
        tenant=task.tenant,
        action=action,
        obj=task.job,
        before=before,
        address=address,
    )


def try_again(task: Task, error: ExtractionError) -> None:
    """After a passing fault: back in the queue with backoff, failed after the last attempt.

    Raises ``LeaseLost``.
    """
    if task.retries + 1 >= settings.MAX_ATTEMPTS:
        fail(task, error)
        return
    with transaction.atomic():
        claims.lock(task.job_id)
        claims.held(task).update(retries=F("retries") + 1)
        _requeue(task, RETRY_SECONDS * 3**task.retries)


def abandoned(task: Task, *, error: ExtractionError | None) -> bool:
    """The sweeper's, for a task whose lease has run out: queue it again, or fail it with ``error``.

    Counts a crash against the document. Returns whether it did so: False if the worker has come
    back to life or another sweeper was first.
    """
    with transaction.atomic():
        claims.lock(task.job_id)
        if not claims.held(task).filter(lease_until__lt=Now()).update(crashes=F("crashes") + 1):
            return False
        if error is None:
            _requeue(task)
        else:
            _end(task, Status.FAILED, error=asdict(error.failure()))
    return True


def _end(task: Task, status: Status, **result: Any) -> None:
    """End the job in the hands of its task's worker; ``result`` as for ``close``."""
    claims.lock(task.job_id)
    if not claims.held(task).exists():
        raise LeaseLost()
    close(task.job, status, **result)
    audit.record(
        actor=None,
        tenant=task.job.tenant,
        action="job.end",
        obj=task.job,
        after={"status": str(status)},
    )


def close(
    job: Job,
    status: Status,
    *,
    error: dict[str, Any] | None = None,
    warnings: Sequence[str] = (),
    classification: dict[str, Any] | None = None,
    documents: Sequence[dict[str, Any]] = (),
    template: str = "",
    texts: Sequence[str] | None = None,
) -> None:
    """Write the end of a job whose row is locked: status, bill, and nothing left to do.

    ``texts`` are what it is found by; None: what is kept of its result. A worker that is still at
    another of its tasks finds its lease lost.
    """
    Task.objects.filter(job=job).delete()
    told = [warning for warning in warnings if warning != EXTENSION_MISMATCH]  # another file's
    if named_otherwise(job.file.name, job.file.media_type):
        told.append(EXTENSION_MISMATCH)
    Job.objects.filter(pk=job.pk).update(
        template=template,
        status=status,
        error=error,
        warnings=told,
        classification=classification,
        documents=list(documents),
        finished_at=Now(),
        expires_at=retention.ends_at(job),
        sealed_password="",
    )
    tracing.current().set(outcome=status)
    if error:
        tracing.current().failed(str(error["code"]))
    search.keep(job, texts)  # before the locks that the organisation's other jobs wait for
    more = metering.count_files(job)
    metering.settle(job, outcome=status, cached=job.cached, stored=more)
    webhooks.job_ended(job, status)
    batches.job_ended(job)
    same_document.after_end(job)


def _requeue(task: Task, after_seconds: float = 0) -> None:
    """Let the task wait again; its job, whose row is locked, waits where no other is being done."""
    waits = claims.held(task).update(
        state=Task.State.WAITING,
        worker="",
        lease_until=None,
        taken_at=None,
        due_at=Now() + timedelta(seconds=after_seconds),
    )
    if not waits:
        raise LeaseLost()
    tracing.current().set(outcome="requeued")
    if not Task.objects.filter(job_id=task.job_id, state=Task.State.RUNNING).exists():
        Job.objects.filter(pk=task.job_id, status=Status.RUNNING).update(status=Status.QUEUED)
    if not after_seconds:
        queue.ring_after_commit(task.pool)
