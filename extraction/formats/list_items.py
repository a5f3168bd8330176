"""The text of a list block as its items: for formats that write lists as such."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from extraction.formats.characters import clean

INDENT = 2  # spaces a level
MAX_LEVEL = 8

_NUMBER = re.compile(r"(\d{1,9})[.)]\s+(?=\S)")
_BULLET = re.compile(r"[-–—•◦‣▪●○·*]\s+(?=\S)")
_OTHER = re.compile(r"(?:\((?:\d{1,3}|[a-z])\)|[a-z][.)])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class ListItem:
    """``mark`` is "-" for a bullet, "3." for a number, else "": the text has its own mark, or none.

    ``level`` counts from 0, each at most one deeper than the one before. Lines of ``text`` are
    parted by newlines.
    """

    level: int
    mark: str
    text: str


def list_items(text: str) -> list[ListItem]:
    """Lines that begin with a mark start an item; where none does, every line is one."""
    lines = [line for line in clean(text).splitlines() if line.strip()]
    marked = any(_marked(line.strip()) for line in lines)
    found: list[ListItem] = []
    for line in lines:
        content = line.strip()
        begun = _marked(content)
        if begun is None and marked and found:
            found[-1] = replace(found[-1], text=f"{found[-1].text}\n{content}")
            continue
        depth = (len(line) - len(line.lstrip())) // INDENT
        deepest = min(found[-1].level + 1, MAX_LEVEL) if found else 0
        mark, rest = begun or ("", content)
        found.append(ListItem(min(depth, deepest), mark, rest))
    return found


def _marked(line: str) -> tuple[str, str] | None:
    """The mark and the text of a line that starts an item, None for another."""
    if match := _NUMBER.match(line):
        return f"{match[1]}.", line[match.end() :]
    if match := _BULLET.match(line):
        return "-", line[match.end() :]
    return ("", line) if _OTHER.match(line) else None
