"""An organisation that has used everything: rows in every table that belongs to organisations."""

from __future__ import annotations

from uuid import uuid4

from django.utils import timezone

from accounts.models import ThresholdNotice
from jobs import corrections, receivers, templates
from jobs.corrections import Change
from jobs.models import (
    Delivery,
    DeliveryAttempt,
    Extraction,
    IdempotencyKey,
    Turn,
)
from tests.jobs.batching import make_batch
from tests.jobs.hooking import hook
from tests.jobs.making import make_job
from tests.jobs.reviewing import read_job
from tests.people import Organisation


def fill(organisation: Organisation) -> None:
    """Jobs that wait and one that was read and corrected, a batch, a template, webhooks."""
    tenant, actor = organisation.tenant, organisation.actor
    read = read_job(organisation)
    corrections.correct(
        read, "invoice_number", change=Change(0, raw="A-4712"), actor=actor, address=None
    )
    Extraction.objects.create(job=read, content={})
    data = {"name": "ours", "fields": [{"name": "iban"}]}
    templates.create(tenant=tenant, actor=actor, template=templates.read_template(data))
    make_batch(organisation, [b"%PDF-1.4 one", b"%PDF-1.4 two"])
    waiting = make_job(organisation)
    receivers.call_back(waiting, "https://8.8.8.8/")
    webhook, _ = hook(organisation, "https://8.8.8.8/")
    delivery = Delivery.objects.create(
        tenant=tenant, webhook=webhook, endpoint=webhook.pk, message="m", event="e", body="{}"
    )
    now = timezone.now()
    DeliveryAttempt.objects.create(delivery=delivery, number=1, at=now, seconds=1)
    Turn.objects.update_or_create(tenant=tenant, pool="cpu", defaults={"at": now})
    IdempotencyKey.objects.create(
        tenant=tenant, route="job-list", key="k", fingerprint="f", made=uuid4(), status=202
    )
    ThresholdNotice.objects.create(tenant=tenant, period="day:x", percent=80, used=8, limit=10)
