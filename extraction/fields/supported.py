"""Whether a field stands on the page, where a model wrote the text that it was found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extraction.types import Box, FieldValue, Page, Word


def told_grounded(value: FieldValue, pages: Sequence[Page]) -> FieldValue:
    """The value, not grounded where a word of it is not (``Word.grounded``).

    It has no box then where none of its words has a place on the page.
    """
    page = next((each for each in pages if each.number == value.page), None)
    if page is None or value.box is None:
        return value
    box = value.box
    words = [
        word
        for line in page.lines
        if line.grounded is not None
        for word in line.words
        if _within(word, box) and word.text in value.raw
    ]
    if all(word.grounded is not False for word in words):
        return value
    placed = any(word.confidence is not None for word in words)
    return replace(value, grounded=False, box=box if placed else None)


def _within(word: Word, box: Box) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
