"""extraction/field_agreement.py: values of one kind say the same, or not; scores by hand."""

from __future__ import annotations

from typing import Any

import pytest

from extraction.field_agreement import Concord, Found, Score, agreement, same_value
from extraction.fields import CATALOGUE
from extraction.types import FieldValue

KNOWN = {field.name: field for field in CATALOGUE}
NUMBER = FieldValue("invoice_number", "Invoice number", "id", "A-1", "A-1", 1, confidence=0.9)
TOTAL = FieldValue(
    "total_amount", "Total", "money", "119,00 EUR", {"amount": "119.00", "currency": "EUR"}
)
DATE = FieldValue("invoice_date", "Date", "date", "31.01.2026", "2026-01-31")


@pytest.mark.parametrize(
    ("kind", "one", "two", "same"),
    [
        ("money", {"amount": "9.50", "currency": "EUR"}, {"amount": "9.5", "currency": None}, True),
        ("money", {"amount": "9", "currency": "EUR"}, {"amount": "9", "currency": "USD"}, False),
        ("number", "1.0", "1", True),
        ("percent", "19", "7", False),
        ("text", "ACME  GmbH", "Acme GmbH", True),
        ("date", "2026-01-31", "2026-01-13", False),
        ("checkbox", True, False, False),
        ("address", {"text": "1 Road"}, {"text": "1 road", "city": "X"}, True),
        ("table", [{"sum": {"amount": "1.0"}}], [{"sum": {"amount": "1.00"}, "x": None}], True),
        ("table", [{"sum": "1"}], [{"sum": "1"}, {"sum": "2"}], False),
        ("id", None, "x", False),
    ],
)  # fmt: skip
def test_values_say_the_same_by_their_kind(kind: str, one: Any, two: Any, same: bool) -> None:
    assert same_value(kind, one, two) is same
    assert same_value(kind, two, one) is same


def test_fields_stand_side_by_side_and_pairs_are_counted() -> None:
    misread = FieldValue("total_amount", "Total", "money", "118,00", {"amount": "118.00"})
    told = agreement(
        [
            Found("a", (NUMBER, TOTAL)),
            Found("b", (NUMBER, misread, DATE)),
            Found("failed", None),
        ],
        {},
        KNOWN,
    )
    assert [(row.name, row.agreed) for row in told.rows] == [
        ("invoice_number", True), ("total_amount", False), ("invoice_date", False)
    ]  # fmt: skip
    assert [[cell.engine for cell in row.cells] for row in told.rows] == [["a", "b"]] * 3
    assert [cell.raw for cell in told.rows[2].cells] == ["", "31.01.2026"]
    assert told.matrix == (Concord("a", "b", 3, 1),)
    assert told.scores == ()


def test_truth_is_brought_to_the_kinds_normal_form() -> None:
    truth = {
        "invoice_number": "a-1",
        "total_amount": "119.00",
        "invoice_date": "31.01.2026",
        "due_date": None,
        "iban": "not an iban",
    }
    told = agreement([Found("a", (NUMBER, TOTAL, DATE)), Found("b", ())], truth, KNOWN)
    assert {row.name: row.cells[0].right for row in told.rows} == {
        "invoice_number": True,
        "total_amount": True,
        "invoice_date": True,
        "due_date": True,  # nothing is there, and nothing was found
        "iban": False,
    }
    assert told.scores == (Score("a", 5, 4, 0, 1), Score("b", 5, 1, 0, 4))
    (iban,) = [row for row in told.rows if row.name == "iban"]
    assert iban.truth == "not an iban"


def test_wrong_values_are_told_from_missed_ones() -> None:
    told = agreement([Found("a", (DATE,))], {"invoice_date": "2026-02-01", "iban": None}, KNOWN)
    assert told.scores == (Score("a", 2, 1, 1, 0),)
    invented = agreement([Found("a", (DATE,))], {"invoice_date": None}, KNOWN)
    assert invented.scores == (Score("a", 1, 0, 1, 0),)
