"""manage.py billing: what accountants and cron see."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
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
