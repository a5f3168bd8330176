from __future__ import annotations

import cv2
import numpy as np
import pytest

from extraction.engines.alphabet import Steps
from extraction.engines.recognition import (
    Look,
    crop,
    decode,
    padded_width,
    prepare,
)

CHARACTERS = ["", "a", "b", " "]


def steps(classes: list[int], space: dict[int, float] | None = None) -> Steps:
    spaces = np.zeros(len(classes), np.float32)
    for step, probability in (space or {}).items():
        spaces[step] = probability
    return Steps(np.array(classes), np.full(len(classes), 0.9, np.float32), spaces)


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
    ("width", "least", "padded"),
    [(1, 96, 96), (96, 96, 96), (97, 96, 128), (161, 320, 320), (1900, 320, 1920)],
)
def test_padded_width_is_a_multiple_of_32(width: float, least: int, padded: int) -> None:
    assert padded_width(width, Look(least, 1.0)) == padded


def test_prepare_scales_the_line_and_pads_with_zeros() -> None:
    prepared = prepare(np.full((24, 100, 3), 255, np.uint8), Look(320, 1.0))
    assert prepared.shape == (1, 3, 48, 320)
    assert prepared[..., :200].min() == 1
    assert not prepared[..., 200:].any()


@pytest.mark.parametrize(("height", "width"), [(24, 192), (31, 192), (32, 224), (60, 224)])
def test_prepare_shows_low_lines_narrower(height: int, width: int) -> None:
    line = np.full((height, round(height * 200 / 48), 3), 255, np.uint8)
    assert prepare(line, Look(96, 0.85)).shape == (1, 3, 48, width)


def test_prepare_squeezes_the_longest_lines() -> None:
    assert prepare(np.full((10, 5000, 3), 255, np.uint8)).shape == (1, 3, 48, 7680)


def test_crop_sets_a_slanted_line_level() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    corners = np.array([[40.0, 60], [140, 100], [132, 120], [32, 80]])
    cv2.fillPoly(page, [corners.round().astype(np.int32)], (0, 0, 0))
    cut = crop(page, corners)
    assert cut.shape == (22, 108, 3)
    assert cut[3:-3, 3:-3].max() < 60
