from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from extraction.classify import classify
from extraction.fields import known
from extraction.fields.by_schema.extract import extract
from extraction.fields.definition import Region
from extraction.fields.match import find
from extraction.finding import Wanted, find_wanted
from extraction.laid_out import has_text, laid_out, placeless
from extraction.splitting import split
from extraction.tags import parse
from extraction.types import FieldValue, Line, Page

WHITE = dict.fromkeys(map(ord, " \n\u00a0"))

INVOICE = """\
# INVOICE

**Invoice number:** 4711-B

Invoice date
14 March 2026

<table>
<tr><th>Description</th><th>Qty</th><th>Unit price</th><th>Amount</th></tr>
<tr><td>Oak chair</td><td>2</td><td>40.00</td><td>80.00</td></tr>
<tr><td>Walnut table</td><td>1</td><td>20.00</td><td>20.00</td></tr>
</table>

| | |
|---|---|
| Subtotal | 100.00 |
| VAT 19% | 19.00 |
| **Total** | **EUR 119.00** |
"""


def page(markup: str, number: int = 1) -> Page:
    blocks = tuple(
        replace(block, id=f"p{number}-b{index}") for index, block in enumerate(parse(markup), 1)
    )
    return Page(number, 595.0, 842.0, blocks=blocks)


def found(pages: Sequence[Page], *names: str) -> dict[str, FieldValue]:
    return {value.name: value for value in find(pages, known(names))}


def test_fields_are_found_in_text_without_places() -> None:
    names = ("invoice_number", "invoice_date", "subtotal", "tax_amount", "total_amount")
    values = found([page(INVOICE)], *names)
    assert {name: value.value for name, value in values.items()} == {
        "invoice_number": "4711-B",  # behind its label
        "invoice_date": "2026-03-14",  # below it
        "subtotal": {"amount": "100.00", "currency": "EUR"},  # in the next cell
        "tax_amount": {"amount": "19.00", "currency": "EUR"},
        "total_amount": {"amount": "119.00", "currency": "EUR"},
    }
    assert {value.method for value in values.values()} == {"label_in_text"}
    for value in values.values():
        assert (value.page, value.box, value.grounded) == (1, None, None)
        assert [other.box for other in value.alternatives if other.box] == []


def test_line_items_are_the_rows_of_a_models_table() -> None:
    items = found([page(INVOICE)], "line_items")["line_items"]
    assert [(row["description"], row["quantity"], row["amount"]) for row in items.value] == [
        ("Oak chair", "2", {"amount": "80.00", "currency": "EUR"}),
        ("Walnut table", "1", {"amount": "20.00", "currency": "EUR"}),
    ]
    assert (items.method, items.box, items.grounded) == ("table_in_text", None, None)


def test_type_and_parts_are_told_by_text_without_places() -> None:
    told = classify([page(INVOICE)])
    assert (told.kind, told.confidence > 0.9) == ("invoice", True)
    assert told.evidence and {each.box for each in told.evidence} == {None}
    other = INVOICE.replace("4711-B", "4712-B")
    parts = split([page(INVOICE + "\nPage 1 of 1"), page(other + "\nPage 1 of 1", 2)])
    assert [(part.pages, part.classification.kind) for part in parts] == [
        ((1,), "invoice"),
        ((2,), "invoice"),
    ]
    assert {each.box for part in parts for each in part.classification.evidence} == {None}


def test_a_schema_is_filled_from_text_without_places() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "invoice_number": {"type": "string"},
            "total": {"type": "number"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"description": {"type": "string"}, "amount": {"type": "number"}},
                },
            },
        },
        "required": ["invoice_number", "total"],
    }
    filled = extract([page(INVOICE)], schema)
    assert filled.value == {
        "invoice_number": "4711-B",
        "total": 119.0,
        "items": [
            {"description": "Oak chair", "amount": 80.0},
            {"description": "Walnut table", "amount": 20.0},
        ],
    }
    for cited in filled.citations.values():
        assert (cited.page, cited.box, cited.grounded) == (1, None, None)
        assert cited.method.endswith("_in_text")


def test_a_templates_region_is_read_only_on_pages_with_places() -> None:
    region = replace(known(("invoice_number",))[0], region=Region((0.0, 0.0, 1.0, 1.0)))
    total = known(("total_amount",))[0]
    pages = [page(INVOICE)]
    result = find_wanted(pages, classify(pages), (), Wanted(fields=(region, total)))
    assert [value.name for value in result.fields] == ["total_amount"]
    assert result.warnings == ("region_without_places",)

    lines = laid_out([page(INVOICE, 2)])[0].lines
    pages.append(Page(2, 595.0, 842.0, lines=lines))
    values = {value.name: value for value in find(pages, (total, region))}
    assert list(values) == ["total_amount", "invoice_number"]
    number = values["invoice_number"]
    assert (number.page, number.method, number.grounded) == (2, "label", True)
    assert number.box is not None


def test_pages_with_places_are_left_as_they_are() -> None:
    placed = Page(1, 595.0, 842.0, lines=(Line("Total 9.00", (50.0, 50.0, 120.0, 60.0)),))
    blank = Page(2, 595.0, 842.0)
    pictured = page("<img>A blue logo of a ship</img>", 3)
    assert laid_out([placed, blank, pictured]) == (placed, blank, pictured)
    assert [has_text(each) for each in (placed, blank, pictured)] == [True, False, False]


def test_invented_places_keep_the_order_and_columns_of_the_text() -> None:
    laid = laid_out([page(INVOICE)])[0]
    assert not placeless(laid)
    tops = [line.box[1] for line in laid.lines]
    assert tops == sorted(tops)
    assert all(0 < line.box[0] < line.box[2] < 595 and line.box[3] < 842 for line in laid.lines)
    columns = {line.text: line.box[0] for line in laid.lines}
    assert columns["Qty"] == columns["2"] == columns["1"] > columns["Oak chair"]
    title, number = laid.lines[:2]
    assert title.box[3] - title.box[1] > number.box[3] - number.box[1]


def test_whatever_a_model_writes_is_laid_out() -> None:
    odd = [
        "<table></table>",
        "<table><tr><td rowspan=9 colspan=9>a</td></tr></table>",
        "word " * 20_000,
        "x" * 20_000,
        "a\n\n" * 3000,
        "\u202e\u00a0x\n\u200b\n#\n| |\n|-|\n",
    ]
    for markup in odd:
        each = page(markup)
        laid = laid_out([each])[0]
        assert laid.lines or not placeless(each)
        assert "".join(word.text for word in laid.words) == "".join(
            "".join(cell.text for cell in block.table.cells) if block.table else block.text
            for block in each.blocks
        ).translate(WHITE)
        find([each], known(("total_amount", "line_items")))
        classify([each])
