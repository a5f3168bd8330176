"""The text in a box that somebody has drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extraction.fields.boxed import text_within
from extraction.types import Box, Line, Page, Word

# each character is 5 points wide, lines are 10 high and 20 apart
PAGE = Page(
    1, 595.0, 842.0, engine="e", revision="1",
    lines=(
        Line("Total 119,00 EUR", (0, 0, 80, 10), None, (
            Word("Total", (0, 0, 25, 10)),
            Word("119,00", (30, 0, 60, 10)),
            Word("EUR", (65, 0, 80, 10)),
        )),
        Line("Main Street 5", (0, 20, 65, 30), None),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ((28.0, -2.0, 82.0, 12.0), "119,00 EUR"),
        ((0.0, 0.0, 100.0, 40.0), "Total 119,00 EUR\nMain Street 5"),
        ((0.0, 0.0, 45.0, 10.0), "Total 119,00"),  # half of the amount
        ((0.0, 0.0, 44.0, 10.0), "Total"),
        ((0.0, 21.0, 100.0, 40.0), "Main Street 5"),  # a line without words counts whole
        ((0.0, 100.0, 100.0, 140.0), ""),
        ((32.0, 2.0, 40.0, 8.0), ""),  # a small part of a word
    ],
)
def test_words_in_the_box_come_line_by_line(box: Box, text: str) -> None:
    assert text_within(PAGE, box) == text


def test_guessed_places_tell_nothing() -> None:
    guessed = replace(PAGE, lines=tuple(replace(line, grounded=False) for line in PAGE.lines))
    assert text_within(guessed, (0.0, 0.0, 100.0, 40.0)) == ""
