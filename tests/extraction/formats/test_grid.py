from __future__ import annotations

import pytest

from extraction.formats import render
from extraction.formats.grid import number_columns, rows, texts
from extraction.types import Block, Cell, Document, Page, Table
from tests.extraction.formats.results import document, spanned_table

SPARSE = Table(2, 3, (Cell(0, 0, "a"), Cell(0, 2, "c"), Cell(1, 1, "e")))


def test_texts_put_a_spanning_cell_at_its_first_position() -> None:
    assert texts(spanned_table()) == [["Both", "", "C"], ["down", "1", "2"], ["", "3", ""]]


def test_rows_leave_covered_positions_out_and_fill_empty_ones() -> None:
    assert [[(cell.column, cell.text) for cell in row] for row in rows(spanned_table())] == [
        [(0, "Both"), (2, "C")],
        [(0, "down"), (1, "1"), (2, "2")],
        [(1, "3"), (2, "")],
    ]


def test_rows_and_texts_fill_cells_that_were_left_out() -> None:
    assert texts(SPARSE) == [["a", "", "c"], ["", "e", ""]]
    assert [[cell.text for cell in row] for row in rows(SPARSE)] == texts(SPARSE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("html", "<tr><td></td><td>e</td><td></td></tr>"),
        ("csv", "\r\na,,c\r\n,e,\r\n"),
        ("txt", "a\t\tc\n\te\n"),
    ],
)
def test_formats_keep_columns_where_cells_were_left_out(name: str, expected: str) -> None:
    page = Page(number=1, blocks=(Block("p1-b1", "table", "", table=SPARSE),))
    body = render(Document(document().source, (page,)), name).body

    assert expected in body.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (("12", "", "1,204.50"), True),
        (("€ 3,50", "-2.00 EUR", "(1.20)"), True),
        (("19 %", "7%"), True),
        (("12", "none"), False),
        (("15/08/2024",), False),
        (("2 March 2026",), False),
        (("GB29 NWBK 6016",), False),
        (("",), False),
    ],
)
def test_number_columns_hold_numbers_alone(texts: tuple[str, ...], number: bool) -> None:
    header = Cell(0, 0, "Price", header=True)
    cells = tuple(Cell(row, 0, text) for row, text in enumerate(texts, start=1))
    table = Table(len(texts) + 1, 1, (header, *cells))

    assert number_columns(table) == ({0} if number else set())
