"""What callers do with a batch: submit, cancel, try again, delete."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.http import Http404

from accounts import audit
from accounts.identifiers import uuid7
from accounts.tenancy import Actor
from extraction.errors import ExtractionError
from extraction.options import Options
from jobs import idempotency, job_actions, queue, same_document, submit, templates
from jobs.batch_fetching import Source, fetched
from jobs.errors import AlreadyEnded, Expired, NotEnded, NothingAccepted, NothingToRetry
from jobs.idempotency import Once
from jobs.models import ENDED, KEPT, Batch, Job, Priority, Status
from jobs.unpacking import Unpacking, incoming
from jobs.uploads import Upload

DELETE_SECONDS = 20  # of one request; the next one goes on


def submit_batch(
    *,
    actor: Actor,
    uploads: Sequence[Upload],
    sources: Sequence[Source] = (),
    options: Options,
    name: str = "",
    metadata: dict[str, Any] | None = None,
    priority: Priority = Priority.NORMAL,
    retention_hours: int | None = None,
    cache: bool | None = None,
    once: Once | None = None,
    address: str | None = None,
) -> Batch:
    """Keep the documents, and queue a job with these options for each that can be one.

    Those that are at URLs are fetched, the files are stored, then batch, jobs and what was refused
    are written in one transaction. A document that is in it twice is read once, and one that has
    been read already not at all, unless ``cache`` is off (None: as the organisation says).
    Raises ``TooManyFiles``, ``NothingAccepted``, ``StorageUnavailable``, ``Busy``, as
    ``submit.order``, and with ``once`` what ``idempotency.keep`` does.
    """
    if cache is None:
        cache = actor.tenant.default_cache
    placed = submit.order(
        actor=actor,
        options=options,
        priority=priority,
        retention_hours=retention_hours,
        address=address,
    )
    sent = sum(upload.size or 0 for upload in uploads)
    positions: list[int] = []
    refused: list[dict[str, Any]] = []
    with fetched(sources, sent) as brought, submit.taken_back_on_failure(placed) as kept:
        documents = incoming([*uploads, *brought])
        unpacking = Unpacking(documents)
        for position, document in enumerate(documents, start=1):
            failure = document.refusal
            if failure is None:
                try:
                    with unpacking.opened(document) as upload:
                        upload.name = document.name
                        kept.append(submit.keep(actor.tenant, upload))
                    positions.append(position)
                except ExtractionError as error:
                    if not error.permanent:
                        raise
                    failure = error.failure()
            if failure is not None:
                refused.append(
                    {"position": position, "name": document.name, "error": asdict(failure)}
                )
        if not kept:
            raise NothingAccepted(refused)
        state = templates.state_of(actor.tenant) if cache else ""
        same = [submit.same_as(placed, file, state) if cache else None for file in kept]
        batch_id = uuid7()
        with transaction.atomic():
            if once:
                idempotency.keep(once, batch_id)
            known = {each.key: each.known for each in same if each}
            firsts = same_document.firsts_of(actor.tenant, known, priority)
            read = [first.pk for first in firsts.values() if first.ended]
            batch = Batch.objects.create(
                id=batch_id,
                tenant=actor.tenant,
                name=name,
                created_by=actor.user,
                api_key=actor.api_key,
                options=submit.shown(placed.options),
                metadata=metadata or {},
                refused=refused,
            )
            for position, file, each in zip(positions, kept, same, strict=True):
                key = each.key if each else None
                first = firsts.get(key) if key else None
                job = submit.create(
                    placed, file, key=key, first=first, batch=batch, position=position
                )
                if key and first is None:
                    firsts[key] = job  # the others like it wait for this one
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="batch.submit",
                obj=batch,
                after={"name": name, "documents": len(kept), "refused": len(refused)},
                address=address,
            )
    if read:
        same_document.settle_soon(read)
        batch.refresh_from_db()
    return batch


def cancel(batch: Batch, *, actor: Actor, address: str | None) -> Batch:
    """Ask for the end of all its jobs, as ``job_actions.cancel`` does for each.

    May be called again, where a crash came between. Raises ``AlreadyEnded``.
    """
    with transaction.atomic():
        open_batch = Batch.objects.filter(pk=batch.pk, completed_at=None)
        if not open_batch.update(cancel_requested=True):
            raise AlreadyEnded("The batch has ended already.")
        audit.record(
            actor=actor, tenant=batch.tenant, action="batch.cancel", obj=batch, address=address
        )
    for job in Job.objects.filter(batch=batch).exclude(status__in=ENDED).select_related("tenant"):
        with suppress(AlreadyEnded):
            job_actions.cancel(job, actor=actor, address=address)
    batch.refresh_from_db()
    return batch


def retry(batch: Batch, *, actor: Actor, address: str | None, password: str = "") -> Batch:
    """Queue again its jobs that ended without success, as ``job_actions.retry`` does for each.

    Raises ``NothingToRetry``, ``QueueFull``.
    """
    jobs = Job.objects.filter(batch=batch, status__in=KEPT).exclude(status=Status.SUCCEEDED)
    rows = list(jobs.order_by("batch_position"))
    if not rows:
        raise NothingToRetry("No document of the batch has ended without success.")
    queue.refuse_when_full(queue.pool_of(rows[0].engine))
    audit.record(actor=actor, tenant=batch.tenant, action="batch.retry", obj=batch, address=address)
    for job in rows:
        # by another request, or gone
        with suppress(NotEnded, NothingToRetry, Expired, Http404):
            job_actions.retry(job, actor=actor, address=address, password=password)
    batch.refresh_from_db()
    return batch


def delete(batch: Batch, *, actor: Actor, address: str | None) -> bool:
    """Remove its jobs with their files, one by one, then the batch; returns whether all is gone.

    Stops after DELETE_SECONDS: call it again to go on. Raises ``StorageUnavailable``.
    """
    until = time.monotonic() + DELETE_SECONDS
    with transaction.atomic():
        # ended from here on, so that no end is told of a batch that is being deleted
        if not Batch.objects.filter(pk=batch.pk).update(
            completed_at=Coalesce("completed_at", Now())
        ):
            raise Http404()
        audit.record(
            actor=actor,
            tenant=batch.tenant,
            action="batch.delete",
            obj=batch,
            before={"name": batch.name, "documents": Job.objects.filter(batch=batch).count()},
            address=address,
        )
    for job in Job.objects.filter(batch=batch).order_by("batch_position"):
        if time.monotonic() > until:
            return False
        with suppress(Http404):  # deleted by another request
            job_actions.delete(job, actor=actor, address=address)
    Batch.objects.filter(pk=batch.pk).delete()
    return True
