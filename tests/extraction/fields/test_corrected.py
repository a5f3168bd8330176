"""What a person says of a field, for every kind: the normal form, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from extraction.errors import InvalidCell, InvalidValue, WrongCheckSum
from extraction.fields import known
from extraction.fields.corrected import (
    MAX_ROWS,
    MAX_TEXT,
    Kept,
    as_text,
    as_written,
    normal_form,
    rechecked,
)
from extraction.fields.definition import Column, Field
from extraction.fields.kinds import KINDS, Writing
from extraction.types import FieldValue

EUR = {"amount": "119.00", "currency": "EUR"}
BERLIN = {
    "text": "Hauptstr. 5, 10115 Berlin",
    "postcode": "10115",
    "city": "Berlin",
    "country": None,
}
ITEMS = Field(
    "items",
    "Items",
    "table",
    columns=(
        Column("description", "Description", "text"),
        Column("quantity", "Quantity", "number"),
        Column("unit_price", "Price", "money"),
        Column("amount", "Amount", "money"),
    ),
)
GERMAN = Writing(day_first=True, decimal_mark=",", currency="EUR", country="DE")


def field(kind: str) -> Field:
    """A field of that kind."""
    return ITEMS if kind == "table" else Field("it", "It", kind)


# kind, as written, its normal form
WRITTEN: list[tuple[str, Any, Any]] = [
    ("text", "  net   30 days ", "net 30 days"),
    ("date", "31.01.2026", "2026-01-31"),
    ("date", "31 January 2026", "2026-01-31"),
    ("date", "2026-01-31", "2026-01-31"),
    ("money", "119,00 EUR", EUR),
    ("money", "119,00", EUR),
    ("money", "12345678", {"amount": "12345678.00", "currency": "EUR"}),
    ("number", "1.234", "1234"),
    ("percent", "19 %", "19"),
    ("id", "ABC", "ABC"),
    ("vat", "DE136695976", "DE136695976"),
    ("national_id", "756.9217.0769.85", "7569217076985"),
    ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ("bic", "cobadeffxxx", "COBADEFFXXX"),
    ("card", "4111 1111 1111 1111", "************1111"),
    ("email", "Info@Firma.DE", "Info@firma.de"),
    ("phone", "030 1234567", "+49301234567"),
    ("url", "www.Firma.de", "https://www.firma.de"),
    ("person", "Madonna", "Madonna"),
    ("organisation", "ACME", "ACME"),
    ("country", "deutschland", "DE"),
    ("country", "de", "DE"),
    ("currency", "eur", "EUR"),
    ("checkbox", "[x]", True),
    ("checkbox", "no", False),
    ("address", "Hauptstr. 5\n10115 Berlin", BERLIN),
    (
        "table",
        [{"description": "Pipe", "quantity": "2", "unit_price": "1,50", "amount": "3,00"}],
        [
            {
                "description": "Pipe",
                "quantity": "2",
                "unit_price": {"amount": "1.50", "currency": "EUR"},
                "amount": {"amount": "3.00", "currency": "EUR"},
            }
        ],
    ),
]
# kind, what is given as its normal form, what is kept
NORMAL: list[tuple[str, Any, Any]] = [
    ("text", "net 30 days", "net 30 days"),
    ("date", "2026-01-31", "2026-01-31"),
    ("money", EUR, EUR),
    ("money", {"amount": 119, "currency": None}, {"amount": "119.00", "currency": None}),
    ("money", {"amount": "0.125", "currency": "KWD"}, {"amount": "0.125", "currency": "KWD"}),
    ("money", {"amount": "-5"}, {"amount": "-5.00", "currency": "EUR"}),
    ("number", "1.234", "1.234"),
    ("number", 1.50, "1.5"),
    ("percent", "19", "19"),
    ("id", "A-17", "A-17"),
    ("vat", "DE136695976", "DE136695976"),
    ("national_id", "7569217076985", "7569217076985"),
    ("iban", "DE89370400440532013000", "DE89370400440532013000"),
    ("bic", "COBADEFFXXX", "COBADEFFXXX"),
    ("card", "************1111", "************1111"),
    ("email", "info@firma.de", "info@firma.de"),
    ("phone", "+49301234567", "+49301234567"),
    ("url", "https://www.firma.de", "https://www.firma.de"),
    ("person", "Ada Lovelace", "Ada Lovelace"),
    ("organisation", "ACME", "ACME"),
    ("country", "DE", "DE"),
    ("currency", "EUR", "EUR"),
    ("checkbox", False, False),
    ("address", BERLIN, BERLIN),
    ("address", {"text": "Dubai Marina", "country": "AE"},
     {"text": "Dubai Marina", "postcode": None, "city": None, "country": "AE"}),
    ("table", [{"description": "Pipe", "quantity": "1.234", "amount": None}],
     [{"description": "Pipe", "quantity": "1.234"}]),
]  # fmt: skip
REFUSED: list[tuple[str, Any]] = [
    ("text", ""), ("text", " \n "), ("text", 5), ("text", "a\0b"), ("text", "\ud800"),
    ("date", "soon"), ("date", "2026-02-30"), ("date", "20260131x"), ("date", "1026-01-31"),
    ("date", "2026-01-31 or so"),
    ("money", "much"), ("money", {"amount": "1,00"}), ("money", {"amount": None}),
    ("money", {"amount": "1.00", "currency": "XYZ1"}), ("money", {"currency": "EUR"}),
    ("money", {"amount": "1.00", "currency": "EUR", "more": 1}), ("money", [1]),
    ("number", "many"), ("number", True), ("number", "1e9"), ("number", {}),
    ("percent", "half"),
    ("id", ""), ("id", ["A"]),
    ("vat", "none"), ("national_id", "12"), ("iban", "ZZ00 1234"), ("iban", "no account"),
    ("bic", "COBA"), ("card", "1234"), ("email", "info@"), ("email", "a@b.de, c@d.de"),
    ("phone", "12"), ("url", "firma"), ("country", "Atlantis"), ("currency", "Taler"),
    ("checkbox", "perhaps"), ("checkbox", 1),
    ("address", {"postcode": "10115"}), ("address", {"text": "x", "land": "DE"}),
    ("address", {"text": "x", "country": "Germany"}), ("address", "x" * 301),
    ("table", "text"), ("table", []), ("table", [{}]), ("table", [{"colour": "red"}]),
    ("table", [{"quantity": "many"}]), ("table", ["row"]), ("table", [{"description": None}]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "value"), WRITTEN)
def test_text_as_written_becomes_the_normal_form(kind: str, text: Any, value: Any) -> None:
    assert as_written(field(kind), text, GERMAN, force=False).value == value


@pytest.mark.parametrize(("kind", "given", "value"), NORMAL)
def test_normal_form_is_kept(kind: str, given: Any, value: Any) -> None:
    kept = normal_form(field(kind), given, GERMAN, force=False).value
    assert kept == value
    assert normal_form(field(kind), kept, GERMAN, force=False).value == value


def test_every_kind_is_tried() -> None:
    for rows in (WRITTEN, NORMAL):
        assert {row[0] for row in rows} == set(KINDS)
    assert {row[0] for row in REFUSED} >= set(KINDS) - {"person", "organisation"}


@pytest.mark.parametrize(("kind", "given"), REFUSED)
@pytest.mark.parametrize("read", [as_written, normal_form])
def test_what_is_none_of_the_kind_is_refused(kind: str, given: Any, read: Any) -> None:
    with pytest.raises(InvalidValue) as refused:
        read(field(kind), given, GERMAN, force=True)
    assert (refused.value.code, refused.value.status) == ("invalid_value", 422)


@pytest.mark.parametrize("given", ["1,5", "1.234.567", "12 %", "2,000.5"])
def test_numbers_that_could_mean_two_things_are_no_normal_form(given: str) -> None:
    for kind in ("number", "percent"):
        with pytest.raises(InvalidValue):
            normal_form(field(kind), given, force=False)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("iban", "DE89370400440532013001"),
        ("vat", "DE136695975"),
        ("card", "4111 1111 1111 1112"),
        ("national_id", "756.9217.0769.84"),
    ],
)
def test_wrong_check_sum_is_kept_by_force_alone(kind: str, number: str) -> None:
    with pytest.raises(InvalidValue, match="check sum"):
        as_written(field(kind), number, force=False)
    given = as_written(field(kind), number, force=True)
    assert given.checks == {"checksum": False}
    assert given.value


def test_card_number_goes_nowhere() -> None:
    given = as_written(field("card"), "4111 1111 1111 1111", force=False)
    assert (given.raw, given.value) == ("1111", "************1111")


def test_day_and_month_are_told_as_the_document_writes() -> None:
    american = Writing(day_first=False)
    assert as_written(field("date"), "03/04/2026", GERMAN, force=False).value == "2026-04-03"
    assert as_written(field("date"), "03/04/2026", american, force=False).value == "2026-03-04"
    unknown = as_written(field("date"), "03/04/2026", force=False)
    assert unknown.notes == ("day_first_assumed",)


def test_products_of_a_table_are_checked() -> None:
    row = {"quantity": "2", "unit_price": {"amount": "1.50"}, "amount": {"amount": "3.00"}}
    right = normal_form(ITEMS, [row], force=False)
    wrong = normal_form(ITEMS, [row, {**row, "quantity": "3"}], force=False)
    assert (right.checks, right.notes) == ({"products": True}, ())
    assert (wrong.checks, wrong.notes) == ({"products": False}, ("row_2_differs",))


def test_refusal_of_a_cell_names_its_row_and_column() -> None:
    with pytest.raises(InvalidValue, match="Row 2: Items, Quantity is of the kind number"):
        as_written(ITEMS, [{"quantity": "1"}, {"quantity": "x"}], force=False)


def test_line_items_of_the_catalogue_are_taken() -> None:
    (items,) = known(["line_items"])
    assert normal_form(items, [{"description": "Pipe"}], force=False).raw == "Pipe"


def test_too_much_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidValue) as long:
        as_written(field("text"), "x" * (MAX_TEXT + 1), force=False)
    with pytest.raises(InvalidValue) as many:
        normal_form(ITEMS, [{"quantity": "1"}] * (MAX_ROWS + 1), force=False)
    assert (long.value.limit, long.value.actual) == (MAX_TEXT, MAX_TEXT + 1)
    assert (many.value.limit, many.value.actual) == (MAX_ROWS, MAX_ROWS + 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(EUR, "119.00 EUR"), (True, "true"), (None, ""), (BERLIN, BERLIN["text"]), ("x", "x"),
     ([{"a": "1", "b": {"amount": "2.00", "currency": None}}, {"a": "3"}], "1 | 2.00\n3")],
)  # fmt: skip
def test_values_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def amount(name: str, number: str, method: str = "label", **checks: bool) -> FieldValue:
    """An amount of money as found."""
    value = {"amount": number, "currency": "EUR"}
    return FieldValue(name, name, "money", number, value, method=method, checks=checks)


def test_sum_is_told_anew() -> None:
    read = [
        amount("subtotal", "100.00", sum=False, lines=True),
        amount("tax_amount", "19.00", sum=False),
        amount("total_amount", "19.00", sum=False),
    ]
    assert rechecked(read) == read
    corrected = [*read[:2], amount("total_amount", "119.00", "corrected")]
    assert [dict(value.checks) for value in rechecked(corrected)] == [
        {"sum": True, "lines": True},
        {"sum": True},
        {"sum": True},
    ]
    assert [dict(value.checks) for value in rechecked(corrected[::2])] == [{"lines": True}, {}]


def test_cells_that_are_kept_are_not_read_again() -> None:
    column = Column("amount", "Amount", "money")
    wanted = Field("rows", "Rows", "table", columns=(column,))
    kept = {"amount": "1.234", "currency": None}  # no text would be read so
    given = as_written(wanted, [{"amount": Kept(kept)}, {"amount": "5,00"}], force=False)
    assert given.value == [{"amount": kept}, {"amount": {"amount": "5.00", "currency": None}}]


def test_wrong_cell_is_named_by_row_and_column() -> None:
    wanted = Field("rows", "Rows", "table", columns=(Column("due", "Due", "date"),))
    with pytest.raises(InvalidCell) as caught:
        as_written(wanted, [{"due": "1.2.2026"}, {"due": "soon"}], force=False)
    assert (caught.value.row, caught.value.column) == (2, "due")
    assert caught.value.detail.startswith("Row 2: Rows, Due is of the kind date")


def test_wrong_check_sum_is_told_apart() -> None:
    wanted = Field("iban", "IBAN", "iban")
    with pytest.raises(WrongCheckSum):
        as_written(wanted, "DE89 3704 0044 0532 0130 01", force=False)
    assert as_written(wanted, "DE89 3704 0044 0532 0130 01", force=True).checks == {
        "checksum": False
    }
