from __future__ import annotations

import math

import pytest

from extraction.level import Frame, confidence, direction, pieces_of, rows_of, segments_of
from extraction.types import Box, Line, Word


def line(text: str, x: float, y: float, *, height: float = 10, pitch: float = 6) -> Line:
    """A line of fixed-width text: its words with their boxes."""
    words, at = [], x
    for part in text.split(" "):
        if part:
            words.append(Word(part, (at, y, at + pitch * len(part), y + height), 0.9))
        at += pitch * (len(part) + 1)
    box = (words[0].box[0], y, words[-1].box[2], y + height)
    return Line(" ".join(w.text for w in words), box, 0.9, tuple(words))


def test_frame_leaves_a_straight_page_alone() -> None:
    frame = Frame(600, 800, 0)
    assert frame.to_level((10, 20, 110, 40)) == (10, 20, 110, 40)
    assert frame.bounds == (0, 0, 600, 800)


@pytest.mark.parametrize("skew", [-3.0, 1.5, 91.5, 178.0, -92.0])
def test_frame_level_and_page_are_inverse_for_a_small_box(skew: float) -> None:
    frame = Frame(600, 800, skew)
    box: Box = (250, 300, 350, 312)
    back = frame.to_level(frame.to_page(box))
    assert back == pytest.approx(box, abs=0.1)


def test_frame_keeps_page_boxes_within_the_page() -> None:
    assert Frame(100, 100, 0).to_page((-5, 90, 50, 120)) == (0, 90, 50, 100)


def test_frame_bounds_of_a_page_on_its_side_are_turned() -> None:
    assert Frame(600, 800, 90).bounds == (-100, 100, 700, 700)


def test_rows_of_joins_what_stands_on_one_level() -> None:
    pieces = pieces_of(
        [line("Total", 10, 50), line("9.00", 200, 52), line("Cash", 10, 70)], Frame(300, 300, 0)
    )
    rows = [[segment.text for segment in row] for row in rows_of(pieces)]
    assert rows == [["Total", "9.00"], ["Cash"]]


def test_rows_of_follows_a_skewed_page() -> None:
    frame = Frame(600, 800, 2)
    left, right = frame.to_page((50, 400, 80, 410)), frame.to_page((520, 400, 550, 410))
    words = [Word("left", left), Word("right", right)]
    assert right[1] - left[1] > 15
    pieces = pieces_of([Line(w.text, w.box, None, (w,)) for w in words], frame)
    assert [[s.text for s in row] for row in rows_of(pieces)] == [["left", "right"]]


def test_segments_of_parts_a_line_at_wide_gaps() -> None:
    (pieces,) = pieces_of([line("Pos  1   Copper pipe", 10, 10)], Frame(300, 300, 0))
    assert [s.text for s in segments_of(pieces)] == ["Pos", "1", "Copper pipe"]


def test_confidence_weighs_words_by_their_length() -> None:
    words = [Word("abc", (0, 0, 1, 1), 1.0), Word("d", (0, 0, 1, 1), 0.6)]
    assert confidence(words) == 0.9
    assert confidence([Word("abc", (0, 0, 1, 1))]) is None


@pytest.mark.parametrize(("leaning", "angle"), [(3, 0.8), (1, 0.0)])
def test_direction_counts_lines_put_level_only_where_few_lean(leaning: int, angle: float) -> None:
    lean = (100.0, 100 * math.tan(math.radians(0.8)))
    assert direction([(100.0, 0.0)] * 5 + [lean] * leaning) == angle


def test_direction_follows_most_of_the_text() -> None:
    assert direction([(0.0, -80.0), (0.0, -70.0), (60.0, 0.0)]) == -90
