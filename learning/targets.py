"""The text that is right for a page: what an engine wrote, with what people corrected in place."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

# As extraction.formats.md escapes a document's text, which a model is not to learn to write
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~>$])")


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of a value on a page: it was ``read`` so ("" for not at all), and is
    written so in truth; ``right`` None says that it is not there."""

    read: str
    right: str | None


def plain(markdown: str) -> str:
    """A page's Markdown without what was put in so that it renders as the text."""
    return html.unescape(_ESCAPED.sub(r"\1", markdown)).strip()


def corrected(text: str, said: Sequence[Said]) -> str | None:
    """The text with each value as it is right; None where a place for one is not found, once.

    A value that was read otherwise is looked for as whole words, whatever white space is between
    them; one that was not found by the reader has to stand there already.
    """
    for each in said:
        if each.right is None or _same(each.read, each.right):
            continue
        if not each.read.strip():
            if not _places(text, each.right):
                return None
            continue
        places = _places(text, each.read)
        if len(places) != 1:
            return None
        start, end = places[0]
        text = text[:start] + each.right + text[end:]
    return text


def _same(one: str, two: str) -> bool:
    return one.split() == two.split()


def _places(text: str, value: str) -> list[tuple[int, int]]:
    """Where the value stands in the text, not within longer words."""
    words = value.split()
    if not words:
        return []
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    return [found.span() for found in re.finditer(pattern, text)]
