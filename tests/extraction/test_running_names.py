from __future__ import annotations

import pytest

from extraction import running_names
from extraction.level import Frame, Row, pieces_of, rows_of
from extraction.types import Line

FULL = "Rope and timber came by the morning train and went on by barge before noon"


def line(text: str, x: float, y: float, *, right: float = 0.0) -> Line:
    return Line(text, (x, y, right or x + 5 * len(text), y + 10))


def rows(*lines: Line) -> list[Row]:
    body = [line(FULL, 60, 100 + 14 * n, right=540) for n in range(9)]
    return rows_of(pieces_of([*lines, *body], Frame(600.0, 800.0, 0.0)))


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        # what browsers print
        ([line("26/03/2026, 13:07", 60, 85), line("Tide tables", 450, 85)], True),
        ([line("26/03/2026, 13:07 Tide tables - harbour.example", 60, 85)], True),
        ([line(r"C:\Users\Holm\tides.docx", 60, 85)], True),
        ([line("26/03/2026, 13:07", 60, 85)], False),
        ([line("26/03/2026 13:07 The sluice is open", 60, 85)], False),
        ([line(f"26/03/2026 1{n}:07 North - open", 60, 70 + 12 * n) for n in range(2)], False),
        # the name of a section beside another name, or set right
        ([line("Harbour Review", 60, 85), line("2.4 Tides", 490, 85)], True),
        ([line("Harbour Review", 60, 85), line("2 May 2026", 490, 85)], False),
        ([line("2.4 Tides", 495, 85, right=540)], True),
        ([line("2.4 Tides", 60, 85)], False),
        ([line("Tides", 495, 85, right=540)], False),
        # rows of a table, of a list, a heading of the right column
        ([line("2.4 Buoys", 60, 85), line("120.00", 490, 85)], False),
        (
            [line(f"2.{n} {name}", 60, 60 + 12 * n) for n, name in enumerate(("Tides", "Buoys"))]
            + [line("Harbour", 490, 60)],
            False,
        ),
        (
            [
                line("2.4 Tides", 60, 60),
                line("Harbour", 490, 60),
                line("Depth", 60, 75),
                line("Fathoms", 490, 75),
            ],
            False,
        ),
        ([line("2.4 Tides", 310, 60, right=540), line("By night", 310, 75, right=540)], False),
        ([line("Confidential - for the pilots only", 200, 85)], False),
    ],
)
def test_is_header_by_its_form(lines: list[Line], header: bool) -> None:
    assert running_names.is_header(rows(*lines), 10.0, nearer=False) is header


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("2.4 Tides", True),
        ("Confidential - for the pilots only", True),
        ("Tides", False),
        ("2. Tides", False),
        ("Confidential Information Memorandum", False),
    ],
)
def test_is_header_nearer_to_the_edge_than_to_the_text(text: str, header: bool) -> None:
    assert running_names.is_header(rows(line(text, 60, 30)), 10.0, nearer=True) is header


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (r"C:\Users\Holm\tides.docx", True),
        ("https://harbour.example/tides 3/4", True),
        ("See https://harbour.example/tides", False),
        ("C: the third case", False),
    ],
)
def test_is_file(text: str, file: bool) -> None:
    assert running_names.is_file(text) is file
