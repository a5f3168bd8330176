from __future__ import annotations

import pytest

from extraction import margins
from extraction.level import Frame, Piece, Row, pieces_of, rows_of
from extraction.types import Box, Line

FRAME = Frame(600.0, 800.0, 0.0)
FULL = "Rope and timber came by the morning train and went on by barge before noon"


def line(text: str, x: float, y: float, *, right: float = 0.0, height: float = 10.0) -> Line:
    return Line(text, (x, y, right or x + 5 * len(text), y + height))


def rows(*lines: Line) -> list[Row]:
    return rows_of(pieces_of(lines, FRAME))


def body() -> list[Line]:
    return [line(FULL, 60, 150 + 14 * n, right=540) for n in range(40)]


def parted(*lines: Line) -> tuple[list[str], list[str]]:
    """The texts in the top margin and in the bottom margin."""
    top, _, bottom = margins.parted(rows(*lines, *body()), FRAME, 10.0)
    return tuple([s.text for row in part for s in row] for part in (top, bottom))  # type: ignore


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("Harbour Review", 60, 40)], ["Harbour Review"]),
        # larger than the text, beside the page's number, or close to the text
        ([line("Dues", 60, 40, height=14), line("Page 3", 500, 42)], ["Dues", "Page 3"]),
        ([line("Dues", 60, 85), line("- 3 -", 510, 85)], ["Dues", "- 3 -"]),
        ([line("Dues", 60, 50, height=14), line("17", 530, 52)], ["Dues", "17"]),
        ([line("4 | Dues", 60, 85)], ["4 | Dues"]),
        ([line("3", 60, 25, height=18)], ["3"]),
        # a row above the page's number, both larger than the text
        (
            [line("Harbour Office", 60, 30, height=15), line("- 3 -", 290, 47, height=15)],
            ["Harbour Office", "- 3 -"],
        ),
        # the name of a section nearer to the edge of the paper than to the text
        ([line("2.4 Tides", 60, 30, height=18)], ["2.4 Tides"]),
        ([line("2.4 Tides", 60, 120, height=18)], []),
        ([line("Harbour Office", 60, 30, height=15), line("Dues", 60, 50, height=15)], []),
        # a title, a line within the page, a labelled number, a table's heading
        ([line("Dues", 60, 40, height=18)], []),
        ([line("Hamburg, 3 May 2026", 440, 90)], []),
        ([line("Invoice no.", 60, 50, height=14), line("17", 530, 52)], []),
        ([line("Invoice", 60, 60, height=14), line("4711", 520, 60)], []),
    ],
)
def test_parted_finds_headers(lines: list[Line], said: list[str]) -> None:
    assert parted(*lines) == (said, [])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("Harbour Ltd, 4 Quay Street", 60, 760)], ["Harbour Ltd, 4 Quay Street"]),
        ([line("Page 3 of 9", 270, 712)], ["Page 3 of 9"]),
        ([line(r"C:\Holm\tides.docx", 60, 712)], [r"C:\Holm\tides.docx"]),
        (
            [line("Holm Ltd, Quay", 60, 718, height=7), line("VAT no. 42", 60, 726, height=7)],
            ["Holm Ltd, Quay", "VAT no. 42"],
        ),
        # legal small print further in, but no footnote and no text of the usual size
        ([line("IBAN DE21 3704 0044", 60, 712, height=7)], ["IBAN DE21 3704 0044"]),
        (
            [line("A note of two lines", 60, 714, height=7), line("IBAN DE21", 60, 724, height=7)],
            [],
        ),
        ([line("1 All that is confidential", 60, 712, height=7)], []),
        ([line("Pay by IBAN DE21 3704 0044", 60, 712)], []),
    ],
)
def test_parted_finds_footers(lines: list[Line], said: list[str]) -> None:
    assert parted(*lines) == ([], said)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("2.4 Tides", 60, 700, height=8)], ["2.4 Tides"]),
        # of the text's size, not far from the text, a note, a long line
        ([line("Anna Holm", 60, 700)], []),
        ([line("Rope", 60, 680), line("In fathoms", 60, 700, height=8)], []),
        ([line("1 In fathoms", 60, 700, height=8)], []),
        ([line(FULL, 60, 700, height=8)], []),
    ],
)
def test_parted_finds_a_small_line_alone_at_the_foot(lines: list[Line], said: list[str]) -> None:
    _, _, bottom = margins.parted(rows(*body()[:30], *lines), FRAME, 10.0)
    assert [segment.text for row in bottom for segment in row] == said


def beside(*lines: Line) -> list[str]:
    placed: list[list[Piece]] = pieces_of([*body(), *lines], FRAME)
    _, found = margins.numbers_beside(placed, FRAME.bounds)
    return [segment.text for row in found for segment in row]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line("4/12", 20, 395)], ["4/12"]),
        ([line("12", 570, 395)], ["12"]),
        ([line("5", 20, 150), line("10", 20, 290)], []),  # lines are numbered
        ([line("3", 20, 150 + 14 * 10)], []),  # on a level with a line
        ([line("note", 20, 395)], []),
        ([line("12", 300, 395)], []),
    ],
)
def test_numbers_beside_the_text(lines: list[Line], said: list[str]) -> None:
    assert beside(*lines) == said


def test_numbers_beside_needs_text_to_stand_beside() -> None:
    placed = pieces_of([line("4/12", 20, 395)], FRAME)
    assert margins.numbers_beside(placed, FRAME.bounds) == (placed, [])


def test_sides_are_beyond_the_text_and_near_the_edge() -> None:
    boxes: list[Box] = [(30.0, 10.0, 560.0, 20.0), (60.0, 30.0, 500.0, 40.0)]
    assert margins.sides(boxes, 600.0) == (30.0, 560.0)
    assert margins.sides([(200.0, 10.0, 300.0, 20.0)], 600.0) == (45.0, 555.0)
