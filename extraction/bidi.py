"""The order in which words that stand side by side are read, for scripts from right to left.

Letters within a word come in reading order already; this puts the words of a line so. It follows
the Unicode Bidirectional Algorithm (UAX 9) from the result back, for whole words and one level of
Latin text within Hebrew or Arabic.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def reading_order(words: Sequence[T], text: Callable[[T], str]) -> Sequence[T]:
    """``words``, given from left to right on the page, in the order of reading.

    A line is read from right to left where words in such a script stand at both its ends, or are
    more than the others; numbers do not count. In it, words in other scripts that stand together,
    and numbers that follow them, keep their order from left to right.
    """
    if all(text(word).isascii() for word in words):
        return words
    directions = [_direction(text(word)) for word in words]
    letters = [direction for direction in directions if direction]
    if "R" not in letters:
        return words
    if not letters[0] == letters[-1] == "R" and letters.count("R") <= letters.count("L"):
        return words
    ordered: list[T] = []
    together: list[T] = []  # words from left to right within the line, as they are to be read
    numbers: list[T] = []  # to the left of what has been read; whose they are is told by the next
    for word, direction in zip(reversed(words), reversed(directions), strict=True):
        if direction == "R":
            ordered += together + numbers
            together, numbers = [], []
            ordered.append(word)
        elif direction == "L":
            # From the right: "5 X" seen as "X 5" is read X, 5.
            together = [word, *reversed(numbers), *together]
            numbers = []
        else:
            numbers.append(word)
    return ordered + together + numbers


def _direction(text: str) -> str:
    """R for a word from right to left, L for one from left to right, "" for numbers and marks."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "R"
        if kind == "L":
            return "L"
    return ""
