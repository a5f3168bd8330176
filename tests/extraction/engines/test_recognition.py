from __future__ import annotations

import numpy as np
import pytest

from extraction.engines.recognition import Steps, decode, padded_width, prepare

CHARACTERS = ["", "a", "b", " "]


def steps(classes: list[int], space: dict[int, float] | None = None) -> Steps:
    spaces = np.zeros(len(classes), np.float32)
    for step, probability in (space or {}).items():
        spaces[step] = probability
    return Steps(np.array(classes), np.full(len(classes), 0.9, np.float32), spaces)


def texts(found: Steps, used: float = 8) -> list[str]:
    return ["".join(g.character for g in word) for word in decode(found, used, CHARACTERS)]


def test_decode_collapses_repeats_and_drops_blanks() -> None:
    assert texts(steps([1, 1, 0, 1, 2, 2, 0, 0])) == ["aab"]


def test_decode_parts_words_at_spaces() -> None:
    assert texts(steps([1, 3, 2, 0, 3, 0, 1, 0])) == ["a", "b", "a"]


def test_decode_parts_words_where_a_space_was_probable() -> None:
    assert texts(steps([1, 0, 2, 0], {1: 0.2})) == ["a", "b"]
    assert texts(steps([1, 0, 2, 0], {1: 0.1})) == ["ab"]


def test_decode_places_characters_along_the_line() -> None:
    (word,) = decode(steps([1, 0, 0, 2]), 4, CHARACTERS)
    assert [glyph.place for glyph in word] == [0.125, 0.875]


@pytest.mark.parametrize(("aspect", "width"), [(1, 320), (6.67, 352), (7.4, 384), (40, 1920)])
def test_padded_width_is_a_multiple_of_32(aspect: float, width: int) -> None:
    assert padded_width(aspect) == width


def test_prepare_scales_the_line_and_pads_with_zeros() -> None:
    line = prepare(np.full((24, 100, 3), 255, np.uint8))
    assert line.shape == (1, 3, 48, 320)
    assert line[..., :200].min() == 1
    assert not line[..., 200:].any()
