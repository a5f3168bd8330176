"""Where text stands in the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from extraction.level import Piece, Row, Segment

TOUCH = 0.12  # times the text's height: boxes that overlap by less stand side by side

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


def columns_under(x0: float, x1: float, extents: Sequence[Extent], touch: float) -> list[int]:
    """The columns over which text from ``x0`` to ``x1`` stands."""
    found = []
    for index, (left, right) in enumerate(extents):
        if left < x1 and x0 < right:
            slack = min(touch, (right - left) / 2)
            if x0 < right - slack and x1 > left + slack:
                found.append(index)
    return found


def parted(segment: Segment, extents: Sequence[Extent], touch: float) -> list[Segment]:
    """The segment, cut between words that stand in different columns if no word crosses."""
    if len(columns_under(segment.box[0], segment.box[2], extents, touch)) < 2:
        return [segment]
    held = [columns_under(piece.box[0], piece.box[2], extents, touch) for piece in segment.pieces]
    if any(len(over) > 1 for over in held) or len({over[0] for over in held if over}) < 2:
        return [segment]  # a word in two columns, or all in one or between columns
    groups: list[tuple[int, list[Piece]]] = []
    for index, piece in enumerate(segment.pieces):
        column = held[index][0] if held[index] else _beside(segment.pieces, held, index, extents)
        if groups and groups[-1][0] == column:
            groups[-1][1].append(piece)
        else:
            groups.append((column, [piece]))
    return [Segment.of(pieces) for _, pieces in groups]


def _beside(
    pieces: Sequence[Piece], held: Sequence[Sequence[int]], index: int, extents: Sequence[Extent]
) -> int:
    """The column of a word between columns: that of the word to which it stands closer."""
    here = pieces[index].box
    before = here[0] - pieces[index - 1].box[2] if index and held[index - 1] else None
    after = index + 1 < len(pieces) and held[index + 1]
    if before is not None and after:
        closer = before < pieces[index + 1].box[0] - here[2]
        return held[index - 1][0] if closer else held[index + 1][0]
    return _nearest(pieces[index], extents)


def crosses(row: Row, extents: Sequence[Extent], touch: float) -> bool:
    """Whether the row is one segment over several columns, with words between columns."""
    if len(row) != 1 or len(columns_under(row[0].box[0], row[0].box[2], extents, touch)) < 2:
        return False
    held = [columns_under(piece.box[0], piece.box[2], extents, touch) for piece in row[0].pieces]
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
            over = columns_under(part.box[0], part.box[2], extents, touch)
            over = over or [_nearest(part, extents)]
            placed.add(over[0], over[-1], part)
    return placed
