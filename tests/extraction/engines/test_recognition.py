from __future__ import annotations

import cv2
import numpy as np
import pytest

from extraction.engines.recognition import (
    Glyph,
    Steps,
    crop,
    decode,
    inked,
    padded_width,
    parted,
    prepare,
    widest_gap,
)

CHARACTERS = ["", "a", "b", " "]


def steps(classes: list[int], space: dict[int, float] | None = None) -> Steps:
    spaces = np.zeros(len(classes), np.float32)
    for step, probability in (space or {}).items():
        spaces[step] = probability
    return Steps(np.array(classes), np.full(len(classes), 0.9, np.float32), spaces)


def line(*bars: tuple[int, int], ink: int = 0, paper: int = 255) -> np.ndarray:
    """A level line 40 pixels high and 200 wide with a bar from each start to its end."""
    picture = np.full((40, 200, 3), paper, np.uint8)
    for start, end in bars:
        picture[16:24, start:end] = ink
    return picture


def two(space: float) -> list[Glyph]:
    return [Glyph("a", 0.25, 0.9), Glyph("b", 0.75, 0.9, space)]


def test_decode_collapses_repeats_and_drops_blanks() -> None:
    found = decode(steps([1, 1, 0, 1, 2, 2, 0, 0]), 8, CHARACTERS)
    assert [glyph.character for glyph in found] == ["a", "a", "b"]


def test_decode_keeps_the_highest_probability_of_a_space_with_the_character_after_it() -> None:
    found = decode(steps([1, 3, 2, 0, 0, 1, 0, 0], {0: 0.7, 1: 0.9, 3: 0.2, 4: 0.4}), 8, CHARACTERS)
    assert [(glyph.character, round(glyph.space, 2)) for glyph in found] == [
        ("a", 0), ("b", 0.9), ("a", 0.4),
    ]  # fmt: skip


def test_decode_places_characters_along_the_line() -> None:
    found = decode(steps([1, 0, 0, 2]), 4, CHARACTERS)
    assert [glyph.place for glyph in found] == [0.125, 0.875]


@pytest.mark.parametrize(
    ("space", "gap", "count"),
    [
        (0.9, 0, 2),  # sure of it, though the characters touch
        (0.3, 0, 1),
        (0.3, 12, 2),  # unsure, but there is a gap
        (0.02, 12, 1),
        (0.0, 90, 1),  # Chinese is set with gaps and without spaces
    ],
)
def test_parted_weighs_the_space_and_the_gap(space: float, gap: int, count: int) -> None:
    half = gap // 2
    assert len(parted(two(space), line((20, 100 - half), (100 + half, 180)))) == count


def test_parted_keeps_every_character_once_and_in_order() -> None:
    glyphs = [Glyph(c, 0.1 * i, 0.9, 0.99 if i % 2 else 0.0) for i, c in enumerate("abcde")]
    assert ["".join(g.character for g in word) for word in parted(glyphs, line((0, 200)))] == [
        "a", "bc", "de",
    ]  # fmt: skip
    assert parted([], line()) == []


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (180, 210)])
def test_inked_tells_ink_from_paper_dark_light_and_faint(ink: int, paper: int) -> None:
    columns = inked(line((20, 90), (130, 180), ink=ink, paper=paper))
    assert columns[25:85].all()
    assert not columns[95:125].any()
    assert widest_gap(columns, 0.25, 0.75) == 40


def test_widest_gap_is_nothing_where_all_is_ink_and_all_where_nothing_is() -> None:
    assert widest_gap(np.ones(100, np.bool_), 0.2, 0.8) == 0
    assert widest_gap(np.zeros(100, np.bool_), 0.2, 0.8) == 60


@pytest.mark.parametrize(
    ("width", "least", "padded"),
    [(1, 160, 160), (160, 160, 160), (161, 160, 192), (161, 320, 320), (1900, 320, 1920)],
)
def test_padded_width_is_a_multiple_of_32(width: float, least: int, padded: int) -> None:
    assert padded_width(width, least) == padded


def test_prepare_scales_the_line_and_pads_with_zeros() -> None:
    prepared = prepare(np.full((24, 100, 3), 255, np.uint8), 320)
    assert prepared.shape == (1, 3, 48, 320)
    assert prepared[..., :200].min() == 1
    assert not prepared[..., 200:].any()


def test_prepare_squeezes_the_longest_lines() -> None:
    assert prepare(np.full((10, 5000, 3), 255, np.uint8)).shape == (1, 3, 48, 7680)


def test_crop_sets_a_slanted_line_level() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    corners = np.array([[40.0, 60], [140, 100], [132, 120], [32, 80]])
    cv2.fillPoly(page, [corners.round().astype(np.int32)], (0, 0, 0))
    cut = crop(page, corners)
    assert cut.shape == (22, 108, 3)
    assert cut[3:-3, 3:-3].max() < 60
