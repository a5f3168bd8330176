"""What a table is made of: its cells with their text, numbers told from words, rows of headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from extraction.level import Segment, confidence, union
from extraction.types import Box, Cell, Table

NUMBER = re.compile(
    r"[^\w\s]{0,2}\s?(?:[A-Z]{1,3}\s?)?[-+(]?\d[\d.,'’ /:-]*[%)]?\s?(?:[A-Z]{1,3}|[^\w\s])?"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A table, its box in the level frame, and the text it took from the page, row by row."""

    table: Table
    box: Box
    segments: tuple[Segment, ...]


def is_number(text: str) -> bool:
    """Whether a cell holds a number, an amount, a percentage or a numeric date."""
    return bool(NUMBER.fullmatch(text.strip()))


def cell_of(
    row: int,
    column: int,
    segments: Sequence[Segment],
    box: Box | None = None,
    row_span: int = 1,
    column_span: int = 1,
) -> Cell:
    """A cell with the segments' text; without a drawn ``box`` its words' own."""
    words = [piece.word for segment in segments for piece in segment.pieces]
    if box is None and words:
        box = union(word.box for word in words)
    text = " ".join(segment.text for segment in segments)
    return Cell(row, column, text, box, row_span, column_span, confidence=confidence(words))


def table_of(cells: Sequence[Cell], rows: int, columns: int, *, ruled_off: int = 0) -> Table:
    """The table with an empty cell wherever none of ``cells`` reaches, and its headings marked.

    ``ruled_off`` is the number of rows that a rule sets apart at the top, 0 where none does.
    """
    covered = {
        (cell.row + down, cell.column + right)
        for cell in cells
        for down in range(cell.row_span)
        for right in range(cell.column_span)
    }
    gaps = [
        Cell(row, column, "")
        for row in range(rows)
        for column in range(columns)
        if (row, column) not in covered
    ]
    every = sorted([*cells, *gaps], key=lambda cell: (cell.row, cell.column))
    headings = _headings(every, rows, columns, ruled_off)
    return Table(
        rows,
        columns,
        tuple(replace(cell, header=True) if cell.row < headings else cell for cell in every),
    )


def _headings(cells: Sequence[Cell], rows: int, columns: int, ruled_off: int) -> int:
    """How many rows of headings the table begins with.

    They hold words only, and stand above a column of numbers or are set apart by a rule. Cells
    over several columns, or down into the next row, make two rows of them.
    """
    first = [cell for cell in cells if cell.row == 0]
    if rows < 2 or any(cell.column_span == columns for cell in first):
        return 0
    spanning = any(cell.column_span > 1 for cell in first)
    count = max([ruled_off, 2 if spanning else 1])
    if count >= rows:
        return 0
    body = [cell for cell in cells if cell.row >= count]
    words_only = not any(is_number(cell.text) for cell in first)
    if words_only and (ruled_off or number_columns(body, columns)):
        return count
    return 0


def number_columns(cells: Sequence[Cell], columns: int) -> set[int]:
    """The columns in which most of the filled cells are numbers."""
    found = set()
    for column in range(columns):
        texts = [cell.text for cell in cells if cell.column == column and cell.text]
        if texts and sum(map(is_number, texts)) * 2 > len(texts):
            found.add(column)
    return found
