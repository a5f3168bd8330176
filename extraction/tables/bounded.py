"""Tables that rules bound or part in places, their columns or rows told from the words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from extraction.level import Piece, Row, rows_of, segments_of, union
from extraction.tables import rules as drawn_rules
from extraction.tables.aligned import looks_tabular
from extraction.tables.cells import Found, table_of
from extraction.tables.columns import columns_of, fine
from extraction.tables.placed import TOUCH, Extent, crosses, place, text_height
from extraction.tables.rules import NEAR, Rule, Rules
from extraction.tables.structure import structured
from extraction.types import Box

SAME_ENDS = 10.0  # points by which rules of one table may differ in where they begin and end
CAPTION = 2.5  # times the text's height: a strip so high with text across it parts two tables
TABULAR = 0.6  # of the rows between two rules alone: so many hold several parts, or it is no table
# A line of running text: words, the share of the rules' length, the widest gap by its height.
PROSE_WORDS, PROSE_WIDE, PROSE_GAP = 8, 0.7, 0.7
OVER, NEXT = 2, 0.7  # rows above the first rule that may be the table's, how near by its pitch
BANDS = 5  # rules across: from so many on each strip between two is a row


def bounded(rules: Rules, pieces: Sequence[Piece]) -> Found | None:
    """A table whose rules leave columns or rows to be told from the words."""
    box = rules.box
    held = inside(pieces, box)
    if not held:
        return None
    xs = drawn_rules.positions(r for r in rules.down if r.length > 0.5 * (box[3] - box[1]))
    full = drawn_rules.positions(_full(rules.across)) if rules.across else []
    rows = _cut(levels(held), xs) if xs else fine(levels(held))
    height = text_height(rows)
    if len(xs) > 2 or (xs and not (xs[0] - box[0] < NEAR and box[2] - xs[-1] < NEAR)):
        edges = edged(xs, box[0], box[2])
        extents = [(left + 1, right - 1) for left, right in pairwise(edges)]
    else:
        extents = columns_of(rows, height)
    two_rules = (
        not rules.down and len(full) < 3
    )  # by two rules alone: perhaps a page's head and foot
    if len(extents) < 2 or len(rows) < 2 or not looks_tabular(rows, extents, drawn=not two_rules):
        return None
    if two_rules and sum(len(row) > 1 for row in levels(held)) < TABULAR * len(rows):
        return None
    strips = list(pairwise(edged(full, box[1], box[3])))
    over = _over(full, box, pieces, extents) if not rules.down and len(full) >= BANDS else []
    if over:
        rows = fine(levels([*(p for row in over for s in row for p in s.pieces), *held]))
        strips = [(min(s.box[1] for s in row), max(s.box[3] for s in row)) for row in over] + strips
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


def _over(
    full: Sequence[float], box: Box, pieces: Sequence[Piece], extents: Sequence[Extent]
) -> list[Row]:
    """The rows right above a table with a rule below each of its rows: as near, in its columns.

    Its headings may stand on a dark ground whose lower edge is no rule.
    """
    pitch = median(below - above for above, below in pairwise(full))
    found: list[Row] = []
    edge = box[1]
    for row in reversed(levels(inside(pieces, (box[0], box[1] - OVER * pitch, box[2], box[1])))):
        parts = fine([row])[0]
        touch = TOUCH * text_height([parts])
        filled = {column for part in place(parts, extents, touch).parts for column in part}
        near = edge - max(segment.box[3] for segment in row) < NEXT * pitch
        if not near or crosses(parts, extents, touch) or len(filled) < len(extents):
            break
        found.insert(0, parts)
        edge = min(segment.box[1] for segment in row)
    return found[-OVER:]


def stacks(rules: Sequence[Rule]) -> list[list[Rule]]:
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


def tables_of(stack: Sequence[Rule], pieces: Sequence[Piece]) -> list[Rules]:
    """The stack, parted where the strip between two rules holds text but no row of a table."""
    full = _full(stack)
    box = Rules(tuple(full), ()).box
    rows = levels(inside(pieces, box))
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
            len(row) == 1 or len(place(row, extents, TOUCH * height).parts) == 1 for row in strip
        )
        tall = below.at - above.at > CAPTION * height
        if (
            not strip
            or any(_is_prose(row, full[0].length) for row in strip)
            or (single and tall and (any(crossing) or len(extents) < 2 or len(strip) == 1))
        ):
            parts.append([])
        parts[-1].append(below)
    found = []
    for part in parts:
        if len(part) > 1 and not (len(part) == 2 and _below_headings(part, pieces)):
            across = [r for r in stack if part[0].at <= r.at <= part[-1].at]
            found.append(Rules(tuple(across), ()))
    return found


def _is_prose(row: Row, length: float) -> bool:
    """Whether the row is a line of running text over most of the rules' length."""
    pieces = sorted((p for segment in row for p in segment.pieces), key=lambda p: p.box[0])
    height = median(piece.height for piece in pieces)
    white = max((b.box[0] - a.box[2] for a, b in pairwise(pieces)), default=0.0)
    wide = pieces[-1].box[2] - pieces[0].box[0] > PROSE_WIDE * length
    return wide and len(pieces) >= PROSE_WORDS and white < PROSE_GAP * height


def _below_headings(pair: Sequence[Rule], pieces: Sequence[Piece]) -> bool:
    """Whether two rules are each below the headings of another table."""
    left, right = pair[0].start, pair[0].end
    height = median(piece.height for piece in pieces)
    above = (left, pair[0].at - CAPTION * height, right, pair[0].at)
    below = (left, pair[1].at, right, pair[1].at + CAPTION * height)
    return all(
        any(len(row) > 1 for row in levels(inside(pieces, strip))) for strip in (above, below)
    )


def _full(rules: Sequence[Rule]) -> list[Rule]:
    """The rules as long as the longest."""
    longest = max(rule.length for rule in rules)
    return [rule for rule in rules if rule.length > longest - 2 * SAME_ENDS]


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


def _between(row: Row, strip: tuple[float, float]) -> bool:
    return strip[0] <= row[0].pieces[0].middle < strip[1]


def edged(lines: list[float], low: float, high: float) -> list[float]:
    """The grid lines, with the table's own edges where no rule is drawn along them."""
    before = [low] if not lines or lines[0] - low > 2 * NEAR else []
    after = [high] if not lines or high - lines[-1] > 2 * NEAR else []
    return before + lines + after


def inside(pieces: Sequence[Piece], box: Box) -> list[Piece]:
    return [
        piece
        for piece in pieces
        if box[0] - NEAR <= (piece.box[0] + piece.box[2]) / 2 < box[2] + NEAR
        and box[1] <= piece.middle < box[3]
    ]


def levels(pieces: Sequence[Piece]) -> list[Row]:
    """The pieces as rows of segments, from the top."""
    return rows_of([piece] for piece in pieces)
