"""What callers do with a job: cancel, try again, delete. As jobs/claims.py keeps its rules."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.db.models import F
from django.shortcuts import get_object_or_404

from accounts import audit
from accounts.models import User
from accounts.tenancy import Actor
from extraction import tracing
from jobs import (
    batches,
    claims,
    lifecycle,
    metering,
    removal,
    same_document,
    webhooks,
)
from jobs.errors import (
    AlreadyEnded,
    Expired,
    NotEnded,
    NothingToRetry,
    StoppedByOperator,
)
from jobs.models import Extraction, FieldValue, Job, Page, Priority, Review, Status, Task
from jobs.sealing import seal


def cancel(job: Job, *, actor: Actor | User, address: str | None, reason: str = "") -> Job:
    """Ask for an end: a job that no worker is at ends now, another after its current page.

    ``reason`` is an operator's, and becomes the job's error. Raises ``AlreadyEnded``.
    """
    error = asdict(StoppedByOperator(reason).failure()) if reason else None
    with transaction.atomic():
        claims.lock(job.pk)
        said = {"error": error} if error else {}
        asked = Job.objects.filter(pk=job.pk, status__in=(Status.QUEUED, Status.RUNNING)).update(
            cancel_requested=True, same_as=None, **said
        )
        if not asked:
            raise AlreadyEnded()
        if not Task.objects.filter(job=job, state=Task.State.RUNNING).exists():
            lifecycle.close(job, Status.CANCELLED, error=error)
        audit.record(
            actor=actor,
            tenant=job.tenant,
            action="job.cancel",
            obj=job,
            after={"reason": reason} if reason else None,
            address=address,
        )
        job.refresh_from_db()  # while the row is locked: afterwards it may be deleted
    return job


def put_at(job: Job, priority: Priority, *, actor: Actor | User, address: str | None) -> Job:
    """Let what is left to do of a job be that urgent within its organisation.

    Raises ``AlreadyEnded``.
    """
    with transaction.atomic():
        row = get_object_or_404(
            Job.objects.select_for_update(of=("self",)).select_related("tenant"), pk=job.pk
        )
        if row.ended:
            raise AlreadyEnded()
        before, row.priority = Priority(row.priority), priority
        row.save(update_fields=["priority"])
        Task.objects.filter(job=row).update(priority=priority)
        audit.record(
            actor=actor,
            tenant=row.tenant,
            action="job.priority",
            obj=row,
            before={"priority": before.label.lower()},
            after={"priority": priority.label.lower()},
            address=address,
        )
    return row


def retry(job: Job, *, actor: Actor | User, address: str | None, password: str = "") -> Job:
    """Queue an ended job again: the pages that failed or were not reached are read, others stay.

    What people said of fields stays too; fields and review are told anew at the end. The document's
    ``password`` was forgotten when the job ended and must be given again. Raises ``NotEnded``,
    ``Expired``, and ``NothingToRetry`` where nothing is left to be read.
    """
    with transaction.atomic():
        job = get_object_or_404(
            Job.objects.select_for_update(of=("self",)).select_related("tenant", "file"), pk=job.pk
        )
        if not job.ended:
            raise NotEnded(f"The job is {job.status}.")
        if job.status == Status.EXPIRED:
            raise Expired()
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
            expires_at=None,
            delivered_at=None,
            traceparent=tracing.traceparent() or job.traceparent,
            sealed_password=seal(password),
        )
        tracing.link(job.traceparent)
        claims.make_ready(job)
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
        file, removed = job.file, removal.contents(job)
        removal.remove_files(job)  # before the locks that the organisation's other jobs wait for
        metering.settle(job, outcome="deleted", stored=-job.stored_bytes)
        same_document.after_end(job)
        removal.receipt(
            job,
            removed,
            action="job.delete",
            reason="deleted",
            before={"status": job.status},
            actor=actor,
            address=address,
        )
        job.delete()
        file.delete()
        batches.job_ended(job)
