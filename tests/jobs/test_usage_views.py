"""jobs/usage_views.py, jobs/billing_admin.py: what operators see and do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts import usage_sums
from accounts.charts import stacked_bars
from accounts.closing import close_all
from accounts.invoices import credit_note, payment_changed
from accounts.models import (
    AuditEntry,
    BillingDetails,
    Budget,
    Credit,
    Invoice,
    Plan,
    PlanTerms,
    QuotaUse,
    Tenant,
    User,
)
from jobs.models import Job
from tests.accounts.billing import OCTOBER, subscribe, terms, use
from tests.jobs.making import make_job, run_job
from tests.owner import Owner
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def operator(client: Client, settings: Settings) -> Client:
    """A superuser's browser."""
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    return client


def today() -> date:
    return datetime.now(UTC).date()


def text_of(client: Client, name: str, **asked: str) -> str:
    answer = client.get(reverse(f"admin:{name}"), asked)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_usage_view_adds_up_days_engines_and_organisations(
    operator: Client, acme: Organisation, stranger: Organisation
) -> None:
    subscribe(acme.tenant, terms(prices={"*": "0.10"}, included_pages=5).plan, date(2026, 1, 1))
    use(acme.tenant, 10, today())
    use(acme.tenant, 3, today() - timedelta(days=6), engine="rapidocr")
    use(acme.tenant, 0, today(), outcome="failed")
    use(acme.tenant, 9, today(), cached=True)
    use(stranger.tenant, 7, today())
    use(stranger.tenant, 70, today() - timedelta(days=7))  # before
    text = text_of(operator, "usage-view", days="7")
    assert "Pages billed 20, of them" in text
    assert "From another job's result 1 (20.0 % of runs)" in text
    assert "Failed 1 (20.0 % of runs)" in text
    assert "Acme 13" in text
    assert text.index("Acme 13") < text.index("Stranger 7")
    assert "Pages billed 90" in text_of(operator, "usage-view", days="30")
    assert "Pages billed 3," in text_of(operator, "usage-view", days="7", engine="rapidocr")
    one = text_of(operator, "usage-view", days="7", tenant=str(stranger.tenant.pk))
    assert "Pages billed 7," in one
    assert "Acme" not in one
    for odd in ({"days": "x"}, {"tenant": "x"}, {"engine": "'\"><i>"}):
        page = operator.get(reverse("admin:usage-view"), odd).content.decode()
        assert "<i>" not in page
        assert "Pages billed 90," in text_of(operator, "usage-view", **odd)  # as without


def test_views_ask_as_much_of_one_organisation_as_of_many(
    operator: Client, acme: Organisation
) -> None:
    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(reverse(f"admin:{name}"))
        return len(captured)

    use(acme.tenant, 1, today())
    few = [queries(name) for name in ("usage-view", "billing-view")]
    for number in range(25):
        tenant = Tenant.objects.create(name=f"T{number}", slug=f"t{number}")
        use(tenant, number, today())
        QuotaUse.objects.create(tenant=tenant, period="storage", used=10)
    assert [queries(name) for name in ("usage-view", "billing-view")] == few
    assert len(usage_sums.top_tenants(usage_sums.span_of(1))) == usage_sums.TOP


def test_organisations_near_their_quota_and_budget_are_shown(
    operator: Client, acme: Organisation, stranger: Organisation, settings: Settings
) -> None:
    Tenant.objects.filter(pk=acme.tenant.pk).update(
        plan=Plan.objects.create(name="small", title="Small", storage_bytes=100)
    )
    QuotaUse.objects.create(tenant=acme.tenant, period="storage", used=79)
    QuotaUse.objects.create(tenant=stranger.tenant, period="open", used=5, reserved=0)
    assert usage_sums.near_quota() == []
    QuotaUse.objects.filter(period="storage").update(reserved=1)
    settings.QUOTA_OPEN_JOBS = 4
    assert [(row.name, row.quota, row.percent) for row in usage_sums.near_quota()] == [
        ("Stranger", "open_jobs", 125.0), ("Acme", "storage_bytes", 80.0),
    ]  # fmt: skip
    assert "Acme storage_bytes 80 100 80" in text_of(operator, "usage-view")
    Budget.objects.create(tenant=acme.tenant, amount=10, currency="EUR", hard_stop=True)
    period = f"cost:{today():%Y-%m}"
    QuotaUse.objects.create(tenant=acme.tenant, period=period, used=7_990_000)
    assert usage_sums.near_budget() == []
    QuotaUse.objects.filter(period=period).update(used=8_000_000)
    assert "Acme 8.00 EUR 10.00 EUR, stops" in text_of(operator, "billing-view")


def test_billing_view_has_revenue_and_checks_that_are_0(
    operator: Client, acme: Organisation
) -> None:
    month = (today().replace(day=1) - timedelta(days=1)).replace(day=1)
    subscribe(acme.tenant, terms(prices={"*": "0.10"}, tax_rate="19").plan, month)
    use(acme.tenant, 1000, month)
    job = make_job(acme)
    run_job(str(job.pk))
    assert "Unbilled usage 1 rows" in text_of(operator, "billing-view")
    list(close_all(month))
    text = text_of(operator, "billing-view")
    assert "Unbilled usage 0 rows" in text
    assert "Ledger against jobs 0 jobs" in text
    assert "Missing numbers 0 of" in text
    assert f"{month:%Y-%m} 100.00 EUR 1 119.00 EUR" in text
    invoice = Invoice.objects.get()
    credit_note(invoice, net=Decimal(40), reason="bad pages", actor="op")
    assert f"{month:%Y-%m} 60.00 EUR 1 71.40 EUR" in text_of(operator, "billing-view")
    payment_changed(invoice, "paid", actor="op")
    assert f"{month:%Y-%m} 60.00 EUR 1 0.00 EUR" in text_of(operator, "billing-view")
    Job.objects.update(pages_done=5)
    assert "Ledger against jobs 1 jobs" in text_of(operator, "billing-view")


def test_views_are_for_operators_who_may_see_usage(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    assert client.get(reverse("admin:usage-view")).status_code == 302
    staff = User.objects.create_user("staff@example.com", "x", is_staff=True)
    client.force_login(staff)
    for name in ("usage-view", "billing-view"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_views_have_no_script_and_no_style_of_their_own(
    operator: Client, acme: Organisation
) -> None:
    acme.tenant.name = "<script>alert(1)</script>"
    acme.tenant.save(update_fields=["name"])
    use(acme.tenant, 10, today())
    for name in ("usage-view", "billing-view"):
        page = operator.get(reverse(f"admin:{name}")).content.decode()
        assert "<script>alert" not in page
        assert 'style="' not in page
        assert "onclick" not in page
    assert "&lt;script&gt;" in operator.get(reverse("admin:usage-view")).content.decode()
    assert "<rect" in operator.get(reverse("admin:usage-view")).content.decode()
    assert "Unbilled usage" in operator.get("/admin/").content.decode()


def test_bars_are_as_high_as_their_numbers() -> None:
    chart = stacked_bars("T", ["a", "b"], {"x": [1, 4], "y": [1, 0]}, unit="pages")
    heights = [block.height for block in chart.blocks]
    assert heights[2] == pytest.approx(4 * heights[0], rel=0.01)
    assert [block.title for block in chart.blocks] == [
        "a, x: 1 pages", "a, y: 1 pages", "b, x: 4 pages",
    ]  # fmt: skip
    assert [label.text for label in chart.numbers] == ["0", "2.50", "5"]
    assert stacked_bars("T", [], {}).blocks == ()


def test_plan_names_engines_that_there_are(operator: Client) -> None:
    url = reverse("admin:accounts_plan_add")
    forms = {f"turnaround_objectives-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    sent = {"name": "p", "title": "P", **forms}
    assert operator.post(url, {**sent, "engines": ["odd"]}).status_code == 200
    assert operator.post(url, {**sent, "engines": ["auto"]}).status_code == 302
    assert Plan.objects.get().engines == ["auto"]


def test_terms_and_prices_are_added_and_old_ones_are_not_changed(operator: Client) -> None:
    plan = Plan.objects.create(name="p", title="P")
    fields = {
        "plan": plan.pk, "start": f"{today():%Y-%m-%d}", "currency": "EUR", "base_fee": "5",
        "included_pages": "10", "overage_price": "", "tax_label": "VAT", "tax_rate": "19",
        "prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0",
        "prices-0-engine": "*", "prices-0-price": "0.01", "prices-0-covered": "on",
    }  # fmt: skip
    url = reverse("admin:accounts_planterms_add")
    for wrong in ({"currency": "XXY"}, {"start": "2026-01-01"}, {"prices-0-engine": "odd"}):
        assert operator.post(url, fields | wrong).status_code == 200
    assert operator.post(url, fields).status_code == 302
    made = PlanTerms.objects.get()
    assert made.prices.get().price == Decimal("0.01")
    entry = AuditEntry.objects.get(action="plan.prices")
    assert entry.after == {"*": {"price": "0.010000", "covered": True}}
    old = terms("old", prices={"*": "1"})
    with connection.cursor() as cursor:
        Owner().execute("ALTER TABLE accounts_planterms DISABLE TRIGGER USER")
        cursor.execute("UPDATE accounts_planterms SET created_at = start WHERE id = %s", [old.pk])
        Owner().execute("ALTER TABLE accounts_planterms ENABLE TRIGGER USER")
    page = reverse("admin:accounts_planterms_change", args=[old.pk])
    assert operator.get(page).status_code == 200
    assert operator.post(page, fields | {"plan": old.plan_id}).status_code == 403
    assert PlanTerms.objects.get(pk=old.pk).base_fee == 0


def test_invoice_is_taken_back_and_noted_as_paid(operator: Client, acme: Organisation) -> None:
    subscribe(acme.tenant, terms(prices={"*": "0.10"}).plan, OCTOBER)
    use(acme.tenant, 1000, OCTOBER)
    list(close_all(OCTOBER))
    invoice = Invoice.objects.get()
    url = reverse("admin:accounts_invoice_credit", args=[invoice.pk])
    assert "100.00 EUR" in operator.get(url).content.decode()
    assert b"can be taken back" in operator.post(url, {"net": "101", "reason": "x"}).content
    assert operator.post(url, {"net": "40", "reason": "bad pages"}).status_code == 302
    note = Invoice.objects.get(kind="credit_note")
    assert (note.net, note.reason) == (-40, "bad pages")
    assert AuditEntry.objects.get(action="invoice.credit").actor == "op@example.com"
    operator.post(
        reverse("admin:accounts_invoice_changelist"),
        {"action": "mark_paid", "_selected_action": [invoice.pk, note.pk]},
    )
    assert [row.payment for row in Invoice.objects.order_by("kind")] == ["open", "paid"]
    paid = AuditEntry.objects.get(action="invoice.payment")
    assert (paid.actor, paid.address) == ("op@example.com", "127.0.0.1")
    viewer = Client()
    viewer.force_login(User.objects.create_user("v@example.com", "x", is_staff=True))
    assert viewer.post(url, {"reason": "x"}).status_code == 403


def test_credit_is_granted_and_audited(operator: Client, acme: Organisation) -> None:
    url = reverse("admin:accounts_credit_add")
    fields = {"tenant": acme.tenant.pk, "amount": "5", "currency": "EUR", "reason": "sorry"}
    for wrong in ({"currency": "XXY"}, {"amount": "0.001"}, {"amount": "-5"}, {"amount": "0"}):
        assert operator.post(url, fields | wrong).status_code == 200
    answer = operator.post(url, fields | {"amount": "0.5", "currency": "JPY"})
    assert "finer than JPY has coins for" in answer.content.decode()
    assert not Credit.objects.exists()
    assert operator.post(url, fields).status_code == 302
    credit = Credit.objects.get()
    assert (credit.amount, credit.created_by.email) == (5, "op@example.com")  # type: ignore[union-attr]
    assert AuditEntry.objects.filter(action="credit.grant").count() == 1
    assert (
        operator.post(reverse("admin:accounts_credit_delete", args=[credit.pk])).status_code == 403
    )


def test_organisation_is_suspended_and_let_in_again(
    operator: Client, acme: Organisation, settings: Settings
) -> None:
    settings.KEY_CACHE_SECONDS = 60
    assert acme.api().get("/api/v1/usage").status_code == 200  # the key is known from here on
    url = reverse("admin:accounts_tenant_changelist")
    operator.post(url, {"action": "suspend", "_selected_action": [acme.tenant.pk]})
    assert acme.api().get("/api/v1/usage").status_code == 401
    operator.post(url, {"action": "suspend", "_selected_action": [acme.tenant.pk]})
    assert AuditEntry.objects.get(action="tenant.suspend").tenant == acme.tenant
    change = reverse("admin:accounts_tenant_change", args=[acme.tenant.pk])
    operator.post(change, {"name": "Acme", "slug": "acme", "is_active": "on"})
    assert not Tenant.objects.get(pk=acme.tenant.pk).is_active  # the action alone
    operator.post(url, {"action": "resume", "_selected_action": [acme.tenant.pk]})
    assert acme.api().get("/api/v1/usage").status_code == 200


def test_failed_jobs_are_queued_again(operator: Client, acme: Organisation) -> None:
    failed = make_job(acme, b"%PDF-1.7 and then nothing")
    run_job(str(failed.pk))
    fine = make_job(acme)
    run_job(str(fine.pk))
    answer = operator.post(
        reverse("admin:jobs_job_changelist"),
        {"action": "try_again", "_selected_action": [failed.pk, fine.pk]},
        follow=True,
    )
    assert b"1 jobs queued again." in answer.content
    assert Job.objects.get(pk=failed.pk).status == "queued"
    entry = AuditEntry.objects.get(action="job.retry")
    assert (entry.actor, entry.tenant) == ("op@example.com", acme.tenant)


def test_jobs_are_stopped(operator: Client, acme: Organisation) -> None:
    waiting, ended = make_job(acme), make_job(acme)
    run_job(str(ended.pk))
    answer = operator.post(
        reverse("admin:jobs_job_changelist"),
        {"action": "stop", "_selected_action": [waiting.pk, ended.pk], "reason": "It blocks."},
        follow=True,
    )
    assert b"1 jobs stopped." in answer.content
    assert Job.objects.get(pk=waiting.pk).status == "cancelled"
    assert Job.objects.get(pk=ended.pk).status == "succeeded"
    entry = AuditEntry.objects.get(action="job.cancel")
    assert (entry.actor, entry.tenant) == ("op@example.com", acme.tenant)


def test_who_pays_is_checked_as_on_the_organisations_page(
    operator: Client, acme: Organisation
) -> None:
    url = reverse("admin:accounts_billingdetails_add")
    fields = {
        "tenant": acme.tenant.pk, "name": "Acme SA", "address": "Rue 1", "country": "FR",
        "tax_id": "FR 1234", "tax_rate": "0",
    }  # fmt: skip
    assert b"no VAT number of FR" in operator.post(url, fields).content
    assert operator.post(url, fields | {"tax_id": "FR 40 303 265 045"}).status_code == 302
    details = BillingDetails.objects.get()
    assert (details.tax_id, details.tax_rate) == ("FR40303265045", 0)


def test_budget_is_not_the_operators_to_change(operator: Client, acme: Organisation) -> None:
    budget = Budget.objects.create(tenant=acme.tenant, amount=10, currency="EUR")
    assert operator.get(reverse("admin:accounts_budget_add")).status_code == 403
    url = reverse("admin:accounts_budget_change", args=[budget.pk])
    assert operator.get(url).status_code == 200
    fields = {"tenant": acme.tenant.pk, "amount": "99", "currency": "EUR"}
    assert operator.post(url, fields).status_code == 403
    assert Budget.objects.get().amount == 10
