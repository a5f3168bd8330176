"""The only writer of a job's status and page counts, and of its tasks' claims.

Every change is a conditional UPDATE whose row count is checked. A worker's writes carry the
attempt number that its task was given at its start: after the task has gone to another worker, or
the job has ended or been deleted, they change nothing and raise ``LeaseLost``. Times are the
database's. Locks are taken in this order: the job, its tasks, the organisation's quota, the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.shortcuts import get_object_or_404
from psycopg.errors import LockNotAvailable

from accounts import audit
from accounts.tenancy import Actor
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
from jobs import (
    batches,
    metering,
    queue,
    result_copy,
    review,
    revisions,
    same_document,
    storage,
    templates,
    webhooks,
)
from jobs.errors import AlreadyEnded, LeaseLost, NotEnded, NothingToRetry
from jobs.models import Extraction, FieldValue, Job, Page, Review, Status, Task
from jobs.sealing import seal

LOCK_SECONDS = 1  # that choosing a task waits for one whose job is being changed
RETRY_SECONDS = 5  # before the second attempt; three times as long before each further one


def _held(task: Task) -> QuerySet[Task]:
    """The task's row, if it is still this attempt's."""
    return Task.objects.filter(pk=task.pk, attempt=task.attempt, state=Task.State.RUNNING)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def make_ready(job: Job) -> None:
    """Write what is to be done of a new job, and wake a worker after the commit."""
    pool = queue.pool_of(job.engine)
    Task.objects.create(job=job, tenant_id=job.tenant_id, pool=pool, priority=job.priority)
    queue.ring_after_commit(pool)


def hurry(job: Job, priority: int) -> None:
    """Let what is left to do of a job be as urgent as that; its row is held."""
    Task.objects.filter(job=job, priority__gt=priority).update(priority=priority)


def start(pool: str, *, worker: str) -> Task | None:
    """Give this worker the task whose turn it is; None if nothing waits for it."""
    without: list[UUID] = []
    while True:
        with transaction.atomic():
            found = queue.next_task(pool, without)
            if found is None:
                return None
            task = _claim_soon(found, worker)
            if task is not None:
                queue.mark_turn(task)
                return task
            without.append(found)


def _claim_soon(task_id: UUID, worker: str) -> Task | None:
    """As ``claim``; None too where somebody holds the job's row for longer than a moment."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            task = claim(task_id, worker=worker)
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
            return task
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def claim(task_id: UUID, *, worker: str) -> Task | None:
    """Claim a waiting task for this worker; None if it is not there to be claimed."""
    with transaction.atomic():
        rows = Job.objects.select_for_update(of=("self",))
        job = rows.filter(tasks=task_id, status__in=(Status.QUEUED, Status.RUNNING)).first()
        if job is None:
            return None
        attempt = job.attempt + 1
        claimed = Task.objects.filter(pk=task_id, state=Task.State.WAITING).update(
            state=Task.State.RUNNING,
            attempt=attempt,
            worker=worker,
            lease_until=_lease(),
            taken_at=Now(),
        )
        if not claimed:
            return None
        Job.objects.filter(pk=job.pk).update(
            status=Status.RUNNING, attempt=attempt, started_at=Coalesce("started_at", Now())
        )
        task = Task.objects.select_related("job__tenant", "job__file").get(pk=task_id)
        if attempt == 1:
            webhooks.job_event(task.job, "job.started")
        return task


def renew(task: Task) -> bool:
    """Keep the lease; returns whether it was still ours."""
    return _held(task).update(lease_until=_lease()) == 1


def should_go_on(task: Task) -> bool:
    """Whether the task is still this attempt's and nobody has asked to cancel its job."""
    return _held(task).filter(job__cancel_requested=False).exists()


def opened(task: Task, *, page_count: int, numbers: Sequence[int]) -> tuple[int, ...]:
    """Note how many pages the file has; returns which of the chosen ``numbers`` to read now.

    Those are the task's own, without the ones that have been read. A task that has none yet takes
    the first ``PAGES_A_TASK`` of them; the rest becomes tasks for other workers. Raises
    ``LeaseLost``, and ``QuotaExceeded`` where they are more than the organisation may read.
    """
    job = task.job
    with transaction.atomic():
        known = Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(
            page_count=page_count, pages_total=len(numbers)
        )
        if not known or not _held(task).exists():
            raise LeaseLost()
        read = set(Page.objects.filter(job=job).values_list("number", flat=True))
        if task.numbers is None:
            metering.adjust(job, pages=len(numbers))
            left = [number for number in numbers if number not in read]
            shares = _shares(left, settings.PAGES_A_TASK)
            task.numbers = shares[0]
            _held(task).update(numbers=task.numbers)
            Task.objects.bulk_create(
                Task(
                    job=job,
                    tenant_id=job.tenant_id,
                    pool=task.pool,
                    priority=task.priority,
                    numbers=share,
                )
                for share in shares[1:]
            )
            if shares[1:]:
                queue.ring_after_commit(task.pool, len(shares) - 1)
        return tuple(number for number in task.numbers if number not in read)


def _shares(numbers: Sequence[int], size: int) -> list[list[int]]:
    """The numbers in shares of ``size``, the last one up to half as large again; at least one."""
    shares = [list(numbers[at : at + size]) for at in range(0, len(numbers), size)] or [[]]
    if len(shares) > 1 and len(shares[-1]) <= size // 2:
        last = shares.pop()
        shares[-1] += last
    return shares


def page_done(task: Task, page: types.Page, preview: bytes | None) -> None:
    """Keep a finished page. Raises ``LeaseLost``, ``StorageUnavailable``."""
    job = task.job
    key = ""
    if preview:
        key = storage.preview_key(job.tenant_id, job.pk, page.number)
        storage.put(key, preview)
    failed = page.error is not None
    with transaction.atomic():
        counted = Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(
            pages_done=F("pages_done") + 1, pages_failed=F("pages_failed") + int(failed)
        )
        if not counted or not _held(task).update(lease_until=_lease(), crashes=0):
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
        webhooks.page_finished(job, page)


def last_one(task: Task) -> bool:
    """End a task whose pages are done; True if it was its job's last, which then makes the result.

    The last one stays in the same hands, with no pages left and the job's highest attempt number.
    Raises ``LeaseLost``.
    """
    with transaction.atomic():
        _lock(task.job_id)
        if Task.objects.filter(job_id=task.job_id).exclude(pk=task.pk).exists():
            if not _held(task).delete()[0]:
                raise LeaseLost()
            return False
        newest = Job.objects.values_list("attempt", flat=True).filter(pk=task.job_id).first()
        attempt = task.attempt if newest == task.attempt else (newest or 0) + 1
        if not _held(task).update(numbers=[], attempt=attempt, lease_until=_lease()):
            raise LeaseLost()
        Job.objects.filter(pk=task.job_id).update(attempt=attempt)
    task.numbers = []
    task.attempt = task.job.attempt = attempt
    return True


def finished_pages(job: Job) -> list[types.Page]:
    """The pages kept so far, by number."""
    rows = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    return [page_from_dict(content) for content in rows]


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
        waits = Job.objects.filter(pk=job.pk, status=Status.QUEUED, same_as=first)
        if not waits.update(cached=True, **result_copy.columns_of(first)):
            raise LeaseLost()
        job.cached = True
        _close(
            job,
            Status.SUCCEEDED,
            warnings=first.warnings,
            classification=first.classification,
            documents=first.documents,
            template=first.template,
        )
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


def fail(task: Task, error: ExtractionError) -> None:
    """End the job with an error. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(task, Status.FAILED, error=asdict(error.failure()))


def cancelled(task: Task) -> None:
    """End a running job as cancelled, its finished pages kept. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(task, Status.CANCELLED)


def hand_back(task: Task) -> None:
    """Put a task back in the queue, for its worker stops or others wait. Raises ``LeaseLost``."""
    with transaction.atomic():
        _lock(task.job_id)
        _requeue(task)


def try_again(task: Task, error: ExtractionError) -> None:
    """After a passing fault: back in the queue with backoff, failed after the last attempt.

    Raises ``LeaseLost``.
    """
    if task.retries + 1 >= settings.MAX_ATTEMPTS:
        fail(task, error)
        return
    with transaction.atomic():
        _lock(task.job_id)
        _held(task).update(retries=F("retries") + 1)
        _requeue(task, RETRY_SECONDS * 3**task.retries)


def abandoned(task: Task, *, error: ExtractionError | None) -> bool:
    """The sweeper's, for a task whose lease has run out: queue it again, or fail it with ``error``.

    Counts a crash against the document. Returns whether it did so: False if the worker has come
    back to life or another sweeper was first.
    """
    with transaction.atomic():
        _lock(task.job_id)
        if not _held(task).filter(lease_until__lt=Now()).update(crashes=F("crashes") + 1):
            return False
        if error is None:
            _requeue(task)
        else:
            _end(task, Status.FAILED, error=asdict(error.failure()))
    return True


def cancel(job: Job, *, actor: Actor, address: str | None) -> Job:
    """Ask for an end: a job that no worker is at ends now, another after its current page.

    Raises ``AlreadyEnded``.
    """
    with transaction.atomic():
        _lock(job.pk)
        asked = Job.objects.filter(pk=job.pk, status__in=(Status.QUEUED, Status.RUNNING)).update(
            cancel_requested=True, same_as=None
        )
        if not asked:
            raise AlreadyEnded()
        if not Task.objects.filter(job=job, state=Task.State.RUNNING).exists():
            _close(job, Status.CANCELLED)
        audit.record(actor=actor, tenant=job.tenant, action="job.cancel", obj=job, address=address)
        job.refresh_from_db()  # while the row is locked: afterwards it may be deleted
    return job


def retry(job: Job, *, actor: Actor, address: str | None, password: str = "") -> Job:
    """Queue an ended job again: the pages that failed or were not reached are read, others stay.

    What people said of fields stays too; fields and review are told anew at the end. The document's
    ``password`` was forgotten when the job ended and must be given again. Raises ``NotEnded``, and
    ``NothingToRetry`` where nothing is left to be read.
    """
    with transaction.atomic():
        job = get_object_or_404(
            Job.objects.select_for_update(of=("self",)).select_related("tenant", "file"), pk=job.pk
        )
        if not job.ended:
            raise NotEnded(f"The job is {job.status}.")
        if job.status == Status.SUCCEEDED:
            raise NothingToRetry()
        failed = Page.objects.filter(job=job, failed=True).delete()[0]
        FieldValue.objects.filter(job=job).delete()
        Extraction.objects.filter(job=job).delete()
        Review.objects.filter(job=job).delete()
        Job.objects.filter(pk=job.pk).update(
            status=Status.QUEUED,
            run=F("run") + 1,
            cancel_requested=False,
            pages_done=F("pages_done") - failed,
            pages_failed=0,
            error=None,
            warnings=[],
            finished_at=None,
            sealed_password=seal(password),
        )
        make_ready(job)
        audit.record(actor=actor, tenant=job.tenant, action="job.retry", obj=job, address=address)
        job.refresh_from_db()
        webhooks.job_event(job, "job.queued")
        metering.reserve(job, run=job.run)
        batches.job_reopened(job)
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
        metering.settle(job, outcome="deleted")
        metering.add_storage(job.tenant, -file.size)
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
        batches.job_ended(job)
        storage.delete_job(file.tenant_id, job_id, file.key)


def _lock(job_id: UUID) -> None:
    """Hold the job's row until the transaction ends, if it is still there."""
    Job.objects.select_for_update(of=("self",)).filter(pk=job_id).values_list("pk").first()


def _end(task: Task, status: Status, **result: Any) -> None:
    """End the job in the hands of its task's worker; ``result`` as for ``_close``."""
    _lock(task.job_id)
    if not _held(task).exists():
        raise LeaseLost()
    _close(task.job, status, **result)
    audit.record(
        actor=None,
        tenant=task.job.tenant,
        action="job.end",
        obj=task.job,
        after={"status": str(status)},
    )


def _close(
    job: Job,
    status: Status,
    *,
    error: dict[str, Any] | None = None,
    warnings: Sequence[str] = (),
    classification: dict[str, Any] | None = None,
    documents: Sequence[dict[str, Any]] = (),
    template: str = "",
) -> None:
    """Write the end of a job whose row is locked: status, bill, and nothing left to do.

    A worker that is still at another of its tasks finds its lease lost.
    """
    Task.objects.filter(job=job).delete()
    Job.objects.filter(pk=job.pk).update(
        template=template,
        status=status,
        error=error,
        warnings=list(warnings),
        classification=classification,
        documents=list(documents),
        finished_at=Now(),
        sealed_password="",
    )
    metering.settle(job, outcome=status, cached=job.cached)
    webhooks.job_ended(job, status)
    batches.job_ended(job)
    same_document.after_end(job)


def _requeue(task: Task, after_seconds: float = 0) -> None:
    """Let the task wait again; its job, whose row is locked, waits where no other is being done."""
    waits = _held(task).update(
        state=Task.State.WAITING,
        worker="",
        lease_until=None,
        taken_at=None,
        due_at=Now() + timedelta(seconds=after_seconds),
    )
    if not waits:
        raise LeaseLost()
    if not Task.objects.filter(job_id=task.job_id, state=Task.State.RUNNING).exists():
        Job.objects.filter(pk=task.job_id, status=Status.RUNNING).update(status=Status.QUEUED)
    if not after_seconds:
        queue.ring_after_commit(task.pool)
