"""An organisation with a row in every table, files, and entries in Redis, for tests of leaving."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now
from django.test import Client

from accounts import clock
from accounts.models import (
    BillingDetails,
    Budget,
    CallSum,
    ClosedUsage,
    Closing,
    Credit,
    CreditUse,
    Subscription,
    ThresholdNotice,
    UsageRecord,
)
from accounts.permissions import Role
from accounts.tokens import issue
from extraction.formats.json import extraction_to_dict
from extraction.types import Extraction
from jobs import queue, receivers, templates
from jobs.models import Batch, Delivery, DeliveryAttempt, Job, SavedFilter
from jobs.models import Extraction as Filled
from tests.accounts.billing import OCTOBER, make_invoice
from tests.accounts.inviting import invited
from tests.documents import text_pdf
from tests.jobs.comparing import make_comparison
from tests.jobs.making import claim, form_file, make_job, run_job
from tests.jobs.reviewing import read_job
from tests.learning.teaching import make_training
from tests.people import Organisation


def possess(organisation: Organisation) -> None:
    """Give it something of everything."""
    tenant, slug = organisation.tenant, organisation.tenant.slug
    data: dict[str, Any] = {"name": "ours", "fields": [{"name": "iban"}]}
    template = templates.read_template(data)
    templates.create(tenant=tenant, actor=organisation.actor, template=template)
    webhook, _ = receivers.create(
        actor=organisation.actor, url="https://8.8.8.8/", events=("job.succeeded",), address=None
    )
    receivers.rotate_callback(actor=organisation.actor, address=None)
    # read, reviewed and corrected
    read = read_job(organisation)
    api = organisation.api()
    answer = api.put(
        f"/api/v1/ocr/jobs/{read.pk}/fields/total_amount",
        {"value": {"amount": "119.00", "currency": "EUR"}, "version": 0, "force": True},
    )
    assert answer.status_code == 200, answer.content
    Filled.objects.create(job=read, content=extraction_to_dict(Extraction({"a": 1})))
    # one with pictures and a PDF, in a batch, and one that waits
    batch = Batch.objects.create(tenant=tenant, name=f"of {slug}", completed_at=Now())
    job = make_job(organisation, text_pdf([f"{slug}, two"]), preview=True, outputs=("json", "pdf"))
    Job.objects.filter(pk=job.pk).update(batch=batch, batch_position=1)
    run_job(str(job.pk))
    receivers.call_back(read, "https://8.8.4.4/")
    make_comparison(organisation, text_pdf([f"{slug}, five"]), truth={"iban": slug})
    make_training(organisation)
    SavedFilter.objects.create(tenant=tenant, user=organisation.owner, name=slug, query="q=a")
    waiting = api.post(
        "/api/v1/ocr/jobs",
        {"file": form_file(text_pdf([f"{slug}, three"]), "waits.pdf")},
        format="multipart",
        HTTP_IDEMPOTENCY_KEY=f"once {slug}",
    )
    assert waiting.status_code == 202, waiting.content
    running = make_job(organisation, text_pdf([f"{slug}, four"]))
    queue.mark_turn(claim(running))
    delivery = Delivery.objects.create(
        tenant=tenant,
        webhook=webhook,
        endpoint=webhook.pk,
        message="msg_1",
        event="ping",
        body="{}",
    )
    DeliveryAttempt.objects.create(delivery=delivery, number=1, at=Now(), seconds=0.1, code=200)
    ThresholdNotice.objects.create(
        tenant=tenant, period="day:2026-11-27", percent=50, used=1, limit=2
    )
    # people: a member with session and tokens
    viewer = organisation.join(Role.VIEWER)
    Client().force_login(viewer)
    issue(viewer.memberships.get())
    invited(organisation, f"new@{slug}.example")
    # bills: a month closed, its invoice taken back, a credit used up
    Subscription.objects.get_or_create(tenant=tenant, start=OCTOBER)
    closing = Closing.objects.create(tenant=tenant, month=OCTOBER, rows=1)
    used = UsageRecord.objects.filter(tenant=tenant).earliest("pk")
    ClosedUsage.objects.create(tenant=tenant, usage=used, closing=closing)
    invoice = make_invoice(tenant, closing=closing)
    make_invoice(tenant, number=f"C-{slug}", sequence=2, corrects=invoice)
    credit = Credit.objects.create(tenant=tenant, amount=1, currency="EUR", reason="sorry")
    CreditUse.objects.create(tenant=tenant, credit=credit, invoice=invoice, amount=1)
    CallSum.objects.create(
        tenant=tenant, day=clock.today(), calls=2, failed=1, promised=2, missed=1, allowed=1
    )
    BillingDetails.objects.create(tenant=tenant, name=f"{slug} Ltd", address="1 Road")
    Budget.objects.create(tenant=tenant, amount=5, currency="EUR")
