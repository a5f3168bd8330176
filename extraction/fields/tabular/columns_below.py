"""Which words of a line stand in which column, where only the headings tell the columns.

All positions are in points, in the level frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from extraction.level import Piece, segments_of

Extent = tuple[float, float]
Placed = list[list[Piece]]  # the words of each column

CELL_GAP = 0.75  # times the text's height: a wider gap parts cells


def in_columns(headings: Sequence[Extent], lines: Sequence[Sequence[Piece]]) -> list[Placed]:
    """The words of each line by column.

    A column is as wide as its heading and what stands below it and below no other: no cell reaches
    under the heading of another column.
    """
    extents = list(headings)
    for line in lines:
        parts = [part for part in _parts(line, headings) if len(_over(part, headings)) == 1]
        at = [_over(part, headings)[0] for part in parts]
        if len(set(at)) > 1:
            for index, part in zip(at, parts, strict=True):
                extents[index] = _wider(extents, index, _extent(part))
    return [_placed(line, extents) for line in lines]


def _wider(extents: Sequence[Extent], index: int, part: Extent) -> Extent:
    """The column with that part in it, up to its neighbours."""
    left = max(part[0], extents[index - 1][1]) if index else part[0]
    right = min(part[1], extents[index + 1][0]) if index + 1 < len(extents) else part[1]
    return min(extents[index][0], left), max(extents[index][1], right)


def _placed(line: Sequence[Piece], extents: Sequence[Extent]) -> Placed:
    cells: Placed = [[] for _ in extents]
    parts = _parts(line, extents)
    over = [_over(part, extents) for part in parts]
    at = [columns[0] if columns else None for columns in over]
    for index, part in enumerate(parts):
        column = at[index]
        if column is None:
            before = max((c for c in at[:index] if c is not None), default=-1)
            after = min((c for c in at[index + 1 :] if c is not None), default=len(extents))
            free = [c for c in range(before + 1, after) if not cells[c]]
            near = free or [c for c in (before, after) if 0 <= c < len(extents)]
            column = min(near, key=lambda c: _apart(_extent(part), extents[c]))
            at[index] = column
        cells[column] += part
    return cells


def _parts(line: Sequence[Piece], extents: Sequence[Extent]) -> list[list[Piece]]:
    """The line cut at wide gaps, and between words that stand in different columns."""
    parts: list[list[Piece]] = []
    for segment in segments_of(line, CELL_GAP):
        pieces = list(segment.pieces)
        if len(_over(pieces, extents)) < 2:
            parts.append(pieces)
            continue
        own = [_over([piece], extents) for piece in pieces]
        start, last = 0, -1
        current: int | None = None
        for index, columns in enumerate(own):
            if not columns or columns[0] == current:
                last = index if columns else last
                continue
            if current is not None:
                cut = _widest_gap(pieces, last, index)
                parts.append(pieces[start:cut])
                start = cut
            current, last = columns[0], index
        parts.append(pieces[start:])
    return parts


def _widest_gap(pieces: Sequence[Piece], first: int, last: int) -> int:
    """The piece after the widest gap between the two."""
    return max(range(first + 1, last + 1), key=lambda i: pieces[i].box[0] - pieces[i - 1].box[2])


def _over(pieces: Sequence[Piece], extents: Sequence[Extent]) -> list[int]:
    """The columns that the words reach into."""
    left, right = _extent(pieces)
    touch = 0.1 * median(piece.height for piece in pieces)
    return [i for i, (x0, x1) in enumerate(extents) if left < x1 - touch and right > x0 + touch]


def _extent(pieces: Sequence[Piece]) -> Extent:
    return min(piece.box[0] for piece in pieces), max(piece.box[2] for piece in pieces)


def _apart(one: Extent, other: Extent) -> float:
    return max(one[0] - other[1], other[0] - one[1], 0.0)
