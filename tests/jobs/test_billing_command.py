"""manage.py billing: what accountants and cron see."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import Invoice
from tests.accounts.billing import OCTOBER, make_invoice, subscribe, terms, use
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def printed(*arguments: Any) -> str:
    out = StringIO()
    call_command("billing", *arguments, stdout=out)
    return out.getvalue()


def test_close_prints_invoices_and_again_nothing(acme: Organisation, settings: Settings) -> None:
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    subscribe(acme.tenant, terms(prices={"*": "0.10"}).plan, OCTOBER)
    use(acme.tenant, 10, OCTOBER)
    first = printed("close", "2026-10").splitlines()
    assert first == [
        f"acme 2026-10: {Invoice.objects.get().number}, 1.00 EUR",
        "invoices = 1, months that wait = 0, that failed = 0",
    ]
    assert printed("close", "2026-10") == "invoices = 0, months that wait = 0, that failed = 0\n"


def test_wrong_month_and_no_issuer_are_told(acme: Organisation) -> None:
    with pytest.raises(CommandError, match="no month"):
        printed("close", "october")
    with pytest.raises(CommandError, match="INVOICE_ISSUER_NAME"):
        printed("close", "2026-10")


def test_export_has_the_months_documents_of_all(acme: Organisation, stranger: Organisation) -> None:
    make_invoice(acme.tenant)
    make_invoice(stranger.tenant, sequence=2)
    make_invoice(acme.tenant, number="other", sequence=3, month=OCTOBER.replace(month=9))
    rows = list(csv.DictReader(StringIO(printed("export", "2026-10"))))
    assert [(row["number"], row["total"]) for row in rows] == [
        ("T-acme", "1.1900"), ("T-stranger", "1.1900"),
    ]  # fmt: skip
    told = json.loads(printed("export", "2026-10", "--json"))
    assert [(row["number"], row["lines"][0]["amount"]) for row in told] == [
        ("T-acme", "1"), ("T-stranger", "1"),
    ]  # fmt: skip


def test_export_has_credit_notes_in_the_month_they_were_issued_in(acme: Organisation) -> None:
    invoice = make_invoice(acme.tenant)
    days = (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    for number, moment in enumerate(days, start=2):
        make_invoice(
            acme.tenant, number=f"CN-{number}", sequence=number, kind="credit_note",
            corrects=invoice, issued_at=moment,
        )  # fmt: skip
    found = {
        month: [row["number"] for row in csv.DictReader(StringIO(printed("export", month)))]
        for month in ("2026-10", "2026-11", "2026-12")
    }
    assert found == {"2026-10": ["T-acme"], "2026-11": ["CN-2"], "2026-12": ["CN-3"]}


def test_close_tells_of_what_cannot_be_billed_and_ends_with_1(
    acme: Organisation, stranger: Organisation, settings: Settings
) -> None:
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    subscribe(acme.tenant, terms("dear", prices={"*": "999999"}).plan, OCTOBER)
    use(acme.tenant, 20_000, OCTOBER)
    subscribe(stranger.tenant, terms(base_fee="5").plan, OCTOBER)
    with connection.cursor() as cursor:  # as at a commit
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    out, told = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("billing", "close", "2026-10", stdout=out, stderr=told)
    assert ended.value.code == 1
    assert "invoices = 1, months that wait = 0, that failed = 1" in out.getvalue()
    assert "acme 2026-10 cannot be billed: " in told.getvalue()
