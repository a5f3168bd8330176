"""HTML tables among the tokens: where each ends, however broken it is, and what is in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from extraction.tags.grid import WrittenCell, WrittenTable
from extraction.tags.inline import plain
from extraction.tags.scanner import Token, data
from extraction.tags.vocabulary import CELLS, GROUPS, KINDS, TABLE_PARTS, attributes

_NUMBER = re.compile(r"\s*(\d{1,6})")


@dataclass(slots=True)
class _Open:
    """A table that has begun: the token it began at and the last one that was a part of it."""

    start: int
    last: int
    in_cell: bool = False


def extents(tokens: Sequence[Token]) -> dict[int, int]:
    """The tokens at which tables begin, and for each the index after its last.

    A row or cell outside of any table begins one too. A table without an end tag ends where another
    begins outside of its cells, or with its last row; where its last cell is open, that goes on to
    the next blank line.
    """
    found: dict[int, int] = {}
    begun: list[_Open] = []
    for index, token in enumerate(tokens):
        if token.kind != "tag":
            continue
        top = begun[-1] if begun else None
        if token.name == "table" and not token.closes:
            if top and not top.in_cell:
                found[top.start] = top.last + 1
                begun.pop()
            begun.append(_Open(index, index))
        elif token.name == "table" and top:
            found[top.start] = index + 1
            begun.pop()
        elif token.name in TABLE_PARTS:
            if top is None:
                if token.closes:
                    continue
                top = _Open(index, index)
                begun.append(top)
            top.last = index
            top.in_cell = token.name in CELLS and not token.closes
    blank = len(tokens)
    blanks: list[int] = [blank] * (len(tokens) + 1)  # the next blank line from each token on
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].blank:
            blank = index
        blanks[index] = blank
    for table in begun:
        found[table.start] = blanks[table.last] if table.in_cell else table.last + 1
    return found


@dataclass(slots=True)
class HtmlTable:
    """Reads the tokens of one table, one after the other.

    Text outside of its cells is ``stray``, a line each; HTML has it stand before the table.
    """

    written: WrittenTable = field(default_factory=WrittenTable)
    caption: str = ""
    stray: list[str] = field(default_factory=list)
    _cell: list[str] | None = None
    _tag: Token = field(default_factory=lambda: Token("tag"))
    _row: list[WrittenCell] | None = None
    _told: list[str] | None = None  # of the caption
    _outside: list[str] = field(default_factory=list)
    _in_head: bool = False
    _depth: int = 0

    def read(self, tokens: Sequence[Token]) -> None:
        """Read all of the table's tokens but the tag that begins it."""
        for token in tokens:
            if token.kind == "tag":
                self._read_tag(token)
            elif token.kind == "newline":
                self._write("\n")
            elif token.kind == "equation":
                self._write(data(token.source.replace("\n", " ")))
            elif token.kind in ("code", "diagram"):
                self._write("\n".join(map(data, token.text.split("\n"))))
            else:
                self._write(token.text)
        self._end_row()
        self._end_caption()
        self._end_outside()

    def beyond(self) -> list[str]:
        """The lines of text for which there is no place in the table, once it has been made."""
        return [line for text in self.written.beyond for line in text.split("\n")]

    def _read_tag(self, token: Token) -> None:
        name, closes = token.name, token.closes
        if name == "table":
            # A table in a cell is text in it.
            self._depth += -1 if closes else 1
            self._write("\n")
        elif self._depth > 0:
            self._write("\n" if name == "tr" else " ")
        elif name in CELLS:
            self._end_cell()
            if not closes:
                self._end_caption()
                self._end_outside()
                self._cell, self._tag = [], token
        elif name == "tr":
            self._end_row()
            if not closes:
                self._row = []
        elif name in GROUPS:
            self._end_row()
            self.written.begin_group()
            self._in_head = name == "thead" and not closes
        elif name == "caption" and self._cell is None:
            self._end_caption()
            self._told = None if closes else []
        elif name in KINDS:
            self._write(" ")
            if name == "img" and not closes:
                self._write(attributes(token.text).get("alt", ""))
        else:
            self._write("\n")

    def _write(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)
        elif self._told is not None:
            self._told.append(text)
        else:
            self._outside.append(text)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text, given = plain("".join(self._cell)), attributes(self._tag.text)
        header = self._tag.name == "th" or self._in_head
        cell = WrittenCell(
            text, header, _span(given.get("rowspan"), least=0), _span(given.get("colspan"))
        )
        if self._row is None:
            self._row = []
        self._row.append(cell)
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:
            self.written.add(self._row)
            self._row = None

    def _end_caption(self) -> None:
        if self._told is not None:
            text = plain("".join(self._told))
            self.caption = "\n".join(filter(None, (self.caption, text)))
            self._told = None

    def _end_outside(self) -> None:
        text = plain("".join(self._outside))
        self.stray += text.split("\n") if text else []
        self._outside.clear()


def _span(written: str | None, *, least: int = 1) -> int:
    """The number of a span; 1 for what is none, as HTML reads it."""
    match = _NUMBER.match(written or "1")
    return max(int(match[1]), least) if match else 1
