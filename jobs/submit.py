"""Accepting a document: the file kept, the job and its outbox row written, the id sent."""

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
from jobs import metering, queue, storage, templates
from jobs.models import Job, Outbox, StoredFile
from jobs.sealing import seal
from jobs.uploads import Upload


def submit_job(
    *,
    actor: Actor,
    upload: Upload,
    options: Options,
    metadata: dict[str, Any] | None = None,
    address: str | None = None,
) -> Job:
    """Keep the file and queue a job for it; returns the job.

    When this returns, the job is committed and will be worked on whatever crashes. Only the first
    bytes of the file are looked at here. Raises ``EmptyDocument``, ``UnsupportedType``,
    ``QuotaExceeded``, ``StorageUnavailable``, ``TemplateNotFound``, and ``InvalidOption`` for
    options that exclude each other.
    """
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
    try:
        with transaction.atomic():
            file.save(force_insert=True)
            job = Job.objects.create(
                tenant=tenant,
                file=file,
                created_by=actor.user,
                api_key=actor.api_key,
                engine=options.engine,
                options={k: v for k, v in asdict(options).items() if k != "password"},
                template_version=asked.version if asked else None,
                sealed_password=seal(options.password),
                metadata=metadata or {},
            )
            Outbox.objects.create(job=job)
            audit.record(
                actor=actor,
                tenant=tenant,
                action="job.submit",
                obj=job,
                after={"name": file.name, "sha256": file.sha256, "engine": job.engine},
                address=address,
            )
            metering.reserve(job, size=file.size)
            queue.enqueue_after_commit(job.pk)
    except OperationalError:
        raise  # the commit may have gone through: the file stays
    except Exception as error:
        storage.delete([file.key])
        if isinstance(error, IntegrityError) and asked and asked.version:
            templates.resolve(tenant, asked.name)  # raises if it was deleted meanwhile
        raise
    return job
