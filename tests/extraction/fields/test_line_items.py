from __future__ import annotations

from extraction.fields.definition import Column, Field
from extraction.fields.match import find
from extraction.types import Block, Cell, FieldValue, Page, Table
from tests.extraction.test_level import line

ITEMS = Field(
    "line_items",
    "Line items",
    "table",
    columns=(
        Column("description", "Description", "text", ("item", "Bezeichnung")),
        Column("quantity", "Quantity", "id", ("qty", "Menge")),
        Column("unit_price", "Unit price", "money", ("price", "Preis")),
        Column("amount", "Amount", "money", ("Gesamtpreis",)),
    ),
)


def block(
    rows: list[list[str]], number: int = 1, *, headed: bool = True, continues: str | None = None
) -> Block:
    cells = tuple(
        Cell(y, x, text, header=headed and y == 0)
        for y, row in enumerate(rows)
        for x, text in enumerate(row)
    )
    return Block(
        f"p{number}-b1", "table", "", (0, 0, 1, 1), table=Table(len(rows), len(rows[0]), cells),
        continues=continues,
    )  # fmt: skip


def found(*blocks: Block) -> FieldValue | None:
    pages = [Page(number, 600, 800, blocks=(each,)) for number, each in enumerate(blocks, 1)]
    return next(iter(find(pages, [ITEMS])), None)


def money(amount: str) -> dict[str, str | None]:
    return {"amount": amount, "currency": None}


def test_line_items_are_rows_by_the_columns_names() -> None:
    value = found(block([
        ["Bezeichnung", "Menge", "Preis", "Gesamtpreis"],
        ["Rohr", "12", "3,50", "42,00"],
        ["aus Kupfer", "", "", ""],
        ["Ventil", "10", "9,00", "90,00"],
        ["Zwischensumme", "", "", "132,00"],
    ]))  # fmt: skip
    assert value is not None
    assert value.value == [
        {"description": "Rohr aus Kupfer", "quantity": "12", "unit_price": money("3.50"),
         "amount": money("42.00")},
        {"description": "Ventil", "quantity": "10", "unit_price": money("9.00"),
         "amount": money("90.00")},
    ]  # fmt: skip
    assert (value.method, value.page, value.checks, value.notes) == (
        "table",
        1,
        {"products": True},
        (),
    )


def test_line_items_name_the_row_that_does_not_multiply() -> None:
    value = found(block([
        ["Item", "Qty", "Unit price", "Amount (EUR)"],
        ["Pipe", "12", "3.50", "42.00"],
        ["Valve", "10", "9.00", "91.00"],
    ]))  # fmt: skip
    assert value is not None
    assert (value.checks, value.notes) == ({"products": False}, ("row_2_differs",))


def test_line_items_find_a_column_by_what_multiplies() -> None:
    value = found(block([
        ["Item", "Qty", "each", "Amount"],
        ["Pipe", "12", "3.50", "42.00"],
        ["Valve", "10", "9.00", "90.00"],
    ]))  # fmt: skip
    assert value is not None
    assert [row["unit_price"]["amount"] for row in value.value] == ["3.50", "9.00"]


def test_line_items_go_on_overleaf() -> None:
    first = block([["Item", "Amount"], ["Pipe", "42.00"]])
    second = block([["Valve", "90.00"]], 2, headed=False, continues="p1-b1")
    value = found(first, second)
    assert value is not None
    assert [row["description"] for row in value.value] == ["Pipe", "Valve"]


def test_line_items_refuse_a_table_of_other_things() -> None:
    assert found(block([["Day", "Hours"], ["Monday", "9-17"]])) is None


def test_line_items_are_in_the_documents_currency() -> None:
    rows = [["Menge", "Preis", "Amount"], ["2", "4.50", "9.00"], ["3", "1.10", "3.30"]]
    page = Page(1, 600, 800, blocks=(block(rows),), lines=(line("Total EUR 12.30", 50, 700),))
    (items,) = find([page], [ITEMS])
    assert [row["amount"] for row in items.value] == [
        {"amount": "9.00", "currency": "EUR"}, {"amount": "3.30", "currency": "EUR"},
    ]  # fmt: skip
