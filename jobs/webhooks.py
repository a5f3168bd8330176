"""Events told to webhooks: their Delivery rows, written in the transaction of what happened.

So nothing that is committed goes untold, and nothing is told that was rolled back. Sending is
jobs/sending.py's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models import Tenant
from extraction import tracing
from extraction.types import Page
from jobs import netguard
from jobs.models import Delivery, Job, JobCallback, Webhook

logger = logging.getLogger(__name__)

EVENTS: dict[str, str] = {
    "job.queued": "A job was accepted",
    "job.started": "A worker has begun to read it",
    "job.page": "A page of it is finished",
    "job.succeeded": "It ended: every page was read",
    "job.partial": "It ended: some pages were read",
    "job.failed": "It ended: no page was read",
    "job.cancelled": "It was cancelled",
    "batch.completed": "All jobs of a batch have ended",
    "usage.threshold": "A share of a quota is used up",
    "budget.threshold": "A share of the month's budget is used up",
    "review.completed": "A person has confirmed a job's fields",
}
PING = "webhook.ping"  # a test's; no webhook needs to listen
# Locked as a foreign key to them would be, but now: one that is being deleted at this moment must
# not fail the transaction in which a job ends
LISTENING = (
    "SELECT id FROM jobs_webhook WHERE tenant_id = %s AND active"
    " AND events @> ARRAY[%s]::varchar[] ORDER BY id FOR KEY SHARE"
)
MAX_BYTES = 20_000  # of a body
MAX_VALUE_BYTES = 500  # of one value in it, where the whole is too large


def notify(tenant: Tenant, event: str, data: Mapping[str, Any]) -> None:
    """Tell the tenant's webhooks that listen for the event, once the transaction commits.

    ``data`` must be JSON with ids and numbers, no text of documents. One query where none listens.
    """
    if listening := _listening(tenant, event):
        _write(tenant, event, data, [_row_for(webhook) for webhook in listening])


def job_event(job: Job, event: str) -> None:
    """Tell that something has happened to the job."""
    tell_of_job(job, event, _listening(job.tenant, event))


def tell_of_job(job: Job, event: str, listening: Sequence[UUID]) -> None:
    """As ``job_event``, where the webhooks that listen have been looked up."""
    if listening:
        rows = [_row_for(webhook) for webhook in listening]
        _write(job.tenant, event, job_data(job), rows, job.traceparent)


def job_ended(job: Job, status: str) -> None:
    """Tell that the job has ended so: the webhooks that listen, and its own callback."""
    event = f"job.{status}"
    rows = [_row_for(webhook) for webhook in _listening(job.tenant, event)]
    callback = JobCallback.objects.filter(job=job).values_list("url", flat=True).first()
    if callback:
        rows.append(_row_for_callback(job.tenant, callback))
    if rows:
        _write(job.tenant, event, job_data(job), rows, job.traceparent)


def page_finished(job: Job, page: Page) -> None:
    """Tell of a finished page. Whether anybody listens is looked up once a job and process."""
    if _wants_pages(job.tenant_id, job.pk):
        data = {
            "id": str(job.pk),
            "page": page.number,
            "confidence": page.confidence,
            "error": page.error.code if page.error else None,
        }
        notify(job.tenant, "job.page", data)


def ping(webhook: Webhook) -> Delivery:
    """A test delivery to this webhook, whatever it listens for."""
    data = {"webhook": str(webhook.pk)}
    return _write(webhook.tenant, PING, data, [_row_for(webhook.pk)])[0]


def job_data(job: Job) -> dict[str, Any]:
    """What is told of a job: where it stands now, nothing of its text."""
    job = Job.objects.select_related("file").get(pk=job.pk)
    return {
        "id": job.pk,
        "status": job.status,
        "name": job.file.name,
        "sha256": job.file.sha256,
        "engine": job.engine,
        "metadata": job.metadata,
        "pages": {"total": job.pages_total, "done": job.pages_done, "failed": job.pages_failed},
        "kind": (job.classification or {}).get("kind"),
        "error": job.error,
        "warnings": job.warnings,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "url": f"{settings.SITE_URL.rstrip('/')}/api/v1/ocr/jobs/{job.pk}",
    }


def body_of(event: str, data: Mapping[str, Any]) -> str:
    """The JSON that is sent, below MAX_BYTES: else the large values of ``data`` are left out."""
    told = {"type": event, "timestamp": timezone.now(), "data": data}
    body = _json(told)
    if len(body.encode()) >= MAX_BYTES:
        kept = {k: v for k, v in data.items() if len(_json(v).encode()) <= MAX_VALUE_BYTES}
        logger.warning("%s: %s left out of a body", event, sorted(data.keys() - kept.keys()))
        kept = dict(list(kept.items())[:30])
        body = _json(told | {"data": kept | {"left_out": sorted(data.keys() - kept.keys())[:30]}})
    return body


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def _listening(tenant: Tenant, event: str) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(LISTENING, [tenant.pk, event])
        return [row[0] for row in cursor.fetchall()]


@lru_cache(maxsize=256)
def _wants_pages(tenant_id: UUID, job_id: UUID) -> bool:
    return Webhook.objects.filter(
        tenant_id=tenant_id, active=True, events__contains=["job.page"]
    ).exists()


def _row_for(webhook_id: UUID) -> Delivery:
    return Delivery(webhook_id=webhook_id, endpoint=webhook_id)


def _row_for_callback(tenant: Tenant, url: str) -> Delivery:
    origin = netguard.check_url(url, settings.WEBHOOK_ALLOWED_HOSTS, resolve=False).origin
    return Delivery(url=url, endpoint=uuid5(tenant.pk, origin))


def _write(
    tenant: Tenant,
    event: str,
    data: Mapping[str, Any],
    rows: Sequence[Delivery],
    traceparent: str | None = None,
) -> list[Delivery]:
    """``traceparent`` is of what it is about, where nothing at hand has a span."""
    body, message = body_of(event, data), f"msg_{uuid7().hex}"
    for row in rows:
        row.tenant, row.event, row.message, row.body = tenant, event, message, body
        row.traceparent = tracing.traceparent() or traceparent
    return Delivery.objects.bulk_create(rows)
