from __future__ import annotations

from collections.abc import Sequence

from extraction.level import pieces_of, rows_of
from extraction.tables.middled import middled
from extraction.types import Line
from tests.extraction.test_level import line
from tests.extraction.test_tables import FRAME, found, grid

XS = (20, 120, 300)


def set_in_the_middle(
    rows: Sequence[tuple[str, Sequence[str], str]], *, top: float = 112, pitch: float = 12
) -> list[Line]:
    """Rows right below one another, the outer cells halfway down beside those of several lines."""
    lines = []
    for name, notes, units in rows:
        middle = top + pitch / 2 * (len(notes) - 1)
        lines += [line(text, x, middle) for text, x in ((name, 20), (units, 300)) if text]
        lines += [line(note, 120, top + pitch * index) for index, note in enumerate(notes) if note]
        top += pitch * len(notes)
    return lines


NOTES = [
    ("Pipe", ("the first of the", "notes goes on", "and ends"), "1"),
    ("Valve", ("another of them", "goes on"), "22"),
    ("Tape", ("the last note",), "3"),
    ("Hose", ("",), "7"),
    ("Pump", ("one more, in two", "lines"), "40"),
]
READ = [[name, " ".join(notes), units] for name, notes, units in NOTES]
HEAD = [line(text, x, 100) for text, x in zip(("Name", "Remarks", "Units"), XS, strict=True)]


def test_rows_set_about_their_middles_are_told_without_white_between_them() -> None:
    (table,) = found(HEAD + set_in_the_middle(NOTES))
    assert grid(table) == [["Name", "Remarks", "Units"], *READ]
    assert all((cell.row_span, cell.column_span) == (1, 1) for cell in table.cells)


def test_headings_set_about_their_middle_are_one_row() -> None:
    head = [line("Name", 20, 94), line("given", 20, 106), line("Units", 300, 100)]
    head.append(line("Remarks", 120, 100))
    (table,) = found(head + set_in_the_middle(NOTES, top=118))
    assert grid(table) == [["Name given", "Remarks", "Units"], *READ]


def test_headings_of_two_lines_are_one_row_beside_rows_set_about_their_middles() -> None:
    head = [*HEAD, line("(net)", 300, 112)]
    (table,) = found(head + set_in_the_middle(NOTES, top=124))
    assert grid(table) == [["Name", "Remarks", "Units (net)"], *READ]


def test_a_label_halfway_down_two_rows_stays_a_cell_over_both() -> None:
    lines = list(HEAD)
    for index, (one, other) in enumerate((("1", "2"), ("3", "4"), ("5", "6"))):
        y = 114 + 24 * index
        lines += [line(f"Site {index}", 20, y + 6)]
        lines += [line("the first half", 120, y), line(one, 300, y)]
        lines += [line("the other half", 120, y + 12), line(other, 300, y + 12)]
    (table,) = found(lines)
    spans = {cell.text: (cell.row, cell.row_span) for cell in table.cells if cell.column == 0}
    assert spans == {"Name": (0, 1), "Site 0": (1, 2), "Site 1": (3, 2), "Site 2": (5, 2)}


def test_single_words_beside_a_line_between_them_are_cells_of_their_own() -> None:
    """They could stand about it, but a column of single words does not wrap."""
    extents = [(20, 60), (120, 150), (300, 310)]
    for words, told in (("open", "new"), False), (("is open", "and new"), True):
        lines = set_in_the_middle([(f"Item {n}", words, str(n)) for n in range(1, 6)])
        assert (middled(rows_of(pieces_of(lines, FRAME)), extents) is not None) == told


def test_headings_broken_where_they_have_room_go_on_below() -> None:
    rows = [("Name", "Remarks", "Units")] + [(f"Item {n}", f"note {n} is long", "5") for n in "abc"]
    lines = [
        line(text, x, 100 + 12 * (index + (index > 0)))
        for index, row in enumerate(rows)
        for text, x in zip(row, XS, strict=True)
    ]
    (table,) = found([*lines, line("(net)", 120, 112)])
    assert grid(table)[:2] == [
        ["Name", "Remarks (net)", "Units"],
        ["Item a", "note a is long", "5"],
    ]


def test_a_first_row_with_empty_cells_is_no_heading() -> None:
    rows = [("Name", "Remarks", "Units")] + [(f"Item {n}", f"note {n} is long", "5") for n in "abc"]
    lines = [
        line(text, x, 100 + 12 * (index + (index > 0)))
        for index, row in enumerate(rows)
        for text, x in zip(row, XS, strict=True)
    ]
    (number,) = found([*lines, line("7", 300, 112)])
    assert grid(number)[1] == ["", "", "7"]
    (aside,) = found([*lines, line("no remarks", 160, 112)])
    assert grid(aside)[1] == ["", "no remarks", ""]


def test_a_column_set_closely_is_parted_though_its_neighbour_goes_on_below() -> None:
    """One and a half spaces part the columns; the lines below begin flush at the second of them."""
    lines = [line("Item", 20, 100, pitch=3), line("Units", 330, 100, pitch=3)]
    for index in range(5):
        y = 114 + 30 * index
        lines += [line(f"Item {index}", 20, y, pitch=3), line("7", 342, y, pitch=3)]
        lines += [line("n/a", 170, y, pitch=3), line("the notes of it", 183.5, y, pitch=3)]
        lines.append(line("go on below", 183.5, y + 11, pitch=3))
    (table,) = found(lines)
    assert grid(table)[:2] == [
        ["Item", "", "", "Units"],
        ["Item 0", "n/a", "the notes of it go on below", "7"],
    ]


def test_a_row_with_narrow_gaps_between_cells_ends_no_table() -> None:
    rows = [("A-1", "pipe"), ("B-2482-C", "big flange"), ("C-7", "fuse")]
    heads = (("Code", 20), ("Item", 51), ("Remarks", 88))
    lines = [line(text, x, 100, pitch=3) for text, x in heads]
    for index, (code, item) in enumerate(rows):
        y = 124 + 28 * index
        lines += [line(code, 20, y, pitch=3), line(item, 51, y, pitch=3)]
        lines.append(line("notes of some words", 88, y, pitch=3))
        lines.append(line("that go on", 88, y + 11, pitch=3))
    (table,) = found(lines)
    assert [row[0] for row in grid(table)] == ["Code", "A-1", "B-2482-C", "C-7"]
