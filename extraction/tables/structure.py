"""The cells of a table without a grid of rules, spans included, from text set in columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median

from extraction.level import Row
from extraction.tables.cells import cell_of
from extraction.tables.columns import WIDE
from extraction.tables.grouping import grouped
from extraction.tables.middled import middled
from extraction.tables.placed import TOUCH, Extent, Placed, place, text_height
from extraction.tables.rules import Rule
from extraction.types import Cell

CENTRED = 0.03  # of the table's width: so near to its middle
OFF_LEVEL = 0.3  # times the text's height: parts of a row so far off its level are not its own


def structured(
    rows: Sequence[Row],
    extents: Sequence[Extent],
    bands: list[list[int]] | None = None,
    short: Sequence[Rule] = (),
) -> tuple[list[Cell], list[Extent]]:
    """Cells, spans included, of text set in columns, and the top and bottom of each row's text.

    ``bands`` are those levels where rules part the rows. ``short`` are rules below headings of
    several columns.
    """
    height = text_height(rows)
    parted = middled(rows, extents) if bands is None else None
    if parted:
        rows = [level for band in parted for level in band]
        ends = list(accumulate(map(len, parted), initial=0))
        bands = [list(range(start, end)) for start, end in pairwise(ends)]
    elif bands is None:
        rows = _levelled(rows, height)
    placed = [place(row, extents, TOUCH * height) for row in rows]
    for row, here in zip(rows, placed, strict=True):
        _underlined(row, here, extents, short, height)
    labels = [] if bands else _labels(rows, placed, height)
    if bands is None:
        kept = [index for index in range(len(rows)) if index not in labels]
        groups = grouped([rows[i] for i in kept], [placed[i] for i in kept], extents)
        bands = [[kept[i] for i in group] for group in groups]
    cells = []
    for number, band in enumerate(bands):
        merged = Placed()
        for index in band:
            for (first, last), segments in placed[index].parts.items():
                for segment in segments:
                    merged.add(first, last, segment)
        if number and len(band) == 1:
            _centred(rows[band[0]], merged, extents)
        if number == 0 and len(bands) > 2:
            below = placed[bands[1][0]].filled
            _widen(merged, extents, below, {c for i in labels for c in placed[i].filled})
        cells += [
            cell_of(number, first, segments, None, 1, last - first + 1)
            for (first, last), segments in merged.parts.items()
        ]
    for index in labels:
        number = next(n for n, band in enumerate(bands) if band[-1] > index) - 1
        cells += [
            cell_of(number, first, segments, None, 2, last - first + 1)
            for (first, last), segments in placed[index].parts.items()
        ]
    tops_bottoms = [
        (
            min(segment.box[1] for index in band for segment in rows[index]),
            max(segment.box[3] for index in band for segment in rows[index]),
        )
        for band in bands
    ]
    return cells, tops_bottoms


def _levelled(rows: Sequence[Row], height: float) -> list[Row]:
    """The rows, with segments clearly above or below the rest of theirs on a level of their own."""
    levels: list[tuple[float, Row]] = []
    for row in rows:
        middles = [median(piece.middle for piece in segment.pieces) for segment in row]
        usual = median(middles)
        off = [abs(middle - usual) > OFF_LEVEL * height for middle in middles]
        for index, (one, other) in enumerate(pairwise(row)):
            if other.box[0] - one.box[2] < WIDE * height:  # parts of one cell keep together
                off[index] = off[index + 1] = False
        if len(row) < 3 or sum(off) * 3 > len(row):
            off = [False] * len(row)
        level = [segment for segment, stray in zip(row, off, strict=True) if not stray]
        levels.append((usual, level))
        strays = [i for i, stray in enumerate(off) if stray]
        levels += [(middles[i], [row[i]]) for i in strays]
    return [row for _, row in sorted(levels, key=lambda level: level[0])]


def _underlined(
    row: Row, placed: Placed, extents: Sequence[Extent], short: Sequence[Rule], height: float
) -> None:
    """Let a heading span the columns that a rule right below it runs over."""
    middle = row[0].pieces[0].middle
    for rule in short:
        if not 0 < rule.at - middle < 1.5 * height:
            continue
        over = [i for i, (x0, x1) in enumerate(extents) if rule.start < (x0 + x1) / 2 < rule.end]
        held = [key for key in placed.parts if over and over[0] <= key[0] and key[1] <= over[-1]]
        if len(over) > 1 and held:
            segments = [segment for key in sorted(held) for segment in placed.parts.pop(key)]
            placed.parts[over[0], over[-1]] = segments


def _centred(row: Row, placed: Placed, extents: Sequence[Extent]) -> None:
    """Let what stands alone in a row, in the middle of the table, span it."""
    left, right = extents[0][0], extents[-1][1]
    if len(row) != 1 or len(extents) < 3 or min(placed.filled) == 0:
        return
    off = abs((row[0].box[0] + row[0].box[2]) - (left + right)) / 2
    if off < CENTRED * (right - left):
        placed.parts = {(0, len(extents) - 1): [row[0]]}


def _labels(rows: Sequence[Row], placed: Sequence[Placed], height: float) -> list[int]:
    """The levels that stand halfway between two rows and belong to both: cells down two rows."""
    found: list[int] = []
    middles = [median(piece.middle for s in row for piece in s.pieces) for row in rows]
    for index in range(1, len(rows) - 1):
        above, here, below = placed[index - 1], placed[index], placed[index + 1]
        halfway = (middles[index - 1] + middles[index + 1]) / 2
        apart = middles[index + 1] - middles[index - 1]
        if (
            abs(middles[index] - halfway) < OFF_LEVEL * height
            and apart < 2.4 * height
            and len(here.filled) < min(len(above.filled), len(below.filled)) + (index == 1)
            and not here.filled & (above.filled | below.filled)
            and index - 1 not in found
        ):
            found.append(index)
    return found


def _widen(first: Placed, extents: Sequence[Extent], below: set[int], taken: set[int]) -> None:
    """Let a heading set in the middle of several columns span them.

    Only over columns with headings of their own below, and none in this row.
    """
    for key in sorted(first.parts):
        segments = first.parts[key]
        middle = (segments[0].box[0] + segments[0].box[2]) / 2
        free = set(range(len(extents))) - (first.filled - set(range(key[0], key[1] + 1))) - taken
        best = key
        off = abs(sum(_ends(extents, key)) / 2 - middle)
        for start in range(key[0] + 1):
            for end in range(key[1], len(extents)):
                over = set(range(start, end + 1))
                if end == start or not over <= free or not over <= below:
                    continue
                left, right = _ends(extents, (start, end))
                now = abs((left + right) / 2 - middle)
                if now < off - 2 and now < 0.12 * (right - left):
                    best, off = (start, end), now
        if best != key:
            first.parts[best] = first.parts.pop(key)


def _ends(extents: Sequence[Extent], key: tuple[int, int]) -> Extent:
    return extents[key[0]][0], extents[key[1]][1]
