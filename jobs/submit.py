"""Accepting a document: the file kept, the job and what is to be done of it written.

Or the job ended at once, where the same document has been read before.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from accounts import audit
from accounts.identifiers import uuid7
from accounts.tenancy import Actor
from extraction.documents import MEDIA_TYPES, sniff
from extraction.errors import EmptyDocument, UnsupportedType
from extraction.options import Options
from jobs import idempotency, queue, result_cache, same_document, storage, templates
from jobs.idempotency import Once
from jobs.models import Job, Priority, StoredFile
from jobs.sealing import seal
from jobs.uploads import Upload


def submit_job(
    *,
    actor: Actor,
    upload: Upload,
    options: Options,
    metadata: dict[str, Any] | None = None,
    priority: Priority = Priority.NORMAL,
    cache: bool = True,
    once: Once | None = None,
    address: str | None = None,
) -> Job:
    """Keep the file and queue a job for it; returns the job.

    When this returns, the job is committed and will be worked on whatever crashes. Only the first
    bytes of the file are looked at here. Where the same document has been read already, the job has
    ended with that result; ``cache`` off, it is read anew and its result serves no other.

    Raises ``EmptyDocument``, ``UnsupportedType``, ``QueueFull``, ``StorageUnavailable``,
    ``TemplateNotFound``, ``InvalidOption`` for options that exclude each other, and with ``once``
    what ``idempotency.keep`` does.
    """
    queue.refuse_when_full(queue.pool_of(options.engine))
    templates.refuse_both(options.fields, options.template)
    if not upload.size:
        raise EmptyDocument("The file has no content.")
    media_type = sniff(upload.head)
    if media_type is None:
        raise UnsupportedType(
            "The content is none of these: "
            + ", ".join(kind.name for kind in MEDIA_TYPES.values())
            + "."
        )
    tenant = actor.tenant
    asked = templates.resolve(tenant, options.template) if options.template else None
    options = replace(options, template=asked.name if asked else "")
    version = asked.version if asked else None
    key = None
    if cache:
        key = same_document.key_of(tenant, upload.sha256, options, version.pk if version else None)
    known = result_cache.recall(tenant.pk, key) if key else None
    job_id, file_id = uuid7(), uuid7()
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
    try:
        with transaction.atomic():
            if once:
                idempotency.keep(once, job_id)
            first = same_document.first_of(tenant, key, known) if key else None
            file.save(force_insert=True)
            job = Job.objects.create(
                id=job_id,
                tenant=tenant,
                file=file,
                created_by=actor.user,
                api_key=actor.api_key,
                engine=options.engine,
                priority=priority,
                options={k: v for k, v in asdict(options).items() if k != "password"},
                template_version=version,
                cache_key=key,
                same_as=first,
                sealed_password=seal(options.password),
                metadata=metadata or {},
            )
            audit.record(
                actor=actor,
                tenant=tenant,
                action="job.submit",
                obj=job,
                after={"name": file.name, "sha256": file.sha256, "engine": job.engine},
                address=address,
            )
            same_document.place(job, first)
    except OperationalError:
        raise  # the commit may have gone through: the file stays
    except Exception as error:
        storage.delete([file.key])
        if isinstance(error, IntegrityError) and asked and version:
            templates.resolve(tenant, asked.name)  # raises if it was deleted meanwhile
        raise
    return job
