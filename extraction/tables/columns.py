"""The columns of a table told from where its words stand.

``rows`` are the levels of text in the table's part of the page, from the top, cut into segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from extraction.fields.kinds.currencies import CURRENCIES, SYMBOLS
from extraction.level import Row, segments_of
from extraction.tables.placed import TOUCH, Extent, columns_under, parted, text_height

NARROW, WIDE = 0.4, 0.75  # times the text's height: least and greatest gap that parts cells
SPACES = 1.7  # times the usual space between words: a wider gap may part cells
CROSSING = 0.34  # of the rows that keep two columns apart: more that cross make them one
MIN_SPLIT = 4  # rows
BOTH = 0.55  # of a column's rows with words on both sides of the white: other cells are empty
SPLIT_SPACES, NARROWEST = 1.25, 0.25  # times a tight space, the text's height
MIN_SIGNS = 3  # in a column of nothing but currency signs
SIGNS = {*CURRENCIES, *SYMBOLS}
NEIGHBOURS = 0.9  # times the text's height: columns so near are one if their rows run together


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
        over = columns_under(x0, x1, extents, touch)
        if not over:
            extents.append((x0, x1))
        elif len(over) == 1:
            left, right = extents[over[0]]
            extents[over[0]] = (min(left, x0), max(right, x1))
    extents.sort()
    index = 0
    while index < len(extents) - 1:
        if _one(rows, extents, index, touch, height):
            pair = extents[index], extents[index + 1]
            extents[index : index + 2] = [(pair[0][0], max(pair[0][1], pair[1][1]))]
            index = max(index - 1, 0)
        else:
            index += 1
    spaces = sorted(_spaces(rows, height)) or [0.0]
    space = spaces[len(spaces) // 10]
    parts = [part for extent in extents for part in _narrow(rows, extent, height, space)]
    return _with_signs(rows, parts)


def _with_signs(rows: Sequence[Row], extents: Sequence[Extent]) -> list[Extent]:
    """The columns, those of currency signs joined with the amounts on their right."""
    texts: list[list[str]] = [[] for _ in extents]
    for piece in (piece for row in rows for segment in row for piece in segment.pieces):
        middle = (piece.box[0] + piece.box[2]) / 2
        for index, (left, right) in enumerate(extents):
            if left <= middle <= right:
                texts[index].append(piece.word.text)
    joined: list[Extent] = []
    signs = False
    for held, extent in zip(texts, extents, strict=True):
        joined[-1:] = [(joined[-1][0], extent[1])] if signs else [*joined[-1:], extent]
        signs = len(held) >= MIN_SIGNS and SIGNS.issuperset(held)
    return joined


def _narrow(rows: Sequence[Row], extent: Extent, height: float, space: float) -> list[Extent]:
    """The column, cut where white stands between its words on the same place in every row.

    Wider than any space between words, and in at least ``MIN_SPLIT`` rows: columns set closely.
    Lines on the right of it alone count too where they begin flush at it.
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
        flush = sum(left < boxes[0][0] < right + TOUCH * height for boxes in words)
        if len(apart) >= max(MIN_SPLIT, BOTH * len(words) - flush) and (
            min(apart) > max(SPLIT_SPACES * space, NARROWEST * height)
        ):
            cuts.append((left, right))
    edges = [extent[0], *(x for cut in cuts for x in cut), extent[1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


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
            if (over := columns_under(part.box[0], part.box[2], extents, touch))
        ]
        if any(index in over and index + 1 in over for over in held):
            crossing += not near or (number > 0 and len(held) > 1)
        else:
            apart += any(index in over for over in held) and any(index + 1 in o for o in held)
    if not apart or (near and apart == 1 and len(rows) >= MIN_SPLIT):
        return True
    return crossing > (0 if near else max(1.0, CROSSING * apart))
