"""Tables with rules in places, from the rules of a PDF page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymupdf
import pytest

from extraction import tables
from extraction.level import Frame, pieces_of, rows_of
from extraction.types import Box, Line, Table
from tests.extraction import scans
from tests.extraction.test_level import line
from tests.extraction.test_tables import grid

FRAME = Frame(600, 800, 0)


def read(lines: Sequence[Line], rules: Sequence[Box]) -> list[Table]:
    pieces = [piece for placed in pieces_of(lines, FRAME) for piece in placed]
    return [found.table for found in tables.ruled(None, 0, FRAME, pieces, rules)]


def across(*ys: float, left: float = 50, right: float = 450) -> list[Box]:
    return [(left, y, right, y + 0.7) for y in ys]


def down(*xs: float, top: float, bottom: float) -> list[Box]:
    return [(x, top, x + 0.7, bottom) for x in xs]


WORDS_ONLY = [
    line(text, x, y)
    for y, row in (
        (104, ("Site", "Contact", "State")),
        (124, ("Leeds", "Anna Novak", "open")),
        (144, ("Lyon", "Luc Dubois", "on hold")),
        (164, ("Turin", "Lea Rossi", "closed")),
    )
    for x, text in zip((55, 200, 350), row, strict=True)
]
ROWS = [
    ["Site", "Contact", "State"],
    ["Leeds", "Anna Novak", "open"],
    ["Lyon", "Luc Dubois", "on hold"],
    ["Turin", "Lea Rossi", "closed"],
]


def test_ruled_reads_words_between_rules_at_head_and_foot() -> None:
    (table,) = read(WORDS_ONLY, across(100, 119, 180))
    assert grid(table) == ROWS
    assert [cell.text for cell in table.cells if cell.header] == ROWS[0]


def test_ruled_reads_columns_parted_by_rules_down_alone() -> None:
    (table,) = read(WORDS_ONLY, across(119) + down(190, 340, top=100, bottom=180))
    assert grid(table) == ROWS


def test_ruled_joins_the_lines_between_two_rules() -> None:
    lower = [line(text, x, 184) for text, x in (("Graz", 55), ("Ida Moser", 200), ("new", 350))]
    lines = [*WORDS_ONLY[:6], line("second line", 200, 136), *WORDS_ONLY[9:], *lower]
    (table,) = read(lines, across(100, 119, 155, 180, 200))
    assert grid(table) == [
        ROWS[0],
        ["Leeds", "Anna Novak second line", "open"],
        ROWS[3],
        ["Graz", "Ida Moser", "new"],
    ]


def test_ruled_keeps_two_tables_of_one_width_apart() -> None:
    lower = [
        line(text, x, y)
        for y, row in ((304, ("Item", "Units")), (324, ("Pipe", "12")), (344, ("Valve", "9")))
        for x, text in zip((55, 250), row, strict=True)
    ]
    between = line("the second table tells of the units that were left in stock", 50, 240)
    first, second = read(
        [*WORDS_ONLY, between, *lower], across(100, 119, 180) + across(300, 319, 360)
    )
    assert grid(first) == ROWS
    assert grid(second) == [["Item", "Units"], ["Pipe", "12"], ["Valve", "9"]]


def test_ruled_parts_two_tables_at_a_caption_whose_words_fall_into_columns() -> None:
    rows = [("Site", "Contact", "State"), ("Leeds, upper market", "Anna Novak", "open")]
    rows += [("Lyon", "Luc Dubois", "on hold"), ("Turin", "Lea Rossi", "closed")]
    lines = [
        line(text, x, top + 20 * index)
        for top in (104, 264)
        for index, row in enumerate(rows)
        for x, text in zip((55, 190, 300), row, strict=True)
    ]
    caption = line("Table 2. Stores and their order", 55, 225)
    two = read([*lines, caption], across(100, 119, 180) + across(260, 279, 340))
    assert [grid(table) for table in two] == [[list(row) for row in rows]] * 2


def test_ruled_spans_a_heading_over_the_rule_below_it() -> None:
    lines = [
        line(text, x, y)
        for y, row in (
            (104, ("", "First half", "", "Second half", "")),
            (124, ("Site", "Units", "Sum", "Units", "Sum")),
            (144, ("Leeds", "1", "2.00", "3", "4.00")),
            (164, ("Lyon", "5", "6.00", "7", "8.00")),
            (184, ("Turin", "9", "1.00", "2", "3.00")),
        )
        for x, text in zip((55, 140, 220, 300, 390), row, strict=True)
        if text
    ]
    rules = across(100, 140, 200) + across(118, left=138, right=260)
    rules += across(118, left=298, right=430)
    (table,) = read(lines, rules)
    top = {cell.text: (cell.column, cell.column_span) for cell in table.cells if cell.row == 0}
    assert top == {"": (0, 1), "First half": (1, 2), "Second half": (3, 2)}
    assert {cell.row for cell in table.cells if cell.header} == {0, 1}


def test_ruled_sees_dashed_and_double_rules_on_a_skewed_page() -> None:
    def draw(page: pymupdf.Page) -> None:
        for y in scans.ROWS:
            page.draw_line((60, y), (530, y), width=1, dashes="[3 2] 0")
        for x in scans.COLUMNS:
            page.draw_line((x, scans.ROWS[0]), (x, scans.ROWS[-1]), width=1, dashes="[3 2] 0")
        page.draw_rect(pymupdf.Rect(57, 297, 533, 399), width=1)

    skew = 1.4
    page = scans.scan(draw, skew=skew, noise=6)
    words = [
        line(text, scans.COLUMNS[column] + 6, scans.ROWS[row] + 7, pitch=5)
        for row, texts in enumerate(scans.ITEMS)
        for column, text in enumerate(texts)
    ]
    pieces = [piece for each in pieces_of(words, Frame(*scans.A4, 0)) for piece in each]
    (table,) = tables.ruled(page.pixels, page.dpi, Frame(page.width, page.height, skew), pieces)
    assert grid(table.table) == [list(row) for row in scans.ITEMS]


def test_every_position_of_a_table_is_covered_once() -> None:
    lines = [each for each in WORDS_ONLY if each.text not in ("Luc Dubois", "open")]
    (table,) = read(lines, across(100, 119, 180))
    assert sorted((cell.row, cell.column) for cell in table.cells) == [
        (row, column) for row in range(4) for column in range(3)
    ]
    assert [cell.box for cell in table.cells if not cell.text] == [None, None]


def test_aligned_joins_lines_of_a_cell_by_the_white_between_rows() -> None:
    lines = []
    for index, (note, units) in enumerate(
        (("first note", "1"), ("other note", "22"), ("last", "3"))
    ):
        y = 130 + 40 * index
        lines += [line(f"Item {index}", 20, y), line(note, 120, y), line(units, 300, y)]
        lines.append(line("goes on", 120, y + 12))
    head = [line(text, x, 100) for text, x in (("Name", 20), ("Remarks", 120), ("Units", 290))]
    (found,) = tables.aligned(rows_of(pieces_of(head + lines, FRAME)))
    assert grid(found.table) == [
        ["Name", "Remarks", "Units"],
        ["Item 0", "first note goes on", "1"],
        ["Item 1", "other note goes on", "22"],
        ["Item 2", "last goes on", "3"],
    ]


def test_aligned_joins_lines_of_cells_set_in_the_middle_of_their_rows() -> None:
    """Rows of three, two and one line; the single lines beside them stand halfway down."""
    lines = [line(text, x, 100) for text, x in (("Name", 20), ("Remarks", 120), ("Units", 290))]
    y = 120.0
    for name, notes, units in (
        ("Pipe", ("first note", "goes on", "and ends"), "1"),
        ("Valve", ("other note", "goes on"), "22"),
        ("Tape", ("last note",), "3"),
        ("Pump", ("one more", "goes on"), "40"),
    ):
        middle = y + 6 * (len(notes) - 1)
        lines += [line(name, 20, middle), line(units, 290, middle)]
        lines += [line(note, 120, y + 12 * index) for index, note in enumerate(notes)]
        y += 12 * len(notes) + 9
    (found,) = tables.aligned(rows_of(pieces_of(lines, FRAME)))
    assert grid(found.table) == [
        ["Name", "Remarks", "Units"],
        ["Pipe", "first note goes on and ends", "1"],
        ["Valve", "other note goes on", "22"],
        ["Tape", "last note", "3"],
        ["Pump", "one more goes on", "40"],
    ]


def test_aligned_keeps_rows_of_single_words_apart_where_cells_are_empty() -> None:
    rows = [
        ("Site", "Contact", "Change"),
        ("Lyon", "", "(453)"),
        ("Dresden", "L. Rossi", "37.4"),
        ("Graz", "", ""),
        ("Ghent", "A. Novak", "47.9"),
    ]
    lines = [
        line(text, x, 100 + 14 * index)
        for index, row in enumerate(rows)
        for x, text in zip((20, 150, 300), row, strict=True)
        if text
    ]
    (found,) = tables.aligned(rows_of(pieces_of(lines, FRAME)))
    assert grid(found.table) == [list(row) for row in rows]


def test_ruled_takes_rules_below_the_headings_of_two_tables_for_no_table() -> None:
    lower = [line(each.text, each.box[0], each.box[1] + 140) for each in WORDS_ONLY]
    text = line("some words between the two tables, which are of one width", 50, 200)
    lines = [*WORDS_ONLY, text, *lower]
    rules = across(118, 258)
    assert read(lines, rules) == []
    found = tables.aligned(rows_of(pieces_of(lines, FRAME)))
    assert [grid(table.table) for table in found] == [ROWS, ROWS]


def test_aligned_takes_headings_set_closely_above_their_columns() -> None:
    xs = (20, 48, 88)  # 7 points of white between headings: a row of one segment
    rows = [
        ("Units B", "State (net)", "Share"),
        ("12-1975", "on hold now", "70%"),  # this one is full, too
        ("7", "new", "8%"),
        ("31", "closed", "9%"),
        ("4", "new", "2%"),
    ]
    lines = [
        line(text, x, 100 + 14 * index, pitch=3)
        for index, row in enumerate(rows)
        for x, text in zip(xs, row, strict=True)
    ]
    caption = line("Table 2. Hose motor fuse", 20, 82, pitch=3)
    (found,) = tables.aligned(rows_of(pieces_of([caption, *lines], FRAME)))
    assert grid(found.table) == [list(row) for row in rows]


def test_aligned_tells_rows_of_words_by_more_white_than_the_page_leaves_between_lines() -> None:
    """A scan's boxes are tall: lines of text overlap, and little white is left between rows."""
    table = [
        line(text, x, 100 + 12 * index)
        for index, row in enumerate(ROWS)
        for x, text in zip((55, 200, 350), row, strict=True)
    ]
    text = [line("running text of the same page goes on below", 50, 200 + 9 * n) for n in range(4)]
    assert tables.aligned(rows_of(pieces_of(table, FRAME))) == []
    (found,) = tables.aligned(rows_of(pieces_of(table + text, FRAME)))
    assert grid(found.table) == ROWS


def test_aligned_ends_a_table_at_the_caption_of_the_next() -> None:
    lower = [line(each.text, each.box[0], each.box[1] + 110) for each in WORDS_ONLY]
    lines = [*WORDS_ONLY, line("Table 2. Second", 55, 188), *lower]
    found = tables.aligned(rows_of(pieces_of(lines, FRAME)))
    assert [grid(table.table) for table in found] == [ROWS, ROWS]


@pytest.mark.parametrize(("within", "count"), [(0.6, 0), (1.4, 1)])
def test_strokes_through_words_are_letters_and_those_between_rows_rules(
    within: float, count: int
) -> None:
    words = [
        line(text, x, 100 + 30 * index)
        for index in range(5)
        for x, text in ((62, "copper pipes and brass valves"), (262, f"{index}4.50"))
    ]
    pieces = [piece for each in pieces_of(words, FRAME) for piece in each]
    pixels = np.full((800, 600, 3), 255, np.uint8)
    left, right = min(p.box[0] for p in pieces), max(p.box[2] for p in pieces)
    for _, top, _, bottom in {piece.box for piece in pieces}:
        pixels[round(top + within * (bottom - top)), round(left) : round(right)] = 0
    assert len(tables.ruled(pixels, 72, FRAME, pieces)) == count


SITES = [("Site", "Units", "Share"), *((f"Town {n}", f"{n}{n}", f"{n}.5%") for n in range(1, 6))]


def in_rows(rows: Sequence[Sequence[str]], top: float) -> list[Line]:
    return [
        line(text, x, top + 20 * index)
        for index, row in enumerate(rows)
        for x, text in zip((55, 250, 400), row, strict=True)
    ]


def test_ruled_takes_the_rows_above_the_first_rule_of_a_table_ruled_row_by_row() -> None:
    """Headings on a dark ground, whose lower edge is no rule, and the first row below them."""
    lines = [line("A report of the sites", 55, 40), *in_rows(SITES, 104)]
    (table,) = read(lines, across(*range(140, 221, 20)))
    assert grid(table) == [list(row) for row in SITES]


def test_ruled_leaves_text_above_the_first_rule_where_it_is() -> None:
    above = line("what was counted on these sites in the year before", 55, 104)
    (table,) = read([above, *in_rows(SITES[1:], 124)], across(*range(120, 221, 20)))
    assert grid(table) == [list(row) for row in SITES[1:]]


def test_ruled_parts_tables_where_a_line_of_text_runs_between_two_rules() -> None:
    """One rule below the headings of the first table, then text, then a table of the same width."""
    prose = line(
        "a line of text that runs from side to side and parts what is above from it", 50, 170
    )
    upper = in_rows([("Code", "Item", "Units"), *SITES[1:4]], 84)
    found = read(
        [*upper, prose, *in_rows(SITES, 204)], [*across(100), *across(*range(240, 321, 20))]
    )
    assert [grid(table) for table in found] == [[list(row) for row in SITES]]
