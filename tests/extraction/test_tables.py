from __future__ import annotations

from collections.abc import Sequence

import pymupdf
import pytest

from extraction import tables
from extraction.level import Frame, pieces_of, rows_of
from extraction.tables import is_number
from extraction.types import Line, Table
from tests.extraction import scans
from tests.extraction.test_level import line

FRAME = Frame(600, 800, 0)


def grid(table: Table) -> list[list[str]]:
    rows = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = cell.text
    return rows


def found(lines: Sequence[Line]) -> list[Table]:
    rows = rows_of(pieces_of(lines, FRAME))
    return [table.table for table in tables.aligned(rows)]


def lay(rows: Sequence[Sequence[str]], xs: Sequence[float], *, pitch: float = 14) -> list[Line]:
    return [
        line(text, x, 100 + pitch * index)
        for index, row in enumerate(rows)
        for x, text in zip(xs, row, strict=True)
        if text
    ]


ITEMS = [
    ["Description", "Qty", "Price", "Amount"],
    ["Copper pipe", "2", "4.50", "9.00"],
    ["22 mm, hard", "", "", ""],
    ["Brass valve", "10", "19.90", "199.00"],
    ["Tape", "1", "1.20", "1.20"],
]
XS = (10, 200, 260, 330)


def test_aligned_reads_columns_and_joins_wrapped_descriptions() -> None:
    (table,) = found(lay(ITEMS, XS))
    assert grid(table) == [
        ["Description", "Qty", "Price", "Amount"],
        ["Copper pipe 22 mm, hard", "2", "4.50", "9.00"],
        ["Brass valve", "10", "19.90", "199.00"],
        ["Tape", "1", "1.20", "1.20"],
    ]


def test_aligned_marks_a_header_of_words_over_numbers() -> None:
    (table,) = found(lay(ITEMS, XS))
    assert [cell.text for cell in table.cells if cell.header] == ITEMS[0]
    (bare,) = found(lay(ITEMS[1:], XS))
    assert not any(cell.header for cell in bare.cells)


def test_aligned_reads_numbers_flush_right() -> None:
    rows = [
        ("Item", "Units", "Sum"),
        ("A", "5", "1.00"),
        ("B", "50", "10.00"),
        ("C", "500", "100.00"),
    ]
    lines = []
    for index, (name, units, amount) in enumerate(rows):
        y = 100 + 14 * index
        lines += [
            line(name, 10, y),
            line(units, 250 - 6 * len(units), y),
            line(amount, 400 - 6 * len(amount), y),
        ]
    (table,) = found(lines)
    assert grid(table) == [list(row) for row in rows]


def test_aligned_keeps_currency_signs_with_their_amounts() -> None:
    rows = [["Item", "Units", "", "Price"], ["Pipe", "2", "EUR", "543.78"]]
    rows += [["Tape", "1", "$", "387.04"], ["Valve", "31", "EUR", "371.95"]]
    (table,) = found(lay(rows, (10, 120, 200, 232)))
    assert grid(table) == [
        ["Item", "Units", "Price"],
        ["Pipe", "2", "EUR 543.78"],
        ["Tape", "1", "$ 387.04"],
        ["Valve", "31", "EUR 371.95"],
    ]


def test_aligned_ends_before_the_totals() -> None:
    lines = [*lay(ITEMS, XS), line("Subtotal", 260, 172), line("209.20", 330, 172)]
    (table,) = found(lines)
    assert table.rows == 4


def test_aligned_ends_at_a_wide_gap() -> None:
    foot = [line("Bank", 10, 230), line("12345", 200, 230), line("60", 260, 230)]
    (table,) = found([*lay(ITEMS, XS), *foot])
    assert grid(table)[-1][0] == "Tape"


def test_aligned_takes_four_columns_of_few_words_though_set_closely() -> None:
    rows = [
        ["Site", "Item", "Contact", "State"],
        ["Bilbao", "Flange", "", ""],
        ["Cardiff", "Fuse brass", "A. Novak", "closed"],
        ["Turin", "Copper", "L. Rossi", "on hold"],
        ["Leeds", "Tank sensor", "P. Dubois", "new"],
        ["Ghent", "Pump gasket", "Tan Mei Ling", "new"],
    ]
    (table,) = found(lay(rows, (50, 150, 300, 450), pitch=12))
    assert grid(table) == rows


AMOUNTS = ("9.66", "43.8", "29.1", "5.3")


def test_aligned_reads_columns_mostly_empty_below_their_headings() -> None:
    rows = [["Site 2024", "State", "Amount"], ["Bilbao", "on hold", ""]]
    rows += [[site, "", amount] for site, amount in zip("ABCD", AMOUNTS, strict=True)]
    (table,) = found(lay(rows, (50, 200, 400)))
    assert grid(table) == rows
    assert found(lay(rows[:4], (50, 200, 400))) == []  # too few numbers to tell


def test_aligned_leaves_columns_of_text_alone() -> None:
    rows = [["some words of text", "other words of text", "more words of text"]] * 5
    assert found(lay(rows, (10, 200, 400))) == []


def test_aligned_leaves_two_columns_alone() -> None:
    assert found(lay([["Total", "9.00"], ["Cash", "10.00"], ["Change", "1.00"]], (10, 300))) == []


@pytest.mark.parametrize("skew", [0.0, 1.2, -1.8])
def test_ruled_reads_every_cell_of_a_drawn_grid(skew: float) -> None:
    page = scans.scan(scans.invoice, skew=skew, noise=8)
    assert page.pixels is not None
    frame = Frame(page.width, page.height, skew)
    words = [
        line(text, scans.COLUMNS[column] + 6, scans.ROWS[row] + 7, pitch=5)
        for row, texts in enumerate(scans.ITEMS)
        for column, text in enumerate(texts)
    ]
    pieces = [piece for each in pieces_of(words, Frame(*scans.A4, 0)) for piece in each]
    (table,) = tables.ruled(page.pixels, page.dpi, frame, pieces)
    assert grid(table.table) == [list(row) for row in scans.ITEMS]
    assert [cell.text for cell in table.table.cells if cell.header] == list(scans.ITEMS[0])
    assert table.box == pytest.approx((60, 300, 530, 396), abs=3)


def test_ruled_reads_merged_cells_as_spans() -> None:
    def draw(page: pymupdf.Page) -> None:
        for y in (100, 130, 160, 190):
            # The lower two cells of the first column are one.
            page.draw_line((200 if y == 160 else 60, y), (500, y))
        for x in (60, 200, 350, 500):
            # The upper cells of the last two columns are one.
            page.draw_line((x, 130 if x == 350 else 100), (x, 190))

    page = scans.scan(draw)
    assert page.pixels is not None
    words = [line("Year", 80, 110), line("Sales", 300, 110), line("2024", 80, 150)]
    words += [
        line(t, x, y)
        for t, x, y in (("1", 220, 140), ("2", 370, 140), ("3", 220, 170), ("4", 370, 170))
    ]
    pieces = [piece for each in pieces_of(words, FRAME) for piece in each]
    (table,) = tables.ruled(page.pixels, page.dpi, Frame(*scans.A4, 0), pieces)
    spans = {
        cell.text: (cell.row, cell.column, cell.row_span, cell.column_span)
        for cell in table.table.cells
    }
    assert spans == {
        "Year": (0, 0, 1, 1), "Sales": (0, 1, 1, 2), "2024": (1, 0, 2, 1),
        "1": (1, 1, 1, 1), "2": (1, 2, 1, 1), "3": (2, 1, 1, 1), "4": (2, 2, 1, 1),
    }  # fmt: skip


def test_ruled_takes_a_frame_around_text_for_no_table() -> None:
    page = scans.scan(lambda sheet: sheet.draw_rect(pymupdf.Rect(60, 100, 500, 300)))
    assert page.pixels is not None
    assert tables.ruled(page.pixels, page.dpi, Frame(*scans.A4, 0), []) == []


@pytest.mark.parametrize(
    "text", ["9.00", "1.234,50 €", "$ 4", "20 %", "-3", "RM 5.30", "12/05/2024", "EUR 5", "1'200"]
)
def test_is_number_takes_amounts_and_their_like(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "Copper", "22 mm pipe", "A4 paper", "No. 5 of 7"])
def test_is_number_refuses_words(text: str) -> None:
    assert not is_number(text)
