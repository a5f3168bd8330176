"""Billing for an organisation itself: pages, API, PDF and CSV."""

from __future__ import annotations

import csv
import io
from calendar import monthrange
from datetime import UTC, date, datetime
from decimal import Decimal

import pymupdf
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts import budgets, clock, pdf_sheet
from accounts.billing_details import Details, change_details
from accounts.invoice_pdf import render
from accounts.models import AuditEntry, BillingDetails, Budget, Membership
from accounts.permissions import Role
from accounts.statements import Line, as_json
from tests.accounts.billing import make_invoice, subscribe, terms, use
from tests.people import Organisation

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script> =HYPERLINK("x") (\\) Tj ET ‮evil'


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def this_month(organisation: Organisation) -> None:
    """A plan and seven pages of today, five of them included."""
    made = terms(
        prices={"*": "0.10"}, base_fee="20", included_pages=5, tax_rate="19", tax_label="VAT"
    )
    subscribe(organisation.tenant, made.plan, date(2026, 1, 1))
    use(organisation.tenant, 7, datetime.now(UTC).date())


def test_month_so_far_is_shown_and_told(owner: Client, acme: Organisation) -> None:
    this_month(acme)
    page = owner.get("/organisation/billing").content.decode()
    for text in ("Plan: Pro.", "Of 5 included pages 5 are used", "20.20 EUR", "24.04 EUR"):
        assert text in page
    body, today = acme.api().get("/api/v1/billing").json(), clock.today()
    (statement,) = body["statements"]
    assert (statement["net"], statement["tax"], statement["total"]) == ("20.20", "3.84", "24.04")
    assert [(line["kind"], line["quantity"], line["included"]) for line in statement["lines"]] == [
        ("base_fee", f"{monthrange(today.year, today.month)[1]}", 0),
        ("pages", "2", 5),
    ]  # fmt: skip
    assert (body["plan"], body["included_pages"], body["included_used"]) == ("Pro", 5, 5)
    assert body["budget"] is None


def test_without_a_plan_nothing_is_charged(owner: Client, acme: Organisation) -> None:
    page = owner.get("/organisation/billing").content.decode()
    assert "There is no plan" in page
    assert "Nothing is charged this month" in page
    body = acme.api().get("/api/v1/billing").json()
    assert (body["statements"], body["foreseen"]) == ([], None)


def test_usage_tells_what_pages_cost(acme: Organisation) -> None:
    this_month(acme)
    body = acme.api().get("/api/v1/usage?by=month").json()
    assert body["total"]["cost"] == {"EUR": "0.200000"}
    assert body["buckets"][-1]["engines"]["auto"]["cost"] == {"EUR": "0.200000"}
    assert body["buckets"][0]["total"]["cost"] == {}
    rows = list(csv.DictReader(io.StringIO(acme.api().get("/api/v1/usage.csv").content.decode())))
    assert rows[-1]["cost"] == "0.200000 EUR"


def test_budget_is_set_on_its_page_by_owners_alone(
    owner: Client, acme: Organisation, client: Client
) -> None:
    answer = owner.post("/organisation/billing/budget", {"amount": "10"})
    assert (answer.status_code, b"no prices" in answer.content) == (400, True)
    this_month(acme)
    assert b"in EUR" in owner.get("/organisation/billing/budget").content
    assert owner.post("/organisation/billing/budget", {"amount": "-1"}).status_code == 400
    sent = {"amount": "10.50", "hard_stop": "on"}
    assert owner.post("/organisation/billing/budget", sent).status_code == 302
    budget = Budget.objects.get()
    assert (budget.amount, budget.currency, budget.hard_stop) == (Decimal("10.50"), "EUR", True)
    assert "of 10.50 EUR" in owner.get("/organisation/billing").content.decode()
    told = acme.api().get("/api/v1/billing").json()["budget"]
    assert (told["amount"], told["hard_stop"], told["holds"]) == ("10.50", True, True)
    owner.post("/organisation/billing/budget", {"amount": ""})
    assert not Budget.objects.exists()
    admin = Client()
    admin.force_login(acme.join(Role.ADMIN))
    assert admin.get("/organisation/billing").status_code == 200
    assert "Change the budget" not in admin.get("/organisation/billing").content.decode()
    assert admin.post("/organisation/billing/budget", sent).status_code == 403
    member = Client()
    member.force_login(acme.join(Role.MEMBER))
    assert member.get("/organisation/billing").status_code == 403
    assert not Budget.objects.exists()


def test_who_pays_is_checked_and_audited(owner: Client, acme: Organisation) -> None:
    sent = {"name": "Acme SA", "address": "Rue 1\nLyon", "country": "fr", "tax_id": "FR 1234"}
    answer = owner.post("/organisation/billing/details", sent)
    assert answer.status_code == 400
    assert "no VAT number of FR" in answer.content.decode()
    assert owner.post("/organisation/billing/details", sent | {"country": "F1"}).status_code == 400
    right = sent | {"tax_id": "FR 40 303 265 045"}
    assert owner.post("/organisation/billing/details", right).status_code == 302
    details = BillingDetails.objects.get()
    assert (details.country, details.tax_id, details.tax_rate) == ("FR", "FR40303265045", None)
    after = AuditEntry.objects.get(action="billing.details").after
    assert after is not None
    assert (after["name"], after["tax_id"], after["country"]) == ("Acme SA", "FR40303265045", "FR")
    owner.post("/organisation/billing/details", right)
    assert AuditEntry.objects.filter(action="billing.details").count() == 1
    page = owner.get("/organisation/billing").content.decode()
    assert "Rue 1<br>Lyon" in page
    other = right | {"country": "XX", "tax_id": "whatever 7", "tax_rate": "0"}
    assert owner.post("/organisation/billing/details", other).status_code == 302
    details.refresh_from_db()
    assert (details.tax_id, details.tax_rate) == ("whatever 7", None)  # the rate is not theirs


def test_invoices_are_listed_shown_and_downloaded(owner: Client, acme: Organisation) -> None:
    invoice = make_invoice(acme.tenant, due_on=date(2026, 11, 15))
    note = make_invoice(
        acme.tenant, number="CN-1", sequence=2, kind="credit_note", corrects=invoice, net=-1,
        tax=Decimal("-0.19"), total=Decimal("-1.19"), reason="bad",
    )  # fmt: skip
    assert "T-acme" in owner.get("/organisation/billing").content.decode()
    page = owner.get(f"/organisation/invoices/{invoice.pk}").content.decode()
    for text in ("1.19 EUR", "VAT 19 %", "OCR Ltd", "CN-1", "15 November 2026"):
        assert text in page
    api = acme.api()
    listed = api.get("/api/v1/invoices").json()["results"]
    assert [(row["number"], row["total"]) for row in listed] == [
        ("CN-1", "-1.1900"), ("T-acme", "1.1900"),
    ]  # fmt: skip
    assert listed[0]["corrects"] == str(invoice.pk)
    body = api.get(f"/api/v1/invoices/{note.pk}").json()
    assert (body["customer"]["name"], body["lines"][0]["amount"]) == ("Acme", "1")
    for url in (f"/api/v1/invoices/{invoice.pk}.csv", f"/organisation/invoices/{invoice.pk}.csv"):
        answer = (api if url.startswith("/api") else owner).get(url)
        (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
        assert (row["number"], row["amount"], row["total"]) == ("T-acme", "1", "1.1900")
        assert answer["Content-Disposition"] == 'attachment; filename="T-acme.csv"'
    for url in (f"/api/v1/invoices/{invoice.pk}.pdf", f"/organisation/invoices/{invoice.pk}.pdf"):
        answer = (api if url.startswith("/api") else owner).get(url)
        assert answer["Content-Type"] == "application/pdf"
        text = pymupdf.open(stream=answer.content)[0].get_text()
        for part in ("Invoice T-acme", "1.19 EUR", "Pages read by auto", "page 1 of 1"):
            assert part in text
    for scopes, status in ((("usage:read",), 403), (("admin",), 200)):
        assert acme.api(*scopes).get("/api/v1/invoices").status_code == status


def test_hostile_names_are_inert_on_page_csv_and_pdf(owner: Client, acme: Organisation) -> None:
    customer = {
        "name": HOSTILE, "address": HOSTILE, "country": "DE", "tax_id": "=1+1", "reference": "@x",
    }  # fmt: skip
    line = Line("pages", HOSTILE, Decimal(1), "pages", Decimal(1), Decimal(1), HOSTILE)
    invoice = make_invoice(acme.tenant, customer=customer, lines=as_json([line]))
    page = owner.get(f"/organisation/invoices/{invoice.pk}").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    answer = owner.get(f"/organisation/invoices/{invoice.pk}.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["customer_tax_id"], row["text"][:8]) == ("'=1+1", "<script>")
    document = pymupdf.open(stream=render(invoice))
    text = " ".join(document[0].get_text().split())
    assert '<script>alert(1)</script> =HYPERLINK("x") (\\) Tj ET evil' in text
    assert (document.page_count, document[0].get_links()) == (1, [])


def test_pdf_has_european_names_and_many_lines(acme: Organisation) -> None:
    names = "Čeněk Łódź Ørsted Größe Ñandú Þórður Ελλάδα Київ ŞİĞ €"
    tiny = Decimal("0.000001")
    lines = [
        Line("pages", f"Pages read by engine {n}", Decimal(n), "pages", tiny, Decimal(1))
        for n in range(120)
    ]
    customer = {"name": names, "address": "漢字", "country": "", "tax_id": "", "reference": ""}
    invoice = make_invoice(acme.tenant, customer=customer, lines=as_json(lines))
    body = render(invoice)
    assert body == render(invoice)  # the same each time
    assert len(body) < 60_000
    document = pymupdf.open(stream=body)
    pages = [document[number] for number in range(document.page_count)]
    text = "".join(page.get_text() for page in pages)
    assert names in " ".join(text.split())
    assert "\n??\n" in text  # what the font does not have
    assert text.count("Pages read by engine") == 120
    assert f"page {document.page_count} of {document.page_count}" in text
    fonts = {font[3] for page in pages for font in page.get_fonts()}
    assert all("DejaVu" in font for font in fonts)
    shown = document[0].get_pixmap(dpi=50)
    assert min(shown.samples) < 100 < max(shown.samples)


def test_lines_are_broken_between_words_and_within_long_ones() -> None:
    assert pdf_sheet.wrapped("a b\nc", 500, 9) == ["a b", "c"]
    long = pdf_sheet.wrapped("x" * 200, 100, 9)
    assert "".join(long) == "x" * 200
    assert all(pdf_sheet.width(line, 9) <= 100 for line in long)
    assert pdf_sheet.wrapped("one two three", 40, 9) == ["one two", "three"]


def test_role_that_was_lost_since_the_request_began_changes_nothing(acme: Organisation) -> None:
    this_month(acme)
    actor = acme.member
    Membership.objects.filter(pk=acme.membership.pk).update(role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        budgets.set_budget(actor, amount=Decimal(1), hard_stop=True, address=None)
    with pytest.raises(PermissionDenied):
        change_details(actor, Details("Acme", "1 Road", "DE"), address=None)
    assert not Budget.objects.exists()
    assert not BillingDetails.objects.exists()


def test_long_note_goes_on_on_the_next_page(acme: Organisation) -> None:
    note = "\n".join(f"Clause {number}." for number in range(90))
    issuer = {"name": "OCR Ltd", "address": "1 Road", "tax_id": "DE1", "note": note}
    document = pymupdf.open(stream=render(make_invoice(acme.tenant, issuer=issuer)))
    pages = [document[number] for number in range(document.page_count)]
    words = [word for page in pages for word in page.get_text("words") if word[4] == "Clause"]
    assert len(words) == 90
    foot = pages[0].search_for("page 1 of 2")[0].y0
    assert all(0 < word[1] < word[3] < foot for word in words)
