"""The fields benchmark counts as it says."""

from __future__ import annotations

from typing import Any

from benchmarks.field_documents import Verdict, alike, judge, reliability, rows_right
from benchmarks.field_drawing import Truth
from benchmarks.field_pages import Sample
from extraction.types import FieldValue

EUROS = {"amount": "1234.50", "currency": "EUR"}


def value(name: str, value: Any, confidence: float = 0.9) -> FieldValue:
    return FieldValue(name, name, "text", str(value), value, confidence=confidence)


def test_values_alike() -> None:
    assert alike("Calder Vale LTD.", "Calder Vale Ltd")
    assert alike({"amount": "1234.5", "currency": "EUR"}, EUROS)
    assert alike("1103.0", "1103")
    assert alike("https://www.calder.example/", "www.calder.example")
    assert alike({"text": "Mill Road 4, Thornwick", "postcode": None}, "Mill Road 4 Thornwick")
    assert alike("020 7946 0123", "+442079460123")
    assert alike([{"description": "Bolt", "amount": EUROS, "more": "x"}], [{"amount": EUROS}])


def test_values_not_alike() -> None:
    assert not alike("Calder", "Calder Vale Ltd")
    assert not alike({"amount": "1234.50", "currency": "USD"}, EUROS)
    assert not alike({"amount": "123450", "currency": "EUR"}, EUROS)
    assert not alike("1234.50", EUROS)
    assert not alike("0123", "+442079460123")
    assert not alike([{"amount": EUROS}, {"amount": EUROS}], [{"amount": EUROS}])


def test_rows_count_in_order() -> None:
    true = [{"description": "Bolt"}, {"description": "Lamp"}]
    assert rows_right([{"description": "Bolt"}, {"description": "lamp"}], true) == 2
    assert rows_right([{"description": "Lamp"}, {"description": "Bolt"}], true) == 1
    assert rows_right([{"description": "Bolt"}, "Lamp"], true) == 1


def test_fields_are_judged() -> None:
    truth = Truth(
        {"invoice_number": "A-1", "invoice_date": "2024-01-02", "total_amount": EUROS},
        open={"tax_amount"},
    )
    sample = Sample("invoice-0", "invoice", "en", "GB", False, b"", truth)
    found = [
        value("invoice_number", "A1"),
        value("invoice_date", "2024-02-01"),
        value("iban", "GB00"),
        value("a_field_of_other_papers", "7"),
        value("tax_amount", EUROS),
    ]
    assert {verdict.field: verdict.outcome for verdict in judge(sample, found)} == {
        "invoice_number": "right",
        "invoice_date": "wrong",
        "total_amount": "missed",
        "iban": "false",
        "a_field_of_other_papers": "besides",
    }


def test_calibration_error_is_that_of_the_bands() -> None:
    verdicts = [
        Verdict("a", "right", 0.95),
        Verdict("a", "false", 0.95),
        Verdict("a", "right", 0.25),
        Verdict("a", "missed"),
        Verdict("a", "besides", 0.9),
    ]
    bands, error = reliability(verdicts)
    assert [len(band) for band in bands] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 2]
    assert round(error, 6) == round((abs(1 - 1.9) + abs(1 - 0.25)) / 3, 6)
