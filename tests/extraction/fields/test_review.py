"""Why a person should look at a document's fields."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extraction.fields import known
from extraction.fields.definition import Field
from extraction.fields.review import Reason, reasons
from extraction.types import FieldValue

TOTAL = Field("total_amount", "Total amount", "money", required=True)
IBAN = Field("iban", "IBAN", "iban")


def value(field: Field, confidence: float | None = 0.9, **more: object) -> FieldValue:
    """A found value of the field."""
    found = FieldValue(field.name, field.label, field.kind, "x", "x", confidence=confidence)
    return replace(found, **more)  # type: ignore[arg-type]


def test_required_field_without_a_value_is_missing() -> None:
    found = reasons([value(IBAN)], [TOTAL, IBAN], threshold=0.5, document=2)
    assert found == (Reason("total_amount", "missing", "Total amount was not found.", 2),)


def test_required_field_below_the_threshold_is_unsure() -> None:
    (found,) = reasons([value(TOTAL, 0.31)], [TOTAL], threshold=0.5)
    assert (found.field, found.code, found.document) == ("total_amount", "unsure", None)
    assert found.detail == "Total amount has a confidence of 0.310, below 0.500."
    assert reasons([value(TOTAL, 0.5)], [TOTAL], threshold=0.5) == ()


@pytest.mark.parametrize(
    ("own", "confidence", "code"),
    [(0.9, 0.8, ["unsure"]), (0.2, 0.3, []), (0.0, 0.0, []), (None, 0.1, [])],
)
def test_optional_field_is_unsure_by_a_threshold_of_its_own_alone(
    own: float | None, confidence: float, code: list[str]
) -> None:
    field = replace(IBAN, threshold=own)
    found = reasons([value(field, confidence)], [field], threshold=0.5)
    assert [reason.code for reason in found] == code


def test_own_threshold_goes_before_the_given_one() -> None:
    field = replace(TOTAL, threshold=0.2)
    assert reasons([value(field, 0.3)], [field], threshold=0.5) == ()


def test_value_whose_confidence_was_not_measured_is_sure() -> None:
    assert reasons([value(TOTAL, None)], [TOTAL], threshold=0.5) == ()


@pytest.mark.parametrize("check", ["sum", "paid", "lines", "products", "checksum"])
def test_failed_check_of_any_field_is_inconsistent(check: str) -> None:
    found = reasons([value(IBAN, checks={check: False, "other": True})], [IBAN], threshold=0.5)
    assert found == (Reason("iban", "inconsistent", f"IBAN does not pass: {check}."),)
    assert reasons([value(IBAN, checks={check: True})], [IBAN], threshold=0.5) == ()


@pytest.mark.parametrize("method", ["corrected", "confirmed"])
def test_what_a_person_said_gives_no_reason(method: str) -> None:
    said = value(TOTAL, 0.1, checks={"sum": False}, method=method)
    assert reasons([said], [TOTAL], threshold=0.5) == ()


def test_reasons_come_in_the_order_of_the_fields() -> None:
    values = [value(IBAN, checks={"checksum": False}), value(TOTAL, 0.1, checks={"sum": False})]
    found = reasons(values, [TOTAL, IBAN], threshold=0.5)
    assert [(each.field, each.code) for each in found] == [
        ("total_amount", "unsure"),
        ("total_amount", "inconsistent"),
        ("iban", "inconsistent"),
    ]


def test_catalogue_alone_requires_nothing() -> None:
    assert reasons([], known(["invoice_number", "total_amount"]), threshold=1.0) == ()
