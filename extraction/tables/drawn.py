"""Tables drawn with rules: full grids, and tables that rules only bound or part in places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from extraction.level import Frame, Piece, Row, Segment, segments_of, union
from extraction.tables import rules as drawn_rules
from extraction.tables.aligned import looks_tabular
from extraction.tables.cells import Found, cell_of, table_of
from extraction.tables.columns import (
    TOUCH,
    columns_of,
    crosses,
    fine,
    levels_of,
    place,
    structured,
    text_height,
)
from extraction.tables.rules import NEAR, Rule, Rules
from extraction.types import Box, Cell, Pixels

SAME_ENDS = 10.0  # points by which rules of one table may differ in where they begin and end
SPLIT_GAP = 0.35  # times the text's height: white on a grid line that parts text without a wall
SHORT_OF = 0.2  # of its length: a worn rule may end so far from the rules it meets
CAPTION = 2.5  # times the text's height: a strip so high with text across it parts two tables
LOOSE = 0.4  # of the table's side: longer rules count wherever they end
TABULAR = 0.6  # of the rows between two rules alone: so many hold several parts, or it is no table
BANDS = 5  # rules across: from so many on each strip between two is a row


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
        table = _grid(group, frame, _inside(pieces, group.box))
        if table:
            found.append(table)
        elif not group.down:
            open_rules += group.across
    for stack in _stacks(open_rules):
        for part in _tables_of(stack, pieces):
            table = _open(part, pieces)
            if table and not any(_overlap(table.box, other.box) for other in found):
                found.append(table)
    return found


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def _inside(pieces: Sequence[Piece], box: Box) -> list[Piece]:
    return [
        piece
        for piece in pieces
        if box[0] - NEAR <= (piece.box[0] + piece.box[2]) / 2 < box[2] + NEAR
        and box[1] <= piece.middle < box[3]
    ]


# Grids --------------------------------------------------------------------------------------


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


def _grid(rules: Rules, frame: Frame, pieces: Sequence[Piece]) -> Found | None:
    """The table of rules that touch, None where they make none."""
    box = rules.box
    xs = _edged(_long(rules.down, box[3] - box[1]), box[0], box[2])
    ys = _edged(_long(rules.across, box[2] - box[0]), box[1], box[3])
    if not pieces or len(xs) < 2 or len(ys) < 2 or max(len(xs), len(ys)) < 3:
        return None
    if len(xs) == 2 or (len(ys) <= 3 and _many_levels(ys, pieces)):
        return _open(rules, pieces)
    if len(ys) == 2:
        return None
    rules = _anchored(rules, xs, ys)
    ys = _edged(_long(rules.across, box[2] - box[0]), box[1], box[3])
    xs = _edged(_long(rules.down, box[3] - box[1]), box[0], box[2])
    if len(ys) < 3 or len(xs) < 3:
        return None
    grid = _Grid(rules, xs, ys)
    cells: list[Cell] = []
    segments: list[Segment] = []
    for row, column, rows, columns in grid.cells():
        bounds = (xs[column], ys[row], xs[column + columns], ys[row + rows])
        here = [piece for piece in pieces if _within(piece, bounds)]
        parts = _split(here, xs[column : column + columns + 1]) if columns > 1 else [here]
        for offset, part in enumerate(parts):
            wide = columns if len(parts) == 1 else 1
            left = column + offset
            edges = (xs[left], ys[row], xs[left + wide], ys[row + rows])
            text = [each for line in levels_of(part) for each in line] if part else []
            segments += text
            cells.append(cell_of(row, left, text, frame.to_page(edges), rows, wide))
    filled = sum(bool(cell.text) for cell in cells)
    if len(cells) < 4 or filled * 3 < len(cells):
        return None
    table = table_of(cells, len(ys) - 1, len(xs) - 1)
    return Found(table, box, tuple(segments))


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


def _edged(lines: list[float], low: float, high: float) -> list[float]:
    """The grid lines, with the table's own edges where no rule is drawn along them."""
    before = [low] if not lines or lines[0] - low > 2 * NEAR else []
    after = [high] if not lines or high - lines[-1] > 2 * NEAR else []
    return before + lines + after


def _many_levels(ys: Sequence[float], pieces: Sequence[Piece]) -> bool:
    """Whether some strip of the grid holds several lines of text in most columns."""
    for top, bottom in pairwise(ys):
        levels = levels_of([piece for piece in pieces if top <= piece.middle < bottom])
        if sum(len(level) > 1 for level in levels) > 2:
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


# Rules in places ----------------------------------------------------------------------------


def _stacks(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules across that begin and end alike, from the top, with the short ones between them."""
    stacks: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda rule: (-rule.length, rule.at)):
        for stack in stacks:
            first = stack[0]
            ends = (
                abs(rule.start - first.start) < SAME_ENDS and abs(rule.end - first.end) < SAME_ENDS
            )
            between = (
                min(r.at for r in stack) < rule.at < max(r.at for r in stack)
                and first.start - SAME_ENDS < rule.start
                and rule.end < first.end + SAME_ENDS
            )
            if ends or between:
                stack.append(rule)
                break
        else:
            stacks.append([rule])
    return [sorted(stack, key=lambda rule: rule.at) for stack in stacks if len(stack) > 1]


def _full(rules: Sequence[Rule]) -> list[Rule]:
    """The rules as long as the longest."""
    longest = max(rule.length for rule in rules)
    return [rule for rule in rules if rule.length > longest - 2 * SAME_ENDS]


def _tables_of(stack: Sequence[Rule], pieces: Sequence[Piece]) -> list[Rules]:
    """The stack, parted where the strip between two rules holds text but no row of a table."""
    full = _full(stack)
    box = Rules(tuple(full), ()).box
    rows = levels_of(_inside(pieces, box))
    if not rows:
        return []
    rows = fine(rows)
    height = text_height(rows)
    extents = columns_of(rows, height)
    parts: list[list[Rule]] = [[full[0]]]
    for above, below in pairwise(full):
        strip = [row for row in rows if _between(row, (above.at, below.at))]
        crossing = [crosses(row, extents, TOUCH * height) for row in strip]
        single = all(
            over or len(place(row, extents, TOUCH * height).parts) == 1
            for row, over in zip(strip, crossing, strict=True)
        )
        tall = below.at - above.at > CAPTION * height
        if not strip or (
            single and tall and (any(crossing) or len(extents) < 2 or len(strip) == 1)
        ):
            parts.append([])
        parts[-1].append(below)
    found = []
    for part in parts:
        if len(part) > 1:
            across = [r for r in stack if part[0].at <= r.at <= part[-1].at]
            found.append(Rules(tuple(across), ()))
    return found


def _open(rules: Rules, pieces: Sequence[Piece]) -> Found | None:
    """A table whose rules leave columns or rows to be told from the words."""
    box = rules.box
    inside = _inside(pieces, box)
    if not inside:
        return None
    xs = drawn_rules.positions(r for r in rules.down if r.length > 0.5 * (box[3] - box[1]))
    full = drawn_rules.positions(_full(rules.across)) if rules.across else []
    rows = _cut(levels_of(inside), xs) if xs else fine(levels_of(inside))
    height = text_height(rows)
    if len(xs) > 2 or (xs and not (xs[0] - box[0] < NEAR and box[2] - xs[-1] < NEAR)):
        edges = _edged(xs, box[0], box[2])
        extents = [(left + 1, right - 1) for left, right in pairwise(edges)]
    else:
        extents = columns_of(rows, height)
    bounded = not rules.down and len(full) < 3  # by two rules alone: perhaps a page's head and foot
    if len(extents) < 2 or len(rows) < 2 or not looks_tabular(rows, extents, drawn=not bounded):
        return None
    if bounded and sum(len(row) > 1 for row in levels_of(inside)) < TABULAR * len(rows):
        return None
    strips = list(pairwise(_edged(full, box[1], box[3])))
    bands = None
    if len(full) >= BANDS:
        placed = [[i for i, row in enumerate(rows) if _between(row, strip)] for strip in strips]
        bands = [band for band in placed if band]
    short = [rule for rule in rules.across if rule not in _full(rules.across)]
    cells, lines = structured(rows, extents, bands, short)
    headings = sum((top + bottom) / 2 < strips[0][1] for top, bottom in lines)
    if len(strips) < 2 or headings > 2:
        headings = 0
    taken = tuple(segment for row in rows for segment in row)
    return Found(
        table_of(cells, len(lines), len(extents), ruled_off=headings),
        union([box, *(segment.box for segment in taken)]),
        taken,
    )


def _between(row: Row, strip: tuple[float, float]) -> bool:
    return strip[0] <= row[0].pieces[0].middle < strip[1]


def _cut(rows: Sequence[Row], xs: Sequence[float]) -> list[Row]:
    """The rows cut at the rules down the table as well as at their wide gaps."""
    cut: list[Row] = []
    for row in rows:
        groups: dict[int, list[Piece]] = {}
        for segment in row:
            for piece in segment.pieces:
                x = (piece.box[0] + piece.box[2]) / 2
                groups.setdefault(sum(edge <= x for edge in xs), []).append(piece)
        cut.append([part for _, group in sorted(groups.items()) for part in segments_of(group)])
    return cut
