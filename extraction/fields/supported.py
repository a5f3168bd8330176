"""Whether what was found stands on the page, where a model wrote the text that it was found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from extraction.types import Box, Citation, FieldValue, Page, Word

Found = TypeVar("Found", FieldValue, Citation)
ON_THE_PAGE = "page"  # a check of a field


def told_grounded(found: Found, pages: Sequence[Page]) -> Found:
    """The value, not grounded where a word of it is not, None where nobody can say (``Line``).

    It has no box then where none of its words has a place on the page. A field fails the check
    ``ON_THE_PAGE``, so that people look at it.
    """
    page = next((each for each in pages if each.number == found.page), None)
    if page is None or found.box is None or not _compared(page):
        return found
    box = found.box
    words = [
        word
        for line in page.lines
        for word in line.words
        if _within(word, box) and word.text in found.raw
    ]
    told = {word.grounded for word in words}
    if not words or (told == {True}):
        return found
    placed = any(word.confidence is not None for word in words)
    if False not in told:
        return found if placed else replace(found, grounded=None, box=None)
    told_so = replace(found, grounded=False, box=box if placed else None)
    if isinstance(told_so, FieldValue):
        return replace(told_so, checks={**told_so.checks, ON_THE_PAGE: False})
    return told_so


def _compared(page: Page) -> bool:
    """Whether a model's text of the page was looked for in what OCR reads."""
    return any(line.grounded is not None for line in page.lines) or bool(page.disagreements)


def _within(word: Word, box: Box) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
