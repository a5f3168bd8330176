"""Tables drawn with rules, from a page's pixels or from the PDF itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from extraction.level import Frame, Piece
from extraction.tables import rules as drawn_rules
from extraction.tables.bounded import bounded, inside, stacks, tables_of
from extraction.tables.cells import Found
from extraction.tables.grid import grid
from extraction.tables.rules import Rule, Rules
from extraction.types import Box, Pixels

THROUGH = (
    0.15,
    0.12,
)  # of a word's height, from its top and its bottom: between, it is run through
MOSTLY = 0.6  # of a rule's length over words


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
    if pixels is None:
        seen = drawn_rules.of_boxes(rules)
    else:
        seen = _off_text(drawn_rules.of_pixels(pixels, dpi, frame), pieces)
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


def _off_text(rules: Rules, pieces: Sequence[Piece]) -> Rules:
    """The rules less the strokes of letters: those across that run through words.

    The serifs of small type stand in rows that look like rules.
    """
    x0, y0, x1, y1 = np.array([piece.box for piece in pieces]).T
    above, below = (share * (y1 - y0) for share in THROUGH)
    kept = []
    for rule in rules.across:
        through = (y0 + above < rule.at) & (rule.at < y1 - below)
        over = np.minimum(x1, rule.end) - np.maximum(x0, rule.start)
        if np.maximum(over[through], 0).sum() < MOSTLY * rule.length:
            kept.append(rule)
    return Rules(tuple(kept), rules.down)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]
