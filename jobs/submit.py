"""Accepting a document: the file kept, the job and what is to be done of it written.

Or the job ended at once, where the same document has been read before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction

from accounts import audit, quotas, request_ids, rows
from accounts.identifiers import uuid7
from accounts.models import Tenant
from accounts.tenancy import Actor
from extraction import tracing
from extraction.errors import EmptyDocument, UnsupportedType
from extraction.media_types import MEDIA_TYPES, sniff
from extraction.options import Options
from jobs import (
    claims,
    idempotency,
    metering,
    own_engines,
    queue,
    receivers,
    result_cache,
    retention,
    same_document,
    storage,
    templates,
    webhooks,
)
from jobs.idempotency import Once
from jobs.models import Batch, Job, Priority, StoredFile
from jobs.plan_engines import refuse_engine
from jobs.sealing import seal
from jobs.uploads import Upload


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with a document or many, and who asks.

    ``template`` is what ``options.template`` meant when it was asked for, None where none was;
    ``engine`` what ``options.engine`` did.
    """

    actor: Actor
    options: Options
    engine: own_engines.Chosen
    template: templates.Asked | None
    metadata: dict[str, Any]
    priority: Priority
    address: str | None
    callback_url: str = ""
    retention_hours: int | None = None


def order(
    *,
    actor: Actor,
    options: Options,
    metadata: dict[str, Any] | None = None,
    priority: Priority = Priority.NORMAL,
    retention_hours: int | None = None,
    address: str | None = None,
) -> Order:
    """The options checked, their template looked up, and how long the result is to be kept.

    Raises ``QueueFull``, ``EngineNotAllowed``, ``TemplateNotFound``, and ``InvalidOption`` for
    options that exclude each other and a retention longer than allowed.
    """
    engine = own_engines.chosen(actor.tenant, options.engine)
    refuse_engine(actor.tenant, engine.base)
    queue.refuse_when_full(queue.pool_of(options.engine))
    templates.refuse_both(options.fields, options.template)
    asked = templates.resolve(actor.tenant, options.template) if options.template else None
    options = replace(options, template=asked.name if asked else "")
    hours = retention.hours_for(actor.tenant, retention_hours)
    return Order(
        actor, options, engine, asked, metadata or {}, priority, address, retention_hours=hours
    )


def submit_job(
    *,
    actor: Actor,
    upload: Upload,
    options: Options,
    metadata: dict[str, Any] | None = None,
    priority: Priority = Priority.NORMAL,
    callback_url: str = "",
    cache: bool | None = None,
    retention_hours: int | None = None,
    once: Once | None = None,
    address: str | None = None,
) -> Job:
    """Keep the file and queue a job for it; returns the job.

    When this returns, the job is committed and will be worked on whatever crashes. Only the first
    bytes of the file are looked at here; ``callback_url`` has passed ``netguard.check_url``. Where
    the same document has been read already, the job has ended with that result; ``cache`` off (None
    is as the organisation says), or to be kept for 0 hours, it is read anew and its result serves
    no other. Raises as ``order``, ``keep`` and ``create``, and with ``once`` what
    ``idempotency.keep`` does.
    """
    if cache is None:
        cache = actor.tenant.default_cache
    placed = order(
        actor=actor,
        options=options,
        metadata=metadata,
        priority=priority,
        retention_hours=retention_hours,
        address=address,
    )
    placed = replace(placed, callback_url=callback_url)
    with taken_back_on_failure(placed) as kept:
        kept.append(keep(actor.tenant, upload))
        seen = templates.state_seen(actor.tenant) if cache else ""
        same = same_as(placed, kept[0], seen) if cache else None
        key, job_id = same.key if same else None, uuid7()
        if not once and not callback_url and (same is None or same.known is None):  # as most are
            with suppress(NotAlone):
                return create(placed, kept[0], job_id=job_id, key=key, alone=True, seen=seen)
        with transaction.atomic():
            if once:
                idempotency.keep(once, job_id)
            first = None
            if same:
                same = same_as(placed, kept[0], templates.state_of(actor.tenant)) or same
                first = same_document.first_of(actor.tenant, same.key, same.known)
                key = same.key
            return create(placed, kept[0], job_id=job_id, key=key, first=first)


class NotAlone(Exception):
    """More than one call of the database is needed for a job; nothing was written."""


@dataclass(frozen=True, slots=True)
class Same:
    """The key of what has the same result, and the job that is said to have it."""

    key: UUID
    known: UUID | None


def same_as(placed: Order, file: StoredFile, templates_state: str) -> Same | None:
    """Where to look for the file's result among those that are there; None for nowhere.

    A result that goes with its first delivery is nobody else's. ``templates_state`` is what
    ``templates.state_of`` says.
    """
    if placed.retention_hours == 0:
        return None
    tenant, version = placed.actor.tenant, placed.template.version if placed.template else None
    key = same_document.key_of(
        tenant,
        file.sha256,
        placed.options,
        version.pk if version else None,
        templates_state,
        placed.engine.revision,
    )
    return Same(key, result_cache.recall(tenant.pk, key)) if key else None


def media_type_of(head: bytes) -> str:
    """The media type told by a file's first bytes. Raises ``UnsupportedType``."""
    media_type = sniff(head)
    if media_type is None:
        raise UnsupportedType(
            "The content is none of these: "
            + ", ".join(kind.name for kind in MEDIA_TYPES.values())
            + "."
        )
    return media_type


def keep(tenant: Tenant, upload: Upload) -> StoredFile:
    """Put the file into the storage; returns its row, still to be saved.

    Raises ``EmptyDocument``, ``UnsupportedType``, ``QuotaExceeded``, ``StorageUnavailable``.
    """
    if not upload.size:
        raise EmptyDocument("The file has no content.")
    media_type = media_type_of(upload.head)
    metering.refuse_beyond(tenant, size=upload.size)
    file_id = uuid7()
    file = StoredFile(
        id=file_id,
        tenant=tenant,
        key=storage.upload_key(tenant.pk, file_id),
        name=(upload.name or "document")[:255],
        media_type=media_type,
        size=upload.size,
        sha256=upload.sha256,
    )
    storage.put_upload(file.key, upload)
    return file


def keep_again(file: StoredFile) -> StoredFile:
    """A kept file once more, for another job; returns its row, still to be saved.

    Raises FileNotFoundError, ``StorageUnavailable``, ``StorageFull``.
    """
    file_id = uuid7()
    again = StoredFile(
        id=file_id,
        tenant=file.tenant,
        key=storage.upload_key(file.tenant_id, file_id),
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
    )
    storage.copy(file.key, again.key)
    return again


def create(
    placed: Order,
    file: StoredFile,
    *,
    job_id: UUID | None = None,
    key: UUID | None = None,
    first: Job | None = None,
    alone: bool = False,
    seen: str = "",
    batch: Batch | None = None,
    position: int | None = None,
    later: bool = False,
) -> Job:
    """Write a kept file's rows, in the caller's transaction; a worker is woken after its commit.

    ``key`` is that of ``same_as``, ``first`` the job that has the result or is about to: the new
    one then has ended, or waits as ``same_document.place`` says. ``alone``, it is a transaction of
    its own: for a job without ``first`` and callback. Raises ``NotAlone`` where a job with the key
    is at work after all, the templates are no longer as they were ``seen``, or a webhook is to be
    told. ``later``, as in a batch, one whose ``first`` has ended waits until after the commit.
    Raises ``QuotaExceeded``.
    """
    tenant, options = placed.actor.tenant, placed.options
    job = Job(
        id=job_id or uuid7(),
        cache_key=key,
        same_as=first,
        tenant=tenant,
        file=file,
        batch=batch,
        batch_position=position,
        created_by=placed.actor.user,
        api_key=placed.actor.api_key,
        engine=options.engine,
        adapter=placed.engine.adapter,
        priority=placed.priority,
        options=shown(options),
        template_version=placed.template.version if placed.template else None,
        sealed_password=seal(options.password),
        metadata=placed.metadata,
        traceparent=tracing.traceparent() or None,
        retention_hours=placed.retention_hours,
        stored_bytes=file.size,
    )
    if batch is None:
        request_ids.about(job.pk)
    Job.review.related.set_cached_value(job, None)  # it has none yet: nobody needs to look
    entry = audit.entry(
        actor=placed.actor,
        tenant=tenant,
        action="job.submit",
        obj=job,
        after={"sha256": file.sha256, "engine": job.engine},
        address=placed.address,
    )
    task = claims.first_task(job) if first is None else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM jobs_submit(%s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb, %s, %s, %s,"
            " %s::bigint[])",
            [
                *(rows.as_json(row) for row in (file, job, entry)),
                rows.as_json(task) if task else None,
                alone,
                same_document.lock_number(key) if alone and key else None,
                seen if same_document.depends_on_templates(options) else None,
                quotas.most(tenant, size=file.size),
            ],
        )
        outcome, listening, room = cursor.fetchone()
    if outcome == "full":
        metering.refuse(job, room, size=file.size)
    if outcome != "kept":
        raise NotAlone()
    rows.written(file, job, entry, *([task] if task else []))
    if task:
        queue.ring_after_commit(task.pool)
    if placed.callback_url:
        receivers.call_back(job, placed.callback_url)
    webhooks.tell_of_job(job, "job.queued", listening)
    same_document.place(job, first, later=later or batch is not None)
    if job.ended:  # with another one's result: its other files are counted already
        metering.add_storage(tenant, file.size)
    elif first is not None:
        metering.reserve(job, size=file.size)
    return job


def shown(options: Options) -> dict[str, Any]:
    """The options as they are kept and returned: without the password."""
    return {name: value for name, value in options.by_name().items() if name != "password"}


@contextmanager
def taken_back_on_failure(placed: Order) -> Iterator[list[StoredFile]]:
    """Removes the kept files that the block has put into the list, where the block fails.

    Raises ``TemplateNotFound`` where the rows could not be written because it was deleted.
    """
    kept: list[StoredFile] = []
    try:
        yield kept
    except OperationalError:
        raise  # the commit may have gone through: the files stay
    except Exception as error:
        storage.delete(file.key for file in kept)
        asked = placed.template
        if isinstance(error, IntegrityError) and asked and asked.version:
            templates.resolve(placed.actor.tenant, asked.name)  # raises if it was deleted
        raise
