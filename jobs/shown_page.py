"""A read page laid out for the result viewer: words, lines, blocks and cells tied to each other.

What stands in the picture and in the text is called a part: "l3" is line 3 of the page, "b1" its
block 1, "c1-4" cell 4 of that block. Boxes stay in points; the picture's view box is the page's
size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extraction.formats import grid
from extraction.types import Block, Box, Cell, Line, Page, Table
from jobs.page_search import Span, spans

LOW_CONFIDENCE = 0.8  # below: marked for a second look
# Confidences by the letters that pages and style sheets know them by: at least so much
BANDS = (("a", 0.95), ("b", LOW_CONFIDENCE), ("c", 0.6), ("d", 0.0))
NOT_MEASURED = "n"
FURNITURE = {"header", "footer", "page_number", "watermark", "caption", "signature"}


def band(confidence: float | None) -> str:
    """The letter of a confidence."""
    if confidence is None:
        return NOT_MEASURED
    return next(letter for letter, least in BANDS if confidence >= least or letter == "d")


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word of a line of text; ``low`` asks for a second look, ``hit`` is what was searched."""

    text: str
    box: Box
    confidence: float | None
    low: bool
    hit: bool = False

    @property
    def band(self) -> str:
        """The letter of its confidence."""
        return band(self.confidence)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the page by its ``index``; ``last`` ends a row of its block.

    ``doubt`` says what the page lacks of it, "" for nothing; ``guessed``: its box is a guess.
    """

    index: int
    text: str
    box: Box
    words: tuple[ShownWord, ...]
    confidence: float | None = None
    low: bool = False
    last: bool = True
    doubt: str = ""
    guessed: bool = False
    hit: bool = False

    @property
    def part(self) -> str:
        """What it is called in picture and text."""
        return f"l{self.index}"

    @property
    def band(self) -> str:
        """The letter of its confidence."""
        return band(self.confidence)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a text; ``hit`` is what was searched."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text with the lines it stands in, where they are known to make up all of it.

    Without them ``runs`` are all of it, and ``doubt`` is about the whole.
    """

    text: str
    lines: tuple[ShownLine, ...] = ()
    doubt: str = ""
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell of a table; ``box`` is None where nobody knows its place."""

    part: str
    content: ShownText
    box: Box | None
    header: bool
    scope: str
    row_span: int
    column_span: int


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block by its ``index``, with its text in lines; ``rows`` are a table's."""

    index: int
    block: Block
    content: ShownText
    furniture: bool
    rows: tuple[tuple[ShownCell, ...], ...] = ()

    @property
    def part(self) -> str:
        """What it is called in picture and text."""
        return f"b{self.index}"


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page as the viewer shows it; ``hits`` are the places of what was searched."""

    page: Page
    lines: tuple[ShownLine, ...]
    blocks: tuple[ShownBlock, ...]
    low_words: int
    hits: int = 0

    @property
    def placed(self) -> tuple[ShownLine, ...]:
        """The lines that stand on the page."""
        return tuple(line for line in self.lines if not line.guessed)

    @property
    def tables(self) -> tuple[ShownBlock, ...]:
        """The blocks that are tables."""
        return tuple(block for block in self.blocks if block.rows)

    @property
    def cells(self) -> tuple[ShownCell, ...]:
        """The cells of all tables that have a place."""
        rows = (row for table in self.tables for row in table.rows)
        return tuple(cell for row in rows for cell in row if cell.box)


def show(page: Page, find: str = "") -> ShownPage:
    """The page for the viewer: its lines, and its blocks tied to the lines they stand in.

    ``find`` is what is searched: the words of its places are marked.
    """
    found = spans(" ".join(line.text for line in page.lines), find)
    lines, start = [], 0
    for index, line in enumerate(page.lines):
        lines.append(_line(index, line, start, found))
        start += len(line.text) + 1
    blocks = tuple(_block(index, block, lines, find) for index, block in enumerate(page.blocks))
    return ShownPage(
        page=page,
        lines=tuple(lines),
        blocks=blocks,
        low_words=sum(word.low for line in lines for word in line.words),
        hits=len(found) if lines else sum(len(spans(b.text, find)) for b in page.blocks),
    )


def _line(index: int, line: Line, start: int, found: Sequence[Span]) -> ShownLine:
    """``start`` is where the line begins in the page's text, in which ``found`` are places."""
    words, at = [], start
    for word in line.words:
        hit = _touched(at, at + len(word.text), found)
        words.append(ShownWord(word.text, word.box, word.confidence, _low(word.confidence), hit))
        at += len(word.text) + 1
    return ShownLine(
        index=index,
        text=line.text,
        box=line.box,
        words=tuple(words),
        confidence=line.confidence,
        low=_low(line.confidence),
        doubt=_doubt(line),
        guessed=line.guessed,
        hit=_touched(start, start + len(line.text), found),
    )


def _touched(start: int, end: int, found: Sequence[Span]) -> bool:
    return any(span.start < end and start < span.end for span in found)


def _doubt(text: Line | Block | Cell) -> str:
    """ "absent" or "otherwise", by what the page has of it; "" where it has all."""
    if text.grounded is not False:
        return ""
    return "absent" if text.confidence is None else "otherwise"


def _low(confidence: float | None) -> bool:
    return confidence is not None and confidence < LOW_CONFIDENCE


def _block(index: int, block: Block, lines: Sequence[ShownLine], find: str) -> ShownBlock:
    inside = [line for line in lines if block.box and _holds(block.box, line.box)]
    return ShownBlock(
        index=index,
        block=block,
        content=_text(block, inside, find),
        furniture=block.kind in FURNITURE,
        rows=_rows(index, block.table, inside, find) if block.table else (),
    )


def _rows(
    index: int, table: Table, lines: Sequence[ShownLine], find: str
) -> tuple[tuple[ShownCell, ...], ...]:
    """A table's rows of cells; positions without a cell are filled, so that columns stay true."""
    rows, number = [], 0
    for row in grid.rows(table):
        shown = []
        for cell in row:
            shown.append(_cell(f"c{index}-{number}", cell, lines, find))
            number += 1
        rows.append(tuple(shown))
    return tuple(rows)


def _cell(part: str, cell: Cell, lines: Sequence[ShownLine], find: str) -> ShownCell:
    inside = [line for line in lines if cell.box and _holds(cell.box, line.box)]
    return ShownCell(
        part=part,
        content=_text(cell, inside, find),
        box=cell.box,
        header=cell.header,
        scope="row" if cell.row and not cell.column else "col",
        row_span=cell.row_span,
        column_span=cell.column_span,
    )


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of a box lies in another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _text(part: Block | Cell, lines: Sequence[ShownLine], find: str) -> ShownText:
    """The part's text tied to the lines, if they hold the same letters in the same order."""
    text = part.text
    if not lines or _letters([text]) != _letters(line.text for line in lines):
        return ShownText(text, doubt=_doubt(part), runs=_runs(text, find))
    tied = []
    position = 0
    for line in lines:
        start = text.find(line.text, position)
        position = start + len(line.text) if start >= 0 else position
        last = start < 0 or text[position : position + 1] != " "
        tied.append(replace(line, last=last))
    return ShownText(text, tuple(tied))


def _runs(text: str, find: str) -> tuple[Run, ...]:
    runs, at = [], 0
    for span in spans(text, find):
        runs += [Run(text[at : span.start], False), Run(text[span.start : span.end], True)]
        at = span.end
    return tuple(run for run in (*runs, Run(text[at:], False)) if run.text)


def _letters(texts: Iterable[str]) -> str:
    return re.sub(r"\W|_", "", "".join(texts))
