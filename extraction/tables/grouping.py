"""Which levels of text make up each row of a table: cells of several lines told from rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from extraction.level import Row
from extraction.tables.cells import is_number
from extraction.tables.placed import TOUCH, Extent, Placed, text_height

LEADING = 0.4  # times the text's height: the widest gap between two lines of one cell
PADDING = 0.2  # times the text's height: how much wider the gap between rows is, at least


def grouped(
    rows: Sequence[Row], placed: Sequence[Placed], extents: Sequence[Extent]
) -> list[list[int]]:
    """Which levels of text make up each row of the table.

    Where white between some levels is clearly wider than between others, it parts the rows; where
    all is set alike, a level that only goes on with words above it continues their row. Two
    numbers in one column are never one cell.
    """
    if len(rows) < 2:
        return [[index] for index in range(len(rows))]
    height = text_height(rows)
    tops = [min(segment.box[1] for segment in row) for row in rows]
    bottoms = [max(segment.box[3] for segment in row) for row in rows]
    gaps = [top - bottom for bottom, top in zip(bottoms, tops[1:], strict=False)]
    limit = _padding(gaps, height)
    if limit is not None:
        bands = [[0]]
        for index, gap in enumerate(gaps, 1):
            if gap > limit:
                bands.append([])
            bands[-1].append(index)
        several = [band for band in bands if len(band) > 1]
        partial = all(
            any(len(placed[index].filled) < len(extents) for index in band) for band in several
        )
        if several and partial and not any(_stacked(band, placed) for band in bands):
            return bands
    groups = [[0]]
    usual = median(gaps)
    for index in range(1, len(rows)):
        # Headings go on below only where they are clearly set closer.
        limit = height if groups[-1][0] else usual - TOUCH * height
        if gaps[index - 1] <= limit and _continues(groups[-1], index, placed, extents):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _padding(gaps: Sequence[float], height: float) -> float | None:
    """The gap that tells rows from lines of one cell, None where there is no such difference."""
    ordered = sorted(gaps)
    widest, limit = PADDING * height, None
    for small, large in pairwise(ordered):
        if small <= LEADING * height and large - small >= widest:
            widest, limit = large - small, (small + large) / 2
    return limit


def _stacked(band: Sequence[int], placed: Sequence[Placed]) -> bool:
    """Whether the levels hold more than one number in a column."""
    seen: set[tuple[int, int]] = set()
    for index in band:
        for key, segments in placed[index].parts.items():
            if is_number(" ".join(segment.text for segment in segments)):
                if key in seen:
                    return True
                seen.add(key)
    return False


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
        word = segments[0].pieces[0].box
        room = extents[last][1] - extents[first][0] - (over[-1].box[2] - over[-1].box[0])
        if room > (word[2] - word[0]) + 0.5 * over[-1].height:
            return False
    return True
