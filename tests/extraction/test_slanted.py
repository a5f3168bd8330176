from __future__ import annotations

import pytest

from extraction import slanted
from extraction.types import Line, Word

SIDES = (40.0, 560.0)  # the text's edges, in points


def slanting(text: str, angle: float, *, confidence: float | None = None) -> Line:
    """A line of large text across the page, with what the decoder says of its direction."""
    box = (100.0, 200.0, 480.0, 560.0)
    return Line(text, box, confidence, (Word(text, box, confidence),), angle)


def rising() -> Line:
    """Three words read from pixels along a line that rises by eight degrees."""
    words = tuple(
        Word(text, (x, 300 - 0.14 * x, x + 26, 316 - 0.14 * x), 0.9)
        for text, x in (("18", 150.0), ("MAR", 180.0), ("2026", 210.0))
    )
    return Line("18 MAR 2026", (150.0, 270.0, 236.0, 296.0), 0.9, words)


def test_parted_takes_level_and_very_short_lines_for_text() -> None:
    lines = [Line("Ordinary words", (10, 10, 90, 20)), Line("ab", (10, 30, 14, 60), angle=45.0)]
    level, groups = slanted.parted(lines, 0.0)
    assert [line.text for line in level] == ["Ordinary words", "ab"]
    assert groups == []


def test_parted_sees_the_slope_of_words_that_were_read() -> None:
    level, groups = slanted.parted([rising()], 0.0)
    assert level == []
    assert [[line.text for line in group] for group in groups] == [["18 MAR 2026"]]
    assert groups[0][0].angle == pytest.approx(-8, abs=0.3)


def test_parted_measures_the_slope_beside_the_page() -> None:
    level, groups = slanted.parted([rising()], -8.0)
    assert [line.text for line in level] == ["18 MAR 2026"]
    assert groups == []


def test_parted_puts_a_high_word_to_the_slanted_line_beside_it() -> None:
    box = (125.0, 235.0, 245.0, 277.0)
    above = Line("RECEIVED", box, 0.9, (Word("RECEIVED", box, 0.9),))
    far = Line("RECEIVED", (125.0, 600.0, 245.0, 642.0), 0.9)
    level, groups = slanted.parted([above, rising(), far], 0.0)
    assert [line.text for line in level] == ["RECEIVED"]
    assert [sorted(line.text for line in group) for group in groups] == [
        ["18 MAR 2026", "RECEIVED"]
    ]


def test_block_tells_watermarks_by_their_size() -> None:
    assert slanted.block([slanting("SPECIMEN", -45)], 11, SIDES).kind == "watermark"
    small = slanting("RECEIVED 18 MARCH 2026 BY THE REGISTRY OF THE COURT OF APPEAL", -45)
    assert slanted.block([small], 11, SIDES).kind == "stamp"


def test_block_takes_text_up_the_page_for_text() -> None:
    up = Line("Rev. 4 of 2026", (60, 300, 70, 400), angle=-90.0)
    made = slanted.block([up], 11, SIDES)
    assert (made.kind, made.text, made.box) == ("paragraph", "Rev. 4 of 2026", (60, 300, 70, 400))


def test_block_takes_text_up_the_page_beside_all_text_for_furniture() -> None:
    up = Line("Form 27-B (03/26)", (20, 300, 30, 400), angle=-90.0)
    assert slanted.block([up], 11, SIDES).kind == "footer"
