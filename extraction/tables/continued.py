"""Tables that go on from one page to the next, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extraction.types import Block, Cell, Page, Table

AT_EDGE = 0.2  # of the page's height: a table that goes on ends, or begins, so near the edge
SAME_EDGE = 0.03  # of the page's width, by which its left and right edges may differ
FURNITURE = ("header", "footer", "page_number", "watermark")


def join_continued(pages: Sequence[Page]) -> list[Page]:
    """The pages, with each table that goes on overleaf kept whole on the page where it begins.

    The last block of a page and the first of the next, furniture aside, are one table if both are
    tables of as many columns, between the same edges, the one ending at the foot of its page and
    the other beginning at the head of its own. Rows of headings that are repeated are dropped. The
    block overleaf goes; cells keep their boxes, which for the rows taken over are on a later page.
    The pages' ``lines`` and ``markdown`` are left as they are.
    """
    joined = list(pages)
    first = 0  # the page on which the table that may go on begins
    for index in range(1, len(joined)):
        above, below = joined[index - 1], joined[index]
        end, start = _last(joined[first]), _first(below)
        # A page of nothing but the table's middle hands on to the page after it.
        if first != index - 1 and any(b.kind not in FURNITURE for b in above.blocks):
            first = index - 1
            end = _last(above)
        if end is None or start is None or not _goes_on(pages[index - 1], pages[index]):
            first = index
            continue
        whole = _appended(end, start)
        joined[first] = _with(joined[first], end, whole)
        joined[index] = _with(below, start, None)
    return joined


def _first(page: Page) -> Block | None:
    return next((block for block in page.blocks if block.kind not in FURNITURE), None)


def _last(page: Page) -> Block | None:
    return next((block for block in reversed(page.blocks) if block.kind not in FURNITURE), None)


def _goes_on(one: Page, other: Page) -> bool:
    """Whether the last table of one page goes on as the first of the other."""
    above, below = _last(one), _first(other)
    if above is None or below is None or other.number != one.number + 1:
        return False
    if above.table is None or below.table is None or above.box is None or below.box is None:
        return False
    edges = max(abs(above.box[0] - below.box[0]), abs(above.box[2] - below.box[2]))
    return (
        above.table.columns == below.table.columns
        and abs(one.width - other.width) < 1
        and edges <= SAME_EDGE * one.width
        and above.box[3] >= (1 - AT_EDGE) * one.height
        and below.box[1] <= AT_EDGE * other.height
    )


def _appended(above: Block, below: Block) -> Block:
    assert above.table is not None
    assert below.table is not None
    skipped = _repeated(above.table, below.table)
    down = above.table.rows - skipped
    more = tuple(
        replace(cell, row=cell.row + down, header=False)
        for cell in below.table.cells
        if cell.row >= skipped
    )
    table = Table(
        above.table.rows + below.table.rows - skipped,
        above.table.columns,
        above.table.cells + more,
    )
    text = "\n".join([above.text, *below.text.split("\n")[skipped:]])
    return replace(above, table=table, text=text)


def _repeated(above: Table, below: Table) -> int:
    """How many rows at the head of ``below`` repeat the headings of ``above``.

    Without marked headings, one row that reads the same as the first is taken for them.
    """
    marked = max((cell.row + cell.row_span for cell in above.cells if cell.header), default=0)
    count = min(marked or 1, below.rows - 1)
    same = _heads(above, count) == _heads(below, count)
    return count if count > 0 and same else 0


def _heads(table: Table, count: int) -> list[tuple[int, int, int, int, str]]:
    def key(cell: Cell) -> tuple[int, int, int, int, str]:
        text = " ".join(cell.text.split()).casefold()
        return (cell.row, cell.column, cell.row_span, cell.column_span, text)

    return [key(cell) for cell in table.cells if cell.row < count]


def _with(page: Page, old: Block, new: Block | None) -> Page:
    blocks = tuple(new if block is old else block for block in page.blocks)
    return replace(page, blocks=tuple(block for block in blocks if block is not None))
