from __future__ import annotations

import csv
import io
import re

import pytest

from extraction.formats.csv import render, safe_cell, value_cells
from extraction.types import Block, Document, FieldValue, Page
from tests.extraction.formats.results import document, hostile, split_document

FORMULA = re.compile(r"\s*([=@]|[-+](?![-+]*$))")


def rows(value: Document) -> list[list[str]]:
    return list(csv.reader(io.StringIO(render(value).decode("utf-8-sig"), newline="")))


def test_render_writes_fields_and_then_each_table() -> None:
    assert rows(document()) == [
        ["Fields"],
        ["name", "label", "value", "currency", "raw", "page", "confidence", "document"],
        ["total", "Total", "1234.50", "EUR", "EUR 1.234,50", "1", "0.91", ""],
        ["invoice_date", "Date", "2026-02-01", "", "1.2.2026", "", "", ""],
        [],
        ["Table 1, page 1"],
        ["Item", "Price"],
        ["Lamp\nred", "-12.50"],
        [],
        ["Table 2, page 1"],
        ["Both", "", "C"],
        ["down", "1", "2"],
        ["", "3", ""],
        [],
        ["Entities"],
        ["kind", "value", "currency", "raw", "page", "confidence"],
        ["money", "1234.50", "EUR", "EUR 1.234,50", "1", "0.91"],
        ["iban", "DE445001", "", "DE44 5001", "1", ""],
    ]


def test_render_writes_the_documents_of_a_split_file_first() -> None:
    written = rows(split_document())
    assert written[:4] == [
        ["Documents"],
        ["document", "pages", "type", "type_confidence", "confidence"],
        ["1", "1", "invoice", "0.91", "1.0"],
        ["2", "2", "other", "0.4", "0.75"],
    ]
    assert [row[-1] for row in written[6:9]] == ["document", "1", "2"]


def test_render_gives_the_text_where_there_is_no_field_and_no_table() -> None:
    pages = (Page(number=3, blocks=(Block("p3-b1", "paragraph", "Dear Sir,\n=1+1"),)),)

    assert rows(Document(document().source, pages)) == [
        ["Text"],
        ["page", "text"],
        ["3", "Dear Sir,"],
        ["3", "'=1+1"],
    ]


def test_address_is_its_text_and_other_values_of_parts_are_json() -> None:
    address = {"text": "1 High Street, London", "city": "London", "postcode": None}
    assert value_cells(address) == ("1 High Street, London", None)
    assert value_cells([{"quantity": "2"}]) == ('[{"quantity": "2"}]', None)


def test_render_writes_a_composite_value_as_json() -> None:
    field = FieldValue("items", "Items", "table", "", [{"qty": 2}])

    assert rows(Document(document().source, (), (field,)))[2][2] == '[{"qty": 2}]'


def test_render_begins_with_a_byte_order_mark_for_excel() -> None:
    assert render(document()).startswith(b"\xef\xbb\xbfFields\r\nname,label,value,")


@pytest.mark.parametrize(
    "text",
    [
        "-12.50",
        "+49",
        "-1.234,50",
        "-1 234,50 €",
        "+49 30 1234567",
        "-€5",
        "- 5 %",
        "-",
        "--",
        "12=13",
        "a@b.example",
        "2026-02-01",
        "",
    ],
)
def test_safe_cell_leaves_numbers_and_text_intact(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("-12.50=A1", "'-12.50=A1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" \r\n\t=1", "'=1"),
        ("\ttext", "text"),
        ("\x00=1+1", "'=1+1"),
        ("\x0c=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("-\r=1", "-\n'=1"),
        ("a;=1", "a;'=1"),
        ('a; "=1"', 'a;\' "=1"'),
        ("a\t@b\t-5", "a\t'@b\t-5"),
        ("- one\n- two", "'- one\n'- two"),
    ],
)
def test_safe_cell_disarms_formulas(text: str, expected: str) -> None:
    assert safe_cell(text) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_render_leaves_no_cell_a_formula(delimiter: str) -> None:
    text = render(hostile()).decode("utf-8-sig")

    cells = [
        cell
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cell in row
    ]
    assert len(cells) > 100
    assert [cell for cell in cells if FORMULA.match(cell)] == []
