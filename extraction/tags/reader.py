"""Tokens to lines of Markdown with the blocks between them that tags and formulas make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from extraction.blocks import rows_text
from extraction.tags.html_tables import HtmlTable, extents
from extraction.tags.inline import plain
from extraction.tags.scanner import Token, data
from extraction.tags.vocabulary import CELLS, KINDS, LISTS, WIDE, attributes
from extraction.types import Block, BlockKind

MAX_DEPTH = 8  # of lists

_ONLY_MARKS = re.compile(r"[\s#>*_~-]*")
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
_WITHOUT_TEXT = {"figure", "signature"}  # which are told though nothing is written in them


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of Markdown; ``mark`` and ``depth`` are those of an item of an HTML list."""

    text: str
    mark: str = ""
    depth: int = 0


Entry = SourceLine | Block


def entries(tokens: Sequence[Token]) -> list[Entry]:
    """What the tokens tell, in order."""
    return _Reader(tokens).run()


@dataclass(slots=True)
class _Tagged:
    """A tag around text that becomes a block, open; ``end`` is its end tag's index or -1.

    ``inner`` are the blocks of tags within it.
    """

    kind: BlockKind
    name: str
    end: int
    otherwise: str = ""
    texts: list[str] = field(default_factory=list)
    inner: list[Block] = field(default_factory=list)

    def block(self) -> Block | None:
        """The block of what has been read so far, None where there is nothing to tell."""
        text = plain(_HEADING.sub("", "".join(self.texts))) or plain(self.otherwise)
        if self.kind == "title":
            text = text.replace("\n", " ")
        if not text and self.kind not in _WITHOUT_TEXT:
            return None
        level = min(int(self.name[1:]), 4) if self.kind == "title" else None
        return Block("", self.kind, text, level=level)


def _ends(tokens: Sequence[Token]) -> dict[int, int]:
    """For the tags around text that becomes a block, the index of each one's end tag.

    A second one of that name before its end makes the first one unclosed, and so does a blank line
    in what is only ever short.
    """
    found: dict[int, int] = {}
    begun: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.kind != "tag" or token.name not in KINDS:
            continue
        if not token.closes:
            begun[token.name] = index
        elif token.name in begun:
            start = begun.pop(token.name)
            held = [n for n in range(start + 1, index) if tokens[n].kind != "newline"]
            short = token.name not in WIDE and held
            if not (short and any(each.blank for each in tokens[held[0] : held[-1]])):
                found[start] = index
    return found


class _Reader:
    """Collects a line and what is pulled out of it; ``after`` waits for the end of the line."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.ends = _ends(tokens)
        self.tables = extents(tokens)
        self.out: list[Entry] = []
        self.line: list[str] = []
        self.in_row = self.begun = False  # of a Markdown table; anything but blanks in the line
        self.after: list[Block] = []
        self.pulled = False
        self.item: tuple[str, int] | None = None
        self.in_item = False
        self.lists: list[int | None] = []  # the number of the next item, None for bullets
        self.tagged: list[_Tagged] = []

    def run(self) -> list[Entry]:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if index in self.tables:
                self._table(index, self.tables[index])
                index = max(self.tables[index], index + 1)
                continue
            if token.kind == "text":
                self._write(token.text)
            elif token.kind == "newline":
                self._newline(index, token.blank)
            elif token.kind == "picture":
                self._picture(token.text)
            elif token.kind == "tag":
                self._tag(index, token)
            elif token.kind == "equation":
                self._part(Block("", "equation", token.text, latex=token.text))
            elif token.kind == "diagram":
                self._part(Block("", "figure", "", diagram=token.text))
            elif token.text.strip():
                self._part(Block("", "paragraph", token.text.strip("\n")))
            index += 1
        self._close_tagged(0)
        self._end_line()
        return self.out

    def _write(self, text: str) -> None:
        if self.tagged:
            self.tagged[-1].texts.append(text)
            return
        if not self.begun and text.strip():
            self.begun, self.in_row = True, text.lstrip().startswith("|")
        self.line.append(text)

    def _newline(self, index: int, blank: bool) -> None:
        unclosed = [number for number, each in enumerate(self.tagged) if each.end < index]
        if unclosed:
            self._close_tagged(unclosed[0])
        if self.tagged:
            self.tagged[-1].texts.append("\n")
        elif self.begun or self.item is None:
            self._end_line()
            if blank:
                self._blank()

    def _blank(self) -> None:
        self.out.append(SourceLine(""))

    def _end_line(self) -> None:
        text = "".join(self.line)
        if self.item is not None:
            self.out.append(SourceLine(text, *self.item))
        elif text.strip() and not (self.pulled and _ONLY_MARKS.fullmatch(text)):
            self.out.append(SourceLine(text))
        self.out += self.after
        self.line, self.after, self.item = [], [], None
        self.in_row = self.begun = self.pulled = False

    def _part(self, block: Block) -> None:
        """A block that stands in the text where it is, not beside it."""
        self._break()
        self.out.append(block)

    def _break(self) -> None:
        """End the line, and the blocks of the tags that are open; these go on in others."""
        for number, each in enumerate(self.tagged):
            told = each.block() if any(text.strip() for text in each.texts) else None
            self._place(told, each.inner)
            self.tagged[number] = _Tagged(each.kind, each.name, each.end)
        self.pulled = True
        self._end_line()

    def _place(self, block: Block | None, inner: Sequence[Block] = ()) -> None:
        """Put a block that was pulled out of the line before it, or after it once it has ended."""
        blocks = [*([block] if block else []), *inner]
        self.pulled = True
        if self.begun:
            self.after += blocks
            self.line.append(" ")
        elif self.item is None:
            self.out += blocks
        else:
            self.after += blocks

    def _close_tagged(self, depth: int) -> None:
        """End the tags that are open, down to that many."""
        while len(self.tagged) > depth:
            each = self.tagged.pop()
            block = each.block()
            if self.tagged:
                outer = self.tagged[-1]
                outer.texts.append(" ")
                outer.inner += [*([block] if block else []), *each.inner]
            else:
                self._place(block, each.inner)

    def _picture(self, described: str) -> None:
        if self.in_row or self.tagged:
            self._write(described)
        else:
            self._place(Block("", "figure", plain(described)))

    def _table(self, start: int, end: int) -> None:
        table = HtmlTable()
        table.read(self.tokens[start + (self.tokens[start].name == "table") : end])
        grid = table.written.table()
        self._break()
        self.out += (SourceLine(data(text)) for text in table.stray)
        if table.caption:
            self.out.append(Block("", "caption", table.caption))
        if grid:
            self.out.append(Block("", "table", rows_text(grid), table=grid))
        self.out += (SourceLine(data(text)) for text in table.beyond())
        self._blank()

    def _tag(self, index: int, token: Token) -> None:
        name = token.name
        if self.in_row:
            self._in_row(token)
        elif name in KINDS:
            if token.closes:
                self._close(name)
            else:
                self._open(index, token)
        elif name in LISTS:
            self._list(token)
        elif name == "li":
            self._item(token)
        elif self.tagged:
            self.tagged[-1].texts.append("\n")
        elif name in CELLS or name == "tr":
            self._write(" ")  # an end tag without its table
        else:
            self._end_line_of_text()
            if not self.in_item:
                self._blank()

    def _in_row(self, token: Token) -> None:
        """A tag in a row of a Markdown table: its text stays in the cell."""
        described = attributes(token.text).get("alt", "") if token.name == "img" else ""
        self._write(f" {described}" if described else " ")

    def _open(self, index: int, token: Token) -> None:
        kind, end = KINDS[token.name], self.ends.get(index, -1)
        for number, each in enumerate(self.tagged):
            if each.end < index:  # an unclosed one ends where another begins
                self._close_tagged(number)
                break
        given = attributes(token.text) if token.name == "img" else {}
        tagged = _Tagged(kind, token.name, end, given.get("alt", ""))
        self.tagged.append(tagged)
        if token.text.rstrip().endswith("/") or (end < 0 and ("alt" in given or "src" in given)):
            self._close_tagged(len(self.tagged) - 1)

    def _close(self, name: str) -> None:
        for number, each in enumerate(self.tagged):
            if each.name == name:
                self._close_tagged(number)
                return

    def _end_line_of_text(self) -> None:
        """End the line, but not an item that has no text yet."""
        if self.begun or self.item is None:
            self._end_line()

    def _list(self, token: Token) -> None:
        if self.tagged:
            self.tagged[-1].texts.append("\n")
            return
        self._end_line_of_text()
        self.in_item = False
        if token.closes:
            if self.lists:
                self.lists.pop()
            if not self.lists:
                self._blank()
        elif token.name == "ul":
            self.lists.append(None)
        else:
            first = attributes(token.text).get("start", "1")
            self.lists.append(int(first) if first.isdecimal() and len(first) < 7 else 1)

    def _item(self, token: Token) -> None:
        if self.tagged:
            self.tagged[-1].texts.append("\n")
            return
        self._end_line()
        self.in_item = not token.closes
        if token.closes:
            return
        mark = "-"
        number = self.lists[-1] if self.lists else None
        if number is not None:
            given = attributes(token.text).get("value", "")
            number = int(given) if given.isdecimal() and len(given) < 7 else number
            self.lists[-1] = number + 1
            mark = f"{number}."
        self.item = (mark, min(max(len(self.lists) - 1, 0), MAX_DEPTH))
