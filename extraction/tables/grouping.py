"""Which levels of text make up each row of a table: cells of several lines told from rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from extraction.level import Row, union
from extraction.tables.cells import is_number
from extraction.tables.placed import TOUCH, Extent, Placed, text_height

LEADING = 0.4  # times the text's height: the widest gap between two lines of one cell
PADDING = 0.2  # times the text's height: how much wider the gap between rows is, at least
WIDEST = 0.6  # times the text's height: the widest gap in a cell where all gaps are alike
OVERLAP = 0.3  # times the text's height by which cells side by side overlap, at least
MOST_HEADINGS = 3  # lines in a row of headings, which may be set any way
FLUSH = 0.2  # times the text's height by which the lines of a heading are off at one side
ALIGNED = 0.4  # times the text's height by which their tops, or their middles, may differ


@dataclass(slots=True)
class _Cell:
    """Lines of one column that stand close: perhaps a cell."""

    columns: tuple[int, int]
    top: float
    bottom: float
    levels: list[int]
    numbers: int  # of its lines

    @property
    def over(self) -> range:
        return range(self.columns[0], self.columns[1] + 1)


def grouped(
    rows: Sequence[Row], placed: Sequence[Placed], extents: Sequence[Extent]
) -> list[list[int]]:
    """Which levels of text make up each row of the table.

    Where white between some lines of a column is clearly wider than between others, it parts cells,
    and cells side by side are a row. Where all is set alike, a level that only goes on with words
    above it continues their row. Two numbers in one column are never one cell.
    """
    if len(rows) < 2:
        return [[index] for index in range(len(rows))]
    height = text_height(rows)
    bands = _bands(placed, height)
    if bands:
        return bands
    tops = [min(segment.box[1] for segment in row) for row in rows]
    bottoms = [max(segment.box[3] for segment in row) for row in rows]
    gaps = [top - bottom for bottom, top in zip(bottoms, tops[1:], strict=False)]
    groups = [[0]]
    usual = median(gaps)
    for index in range(1, len(rows)):
        # Headings go on below where they are clearly set closer, or no row of the table looks so.
        limit = WIDEST * height if groups[-1][0] else usual - TOUCH * height
        goes_on = gaps[index - 1] <= limit and _continues(groups[-1], index, placed, extents)
        tight = len(groups) == 1 and gaps[index - 1] <= LEADING * height
        if goes_on or (tight and _ends_heading(groups[0], index, placed, height)):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _bands(placed: Sequence[Placed], height: float) -> list[list[int]] | None:
    """The levels of each row of cells that white parts, None where they make no such rows."""
    lines = _lines(placed)
    by_column: dict[int, list[_Cell]] = {}
    for line in lines:
        for column in line.over:
            by_column.setdefault(column, []).append(line)
    gaps = [
        below.top - above.bottom for each in by_column.values() for above, below in pairwise(each)
    ]
    for limit in _paddings(gaps, height):
        bands = _side_by_side(_joined(lines, limit), height)
        levels = [sorted({level for cell in band for level in cell.levels}) for band in bands]
        one_each = sum(map(len, levels)) == len(placed)  # no level is of two rows
        if one_each and all(map(_one_a_column, bands)):
            headings = len(levels[0]) <= MOST_HEADINGS and not any(c.numbers for c in bands[0])
            if all(_is_row(band, height) for band in (bands[1:] if headings else bands)):
                return levels
    return None


def _side_by_side(cells: Sequence[_Cell], height: float) -> list[list[_Cell]]:
    """The cells by rows: those that overlap in height."""
    bands: list[list[_Cell]] = []
    bottom = 0.0
    for cell in sorted(cells, key=lambda cell: cell.top):
        if not bands or cell.top > bottom - OVERLAP * height:
            bands.append([])
            bottom = cell.bottom
        bands[-1].append(cell)
        bottom = max(bottom, cell.bottom)
    return bands


def _lines(placed: Sequence[Placed]) -> list[_Cell]:
    """The text of each level in each of its columns, from the top."""
    found = []
    for level, here in enumerate(placed):
        for columns, segments in here.parts.items():
            box = union(segment.box for segment in segments)
            number = is_number(" ".join(segment.text for segment in segments))
            found.append(_Cell(columns, box[1], box[3], [level], int(number)))
    return sorted(found, key=lambda line: line.top)


def _joined(lines: Sequence[_Cell], limit: float) -> list[_Cell]:
    """The lines, those over the same columns with no wider gap than ``limit`` put together."""
    cells: list[_Cell] = []
    last: dict[int, _Cell] = {}  # the lowest cell of each column
    for line in lines:
        above = last.get(line.columns[0])
        if above and above.columns == line.columns and line.top - above.bottom <= limit:
            above.bottom = max(above.bottom, line.bottom)
            above.levels += line.levels
            above.numbers += line.numbers
        else:
            cells.append(replace(line, levels=list(line.levels)))
            last |= dict.fromkeys(line.over, cells[-1])
    return cells


def _one_a_column(cells: Sequence[_Cell]) -> bool:
    """Whether no two of the cells are in one column, and none is several numbers."""
    taken = [column for cell in cells for column in cell.over]
    return len(taken) == len(set(taken)) and all(cell.numbers < 2 for cell in cells)


def _is_row(cells: Sequence[_Cell], height: float) -> bool:
    """Whether cells side by side begin at one top or stand about one middle.

    Beside a cell of several lines stands one of half as many or fewer.
    """
    counts = [len(cell.levels) for cell in cells]
    if max(counts) > 1 and min(counts) * 2 > max(counts):
        return False
    tops = [cell.top for cell in cells]
    middles = [(cell.top + cell.bottom) / 2 for cell in cells]
    return min(max(each) - min(each) for each in (tops, middles)) < ALIGNED * height


def _paddings(gaps: Sequence[float], height: float) -> Iterator[float]:
    """Gaps that may tell rows from lines of one cell, the least first."""
    for small, large in pairwise(sorted(gaps)):
        if small <= LEADING * height and large - small >= PADDING * height:
            yield (small + large) / 2


def _ends_heading(
    group: Sequence[int], index: int, placed: Sequence[Placed], height: float
) -> bool:
    """Whether all words of a level are set flush below headings, those of the first column none.

    Most headings are broken where the sense allows, whatever the room.
    """
    here, above = placed[index].parts, placed[group[-1]].parts
    if (0, 0) in here or len(here) + 1 >= len(placed[0].filled) or not here.keys() <= above.keys():
        return False
    for key, segments in here.items():
        one, other = (union(segment.box for segment in each) for each in (above[key], segments))
        off = (one[0] - other[0], one[2] - other[2], (one[0] + one[2] - other[0] - other[2]) / 2)
        if min(map(abs, off)) > FLUSH * height or any(is_number(s.text) for s in segments):
            return False
    return True


def _continues(
    group: Sequence[int], index: int, placed: Sequence[Placed], extents: Sequence[Extent]
) -> bool:
    """Whether a level goes on with the words of the row above: each of them had no more room."""
    columns = len(extents)
    here, begun = placed[index], placed[group[0]]
    above = set().union(*(placed[each].filled for each in group))
    if not here.filled <= above or len(here.filled) > max(1, (columns - 1) // 2):
        return False
    if len(begun.filled) <= len(here.filled) or (0 in here.filled and len(here.filled) > 1):
        return False
    for (first, last), segments in here.parts.items():
        over = [
            part
            for each in group
            for key, parts in placed[each].parts.items()
            if key[0] <= last and key[1] >= first
            for part in parts
        ]
        if not over or any(is_number(part.text) for part in (over[-1], *segments)):
            return False
        if group[-1] and len(over[-1].pieces) == 1:  # a column of single words does not wrap
            return False
        word = segments[0].pieces[0].box
        room = extents[last][1] - extents[first][0] - (over[-1].box[2] - over[-1].box[0])
        if room > (word[2] - word[0]) + 0.5 * over[-1].height:
            return False
    return True
