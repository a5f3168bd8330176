"""Rows of cells with spans to a ``Table``: HTML's own algorithm, within bounds.

Source: https://html.spec.whatwg.org/multipage/tables.html#algorithm-for-processing-rows. Two things
are done otherwise. Where cells would lie over each other, the later one ends before it. Columns and
rows in which no cell begins are left out, so that a span costs no more than the cells it is over.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from extraction.types import Cell, Table

MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 2000, 200, 20_000


@dataclass(frozen=True, slots=True)
class WrittenCell:
    """A cell as the answer has it; ``row_span`` 0 is to the end of its group of rows."""

    text: str
    header: bool = False
    row_span: int = 1
    column_span: int = 1


@dataclass(slots=True)
class WrittenTable:
    """Rows as they were written; a span of rows does not reach beyond the group it is in.

    ``groups`` are the indexes of the rows at which a group begins. What is more than the bounds
    allow stands in ``beyond`` as text, a line a row.
    """

    rows: list[list[WrittenCell]] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    cells: int = 0

    def add(self, row: list[WrittenCell]) -> None:
        """Another row at the end."""
        if len(self.rows) < MAX_ROWS and self.cells + len(row) <= MAX_CELLS:
            self.rows.append(row)
            self.cells += len(row)
        elif text := "\t".join(cell.text for cell in row if cell.text):
            self.beyond.append(text)

    def begin_group(self) -> None:
        """What is added from now on is another group of rows."""
        self.groups.append(len(self.rows))

    def table(self) -> Table | None:
        """The table, None where it has no cell."""
        placed = self._placed()
        if not placed:
            return None
        rows = sorted({cell.row for cell in placed})
        columns = sorted({cell.column for cell in placed})
        return Table(
            len(rows), len(columns), tuple(_without_gaps(cell, rows, columns) for cell in placed)
        )

    def _placed(self) -> list[Cell]:
        """The cells at their places, row by row, no two of them over each other."""
        placed: list[Cell] = []
        taken = [0] * MAX_COLUMNS  # the row down to which each column is
        ends = [*sorted(self.groups), len(self.rows)]
        for index, row in enumerate(self.rows):
            group_end = ends[bisect_left(ends, index + 1)]
            column = 0
            for number, cell in enumerate(row):
                while column < MAX_COLUMNS and taken[column] > index:
                    column += 1
                if column == MAX_COLUMNS:
                    self.beyond += [each.text for each in row[number:] if each.text]
                    break
                down = min(cell.row_span or group_end, group_end - index)
                end = min(column + cell.column_span, MAX_COLUMNS)
                right = column + 1
                while right < end and taken[right] <= index:
                    right += 1
                taken[column:right] = [index + down] * (right - column)
                span = right - column
                placed.append(Cell(index, column, cell.text, None, down, span, cell.header))
                column = end
        return placed


def _without_gaps(cell: Cell, rows: Sequence[int], columns: Sequence[int]) -> Cell:
    """The cell counted in the rows and columns that are kept."""
    row, column = bisect_left(rows, cell.row), bisect_left(columns, cell.column)
    return replace(
        cell,
        row=row,
        column=column,
        row_span=bisect_left(rows, cell.row + cell.row_span) - row,
        column_span=bisect_left(columns, cell.column + cell.column_span) - column,
    )
