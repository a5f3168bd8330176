"""accounts/closing.py and accounts/invoices.py: each month once, each row once, no gaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import closing, invoices
from accounts.closing import Closed, Failed, MonthIsOpen, Waits, check, close_all, close_month
from accounts.invoices import BillingError, credit_note, grant_credit, next_number, payment_changed
from accounts.models import (
    AuditEntry,
    BillingDetails,
    ClosedUsage,
    Closing,
    CreditUse,
    Invoice,
    NumberSeries,
    Reservation,
    Subscription,
    Tenant,
    UsageRecord,
    UsageSum,
)
from tests.accounts.billing import OCTOBER, make_invoice, subscribe, terms, use
from tests.owner import Owner
from tests.people import Organisation, organisation

pytestmark = pytest.mark.django_db(transaction=True)
SEPTEMBER = date(2026, 9, 1)


@pytest.fixture(autouse=True)
def issuer(settings: Settings) -> None:
    """Who issues invoices."""
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    settings.INVOICE_ISSUER_ADDRESS = "1 Road\\nTown"
    settings.INVOICE_ISSUER_TAX_ID = "DE123456789"


@pytest.fixture
def tenant(acme: Organisation) -> Tenant:
    """Has used 10 pages of October at 0.10 EUR, and 20 EUR are its base fee; 19 % VAT."""
    plan = terms(prices={"*": "0.10"}, base_fee="20", tax_rate="19", tax_label="VAT").plan
    subscribe(acme.tenant, plan, OCTOBER)
    use(acme.tenant, 10, date(2026, 10, 31))
    return acme.tenant


def october() -> list[Closed | Waits | Failed]:
    return list(close_all(OCTOBER))


def together(*works: Callable[[], Any]) -> None:
    """All at once, in threads with connections of their own."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            work()
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_month_becomes_an_invoice_once(tenant: Tenant) -> None:
    assert check().unbilled_rows == 1
    (done,) = october()
    assert isinstance(done, Closed)
    (invoice,) = done.invoices
    year = timezone.now().year
    assert (invoice.number, done.rows) == (f"INV-{year}-00001", 1)
    assert (invoice.net, invoice.tax, invoice.total) == (21, Decimal("3.99"), Decimal("24.99"))
    stored = Invoice.objects.get()
    assert stored.issuer["address"] == "1 Road\nTown"
    assert stored.customer["name"] == "Acme"
    assert [(line["kind"], line["amount"]) for line in stored.lines] == [
        ("base_fee", "20.00"), ("pages", "1.00"),
    ]  # fmt: skip
    assert stored.due_on == stored.issued_at.date() + timedelta(days=14)
    entry = AuditEntry.objects.get(action="invoice.issue")
    assert entry.after == {"number": stored.number, "total": "24.99", "currency": "EUR"}
    (sent,) = mail.outbox
    assert (sent.to, "24.99 EUR" in sent.body) == (["owner@acme.example"], True)
    assert check().is_right
    assert october() == []
    assert Invoice.objects.count() == Closing.objects.count() == ClosedUsage.objects.count() == 1


def test_month_that_is_not_over_is_not_closed(tenant: Tenant) -> None:
    this = timezone.now().date().replace(day=1)
    with pytest.raises(MonthIsOpen, match="not over"):
        close_month(tenant, this)
    assert not Closing.objects.exists()


def test_open_jobs_are_waited_for_and_later_rows_go_to_the_next_month(
    tenant: Tenant, settings: Settings
) -> None:
    settings.BILLING_WAIT_HOURS = 24 * 36_500
    Reservation.objects.create(
        tenant=tenant, job_id=uuid4(), engine="auto", day=date(2026, 10, 31), pages=1
    )
    (waits,) = october()
    assert isinstance(waits, Waits)
    assert waits.reason == "1 of its jobs have not ended."
    settings.BILLING_WAIT_HOURS = 0
    subscribe(tenant, tenant.plan, SEPTEMBER)
    closed = [done for done in close_all(OCTOBER) if isinstance(done, Closed)]
    assert [(done.month, done.rows, done.invoices[0].net) for done in closed] == [
        (SEPTEMBER, 0, 20), (OCTOBER, 1, 21),
    ]  # fmt: skip


def test_row_that_comes_after_its_closing_is_billed_with_the_next(tenant: Tenant) -> None:
    subscribe(tenant, tenant.plan, SEPTEMBER)
    list(close_all(SEPTEMBER))
    use(tenant, 7, date(2026, 9, 30))  # ends after its month was closed
    assert check().unbilled_rows == 2
    (done,) = october()
    assert isinstance(done, Closed)
    lines = done.invoices[0].lines
    assert [(line["kind"], line["quantity"], line["amount"]) for line in lines] == [
        ("base_fee", "31", "20.00"), ("pages", "10", "1.00"), ("late_pages", "7", "0.70"),
    ]  # fmt: skip
    assert check().is_right


def test_months_are_closed_in_order(tenant: Tenant) -> None:
    subscribe(tenant, tenant.plan, date(2026, 8, 1))
    assert [done.month for done in october()] == [date(2026, 8, 1), SEPTEMBER, OCTOBER]
    assert [invoice.sequence for invoice in Invoice.objects.order_by("month")] == [1, 2, 3]


def test_nothing_owed_makes_no_invoice_and_is_closed_all_the_same(acme: Organisation) -> None:
    subscribe(acme.tenant, terms(prices={"*": "0.10"}, included_pages=100).plan, OCTOBER)
    use(acme.tenant, 5, OCTOBER)
    (done,) = october()
    assert isinstance(done, Closed)
    assert (done.rows, done.invoices) == (1, ())
    assert check().is_right
    assert october() == []


def test_two_closers_at_once_bill_once_and_leave_no_gap(tenant: Tenant) -> None:
    for slug in ("b", "c", "d"):
        other = organisation(slug).tenant
        subscribe(other, tenant.plan, OCTOBER)
        use(other, 1, OCTOBER)
    together(*[october] * 4)
    assert Invoice.objects.count() == ClosedUsage.objects.count() == 4
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4]
    assert check().is_right


def test_closer_killed_midway_leaves_nothing_and_no_gap(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*args: Any, **kwargs: Any) -> None:
        assert NumberSeries.objects.get().last == 1  # the number is taken, and everything written
        assert ClosedUsage.objects.count() == 1
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(invoices.audit, "record", kill)
        with pytest.raises(Killed):
            october()
    assert not (
        Invoice.objects.exists() or Closing.objects.exists() or ClosedUsage.objects.exists()
    )
    assert not NumberSeries.objects.exists()
    october()
    assert Invoice.objects.get().sequence == 1
    assert check().is_right


def killed_after(work: Callable[..., Any], *args: Any) -> None:
    """The session ends when the work is done, before its commit."""
    work(*args)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_server_that_kills_the_closers_session_leaves_nothing(tenant: Tenant) -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        killed_after(close_month, tenant, OCTOBER)
    connection.close()
    assert not Invoice.objects.exists()
    october()
    assert Invoice.objects.get().sequence == 1


def test_numbers_have_no_gaps_where_transactions_are_rolled_back_between() -> None:
    taken: list[int] = []

    def take(fails: bool) -> None:
        for _ in range(5):
            with transaction.atomic():
                number = next_number("T", 2026)
                if fails:
                    transaction.set_rollback(True)
                else:
                    taken.append(number.sequence)

    together(*(lambda fails=fails: take(fails) for fails in (False, True, False, True)))
    assert sorted(taken) == list(range(1, 11))


def test_no_issuer_no_invoice(tenant: Tenant, settings: Settings) -> None:
    settings.INVOICE_ISSUER_NAME = ""
    with pytest.raises(BillingError, match="INVOICE_ISSUER_NAME"):
        october()
    assert not Closing.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_invoice SET total = 0",
        "UPDATE accounts_invoice SET lines = '[]', status = 'credited'",
        "UPDATE accounts_invoice SET number = 'X'",
        "DELETE FROM accounts_invoice",
        "TRUNCATE accounts_invoice CASCADE",
        "UPDATE accounts_closing SET rows = 0",
        "DELETE FROM accounts_closedusage",
        "DELETE FROM accounts_closing",
        "UPDATE accounts_closedusage SET closing_id = 0",
    ],
)
def test_what_was_issued_is_never_changed(tenant: Tenant, statement: str) -> None:
    october()
    before = Invoice.objects.values().get()
    owner = Owner()
    with transaction.atomic():
        owner.execute("ALTER TABLE accounts_invoice ENABLE TRIGGER accounts_invoice_no_truncate")
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            owner.execute(statement)
        transaction.set_rollback(True)
    assert Invoice.objects.values().get() == before
    Invoice.objects.update(payment="failed")  # that may change


def test_a_ledger_row_cannot_be_billed_twice(tenant: Tenant) -> None:
    october()
    other = Closing.objects.create(tenant=tenant, month=SEPTEMBER, rows=1)
    usage = UsageRecord.objects.get()
    with pytest.raises(IntegrityError):
        ClosedUsage.objects.create(tenant=tenant, usage=usage, closing=other)


def test_price_changed_later_changes_no_closed_and_no_open_month(tenant: Tenant) -> None:
    terms(start=date(2026, 11, 1), prices={"*": "5"}, base_fee="999")
    (done,) = october()
    assert isinstance(done, Closed)
    assert done.invoices[0].net == 21


def test_credits_are_used_up_over_invoices(tenant: Tenant) -> None:
    subscribe(tenant, tenant.plan, SEPTEMBER)
    grant_credit(tenant, amount=Decimal(30), currency="EUR", reason="sorry", actor="op")
    done = october()
    assert [str(each.invoices[0].net) for each in done if isinstance(each, Closed)] == [
        "0.00", "11.0000",
    ]  # fmt: skip
    assert [str(use.amount) for use in CreditUse.objects.order_by("pk")] == ["20.0000", "10.0000"]


def test_credit_note_takes_back_in_parts_and_never_more(tenant: Tenant) -> None:
    october()
    invoice = Invoice.objects.get()
    first = credit_note(invoice, net=Decimal("10.01"), reason="bad pages", actor="op")
    assert (first.number[:3], first.net, first.tax) == ("CN-", Decimal("-10.01"), Decimal("-1.90"))
    for net in ("10.991", "11", "0", "-1"):
        with pytest.raises(BillingError):
            credit_note(invoice, net=Decimal(net), reason="x", actor="op")
    assert Invoice.objects.get(pk=invoice.pk).status == "issued"
    rest = credit_note(invoice, reason="all", actor="op")
    assert (rest.net, rest.tax, rest.sequence) == (Decimal("-10.99"), Decimal("-2.09"), 2)
    assert Invoice.objects.get(pk=invoice.pk).status == "credited"
    assert sum(each.total for each in Invoice.objects.all()) == 0
    for each in (invoice, rest):
        with pytest.raises(BillingError):
            credit_note(each, reason="again", actor="op")
    entry = AuditEntry.objects.filter(action="invoice.credit").latest("pk")
    assert entry.after is not None
    assert entry.after["credit_note"] == rest.number
    assert check().is_right


def test_two_credit_notes_at_once_take_back_once(tenant: Tenant) -> None:
    october()
    invoice, failed = Invoice.objects.get(), []

    def take_back() -> None:
        try:
            credit_note(invoice, reason="both", actor="op")
        except BillingError as error:
            failed.append(error)

    together(take_back, take_back, take_back)
    assert len(failed) == 2
    assert Invoice.objects.filter(kind="credit_note").count() == 1
    assert check().missing_numbers == 0


def test_check_finds_a_missing_number(tenant: Tenant) -> None:
    october()
    NumberSeries.objects.update(last=3)
    assert check().missing_numbers > 0


def test_invoice_keeps_the_customer_of_its_day(tenant: Tenant) -> None:
    details = BillingDetails.objects.create(
        tenant=tenant, name="Acme SA", address="Rue 1\nLyon", country="FR", email="pay@acme.example"
    )
    october()
    details.name = "Other"
    details.save()
    assert Invoice.objects.get().customer["name"] == "Acme SA"
    assert mail.outbox[0].to == ["pay@acme.example"]


def test_what_is_paid_stays_paid(tenant: Tenant) -> None:
    october()
    invoice = Invoice.objects.get()
    assert payment_changed(invoice, "failed", actor=None)
    assert payment_changed(invoice, "paid", reference="bank 7", actor=None)
    assert not payment_changed(invoice, "failed", actor=None)
    invoice.refresh_from_db()
    assert (invoice.payment, invoice.payment_reference) == ("paid", "bank 7")
    assert invoice.paid_at is not None
    assert AuditEntry.objects.filter(action="invoice.payment").count() == 2


def test_closing_ends_while_a_job_ends(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that commits while its month is being closed is in this invoice or the next one."""
    statements = closing.statements

    def late(*args: Any, **kwargs: Any) -> Any:
        def end() -> None:
            use(tenant, 5, date(2026, 10, 31))
            connection.close()

        thread = Thread(target=end)
        thread.start()
        thread.join()
        return statements(*args, **kwargs)

    monkeypatch.setattr(closing, "statements", late)
    (done,) = october()
    assert isinstance(done, Closed)
    assert (done.rows, done.invoices[0].net) == (1, 21)
    assert check().unbilled_rows == 1


def test_plan_taken_away_on_its_first_day_is_billed(tenant: Tenant) -> None:
    Subscription.objects.for_tenant(tenant).filter(start=OCTOBER).update(plan=None)
    Tenant.objects.filter(pk=tenant.pk).update(plan=None)
    (done,) = october()
    assert isinstance(done, Closed)
    assert (done.invoices[0].net, done.invoices[0].tax) == (1, Decimal("0.19"))
    assert check().is_right


def test_organisation_deleted_meanwhile_is_left_out(tenant: Tenant) -> None:
    other = organisation("other").tenant
    subscribe(other, tenant.plan, OCTOBER)
    closing_all = close_all(OCTOBER)
    first = next(closing_all)
    gone = other if first.tenant == tenant else None
    assert gone is not None  # the one with usage is the older one, and first
    gone.delete()
    assert list(closing_all) == []
    assert Invoice.objects.get().tenant == tenant


def test_late_pages_have_the_tax_of_their_day(tenant: Tenant) -> None:
    subscribe(tenant, tenant.plan, SEPTEMBER)
    list(close_all(SEPTEMBER))
    terms(start=date(2026, 10, 15), currency="EUR", tax_rate="25", tax_label="Moms")
    terms("other", start=date(2026, 1, 2), tax_rate="7")
    Subscription.objects.for_tenant(tenant).filter(start=OCTOBER).update(plan=None)
    UsageSum.objects.all().delete()
    use(tenant, 100, date(2026, 9, 30))
    use(tenant, 100, date(2026, 8, 31))  # before there was a plan: free
    (done,) = october()
    assert isinstance(done, Closed)
    (invoice,) = done.invoices
    assert [line["kind"] for line in invoice.lines] == ["pages", "late_pages"]
    assert (invoice.tax_label, invoice.tax_rate, invoice.net) == ("VAT", 19, 11)


def test_one_that_cannot_be_billed_does_not_stop_the_others(tenant: Tenant) -> None:
    other = organisation("other").tenant
    subscribe(other, terms("dear", prices={"*": "999999"}).plan, OCTOBER)
    use(other, 20_000, OCTOBER)  # more than an invoice has digits for
    later = organisation("later").tenant
    subscribe(later, tenant.plan, OCTOBER)
    done = {each.tenant.slug: each for each in october()}
    assert isinstance(done["acme"], Closed)
    assert isinstance(done["later"], Closed)
    failed = done["other"]
    assert isinstance(failed, Failed)
    assert "overflow" in failed.reason
    assert set(Invoice.objects.values_list("tenant__slug", flat=True)) == {"acme", "later"}
    assert not Closing.objects.for_tenant(other).exists()
    assert (check().unbilled_rows, check().missing_numbers) == (1, 0)


def test_credit_notes_in_parts_add_up_to_the_invoice(tenant: Tenant) -> None:
    """The tax of each part is rounded up; together they are not more than the invoice's."""
    invoice = make_invoice(tenant, net=Decimal("0.12"), tax=Decimal("0.02"), total=Decimal("0.14"))
    notes = [credit_note(invoice, net=Decimal("0.03"), reason="x", actor="op") for _ in range(4)]
    assert [int(100 * note.tax) for note in notes] == [-1, -1, 0, 0]
    assert sum(note.total for note in notes) == -invoice.total
    assert Invoice.objects.get(pk=invoice.pk).status == "credited"


def test_owners_of_a_suspended_organisation_get_its_invoice(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    october()
    (sent,) = mail.outbox
    ((name, body, kind),) = sent.attachments
    assert (sent.to, kind) == (["owner@acme.example"], "application/pdf")
    assert name == f"{Invoice.objects.get().number}.pdf"
    assert bytes(body).startswith(b"%PDF")
