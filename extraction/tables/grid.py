"""Tables drawn as grids: rules that touch, whose missing walls make cells one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from extraction.level import Frame, Piece, Segment
from extraction.tables import rules as drawn_rules
from extraction.tables.bounded import bounded, edged, levels
from extraction.tables.cells import Found, cell_of, table_of
from extraction.tables.rules import NEAR, Rule, Rules
from extraction.types import Box, Cell

SPLIT_GAP = 0.35  # times the text's height: white on a grid line that parts text without a wall
SHORT_OF = 0.2  # of its length: a worn rule may end so far from the rules it meets
LOOSE = 0.4  # of the table's side: longer rules count wherever they end


def grid(rules: Rules, frame: Frame, pieces: Sequence[Piece]) -> Found | None:
    """The table of rules that touch, None where they make none."""
    box = rules.box
    xs = edged(_long(rules.down, box[3] - box[1]), box[0], box[2])
    ys = edged(_long(rules.across, box[2] - box[0]), box[1], box[3])
    if not pieces or len(xs) < 2 or len(ys) < 2 or max(len(xs), len(ys)) < 3:
        return None
    if len(xs) == 2 or (len(ys) <= 3 and _many_levels(ys, pieces)):
        return bounded(rules, pieces)
    if len(ys) == 2:
        return None
    rules = _anchored(rules, xs, ys)
    ys = edged(_long(rules.across, box[2] - box[0]), box[1], box[3])
    xs = edged(_long(rules.down, box[3] - box[1]), box[0], box[2])
    if len(ys) < 3 or len(xs) < 3:
        return None
    drawn = _Grid(rules, xs, ys)
    cells: list[Cell] = []
    segments: list[Segment] = []
    for row, column, rows, columns in drawn.cells():
        bounds = (xs[column], ys[row], xs[column + columns], ys[row + rows])
        here = [piece for piece in pieces if _within(piece, bounds)]
        parts = _split(here, xs[column : column + columns + 1]) if columns > 1 else [here]
        for offset, part in enumerate(parts):
            wide = columns if len(parts) == 1 else 1
            left = column + offset
            edges = (xs[left], ys[row], xs[left + wide], ys[row + rows])
            text = [each for line in levels(part) for each in line] if part else []
            segments += text
            cells.append(cell_of(row, left, text, frame.to_page(edges), rows, wide))
    filled = sum(bool(cell.text) for cell in cells)
    if len(cells) < 4 or filled * 3 < len(cells):
        return None
    table = table_of(cells, len(ys) - 1, len(xs) - 1)
    return Found(table, box, tuple(segments))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Rules and where the grid's lines lie."""

    rules: Rules
    xs: list[float]
    ys: list[float]

    def cells(self) -> list[tuple[int, int, int, int]]:
        """(row, column, row span, column span) of each cell, row by row."""
        rows, columns = len(self.ys) - 1, len(self.xs) - 1
        taken: set[tuple[int, int]] = set()
        cells = []
        for row in range(rows):
            for column in range(columns):
                if (row, column) in taken:
                    continue
                right = column + 1
                while (
                    right < columns
                    and (row, right) not in taken
                    and not self._wall_left(row, right)
                ):
                    right += 1
                below = row + 1
                while below < rows and not any(
                    self._wall_above(below, c) for c in range(column, right)
                ):
                    below += 1
                taken |= {(r, c) for r in range(row, below) for c in range(column, right)}
                cells.append((row, column, below - row, right - column))
        return cells

    def _wall_left(self, row: int, column: int) -> bool:
        share = drawn_rules.covered(
            self.rules.down, self.xs[column], self.ys[row], self.ys[row + 1]
        )
        return share > 0.5

    def _wall_above(self, row: int, column: int) -> bool:
        share = drawn_rules.covered(
            self.rules.across, self.ys[row], self.xs[column], self.xs[column + 1]
        )
        return share > 0.5


def _anchored(rules: Rules, xs: Sequence[float], ys: Sequence[float]) -> Rules:
    """The rules without short ones that end in the open: strokes of letters."""

    def kept(rule: Rule, lines: Sequence[float]) -> bool:
        ends = [min(abs(end - line) for line in lines) for end in (rule.start, rule.end)]
        anchored = max(ends) <= NEAR + 1 or sum(ends) < SHORT_OF * rule.length
        return anchored or rule.length > LOOSE * (lines[-1] - lines[0])

    return Rules(
        tuple(rule for rule in rules.across if kept(rule, xs)),
        tuple(rule for rule in rules.down if kept(rule, ys)),
    )


def _long(rules: Sequence[Rule], side: float) -> list[float]:
    """Grid lines of rules that together reach over an eighth of the table's side."""
    return [
        at
        for at in drawn_rules.positions(rules)
        if sum(rule.length for rule in rules if abs(rule.at - at) <= NEAR) > 0.12 * side
    ]


def _many_levels(ys: Sequence[float], pieces: Sequence[Piece]) -> bool:
    """Whether some strip of the grid holds several lines of text in most columns."""
    for top, bottom in pairwise(ys):
        strip = levels([piece for piece in pieces if top <= piece.middle < bottom])
        if sum(len(level) > 1 for level in strip) > 2:
            return True
    return False


def _within(piece: Piece, box: Box) -> bool:
    x = (piece.box[0] + piece.box[2]) / 2
    return box[0] <= x < box[2] and box[1] <= piece.middle < box[3]


def _split(pieces: Sequence[Piece], xs: Sequence[float]) -> list[list[Piece]]:
    """The words of a cell without walls, by column, if each column holds some of its own.

    Walls are lost where they are drawn over a bar of their own colour.
    """
    parts = [
        [p for p in pieces if left <= (p.box[0] + p.box[2]) / 2 < right]
        for left, right in pairwise(xs)
    ]
    if not all(parts):
        return [list(pieces)]
    white = SPLIT_GAP * max(piece.height for piece in pieces)
    for left, right in pairwise(parts):
        if min(p.box[0] for p in right) - max(p.box[2] for p in left) < white:
            return [list(pieces)]
    return parts
