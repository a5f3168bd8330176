"""Rows of cells set about one middle: told from one-line cells, without white between the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from extraction.level import Row, Segment
from extraction.tables.cells import is_number
from extraction.tables.placed import TOUCH, Extent, place, text_height

OFF_MIDDLE = 0.25  # times the text's height: so near to a level, or to a row's middle
PITCH = 1.6  # times the text's height: from line to line of one cell, at most
MOST_LEVELS = 30  # in one row
MOST_HEADINGS = 3  # levels in a row of headings, whose cells may be set any way
NO_ROOM = 0.75  # of the line breaks in cells: where the next word had no room left, at least


@dataclass(frozen=True, slots=True)
class _Line:
    """A segment and its column, None where it stands over several."""

    middle: float
    column: int | None
    number: bool
    segment: Segment


@dataclass(slots=True)
class _Band:
    """Levels that may be a row: for each column its lines, the lowest first."""

    cells: dict[int, list[_Line]] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)

    def takes(self, level: Sequence[_Line], height: float) -> bool:
        """Put the level above; False where its lines cannot be in one row with those below."""
        for line in level:
            if line.column is None:
                return False
            cell = self.cells.setdefault(line.column, [])
            if cell and cell[-1].middle - line.middle > PITCH * height:
                return False
            if line.number:
                if line.column in self.numbers:
                    return False
                self.numbers.add(line.column)
            cell.append(line)
        return True

    def is_level(self, height: float, *, heads: bool) -> bool:
        """Whether its cells stand about one middle, headings perhaps on one level at an end."""
        ends = [(cell[-1].middle, cell[0].middle) for cell in self.cells.values()]
        about = [[(top + bottom) / 2 for top, bottom in ends]]
        if heads:
            about += [[top for top, _ in ends], [bottom for _, bottom in ends]]
        return min(max(each) - min(each) for each in about) < OFF_MIDDLE * height


def middled(rows: Sequence[Row], extents: Sequence[Extent]) -> list[list[Row]] | None:
    """The levels of each row of the table, None where its cells are not set about one middle.

    A column that holds one line in every row below the headings counts the rows; the lines of
    every other cell stand evenly above and below it. At most half of the columns have cells of
    several lines, and those break where the next word had no room, as cells side by side with a
    label down several rows do not.
    """
    height = text_height(rows)
    levels = _levels(rows, extents, height)
    for key in range(len(extents)):
        bands = _parted(levels, key, height)
        if bands and _wraps(bands[1:], extents, height):
            return [[[line.segment for line in level] for level in band] for band in bands]
    return None


def _levels(rows: Sequence[Row], extents: Sequence[Extent], height: float) -> list[list[_Line]]:
    """The lines of text in each column, by levels from the top."""
    lines = [
        _Line(
            median(piece.middle for piece in segment.pieces),
            first if first == last else None,
            is_number(segment.text),
            segment,
        )
        for row in rows
        for (first, last), segments in place(row, extents, TOUCH * height).parts.items()
        for segment in segments
    ]
    levels: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if not levels or line.middle - levels[-1][0].middle > OFF_MIDDLE * height:
            levels.append([])
        levels[-1].append(line)
    return [sorted(level, key=lambda line: line.segment.box[0]) for level in levels]


def _parted(
    levels: Sequence[Sequence[_Line]], key: int, height: float
) -> list[Sequence[Sequence[_Line]]] | None:
    """The levels in as many rows as can be, each with one line in the column ``key``, or None."""
    rows: list[int | None] = [0]  # into how many the levels so far can be parted
    starts = [0]  # where the last of these begins
    for end in range(1, len(levels) + 1):
        if all(before is None for before in rows[-MOST_LEVELS:]):
            return None
        best: int | None = None
        start_of_best = 0
        band = _Band()
        for start in range(end - 1, max(end - MOST_LEVELS, 0) - 1, -1):
            before = rows[start]
            heads = start == 0 and end <= MOST_HEADINGS
            alone = start == end - 1 and any(line.column is None for line in levels[start])
            if not alone and not band.takes(levels[start], height):
                break
            lines = len(band.cells.get(key, ()))
            if lines > 1 and end > MOST_HEADINGS:
                break
            told = alone or (lines and (heads or lines == 1) and band.is_level(height, heads=heads))
            if told and before is not None and (best is None or before >= best):
                best, start_of_best = before + 1, start
            if alone:
                break
        rows.append(best)
        starts.append(start_of_best)
    if rows[-1] is None:
        return None
    bands = []
    end = len(levels)
    while end:
        bands.append(levels[starts[end] : end])
        end = starts[end]
    return bands[::-1]


def _wraps(
    bands: Sequence[Sequence[Sequence[_Line]]], extents: Sequence[Extent], height: float
) -> bool:
    """Whether cells of several lines are those of few columns, broken for want of room."""
    several: set[int] = set()
    full = breaks = 0
    for band in bands:
        cells: dict[int, list[Segment]] = {}
        for level in band:
            for line in level:
                if line.column is not None:
                    cells.setdefault(line.column, []).append(line.segment)
        for column, lines in cells.items():
            width = extents[column][1] - extents[column][0]
            for above, below in pairwise(lines):
                several.add(column)
                breaks += 1
                word = below.pieces[0].box
                room = width - (above.box[2] - above.box[0])
                words = len(above.pieces) + len(below.pieces)  # columns of single words do not wrap
                full += words > 2 and room < word[2] - word[0] + TOUCH * height
    return 0 < 2 * len(several) <= len(extents) and full >= NO_ROOM * breaks
