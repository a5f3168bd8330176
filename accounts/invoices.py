"""Invoices and credit notes: issued once, numbered without gaps, never changed.

A number is taken inside the transaction that writes its document, under the lock of the series'
row: a rollback or a crash gives it back, and the next document waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import override

from accounts import audit, clock, invoice_pdf
from accounts.models import BillingDetails, Closing, Credit, CreditUse, Invoice, Tenant, User
from accounts.money import ZERO, is_currency, rounded, shown
from accounts.owner_mail import tell_owners
from accounts.statements import Line, Statement, as_json, tax_of
from accounts.tenancy import Actor


class BillingError(Exception):
    """Something cannot be billed so; the text says why, for the operator."""


@dataclass(frozen=True, slots=True)
class Number:
    """A document's place in its series."""

    series: str
    year: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.series}-{self.year}-{self.sequence:05}"


def next_number(series: str, year: int) -> Number:
    """The next number, inside a transaction; others wait for its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_numberseries AS kept (series, year, last) VALUES (%s, %s, 1)"
            " ON CONFLICT (series, year) DO UPDATE SET last = kept.last + 1 RETURNING last",
            [series, year],
        )
        return Number(series, year, cursor.fetchone()[0])


def issue(tenant: Tenant, statement: Statement, closing: Closing) -> Invoice:
    """The statement as an invoice, inside the transaction of its closing.

    The number is taken as late as may be: other invoices wait for it. Raises ``BillingError``
    where the settings do not say who issues it.
    """
    issuer = issuer_of_settings()
    now = clock.now()
    number = next_number(settings.INVOICE_SERIES, now.year)
    invoice = Invoice.objects.create(
        tenant=tenant,
        number=str(number),
        series=number.series,
        year=number.year,
        sequence=number.sequence,
        closing=closing,
        month=statement.month,
        issued_at=now,
        due_on=now.date() + timedelta(days=settings.INVOICE_DUE_DAYS),
        currency=statement.currency,
        lines=as_json(statement.lines),
        net=statement.net,
        tax_label=statement.tax_label,
        tax_rate=statement.tax_rate,
        tax_note=statement.tax_note,
        tax=statement.tax,
        total=statement.total,
        issuer=issuer,
        customer=customer_of(tenant),
    )
    CreditUse.objects.bulk_create(
        CreditUse(tenant=tenant, credit_id=each.credit_id, invoice=invoice, amount=each.amount)
        for each in statement.credits
    )
    audit.record(
        actor=None,
        tenant=tenant,
        action="invoice.issue",
        obj=invoice,
        after={"number": invoice.number, "total": str(invoice.total), "currency": invoice.currency},
    )
    transaction.on_commit(partial(_send, invoice), robust=True)
    return invoice


def credit_note(
    invoice: Invoice,
    *,
    actor: Actor | User | str | None,
    reason: str,
    net: Decimal | None = None,
    address: str | None = None,
) -> Invoice:
    """Take back an invoice, or ``net`` of it (without tax), by a credit note.

    The note's amounts are below 0. Raises ``BillingError`` where more would be taken back than is
    left, or nothing.
    """
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update().select_related("tenant").get(pk=invoice.pk)
        if invoice.kind != Invoice.Kind.INVOICE:
            raise BillingError(f"{invoice.number} is no invoice.")
        left_net, left_tax = left_of(invoice)
        wanted = left_net if net is None else net
        if wanted <= 0 or wanted > left_net:
            left = shown(left_net, invoice.currency)
            raise BillingError(f"Of {invoice.number} {left} without tax can be taken back.")
        refuse_amount(wanted, invoice.currency)
        all_of_it = wanted == left_net
        tax = left_tax
        if not all_of_it:  # parts that are rounded up must not come to more than the whole
            tax = min(tax_of(wanted, invoice.tax_rate, invoice.currency), left_tax)
        now = clock.now()
        number = next_number(settings.CREDIT_NOTE_SERIES, now.year)
        line = Line(
            "credit_note", f"Credit for invoice {invoice.number}: {reason}", Decimal(1), "",
            -wanted, -wanted,
        )  # fmt: skip
        note = Invoice.objects.create(
            tenant=invoice.tenant,
            kind=Invoice.Kind.CREDIT_NOTE,
            number=str(number),
            series=number.series,
            year=number.year,
            sequence=number.sequence,
            corrects=invoice,
            month=invoice.month,
            issued_at=now,
            currency=invoice.currency,
            lines=as_json([line]),
            net=-wanted,
            tax_label=invoice.tax_label,
            tax_rate=invoice.tax_rate,
            tax_note=invoice.tax_note,
            tax=-tax,
            total=-(wanted + tax),
            issuer=invoice.issuer,
            customer=invoice.customer,
            reason=reason,
        )
        if all_of_it:
            Invoice.objects.filter(pk=invoice.pk).update(status=Invoice.Status.CREDITED)
        audit.record(
            actor=actor,
            tenant=invoice.tenant,
            action="invoice.credit",
            obj=invoice,
            before={"status": invoice.status},
            after={
                "credit_note": note.number,
                "total": str(note.total),
                "reason": reason,
                "status": str(Invoice.Status.CREDITED if all_of_it else invoice.status),
            },
            address=address,
        )
        transaction.on_commit(partial(_send, note), robust=True)
    return note


def left_of(invoice: Invoice) -> tuple[Decimal, Decimal]:
    """What no credit note has taken back of an invoice: without tax, and its tax."""
    notes = Invoice.objects.filter(corrects=invoice).aggregate(
        net=Sum("net", default=ZERO), tax=Sum("tax", default=ZERO)
    )
    return invoice.net + notes["net"], invoice.tax + notes["tax"]


def grant_credit(
    tenant: Tenant,
    *,
    amount: Decimal,
    currency: str,
    reason: str,
    actor: Actor | User | str | None,
    address: str | None = None,
) -> Credit:
    """An amount off the organisation's coming invoices. Raises ``BillingError``."""
    refuse_amount(amount, currency)
    with transaction.atomic():
        credit = Credit.objects.create(
            tenant=tenant,
            amount=amount,
            currency=currency,
            reason=reason,
            created_by=actor if isinstance(actor, User) else getattr(actor, "user", None),
        )
        audit.record(
            actor=actor,
            tenant=tenant,
            action="credit.grant",
            obj=credit,
            after={"amount": str(amount), "currency": currency, "reason": reason},
            address=address,
        )
    return credit


def refuse_amount(amount: Decimal, currency: str) -> None:
    """Raises ``BillingError`` for an amount that cannot be credited."""
    if not is_currency(currency):
        raise BillingError(f"ISO 4217 knows no currency {currency}.")
    if amount <= 0:
        raise BillingError("The amount must be above 0.")
    if amount != rounded(amount, currency):
        raise BillingError(f"{amount} is finer than {currency} has coins for.")


def issuer_of_settings() -> dict[str, str]:
    """Who issues invoices. Raises ``BillingError`` where the settings do not say."""
    if not settings.INVOICE_ISSUER_NAME:
        raise BillingError("INVOICE_ISSUER_NAME is not set: who issues the invoices?")
    return {
        "name": settings.INVOICE_ISSUER_NAME,
        "address": settings.INVOICE_ISSUER_ADDRESS.replace("\\n", "\n"),
        "tax_id": settings.INVOICE_ISSUER_TAX_ID,
        "note": settings.INVOICE_NOTE.replace("\\n", "\n"),
    }


def customer_of(tenant: Tenant) -> dict[str, str]:
    """Who pays, as it stands now: the billing details, else the organisation's name."""
    details = BillingDetails.objects.for_tenant(tenant).first()
    if details is None:
        return {"name": tenant.name, "address": "", "country": "", "tax_id": "", "reference": ""}
    return {
        "name": details.name,
        "address": details.address,
        "country": details.country,
        "tax_id": details.tax_id,
        "reference": details.reference,
    }


@override("en")
def _send(invoice: Invoice) -> None:
    """Tell those who pay; the PDF goes along, for who is leaving cannot fetch it any more."""
    details = BillingDetails.objects.for_tenant(invoice.tenant).first()
    tell_owners(
        invoice.tenant,
        f"{invoice.get_kind_display()} {invoice.number}",
        f"{invoice_pdf.title_of(invoice)} of {shown(invoice.total, invoice.currency)} is attached, "
        f"and there:\n\n{settings.SITE_URL.rstrip('/')}/organisation/billing\n",
        instead=details.email if details else "",
        pdf=(f"{invoice.number}.pdf", invoice_pdf.render(invoice)),
    )


def payment_changed(
    invoice: Invoice,
    payment: str,
    *,
    reference: str = "",
    actor: Actor | User | str | None,
    address: str | None = None,
) -> bool:
    """Note how the payment stands; False if it stood so. What is paid stays paid."""
    with transaction.atomic():
        held = Invoice.objects.select_for_update().select_related("tenant").get(pk=invoice.pk)
        if payment == held.payment or held.payment == Invoice.Payment.PAID:
            return False
        changes: dict[str, Any] = {"payment": payment}
        if reference:
            changes["payment_reference"] = reference
        if payment == Invoice.Payment.PAID:
            changes["paid_at"] = clock.now()
        Invoice.objects.filter(pk=held.pk).update(**changes)
        audit.record(
            actor=actor,
            tenant=held.tenant,
            action="invoice.payment",
            obj=held,
            before={"payment": held.payment},
            after={"payment": payment, "reference": reference or held.payment_reference},
            address=address,
        )
    return True
