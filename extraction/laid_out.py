"""Pages whose text has no places, laid out as a typist would copy them, so that it can be searched.

A vision-language model writes a page's blocks in reading order and not where they stand. What
looks for values asks what stands beside, below and how far down, so the blocks are set one below
the other and the cells of a table in columns. These places are invented: they lead to a value and
are taken off it again (``Unplaced``), nobody else ever sees them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from extraction.level import union
from extraction.types import (
    Alternative,
    Block,
    Box,
    Citation,
    Classification,
    FieldValue,
    Line,
    Page,
    Table,
    Word,
)

IN_TEXT = "_in_text"  # after the method of a value that was found in text without places

GLYPH = 0.5  # a letter's width, of the line's height
LEADING = 1.3  # from line to line, of the height
BETWEEN = 0.6  # lines between blocks
SMALL = 75  # lines that would fill the page: of more, they are smaller
WIDE = 100  # letters of a line
INSET = 0.08  # of the page, each side
APART = 3  # letters between a table's columns
TITLES = {1: 1.5, 2: 1.3}  # their size by level
A4 = (595.0, 842.0)

# A model's description of a picture is not what stands there; a watermark lies anywhere.
BESIDE_THE_TEXT = frozenset({"figure", "watermark"})
_BULLET = re.compile(r"^\s*[-•*]\s+")


def placeless(page: Page) -> bool:
    """Whether the page has text, and nothing tells where it stands."""
    return not page.lines and any(
        block.box is None and block.kind not in BESIDE_THE_TEXT and block.text.strip()
        for block in page.blocks
    )


def has_text(page: Page) -> bool:
    """Whether anything was read on the page."""
    return bool(page.lines) or placeless(page)


def laid_out(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages, those without places with lines and boxes that are invented.

    The boxes keep to the page's own width and begin at its top; the cells of tables have none.
    """
    return tuple(_laid_out(page) if placeless(page) else page for page in pages)


class Unplaced:
    """Takes the invented places off what was found on ``laid_out(pages)``.

    A value on such a page has no box, ``grounded`` None, for no second reading says that the text
    stands there, and a method that ends with ``IN_TEXT``.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._numbers = {page.number for page in pages if placeless(page)}

    def __bool__(self) -> bool:
        """Whether there are such pages."""
        return bool(self._numbers)

    def field(self, value: FieldValue) -> FieldValue:
        others = tuple(map(self._alternative, value.alternatives))
        if value.page not in self._numbers:
            return replace(value, alternatives=others)
        return replace(
            value,
            box=None,
            grounded=None,
            method=value.method + IN_TEXT,
            alternatives=others,
        )

    def citation(self, cited: Citation) -> Citation:
        if cited.page not in self._numbers:
            return cited
        return replace(cited, box=None, grounded=None, method=cited.method + IN_TEXT)

    def classification(self, found: Classification) -> Classification:
        evidence = tuple(
            replace(told, box=None) if told.page in self._numbers else told
            for told in found.evidence
        )
        return replace(found, evidence=evidence)

    def _alternative(self, other: Alternative) -> Alternative:
        return replace(other, box=None) if other.page in self._numbers else other


@dataclass(frozen=True, slots=True)
class _Row:
    """Texts side by side: each with its left edge and the width of a letter, in shares of a line.

    ``block`` is the number of its block, ``size`` the height beside the usual one.
    """

    block: int
    texts: tuple[tuple[float, str], ...]
    letter: float = 1 / WIDE
    size: float = 1.0


def _laid_out(page: Page) -> Page:
    width, height = (page.width, page.height) if page.width and page.height else A4
    rows = [row for number, block in enumerate(page.blocks) for row in _rows(number, block)]
    blocks = len({row.block for row in rows})
    filled = sum(row.size for row in rows) * LEADING + blocks * BETWEEN
    tall = min(height / SMALL, height * (1 - 2 * INSET) / filled)
    usual = tall * GLYPH / (width * (1 - 2 * INSET))  # a letter, in shares of a line
    lines: list[Line] = []
    boxes: dict[int, list[Box]] = {}
    top, last = INSET * height, -1
    for row in rows:
        top += BETWEEN * tall if row.block != last else 0.0
        last = row.block
        bottom = top + row.size * tall
        letter = min(row.letter, usual * row.size) * width * (1 - 2 * INSET)
        for left, text in row.texts:
            start = width * (INSET + left * (1 - 2 * INSET))
            line = _line(text, (start, top, letter, bottom), page.confidence)
            lines.append(line)
            boxes.setdefault(row.block, []).append(line.box)
        top += LEADING * row.size * tall
    placed = tuple(
        replace(block, box=union(boxes[number])) if number in boxes else block
        for number, block in enumerate(page.blocks)
    )
    return replace(page, width=width, height=height, lines=tuple(lines), blocks=placed)


def _line(text: str, at: Box, confidence: float | None) -> Line:
    """The line; ``at`` is its left edge, its top, the width of a letter and its bottom."""
    left, top, letter, bottom = at
    words, start = [], 0
    for word in text.split(" "):
        x0, x1 = left + start * letter, left + (start + len(word)) * letter
        words.append(Word(word, (x0, top, x1, bottom), confidence))
        start += len(word) + 1
    box = (left, top, words[-1].box[2], bottom)
    return Line(text, box, confidence, tuple(words))


def _rows(number: int, block: Block) -> Iterator[_Row]:
    if block.kind in BESIDE_THE_TEXT:
        return
    if block.table is not None:
        yield from _table(number, block.table)
        return
    size = TITLES.get(block.level or 1, 1.15) if block.kind == "title" else 1.0
    for text in block.text.splitlines():
        for written in textwrap.wrap(_BULLET.sub("", text), WIDE):
            yield _Row(number, ((0.0, " ".join(written.split())),), size=size)


def _table(number: int, table: Table) -> Iterator[_Row]:
    """The table's rows, its columns over the whole line; a cell's lines one below the other."""
    widths = [1] * table.columns
    written: list[list[tuple[int, list[str]]]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        texts = [" ".join(line.split()) for line in cell.text.splitlines() if line.strip()]
        if not texts:
            continue
        written[cell.row].append((cell.column, texts))
        if cell.column_span == 1:
            widths[cell.column] = max(widths[cell.column], *map(len, texts))
    letter = 1 / (sum(widths) + APART * (table.columns - 1))
    lefts = [(sum(widths[:column]) + APART * column) * letter for column in range(table.columns)]
    for row in written:
        for index in range(max((len(texts) for _, texts in row), default=0)):
            beside = ((lefts[at], lines[index]) for at, lines in row if index < len(lines))
            yield _Row(number, tuple(beside), letter)
