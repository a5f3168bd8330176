"""Tables: ruled ones from the lines drawn on a rendered page, others from words in columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.level import Frame, Piece, Row, Segment, confidence, rows_of, union
from extraction.types import Box, Cell, Pixels, Table

Mask = npt.NDArray[Any]

NUMBER = re.compile(
    r"[^\w\s]{0,2}\s?(?:[A-Z]{1,3}\s?)?[-+(]?\d[\d.,'’ /:-]*[%)]?\s?(?:[A-Z]{1,3}|[^\w\s])?"
)

MIN_RULE = 0.35  # inch, the shortest drawn line that can be a table's
RULE_GAP = 4.0  # points; drawn lines closer than this are one
MIN_COLUMNS, MIN_ROWS = 3, 3  # of a table without rules: fewer are not told from other text
FIRST_GAP = 2.5  # times the text's height: the widest gap below a table's first row
NEXT_GAP = 1.5  # times the widest gap so far (and half a line): a wider one ends the table


@dataclass(frozen=True, slots=True)
class Found:
    """A table, its box in the level frame, and the text it took from the page, row by row."""

    table: Table
    box: Box
    segments: tuple[Segment, ...]


def is_number(text: str) -> bool:
    """Whether a cell holds a number, an amount, a percentage or a numeric date."""
    return bool(NUMBER.fullmatch(text.strip()))


def ruled(pixels: Pixels, dpi: float, frame: Frame, pieces: Sequence[Piece]) -> list[Found]:
    """The tables whose cells are drawn with lines on the page, spans included.

    ``pixels`` is RGB, as in ``PageImage``. The page is turned level, long strokes are kept by
    morphological opening, and strokes that cross form a grid; a wall missing between two cells of
    the grid makes them one. A page lying on its side is left to ``aligned``.
    """
    import cv2

    if frame.quarter % 2:
        return []
    across, down = _strokes(pixels, dpi, frame.skew)
    joined = cv2.dilate(np.maximum(across, down), np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    gap = RULE_GAP * dpi / 72
    found = []
    for x, y, width, height, _ in stats[1:count].tolist():
        part = np.s_[y : y + height, x : x + width]
        ys = _positions(across[part].sum(axis=1, dtype=np.int64), width, gap)
        xs = _positions(down[part].sum(axis=0, dtype=np.int64), height, gap)
        if len(xs) < 3 or len(ys) < 3:
            continue
        grid = _Grid(across[part], down[part], xs, ys, reach=max(2, round(gap / 2)))
        scale = 72 / dpi
        cells, segments = [], []
        for row, column, rows, columns in grid.cells():
            box = (
                (x + xs[column]) * scale,
                (y + ys[row]) * scale,
                (x + xs[column + columns]) * scale,
                (y + ys[row + rows]) * scale,
            )
            inside = [piece for piece in pieces if _within(piece, box)]
            text = [part for line in rows_of([[piece] for piece in inside]) for part in line]
            segments += text
            cells.append(_cell(row, column, text, frame.to_page(box), rows, columns))
        filled = sum(bool(cell.text) for cell in cells)
        if len(cells) >= 4 and filled * 3 >= len(cells):
            table = Table(len(ys) - 1, len(xs) - 1, _with_header(cells, len(xs) - 1))
            box = (x * scale, y * scale, (x + width) * scale, (y + height) * scale)
            found.append(Found(table, box, tuple(segments)))
    return found


@dataclass(frozen=True, slots=True)
class _Grid:
    """Strokes of one component and where its grid lines lie, in its own pixels."""

    across: Mask
    down: Mask
    xs: list[int]
    ys: list[int]
    reach: int  # pixels a stroke may stray from its grid line

    def cells(self) -> list[tuple[int, int, int, int]]:
        """(row, column, row span, column span) of each cell, row by row."""
        rows, columns = len(self.ys) - 1, len(self.xs) - 1
        taken: set[tuple[int, int]] = set()
        cells = []
        for row in range(rows):
            for column in range(columns):
                if (row, column) in taken:
                    continue
                right = column + 1
                while (
                    right < columns
                    and (row, right) not in taken
                    and not self._wall_left(row, right)
                ):
                    right += 1
                below = row + 1
                while below < rows and not any(
                    self._wall_above(below, c) for c in range(column, right)
                ):
                    below += 1
                taken |= {(r, c) for r in range(row, below) for c in range(column, right)}
                cells.append((row, column, below - row, right - column))
        return cells

    def _wall_left(self, row: int, column: int) -> bool:
        x = self.xs[column]
        strip = self.down[
            self.ys[row] : self.ys[row + 1], max(x - self.reach, 0) : x + self.reach + 1
        ]
        return bool(strip.any(axis=1).mean() > 0.5)

    def _wall_above(self, row: int, column: int) -> bool:
        y = self.ys[row]
        strip = self.across[
            max(y - self.reach, 0) : y + self.reach + 1, self.xs[column] : self.xs[column + 1]
        ]
        return bool(strip.any(axis=0).mean() > 0.5)


def _strokes(pixels: Pixels, dpi: float, skew: float) -> tuple[Mask, Mask]:
    """Masks (0 or 1) of the horizontal and the vertical strokes of the page turned level."""
    import cv2

    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    if abs(skew) > 0.05:
        height, width = gray.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
        gray = cv2.warpAffine(gray, turn, (width, height), borderValue=(255,))
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(gray, 1, mean, inverse, 31, 15)
    # Closing bridges the steps and gaps of scanned strokes.
    ink = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    length = max(int(MIN_RULE * dpi), 15)
    return (
        cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)),
        cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8)),
    )


def _positions(profile: npt.NDArray[np.int64], length: int, gap: float) -> list[int]:
    """Where the grid lines of a component lie: the profile's peaks, close ones taken together."""
    marks = np.flatnonzero(profile > 0.12 * length)
    if not marks.size:
        return []
    groups = np.split(marks, np.flatnonzero(np.diff(marks) > gap) + 1)
    return [round(float(np.average(group, weights=profile[group]))) for group in groups]


def _within(piece: Piece, box: Box) -> bool:
    x = (piece.box[0] + piece.box[2]) / 2
    return box[0] <= x < box[2] and box[1] <= piece.middle < box[3]


def aligned(rows: Sequence[Row], frame: Frame) -> list[tuple[int, int, Found]]:
    """Tables without rules: runs of rows whose segments stand in the same columns.

    Returns (first row, row after the last, table). A row of one segment below words continues them
    (a wrapped description). At least three columns and three full rows, even gaps between rows and
    a column of numbers tell a table from columns of text.
    """
    found = []
    start = 0
    while start < len(rows):
        end = start
        if len(rows[start]) >= MIN_COLUMNS:
            end, columns = _run(rows, start)
            table = _from_columns(rows[start:end], columns, frame)
            if table:
                found.append((start, end, table))
            else:
                end = start
        start = max(end, start + 1)
    return found


def _run(rows: Sequence[Row], start: int) -> tuple[int, list[tuple[float, float]]]:
    """How far the table beginning at ``start`` reaches, and its columns' extents."""
    columns = [(segment.box[0], segment.box[2]) for segment in rows[start]]
    height = median(segment.height for segment in rows[start])
    end = start + 1
    limit, widest = FIRST_GAP * height, 0.0
    while end < len(rows):
        row = rows[end]
        gap = min(segment.box[1] for segment in row) - max(s.box[3] for s in rows[end - 1])
        if gap > limit:
            break
        widened = _fit(row, columns)
        if widened is None:
            break
        # A label and few amounts, nothing in the first column: the totals below the items.
        few = 1 < len(row) <= len(widened) / 2 and not is_number(row[0].text)
        if few and _column_of(row[0], widened) > 0:
            break
        columns = widened
        end += 1
        if end - start > 2:
            limit = min(limit, NEXT_GAP * max(widest, gap) + height / 2)
        widest = max(widest, gap)
    return end, columns


def _fit(row: Row, columns: list[tuple[float, float]]) -> list[tuple[float, float]] | None:
    """The columns widened by the row, or None where a segment crosses from one to another."""
    widened = list(columns)
    for segment in row:
        x0, _, x1, _ = segment.box
        over = [i for i, (left, right) in enumerate(widened) if x0 < right and x1 > left]
        if len(over) > 1:
            return None
        if over:
            left, right = widened[over[0]]
            widened[over[0]] = (min(left, x0), max(right, x1))
        elif len(row) < MIN_COLUMNS:
            return None
        else:
            widened.append((x0, x1))
    widened.sort()
    return widened


def _column_of(segment: Segment, columns: Sequence[tuple[float, float]]) -> int:
    middle = (segment.box[0] + segment.box[2]) / 2
    return min(
        range(len(columns)),
        key=lambda i: max(columns[i][0] - middle, middle - columns[i][1], 0),
    )


def _from_columns(
    rows: Sequence[Row], columns: Sequence[tuple[float, float]], frame: Frame
) -> Found | None:
    """The run of rows as a table, or None where it does not look like one."""
    grid: list[dict[int, list[Segment]]] = []
    for row in rows:
        placed: dict[int, list[Segment]] = {}
        for segment in row:
            placed.setdefault(_column_of(segment, columns), []).append(segment)
        above = grid[-1].get(next(iter(placed)), []) if grid and len(placed) == 1 else []
        if above and not is_number(above[-1].text):
            for column, segments in placed.items():
                grid[-1].setdefault(column, []).extend(segments)
        else:
            grid.append(placed)
    full = [placed for placed in grid if len(placed) >= MIN_COLUMNS]
    if len(columns) < MIN_COLUMNS or len(full) < MIN_ROWS:
        return None
    cells = [
        _cell(row, column, placed[column], None)
        for row, placed in enumerate(grid)
        for column in sorted(placed)
    ]
    if not _number_columns(cells[len(grid[0]) :], len(columns)):
        return None
    taken = tuple(part for row in rows for part in row)
    return Found(
        Table(len(grid), len(columns), _with_header(cells, len(columns))),
        union(segment.box for segment in taken),
        taken,
    )


def _cell(
    row: int,
    column: int,
    segments: Sequence[Segment],
    box: Box | None,
    row_span: int = 1,
    column_span: int = 1,
) -> Cell:
    """A cell with the segments' text; without a drawn ``box`` its words' own."""
    words = [piece.word for segment in segments for piece in segment.pieces]
    return Cell(
        row,
        column,
        " ".join(segment.text for segment in segments),
        box or union(word.box for word in words),
        row_span,
        column_span,
        confidence=confidence(words),
    )


def _number_columns(cells: Sequence[Cell], columns: int) -> set[int]:
    """The columns in which most of the filled cells are numbers."""
    found = set()
    for column in range(columns):
        texts = [cell.text for cell in cells if cell.column == column and cell.text]
        if texts and sum(map(is_number, texts)) * 2 > len(texts):
            found.add(column)
    return found


def _with_header(cells: Sequence[Cell], columns: int) -> tuple[Cell, ...]:
    """The cells with the first row marked as header: words only, above a column of numbers."""
    first = [cell for cell in cells if cell.row == 0]
    body = [cell for cell in cells if cell.row > 0]
    words_only = not any(is_number(cell.text) for cell in first)
    if not words_only or not _number_columns(body, columns):
        return tuple(cells)
    return tuple(replace(cell, header=True) if cell.row == 0 else cell for cell in cells)
