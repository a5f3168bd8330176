"""A table as rows, whichever of its empty cells were left out."""

from __future__ import annotations

import re

from extraction.types import Cell, Table

# With sign, currency sign or code, separators of thousands and per cent
_NUMBER = re.compile(
    r"[(+−-]?\s?(?:[€$£¥]|[A-Z]{3})?\s?[+−-]?\d[\d.,'’ ]*(?:%|[€$£¥]|[A-Z]{3})?-?\)?"
)


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


def number_columns(table: Table) -> set[int]:
    """The columns whose cells below the header are numbers, empty ones left aside."""
    found: dict[int, bool] = {}
    for cell in table.cells:
        text = cell.text.strip()
        if text and not cell.header and cell.column_span == 1:
            number = _NUMBER.fullmatch(text) is not None
            found[cell.column] = number and found.get(cell.column, True)
    return {column for column, number in found.items() if number}
