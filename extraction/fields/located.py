"""Where on the pages a value stands that a person has given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from extraction.fields import kinds
from extraction.fields.corrected import FREE, Given
from extraction.fields.kinds import KINDS, Writing
from extraction.fields.kinds.hit import UNKNOWN
from extraction.level import union
from extraction.types import Box, Line, Page, Word

ENDS = " .,:;!?()[]\"'„“”«»|-–—#*"  # what may stand around words without being a part of them
LEAST = 3  # characters of a text that is looked for without knowing where


@dataclass(frozen=True, slots=True)
class Place:
    """Words on a page, and their box in points."""

    raw: str
    page: int
    box: Box


def locate(
    kind: str,
    given: Given,
    pages: Iterable[Page],
    writing: Writing = UNKNOWN,
    near: tuple[int, Box] | None = None,
) -> Place | None:
    """Where the value stands: the same words, or what has the same normal form.

    Of several places the nearest to ``near`` (a page's number and a box), else the first. None for
    tables and what stands nowhere.
    """
    if kind == "table":
        return None
    if near is None and len(given.raw.strip(ENDS)) < LEAST:
        return None  # "7" stands anywhere
    best: Place | None = None
    for page in pages:
        if near and best and abs(page.number - near[0]) > abs(best.page - near[0]):
            break  # further away from here on
        if kind in FREE or kind == "address":
            found = list(_words(given.raw, page))
        else:
            found = list(_values(kind, given.value, page, writing))
        if found and near is None:
            return found[0]
        for place in found:
            if near and (best is None or _distance(place, near) < _distance(best, near)):
                best = place
    return best


def stands_in(kind: str, given: Given, page: Page, box: Box, writing: Writing = UNKNOWN) -> bool:
    """Whether the value stands on the page within the box, a few points around it allowed."""
    place = locate(kind, given, [page], writing, (page.number, box))
    if place is None:
        return False
    x, y = (place.box[0] + place.box[2]) / 2, (place.box[1] + place.box[3]) / 2
    return box[0] - 2 <= x <= box[2] + 2 and box[1] - 2 <= y <= box[3] + 2


def _distance(place: Place, near: tuple[int, Box]) -> tuple[int, float]:
    """In pages, then in points (squared)."""
    one, other = place.box, near[1]
    across = (one[0] + one[2] - other[0] - other[2]) / 2
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    return abs(place.page - near[0]), across * across + down * down


def _words(raw: str, page: Page) -> Iterator[Place]:
    """Words one after the other that are the text, capitals and how it is spaced aside."""
    target = "".join(raw.split()).strip(ENDS).casefold()
    if not target:
        return
    words = page.words
    for first in range(len(words)):
        joined = ""
        for last in range(first, len(words)):
            joined = (joined + "".join(words[last].text.split())).lstrip(ENDS).casefold()
            if joined.rstrip(ENDS) == target:
                found = words[first : last + 1]
                text = " ".join(word.text for word in found).strip(ENDS)
                yield Place(text, page.number, union(word.box for word in found))
                break
            if not target.startswith(joined):
                break


def _values(kind: str, value: Any, page: Page, writing: Writing) -> Iterator[Place]:
    """Words that have the value as their normal form."""
    digits = _digits_of(kind, value)
    for line in page.lines:
        if digits not in "".join(filter(str.isdigit, line.text)):
            continue  # most lines: they need not be read
        for hit in kinds.find(kind, line.text, writing):
            if _same(hit.value, value):
                boxes = [word.box for word in _between(line, hit.start, hit.end)]
                text = line.text[hit.start : hit.end]
                yield Place(text, page.number, union(boxes or [line.box]))


def _digits_of(kind: str, value: Any) -> str:
    """Digits that stand one after the other wherever the value does, marks between them aside."""
    if not KINDS[kind].digits:
        return ""
    if kind == "date":
        return str(value)[2:4]  # of the year
    number = value["amount"] if kind == "money" else value
    if kind in ("money", "number", "percent"):
        return str(number).lstrip("-").partition(".")[0].lstrip("0")
    return re.sub(r"\D", "", str(number))[-4:]


def _same(one: Any, other: Any) -> bool:
    """Equal; of amounts, one without a currency equals the same one with any."""
    if isinstance(one, dict) and isinstance(other, dict) and "amount" in one:
        alike = one["currency"] == other["currency"] or None in (one["currency"], other["currency"])
        return alike and one["amount"] == other["amount"]
    return bool(one == other)


def _between(line: Line, start: int, end: int) -> Iterator[Word]:
    at = 0
    for word in line.words:
        if at < end and start < at + len(word.text):
            yield word
        at += len(word.text) + 1
