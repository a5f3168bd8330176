"""Headings with the rows below them, whether a table's or words that stand under headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from extraction.fields.definition import Column
from extraction.fields.tabular.headings import names_of, without_soft_hyphens
from extraction.types import Block, Box, Page, Table

MOST_TABLES = 200  # looked at in a document
HEADING_ROWS = 3  # of a table, at most
LEAST_KNOWN = 2  # headings that are a field's columns


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row, or a line of one: a text for each column, "" where nothing stands.

    ``lefts`` is where each text begins, ``top`` and ``bottom`` where the row does and ends, in
    points; None where that is not known.
    """

    cells: tuple[str, ...]
    lefts: tuple[float | None, ...]
    top: float | None = None
    bottom: float | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Headings and rows, with ``box`` and ``text`` of all. ``source`` is the table's block, if any.

    ``read`` says that it was read from a picture: letters may be wrong.
    """

    page: int
    box: Box | None
    text: str
    headings: tuple[str, ...]
    rows: tuple[GridRow, ...]
    confidence: float | None = None
    source: str | None = None

    @property
    def read(self) -> bool:
        return self.confidence is not None

    def column(self, index: int) -> list[str]:
        """The column's texts."""
        return [row.cells[index] for row in self.rows]


def of_blocks(columns: tuple[Column, ...], pages: list[Page]) -> list[Grid]:
    """The document's tables below the rows that are headings of those columns, each once.

    Above its headings a table may hold other things: facts in columns, an opening balance.
    """
    grids: dict[str, Grid] = {}
    width: dict[str, str] = {}  # a block that goes on in another: the grid it belongs to
    for page, block in islice(_tables(pages), MOST_TABLES):
        assert block.table is not None
        rows = _rows(block.table)
        belongs = width.get(block.continues or "")
        if belongs and block.table.columns == len(grids[belongs].headings):
            first = _marked(block.table)
            grids[belongs] = _longer(grids[belongs], block, rows[first:])
            width[block.id] = belongs
            continue
        place = _headings(columns, rows, _marked(block.table))
        if place is None:
            continue
        start, end = place
        width[block.id] = block.id
        grids[block.id] = Grid(
            page.number, block.box, block.text, _joined(rows[start:end]), tuple(rows[end:]),
            block.confidence, block.id,
        )  # fmt: skip
    return list(grids.values())


def _tables(pages: list[Page]) -> Iterator[tuple[Page, Block]]:
    return ((page, block) for page in pages for block in page.blocks if block.table)


def _longer(grid: Grid, block: Block, rows: list[GridRow]) -> Grid:
    return Grid(
        grid.page, grid.box, f"{grid.text}\n{block.text}", grid.headings, (*grid.rows, *rows),
        grid.confidence, grid.source,
    )  # fmt: skip


def _rows(table: Table) -> list[GridRow]:
    """The table's rows; a spanned position has no text."""
    texts = [[""] * table.columns for _ in range(table.rows)]
    lefts: list[list[float | None]] = [[None] * table.columns for _ in range(table.rows)]
    ends: list[list[tuple[float, float]]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        texts[cell.row][cell.column] = without_soft_hyphens(cell.text)
        if cell.box and cell.text:
            lefts[cell.row][cell.column] = cell.box[0]
            ends[cell.row].append((cell.box[1], cell.box[3]))
    return [
        GridRow(
            tuple(row),
            tuple(left),
            min((top for top, _ in end), default=None),
            max((bottom for _, bottom in end), default=None),
        )
        for row, left, end in zip(texts, lefts, ends, strict=True)
    ]


def _marked(table: Table) -> int:
    """How many rows at the top are marked as headings."""
    rows = [cell.row for cell in table.cells if cell.header]
    return min(max((row + 1 for row in rows), default=0), HEADING_ROWS)


def _joined(rows: list[GridRow]) -> tuple[str, ...]:
    """The headings of each column, of several rows."""
    return tuple(
        " ".join(filter(None, texts)) for texts in zip(*(r.cells for r in rows), strict=True)
    )


def _headings(
    columns: tuple[Column, ...], rows: list[GridRow], marked: int
) -> tuple[int, int] | None:
    """The first row of the headings and the one after the last: where most of them are known."""
    names = names_of(columns)
    best: tuple[int, int] | None = None
    most = (0, 0.0)
    places = [(0, max(marked, 1))]
    places += [(row, row + count) for row in range(len(rows)) for count in (1, 2)]
    for start, end in places:
        if end >= len(rows):
            continue
        headings = _joined(rows[start:end])
        known = names.known(headings, loose=start == 0)
        if known[0] >= LEAST_KNOWN and known > most:
            best, most = (start, end), known
    return best
