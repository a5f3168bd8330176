"""Tables drawn with rules, from a page's pixels or from the PDF itself."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.level import Frame, Piece
from extraction.tables import rules as drawn_rules
from extraction.tables.bounded import bounded, inside, stacks, tables_of
from extraction.tables.cells import Found
from extraction.tables.grid import grid
from extraction.tables.rules import Rule
from extraction.types import Box, Pixels


def ruled(
    pixels: Pixels | None,
    dpi: float,
    frame: Frame,
    pieces: Sequence[Piece],
    rules: Sequence[Box] = (),
) -> list[Found]:
    """The tables that rules are drawn for, spans included.

    The rules are looked for on ``pixels`` (RGB, as in ``PageImage``) turned level, or taken from
    ``rules`` where there are no pixels. Those that touch form a grid, whose cells a missing wall
    makes one; rules across alone, of one length, bound a table whose columns are told from its
    words. A page lying on its side is left to ``aligned``.
    """
    if frame.quarter % 2 or not pieces:
        return []
    seen = (
        drawn_rules.of_boxes(rules) if pixels is None else drawn_rules.of_pixels(pixels, dpi, frame)
    )
    found: list[Found] = []
    open_rules: list[Rule] = []
    for group in sorted(drawn_rules.connected(seen), key=lambda group: group.box[1]):
        table = grid(group, frame, inside(pieces, group.box))
        if table:
            found.append(table)
        elif not group.down:
            open_rules += group.across
    for stack in stacks(open_rules):
        for part in tables_of(stack, pieces):
            table = bounded(part, pieces)
            if table and not any(_overlap(table.box, other.box) for other in found):
                found.append(table)
    return found


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]
