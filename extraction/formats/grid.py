"""A table as rows, whichever of its empty cells were left out."""

from __future__ import annotations

from extraction.types import Cell, Table


def texts(table: Table) -> list[list[str]]:
    """``rows`` x ``columns`` texts; a spanning cell stands at its first position alone."""
    grid = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        grid[cell.row][cell.column] = cell.text
    return grid


def rows(table: Table) -> list[list[Cell]]:
    """The cells that begin in each row, from the left; empty ones where no cell reaches."""
    begins = {(cell.row, cell.column): cell for cell in table.cells}
    covered = {
        (cell.row + down, cell.column + right)
        for cell in table.cells
        for down in range(cell.row_span)
        for right in range(cell.column_span)
    }
    return [
        [
            begins.get((row, column)) or Cell(row, column, "")
            for column in range(table.columns)
            if (row, column) in begins or (row, column) not in covered
        ]
        for row in range(table.rows)
    ]
