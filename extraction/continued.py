"""Tables that go on from one page to the next: told, and put together where they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from extraction.types import FURNITURE, Block, Cell, Page, Table

AT_EDGE = 0.2  # of the page's height: a table that goes on ends, or begins, so near the edge
SAME_EDGE = 0.03  # of the page's width by which an edge or the middle of a column may differ
AGAIN = re.compile(r"\b(?:continued|cont['’]?d|fortsetzung|suite)\b", re.IGNORECASE)
LONGEST = 120  # characters of a text above a table that says so


@dataclass(frozen=True, slots=True)
class Whole:
    """A table over several pages, and the last of them. Its cells keep the boxes they have on
    theirs."""

    table: Table
    last_page: int


def mark(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages with ``continues`` set on each table that goes on from the page before.

    The last block of a page and the first of the next, furniture and footnotes aside, are one table
    if both are tables of the same columns in the same places, the one ending at the foot of its
    page and the other beginning at the head of its own, without headings other than the first's.
    ``pages`` are of one document, in order; marked pages may be marked again.
    """
    marked = []
    for index, page in enumerate(pages):
        start = _first(page)
        above = pages[index - 1] if index else None
        end = _last(above) if above and above.number + 1 == page.number else None
        goes_on = above and start and end and _goes_on(above, end, page, start)
        continues = {start.id: end.id} if goes_on and start and end else {}
        blocks = tuple(
            replace(block, continues=continues.get(block.id))
            if block.continues != continues.get(block.id)
            else block
            for block in page.blocks
        )
        marked.append(replace(page, blocks=blocks) if blocks != page.blocks else page)
    return tuple(marked)


def whole_tables(pages: Sequence[Page]) -> dict[str, Whole]:
    """The tables that go on overleaf, by the id of the block where each begins.

    Rows of headings that are repeated are left out.
    """
    begins: dict[str, str] = {}  # by a block's id, that of the block where its table begins
    whole: dict[str, Whole] = {}
    for page in pages:
        for block in page.blocks:
            if block.table is None:
                continue
            first = begins.get(block.continues or "")
            begins[block.id] = first or block.id
            table = block.table
            if first:
                table = _appended(whole[first].table, table)
            whole[begins[block.id]] = Whole(table, page.number)
    several = {first for block, first in begins.items() if block != first}
    return {first: each for first, each in whole.items() if first in several}


def _first(page: Page) -> Block | None:
    """The first block of the page's text, one that says "continued" aside."""
    for block in page.blocks:
        again = len(block.text) <= LONGEST and block.table is None and AGAIN.search(block.text)
        if block.kind not in FURNITURE and not again:
            return block
    return None


def _last(page: Page) -> Block | None:
    for block in reversed(page.blocks):
        if block.kind not in FURNITURE and block.kind not in ("footnote", "stamp"):
            return block
    return None


def _goes_on(one: Page, above: Block, other: Page, below: Block) -> bool:
    if above.table is None or below.table is None or above.box is None or below.box is None:
        return False
    return (
        abs(one.width - other.width) < 1
        and above.box[3] >= (1 - AT_EDGE) * one.height
        and below.box[1] <= AT_EDGE * other.height
        and _same_columns(above.table, below.table, SAME_EDGE * one.width)
        and (not _headings(below.table) or _repeated(above.table, below.table) > 0)
    )


def _same_columns(one: Table, other: Table, slack: float) -> bool:
    """Whether each column begins, ends or has its middle where the other table's has it."""
    if one.columns != other.columns:
        return False
    for column in range(one.columns):
        a, b = _edges(one, column), _edges(other, column)
        if a and b and min(abs(a[0] - b[0]), abs(a[1] - b[1]), abs(sum(a) - sum(b)) / 2) > slack:
            return False
    return True


def _edges(table: Table, column: int) -> tuple[float, float] | None:
    boxes = [
        cell.box
        for cell in table.cells
        if cell.box and cell.column == column and cell.column_span == 1
    ]
    return (min(b[0] for b in boxes), max(b[2] for b in boxes)) if boxes else None


def _appended(above: Table, below: Table) -> Table:
    skipped = _repeated(above, below)
    down = above.rows - skipped
    more = tuple(
        replace(cell, row=cell.row + down, header=False)
        for cell in below.cells
        if cell.row >= skipped
    )
    return Table(above.rows + below.rows - skipped, above.columns, above.cells + more)


def _headings(table: Table) -> int:
    return max((cell.row + cell.row_span for cell in table.cells if cell.header), default=0)


def _repeated(above: Table, below: Table) -> int:
    """How many rows at the head of ``below`` repeat the headings of ``above``.

    Without marked headings, one row that reads the same as the first is taken for them.
    """
    count = min(_headings(above) or 1, below.rows - 1)
    return count if count > 0 and _heads(above, count) == _heads(below, count) else 0


def _heads(table: Table, count: int) -> list[tuple[int, int, int, int, str]]:
    def key(cell: Cell) -> tuple[int, int, int, int, str]:
        text = "".join(cell.text.split()).casefold()
        return (cell.row, cell.column, cell.row_span, cell.column_span, text)

    return [key(cell) for cell in table.cells if cell.row < count]
