"""extraction/decoder_answers.py: a child is never believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from extraction.decoder_answers import page_of, raise_error
from extraction.errors import ImageTooLarge
from extraction.shared_memory import SharedMemory
from extraction.types import Line, PageImage, Word

SOUND: dict[str, Any] = {
    "shape": [2, 3, 3],
    "width": 100.0,
    "height": 50,
    "rotation": 90,
    "dpi": 72,
    "lines": [[0, [[[0, 0, 10, 5], "two"], [[12, 0, 20, 5], "words\x00"]]], [0, []]],
    "warnings": ["hidden_text"],
    "rules": [],
    "images": [[0, 0, 1, 1]],
    "squares": [[[0, 0, 1, 1], True]],
}


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    """Two slots of a page of 18 bytes."""
    shared = SharedMemory(2 * 18)
    yield shared
    shared.close()


def page(memory: SharedMemory, **said: Any) -> PageImage:
    return page_of(SOUND | said, b"", number=7, memory=memory, slot=range(18, 36))


def test_sound_answer_is_a_page(memory: SharedMemory) -> None:
    made = page(memory)
    assert made.pixels is not None
    assert (made.number, made.pixels.shape, made.preview) == (7, (2, 3, 3), None)
    words = (Word("two", (0, 0, 10, 5)), Word("words", (12, 0, 20, 5)))
    assert made.lines == (Line("two words", (0, 0, 20, 5), words=words, angle=0),)
    assert made.warnings == ("hidden_text",)


@pytest.mark.parametrize(
    "lie",
    [
        {"shape": [2, 4, 3]},  # into the other page's slot
        {"shape": [-2, -3, 3]},
        {"shape": [2, 3, 1]},
        {"shape": [2, 3]},
        {"shape": [2, 3, float("nan")]},
        {"width": float("inf")},
        {"width": "100"},
        {"height": None},
        {"rotation": 1e300},
        {"dpi": -1},
        {"lines": [[0, [[[0, 0, 10], "x"]]]]},
        {"lines": [[0, [[[0, 0, 10, float("nan")], "x"]]]]},
        {"lines": [[0, [[[0, 0, 10, 5], 4711]]]]},
        {"lines": [["steep", [[[0, 0, 10, 5], "x"]]]]},
        {"lines": 1},
        {"warnings": ["<script>"]},
        {"warnings": ["a" * 41]},
        {"warnings": [None]},
        {"images": [[0, 0, 1, 1e9]]},
        {"squares": [[0, 0, 1, 1]]},
    ],
)
def test_lie_is_no_page(lie: dict[str, Any], memory: SharedMemory) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, OverflowError)):
        page(memory, **lie)


def test_error_is_one_of_ours_in_a_few_words() -> None:
    said = {"error": "image_too_large", "detail": "x\x00" * 9_999, "limit": 1, "actual": 2}
    with pytest.raises(ImageTooLarge) as raised:
        raise_error(said)
    assert (raised.value.detail, raised.value.limit, raised.value.actual) == ("x" * 500, 1, 2)
    raise_error({"pages": 1})
    for lie in ({"error": "none_of_ours"}, {"limit": "many"}, {"detail": 1, "actual": -1}):
        with pytest.raises((KeyError, ValueError)):
            raise_error(said | lie)
