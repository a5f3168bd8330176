"""What looks a little like a table and is none, with rules around it and without."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from extraction import tables
from extraction.level import Frame, pieces_of, rows_of
from extraction.tables.aligned import looks_tabular
from extraction.types import Box, Line
from tests.extraction.test_level import line
from tests.extraction.test_tables import grid

FRAME = Frame(600, 800, 0)

PROSE = str.split(
    "the figures below were taken from the monthly returns of every site and checked twice before "
    "they were set down here although some of the smaller stores report only once in a quarter so "
    "that their share had to be carried forward from the last statement which the auditors saw"
)


def paragraph(x: float, y: float, width: int, count: int, *, pitch: float = 13) -> list[Line]:
    """``count`` lines of at most ``width`` letters, ragged right."""
    lines: list[Line] = []
    words: list[str] = []
    at = 0
    while len(lines) < count:
        word = PROSE[at % len(PROSE)]
        at += 1
        if len(" ".join([*words, word])) > width:
            lines.append(line(" ".join(words), x, y + pitch * len(lines)))
            words = []
        words.append(word)
    return lines


def listed(rows: Sequence[Sequence[str]], xs: Sequence[float], pitch: float = 13) -> list[Line]:
    return [
        line(text, x, 100 + pitch * index)
        for index, row in enumerate(rows)
        for x, text in zip(xs, row, strict=False)
        if text
    ]


ADDRESSES = [
    ["Bill to:", "Ship to:", "Sold by:"],
    ["Harbour Plumbing Ltd", "Quay Stores", "Copper & Sons"],
    ["Anna Novak", "Goods Inward", "Sales Office"],
    ["14 Quay Street", "2 Dock Road", "7 Mill Lane"],
    ["Bristol BS1 4DJ", "Bristol BS2 0AA", "Leeds LS1 1AB"],
]
FORM = [
    ["Name:", "Anna Novak"],
    ["Date of birth:", "17 May 1984"],
    ["Telephone:", "0117 496 0123"],
    ["Account:", "12345678"],
]
TOTALS = [["Subtotal", "125.70"], ["VAT 20%", "25.14"], ["Total GBP", "150.84"]]
LIST = [["-", "copper pipe, hard"], ["-", "brass valves"], ["-", "tape"], ["-", "clamps"]]

PAGES = {
    "prose": paragraph(50, 100, 80, 12),
    "two columns": paragraph(50, 100, 36, 14) + paragraph(310, 100, 38, 14),
    "three columns": paragraph(50, 100, 24, 14)
    + paragraph(220, 100, 24, 14)
    + paragraph(390, 100, 25, 14),
    "airy narrow columns": paragraph(50, 100, 20, 14, pitch=20)
    + paragraph(220, 100, 20, 14, pitch=20)
    + paragraph(390, 100, 21, 14, pitch=20),
    "four narrow columns": paragraph(50, 100, 17, 14)
    + paragraph(180, 100, 17, 14)
    + paragraph(310, 100, 16, 14)
    + paragraph(440, 100, 17, 14),
    "addresses": listed(ADDRESSES, (50, 230, 410)),
    "form": listed(FORM, (50, 200)),
    "totals": listed(TOTALS, (330, 430)),
    "list": listed(LIST, (50, 64)),
    "letter": listed([["Our ref: 12", "", "17 May 2024"]], (50, 200, 480))
    + paragraph(50, 130, 80, 6),
}


@pytest.mark.parametrize("name", PAGES)
def test_aligned_takes_other_text_for_no_table(name: str) -> None:
    assert tables.aligned(rows_of(pieces_of(PAGES[name], FRAME))) == []


LIKE_TABLES = ("addresses", "totals", "four narrow columns")  # between two rules they are taken for


@pytest.mark.parametrize("name", [name for name in PAGES if name not in LIKE_TABLES])
def test_ruled_takes_other_text_between_two_rules_for_no_table(name: str) -> None:
    """Rules below a running head and above a foot bound the page, not a table."""
    rules: list[Box] = [(50, 90, 550, 91), (50, 290, 550, 291)]
    pieces = [piece for placed in pieces_of(PAGES[name], FRAME) for piece in placed]
    assert tables.ruled(None, 0, FRAME, pieces, rules) == []


def test_ruled_takes_a_frame_around_a_paragraph_for_no_table() -> None:
    rules: list[Box] = [
        (40, 90, 560, 91),
        (40, 290, 560, 291),
        (40, 90, 41, 291),
        (559, 90, 560, 291),
    ]
    pieces = [piece for placed in pieces_of(PAGES["prose"], FRAME) for piece in placed]
    assert tables.ruled(None, 0, FRAME, pieces, rules) == []


def test_ruled_takes_lines_to_write_on_for_no_table() -> None:
    rules: list[Box] = [(150, y, 400, y + 0.5) for y in (112, 142, 172, 202)]
    lines = [
        line(text, 50, y)
        for text, y in zip(("Name", "Street", "Town", "Date"), (102, 132, 162, 192), strict=True)
    ]
    pieces = [piece for placed in pieces_of(lines, FRAME) for piece in placed]
    assert tables.ruled(None, 0, FRAME, pieces, rules) == []


def test_rules_at_a_pages_head_and_foot_bound_no_table() -> None:
    rows = [
        ["2 March", "Set-up", "3.5"],
        ["3 March", "Readings", "4.0"],
        ["4 March", "Tests", "2.5"],
    ]
    lines = [*listed(rows, (60, 200, 480)), *paragraph(60, 180, 70, 12)]
    rules: list[Box] = [(50, 80, 550, 80.8), (50, 700, 550, 700.8)]
    pieces = [piece for placed in pieces_of(lines, FRAME) for piece in placed]
    assert tables.ruled(None, 72, FRAME, pieces, rules) == []


TABLE = [
    ["Site", "State", "Units"],
    ["Leeds", "open", "12"],
    ["Lyon", "new", "7"],
    ["Turin", "open", "31"],
    ["Graz", "closed", "4"],
]


@pytest.mark.parametrize("at", [50, 310])
def test_aligned_tells_a_table_from_the_column_of_text_beside_it(at: int) -> None:
    table = listed(TABLE, (at, at + 90, at + 180), pitch=15)
    text = paragraph(360 - at, 60, 36, 20) + paragraph(at, 60, 36, 2) + paragraph(at, 200, 36, 9)
    (found,) = tables.aligned(rows_of(pieces_of(table + text, FRAME)))
    assert grid(found.table) == TABLE


def test_a_large_heading_beside_an_address_is_in_no_table() -> None:
    """Its letters reach down beside the next line, but that is no level halfway to it."""
    lines = [line("Bill to", 50, 100), line("INVOICE", 330, 97, height=22, pitch=12)]
    lines.append(line("Water Analytics", 50, 114))
    for index, (street, label, text) in enumerate(
        (
            ("Accounts", "Number:", "O-417"),
            ("Street 8", "Date:", "3 May"),
            ("Town", "Due:", "4 May"),
        )
    ):
        y = 128 + 14 * index
        lines += [line(street, 50, y), line(label, 330, y), line(text, 480, y)]
    lines += [line("Order:", 330, 170), line("P-88", 480, 170)]
    every = tables.aligned(rows_of(pieces_of(lines, FRAME)))
    assert [cell.text for t in every for cell in t.table.cells if "INVOICE" in cell.text] == []


def test_looks_tabular_weighs_columns_of_text_by_their_width() -> None:
    xs = (50, 230, 410, 430, 450, 470, 490)
    text = ["Bridge annual growth good li", "Signal winter valve merchant"]
    rows = rows_of(pieces_of(listed([[*text, "to", "by", "it", "as", "of"]] * 8, xs), FRAME))
    extents = [(50.0, 218.0), (230.0, 398.0), *((x, x + 12.0) for x in xs[2:])]
    assert not looks_tabular(rows, extents)
    assert looks_tabular([row[1:] for row in rows], extents[1:])
