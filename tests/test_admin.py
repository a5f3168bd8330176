"""The operators' admin over every model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts import invitations
from accounts.closing import close_all
from accounts.invoices import grant_credit
from accounts.models import (
    BillingDetails,
    Budget,
    CallSum,
    ClosedUsage,
    Closing,
    CreditUse,
    Invitation,
    Invoice,
    NumberSeries,
    Plan,
    PlanPrice,
    QuotaUse,
    Reservation,
    Subscription,
    ThresholdNotice,
    TurnaroundObjective,
    UsageRecord,
    UsageSum,
    User,
)
from jobs import claims, deliveries, receivers, review, templates, webhooks
from jobs.models import (
    Batch,
    CallbackSecret,
    ComparedJob,
    Comparison,
    Delivery,
    DeliveryAttempt,
    Drain,
    EngineTally,
    Extraction,
    FieldRevision,
    FieldTemplate,
    FieldTemplateVersion,
    FieldValue,
    IdempotencyKey,
    Job,
    JobCallback,
    Page,
    Pause,
    Review,
    ServiceSum,
    SiteAnswer,
    StoredFile,
    Task,
    Turn,
    Webhook,
)
from tests.accounts.billing import subscribe, terms, use
from tests.documents import encrypted_pdf, text_pdf
from tests.jobs.batching import make_batch
from tests.jobs.comparing import make_comparison
from tests.jobs.hooking import hook
from tests.jobs.making import make_job, run_job
from tests.jobs.reviewing import RIGHT, read_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
SCHEMA = {"type": "object", "properties": {"invoiceNumber": {"type": "string"}}}
OURS = [model for app in ("accounts", "jobs") for model in apps.get_app_config(app).get_models()]
HISTORY = [
    Invitation,
    Batch,
    Comparison,
    ComparedJob,
    EngineTally,
    Pause,
    Drain,
    Job,
    StoredFile,
    Page,
    FieldValue,
    FieldRevision,
    Review,
    Extraction,
    FieldTemplate,
    FieldTemplateVersion,
    Task,
    Turn,
    Webhook,
    CallbackSecret,
    JobCallback,
    Delivery,
    DeliveryAttempt,
    QuotaUse,
    Reservation,
    ThresholdNotice,
    UsageRecord,
    IdempotencyKey,
    Subscription,
    PlanPrice,
    Closing,
    ClosedUsage,
    NumberSeries,
    Invoice,
    CreditUse,
    UsageSum,
    CallSum,
    ServiceSum,
    SiteAnswer,
    TurnaroundObjective,
]


@pytest.fixture
def operator(db: None) -> Client:
    """A signed-in operator."""
    client = Client()
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    return client


@pytest.fixture
def rows(acme: Organisation, settings: Settings) -> None:
    """At least one row of every model of jobs, and of what is billed."""
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    month = date(2026, 8, 1)
    subscribe(acme.tenant, terms(prices={"*": "0.10"}).plan, month)
    use(acme.tenant, 100, month)
    grant_credit(acme.tenant, amount=Decimal(1), currency="EUR", reason="sorry", actor="op")
    list(close_all(month))
    Budget.objects.create(tenant=acme.tenant, amount=5, currency="EUR")
    BillingDetails.objects.create(tenant=acme.tenant, name="Acme", address="Road", country="DE")
    job = make_job(acme, text_pdf(["Invoice number: A-17"]), preview=True, schema=SCHEMA)
    run_job(str(job.pk))
    make_batch(acme)
    confirmed = read_job(acme, *RIGHT)
    review.confirm(confirmed, version=0, actor=acme.actor, address=None)
    make_job(acme, encrypted_pdf("geheim"), password="geheim")
    made = {"name": "acme", "fields": [{"name": "iban", "examples": ["A-17"]}]}
    templates.create(tenant=acme.tenant, actor=acme.actor, template=templates.read_template(made))
    make_comparison(acme, text_pdf(["A-17"]), truth={"number": "A-17"}, text="A-17")
    waiting = make_job(acme)
    IdempotencyKey.objects.create(
        tenant=acme.tenant, route="ocr/jobs", key="k", fingerprint="f", made=waiting.pk, status=202
    )
    assert claims.start("cpu", worker="w") is not None
    hook(acme, "https://8.8.8.8/of-A-17")
    receivers.call_back(confirmed, "https://8.8.8.8/of-A-17")
    webhooks.notify(acme.tenant, "job.succeeded", {"name": "A-17"})
    (claimed,) = deliveries.claim(1, troubled=False)
    deliveries.record(claimed, deliveries.Outcome(0.1, 200, "A-17"))
    invitations.invite(actor=acme.actor, email="new@acme.example", role="viewer", address=None)
    Pause.objects.create(pool="gpu", reason="New disks.", paused_by="op")
    Drain.objects.create(worker="host:1", asked_by="op")
    CallSum.objects.create(
        tenant=acme.tenant, day=month, calls=1, failed=0, promised=0, missed=0, allowed=0
    )
    SiteAnswer.objects.create(minute=datetime(2026, 8, 1, tzinfo=UTC), answered=True)
    TurnaroundObjective.objects.create(plan=Plan.objects.get(), priority=1, seconds=60)
    ThresholdNotice.objects.create(
        tenant=acme.tenant, period="month:2026-11", percent=50, used=5, limit=10
    )


def test_every_model_is_listed_and_its_rows_open(operator: Client, rows: None) -> None:
    assert set(OURS) <= set(admin.site._registry)
    for model in OURS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert operator.get(reverse(f"{name}_changelist")).status_code == 200, name
        assert operator.get(reverse(f"{name}_changelist"), {"q": "a"}).status_code == 200, name
        for row in model._default_manager.all()[:2]:
            assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name


def test_lists_take_as_many_queries_for_few_rows_and_for_more(
    operator: Client, rows: None, acme: Organisation, stranger: Organisation
) -> None:
    def counts() -> dict[str, int]:
        found = {}
        for model in OURS:
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            with CaptureQueriesContext(connection) as queries:
                assert operator.get(reverse(f"admin:{name}_changelist")).status_code == 200
            found[name] = len(queries)
        return found

    few = counts()
    for who in (acme, stranger, acme, stranger):
        run_job(str(make_job(who, text_pdf(["Invoice number: A-17"]), schema=SCHEMA).pk))
        make_batch(who)
        hook(who, "https://8.8.8.8/of-A-17")
        webhooks.notify(who.tenant, "job.succeeded", {"name": "A-17"})
        make_comparison(who, text_pdf(["A-17"]), truth={"number": "A-17"}, text="A-17")
        invitations.invite(
            actor=who.actor, email=f"{Job.objects.count()}@x.example", role="viewer", address=None
        )
    assert counts() == few


def test_history_cannot_be_added_changed_or_deleted(operator: Client, rows: None) -> None:
    def all_of(model: type[Model]) -> list[dict[str, Any]]:
        return list(model._default_manager.order_by("pk").values())

    before = {model: all_of(model) for model in HISTORY}
    for model in HISTORY:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pk = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
        assert operator.post(reverse(f"{name}_add"), {}).status_code == 403, name
        assert operator.post(reverse(f"{name}_change", args=[pk]), {}).status_code == 403, name
        gone = operator.post(reverse(f"{name}_delete", args=[pk]), {"post": "yes"})
        assert gone.status_code == 403, name
    assert {model: all_of(model) for model in HISTORY} == before


def test_a_documents_text_and_password_are_not_shown(operator: Client, rows: None) -> None:
    for model in HISTORY:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for row in model._default_manager.all():
            text = operator.get(reverse(f"{name}_change", args=[row.pk])).content.decode()
            assert "A-17" not in text
            assert "sealed" not in text
            assert "classification" not in text
            assert not isinstance(row, Invitation) or row.hash not in text


def test_quotas_tell_whether_their_counters_are_right(operator: Client, rows: None) -> None:
    url = reverse("admin:accounts_quotause_changelist")
    assert "Differences = 0" in operator.get(url).content.decode()
    QuotaUse.objects.filter(period="open").update(used=70)
    assert "Differences = 1: see manage.py quotas" in operator.get(url).content.decode()


def test_members_who_are_no_operators_are_kept_out(acme: Organisation) -> None:
    client = Client()
    client.force_login(acme.owner)
    answer = client.get(reverse("admin:jobs_job_changelist"))
    assert answer.status_code == 302
    assert "/login" in answer["Location"]
