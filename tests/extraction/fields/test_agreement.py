"""What fields of one document must have in common."""

from __future__ import annotations

from typing import Any

import pytest

from extraction.fields import known
from extraction.fields.agreement import checked
from extraction.fields.match import find
from extraction.types import FieldValue, Page
from tests.extraction.test_level import line

GERMAN, DUTCH = "DE89370400440532013000", "NL91ABNA0417164300"


def value(name: str, normal: Any, **checks: bool) -> FieldValue:
    return FieldValue(name, name, "text", str(normal), normal, checks=checks)


def checks(*values: FieldValue) -> dict[str, dict[str, bool]]:
    return {each.name: dict(each.checks) for each in checked(values)}


def address(country: str | None) -> FieldValue:
    return value("issuer_address", {"text": "Weg 1", "country": country})


@pytest.mark.parametrize(
    ("iban", "others", "passed"),
    [
        (GERMAN, (address("DE"),), True),
        (DUTCH, (address("DE"),), False),
        ("GB29NWBK60161331926819", (address("JE"),), True),  # Jersey's accounts are British
        (GERMAN, (value("vat_number", "DE846209136"),), True),
        (DUTCH, (address(None), value("vat_number", "DE846209136")), False),
        ("GR1601101250000000012300695", (value("vat_number", "EL094259216"),), True),
    ],
)
def test_account_is_of_the_issuers_country(
    iban: str, others: tuple[FieldValue, ...], passed: bool
) -> None:
    assert checks(value("iban", iban), *others)["iban"] == {"country": passed}


@pytest.mark.parametrize(
    "others",
    [
        (),
        (address(None),),
        (value("vat_number", "DENMRC70A01H501X"),),  # an Italian person's number
        (value("vat_number", "27AAPFU0939F1ZV"),),
    ],
)
def test_nothing_is_said_where_no_country_is_known(others: tuple[FieldValue, ...]) -> None:
    assert checks(value("iban", GERMAN), *others)["iban"] == {}


def test_dates_come_in_order() -> None:
    found = checks(
        value("invoice_date", "2026-03-14"),
        value("due_date", "2026-03-13"),
        value("period_start", "2026-01-01"),
        value("period_end", "2026-01-31"),
    )
    assert found == {
        "invoice_date": {},
        "due_date": {"order": False},
        "period_start": {},
        "period_end": {"order": True},
    }


def test_other_checks_are_kept() -> None:
    assert checks(value("iban", GERMAN, checksum=True), address("DE"))["iban"] == {
        "checksum": True,
        "country": True,
    }


def test_finder_tells_of_a_due_date_before_the_invoice() -> None:
    page = Page(
        1, 600, 800,
        lines=(line("Invoice date: 2026-03-14", 60, 100), line("Due date: 2026-02-14", 60, 120)),
    )  # fmt: skip
    found = {each.name: each for each in find([page], known(["invoice_date", "due_date"]))}
    assert found["due_date"].checks == {"order": False}
