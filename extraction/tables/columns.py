"""Rows and columns of a table told from where its words stand.

``rows`` are the levels of text in the table's part of the page, from the top, cut into segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from extraction.level import Piece, Row, Segment, rows_of, segments_of
from extraction.tables.cells import cell_of, is_number
from extraction.tables.rules import Rule
from extraction.types import Cell

NARROW, WIDE = 0.4, 0.75  # times the text's height: least and greatest gap that parts cells
SPACES = 1.7  # times the usual space between words: a wider gap may part cells
TOUCH = 0.12  # times the text's height: boxes that overlap by less stand side by side
CROSSING = 0.34  # of the rows that keep two columns apart: more that cross make them one
MIN_SPLIT = 4  # rows
SPLIT_SPACES, NARROWEST = 1.25, 0.25  # times a tight space, the text's height
NEIGHBOURS = 0.9  # times the text's height: columns so near are one if their rows run together
CENTRED = 0.03  # of the table's width: so near to its middle
OFF_LEVEL = 0.3  # times the text's height: parts of a row so far off its level are not its own
LEADING = 0.4  # times the text's height: the widest gap between two lines of one cell
PADDING = 0.2  # times the text's height: how much wider the gap between rows is, at least

Extent = tuple[float, float]


@dataclass(slots=True)
class Placed:
    """The lines of text of one row of the table, by (first column, last column)."""

    parts: dict[tuple[int, int], list[Segment]] = field(default_factory=dict)

    def add(self, first: int, last: int, segment: Segment) -> None:
        """Put the segment with what already stands in those columns."""
        segments = [segment]
        for key in [key for key in self.parts if key[0] <= last and key[1] >= first]:
            first, last = min(first, key[0]), max(last, key[1])
            segments = self.parts.pop(key) + segments
        self.parts[first, last] = segments

    @property
    def filled(self) -> set[int]:
        return {column for key in self.parts for column in range(key[0], key[1] + 1)}


def text_height(rows: Sequence[Row]) -> float:
    return median(piece.height for row in rows for segment in row for piece in segment.pieces)


def fine(rows: Sequence[Row]) -> list[Row]:
    """The rows cut at every gap clearly wider than the spaces between words."""
    if not rows:
        return []
    height = text_height(rows)
    spaces = _spaces(rows, height)
    gap = SPACES * median(spaces) / height if spaces else NARROW
    gap = min(max(gap, NARROW), WIDE)
    return [segments_of([piece for s in row for piece in s.pieces], gap) for row in rows]


def _spaces(rows: Sequence[Row], height: float) -> list[float]:
    """The gaps between neighbouring words of the rows' segments, those of split words left out."""
    gaps = [
        right.box[0] - left.box[2]
        for row in rows
        for segment in row
        for left, right in pairwise(segment.pieces)
    ]
    return [gap for gap in gaps if gap > 0.05 * height]


def columns_of(rows: Sequence[Row], height: float) -> list[Extent]:
    """The extents of the columns in which the rows' segments stand, from the left.

    Narrow segments come first; one that reaches over several columns found so far crosses them.
    Two columns are one where many rows cross from one to the other, or no row holds both.
    """
    touch = TOUCH * height
    extents: list[Extent] = []
    for segment in sorted(
        (segment for row in rows for segment in row), key=lambda s: s.box[2] - s.box[0]
    ):
        x0, _, x1, _ = segment.box
        over = _over(x0, x1, extents, touch)
        if not over:
            extents.append((x0, x1))
        elif len(over) == 1:
            left, right = extents[over[0]]
            extents[over[0]] = (min(left, x0), max(right, x1))
    extents.sort()
    merged = True
    while merged:
        merged = False
        for index in range(len(extents) - 1):
            if _one(rows, extents, index, touch, height):
                pair = extents[index], extents[index + 1]
                extents[index : index + 2] = [(pair[0][0], max(pair[0][1], pair[1][1]))]
                merged = True
                break
    spaces = sorted(_spaces(rows, height)) or [0.0]
    space = spaces[len(spaces) // 10]
    return [part for extent in extents for part in _narrow(rows, extent, height, space)]


def _narrow(rows: Sequence[Row], extent: Extent, height: float, space: float) -> list[Extent]:
    """The column, cut where white stands between its words on the same place in every row.

    Wider than any space between words, and in at least ``MIN_SPLIT`` rows: columns set closely.
    """
    words = [
        [p.box for s in row for p in s.pieces if p.box[0] < extent[1] and p.box[2] > extent[0]]
        for row in rows
    ]
    words = [sorted(boxes) for boxes in words if boxes]
    if len(words) < MIN_SPLIT:
        return [extent]
    free = [extent]
    for boxes in words:
        for x0, _, x1, _ in boxes:
            free = [
                part
                for left, right in free
                for part in ((left, min(right, x0)), (max(left, x1), right))
                if part[1] - part[0] > TOUCH * height
            ]
    cuts = []
    for left, right in free:
        apart = [
            min(b[0] for b in after) - max(b[2] for b in before)
            for boxes in words
            if (before := [b for b in boxes if b[2] <= left + 0.01])
            and (after := [b for b in boxes if b[0] >= right - 0.01])
        ]
        if len(apart) >= max(MIN_SPLIT, 0.7 * len(words)) and (
            min(apart) > max(SPLIT_SPACES * space, NARROWEST * height)
        ):
            cuts.append((left, right))
    edges = [extent[0], *(x for cut in cuts for x in cut), extent[1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _over(x0: float, x1: float, extents: Sequence[Extent], touch: float) -> list[int]:
    return [
        index
        for index, (left, right) in enumerate(extents)
        if x0 < right - min(touch, (right - left) / 2)
        and x1 > left + min(touch, (right - left) / 2)
    ]


def _one(
    rows: Sequence[Row], extents: Sequence[Extent], index: int, touch: float, height: float
) -> bool:
    """Whether the column at ``index`` and the next are the same one.

    A heading, or a row of one part, may cross any two columns; others only what is far apart.
    """
    crossing = apart = 0
    near = extents[index + 1][0] - extents[index][1] < NEIGHBOURS * height
    for number, row in enumerate(rows):
        held = [
            over
            for segment in row
            for part in parted(segment, extents, touch)
            if (over := _over(part.box[0], part.box[2], extents, touch))
        ]
        if any(index in over and index + 1 in over for over in held):
            crossing += not near or (number > 0 and len(held) > 1)
        else:
            apart += any(index in over for over in held) and any(index + 1 in o for o in held)
    if not apart or (near and apart == 1 and len(rows) >= MIN_SPLIT):
        return True
    return crossing > (0 if near else max(1.0, CROSSING * apart))


def parted(segment: Segment, extents: Sequence[Extent], touch: float) -> list[Segment]:
    """The segment, cut between words that stand in different columns if no word crosses."""
    if len(_over(segment.box[0], segment.box[2], extents, touch)) < 2:
        return [segment]
    held = [_over(piece.box[0], piece.box[2], extents, touch) for piece in segment.pieces]
    if any(len(over) > 1 for over in held) or len({over[0] for over in held if over}) < 2:
        return [segment]  # a word in two columns, or all in one or between columns
    groups: list[tuple[int, list[Piece]]] = []
    for piece, over in zip(segment.pieces, held, strict=True):
        column = over[0] if over else _nearest(piece, extents)
        if groups and groups[-1][0] == column:
            groups[-1][1].append(piece)
        else:
            groups.append((column, [piece]))
    return [Segment.of(pieces) for _, pieces in groups]


def crosses(row: Row, extents: Sequence[Extent], touch: float) -> bool:
    """Whether the row is one segment over several columns, with words between columns."""
    if len(row) != 1 or len(_over(row[0].box[0], row[0].box[2], extents, touch)) < 2:
        return False
    held = [_over(piece.box[0], piece.box[2], extents, touch) for piece in row[0].pieces]
    return any(len(over) != 1 for over in held)


def _nearest(part: Piece | Segment, extents: Sequence[Extent]) -> int:
    middle = (part.box[0] + part.box[2]) / 2
    return min(
        range(len(extents)), key=lambda i: max(extents[i][0] - middle, middle - extents[i][1], 0)
    )


def place(row: Row, extents: Sequence[Extent], touch: float) -> Placed:
    """The row's segments in the columns they stand in."""
    placed = Placed()
    for segment in row:
        for part in parted(segment, extents, touch):
            over = _over(part.box[0], part.box[2], extents, touch)
            over = over or [_nearest(part, extents)]
            placed.add(over[0], over[-1], part)
    return placed


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
    if bands is None:
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


def levels_of(pieces: Sequence[Piece]) -> list[Row]:
    """The pieces as rows of segments, from the top."""
    return rows_of([piece] for piece in pieces)
