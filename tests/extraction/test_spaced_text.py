from __future__ import annotations

import pytest

from extraction.level import Frame, Piece, pieces_of, rows_of
from extraction.spaced_text import letters_joined, lines_joined
from tests.extraction.test_level import line


def pieces(text: str, pitch: float) -> list[Piece]:
    (placed,) = pieces_of([line(text, 10, 100, pitch=pitch)], Frame(600, 800, 0))
    return placed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I N V O I C E", ["INVOICE"]),
        ("1 2 0 0 . 0 0", ["1200.00"]),
        ("T O T A L   D U E   EUR", ["TOTAL", "DUE", "EUR"]),
        ("发 票 号 码", ["发票号码"]),
        ("plan A B", ["plan", "A", "B"]),
        ("1 2 3 4 5", ["1", "2", "3", "4", "5"]),  # numbers of columns
        ("a new pump", ["a", "new", "pump"]),
    ],
)
def test_letters_joined_makes_words_of_evenly_spaced_characters(
    text: str, expected: list[str]
) -> None:
    assert [each.word.text for each in letters_joined(pieces(text, 5))] == expected


def test_letters_joined_puts_boxes_and_the_least_confidence_together() -> None:
    (word,) = letters_joined(pieces("T A X E S", 5))
    assert (word.box, word.word.box, word.word.confidence) == (
        (10, 100, 55, 110),
        (10, 100, 55, 110),
        0.9,
    )


def test_letters_joined_leaves_digits_in_columns() -> None:
    found = letters_joined(pieces("4 7 1 1", 12))
    assert [each.word.text for each in found] == ["4", "7", "1", "1"]


FULL = line("this line is whole and shows both edges", 10, 100)


def set_full(text: str, y: float, gap: float, x: float = 10) -> list[Piece]:
    """Words ``gap`` points apart."""
    words = text.split()
    found: list[Piece] = []
    for word in words:
        (made,) = pieces_of([line(word, x, y)], Frame(600, 800, 0))
        found += made
        x = made[0].box[2] + gap
    return found


def test_lines_joined_makes_a_line_whole_that_was_set_full() -> None:
    (whole,) = pieces_of([FULL], Frame(600, 800, 0))
    wide = set_full("incomprehensibility stretches words", 112, 18)
    assert len(rows_of([whole, wide])[1]) == 3
    rows = lines_joined(rows_of([whole, wide]))
    assert [segment.text for segment in rows[1]] == ["incomprehensibility stretches words"]


def test_lines_joined_leaves_rows_of_a_table_apart() -> None:
    (whole,) = pieces_of([FULL], Frame(600, 800, 0))
    cells = set_full("Incomprehensible Part", 112, 12) + set_full("40", 112, 12, x=232)
    assert len(lines_joined(rows_of([whole, cells]))[1]) == 3
