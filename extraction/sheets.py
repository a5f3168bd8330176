"""Several sheets of paper on one scan, such as two receipts: each is read whole, by itself.

Where white runs through all of a page's text, what lies on its two sides may be two sheets. They
lie at different angles, or their lines stand on levels of their own, which columns of one page,
labels with values and rows of tables do not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from extraction.level import direction
from extraction.types import Block, Box, Line, PageImage, PageText

WHITE = 2.0  # times the text's height: the least white between sheets
LEANS = range(-4, 5)  # degrees: how the white may lean
STRIPS = 4  # of white that are looked at, the widest
LINES = 5  # on each sheet, at least
TURNED = 1.2  # degrees between sheets that lie differently; short lines tell no less
SHARED = 0.6  # share of levels common to both sides from which on they are rows of one page
NEAR = 0.15  # times the text's height: levels no farther apart are common
ROWS = 4  # common levels in succession are a table's, whatever stands above and below
APART = 3.0  # times the text's height: the most between two of its rows
DEPTH = 2  # cuts one within the other: four sheets, or more in a row
INK = 48  # of 255: how far ink is from the ground


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part of a scan with its own pixels and text, as if it were a page; its place in points."""

    page: PageImage
    text: PageText
    left: float = 0.0
    top: float = 0.0

    def placed_line(self, line: Line) -> Line:
        """A line of the sheet, on the page."""
        if not (self.left or self.top):
            return line
        words = tuple(replace(word, box=self._placed(word.box)) for word in line.words)
        return replace(line, box=self._placed(line.box), words=words)

    def placed_block(self, block: Block) -> Block:
        """A block of the sheet, on the page."""
        if not (self.left or self.top):
            return block
        table = block.table
        if table:
            cells = [replace(c, box=self._placed(c.box) if c.box else None) for c in table.cells]
            table = replace(table, cells=tuple(cells))
        return replace(block, box=self._placed(block.box) if block.box else None, table=table)

    def _placed(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        moved = (x0 + self.left, y0 + self.top, x1 + self.left, y1 + self.top)
        return (round(moved[0], 2), round(moved[1], 2), round(moved[2], 2), round(moved[3], 2))


def parted(page: PageImage, text: PageText) -> list[Sheet]:
    """The sheets on a scanned page: left before right, upper before lower; mostly there is one."""
    return _parted(Sheet(page, text), DEPTH)


def _parted(sheet: Sheet, depth: int) -> list[Sheet]:
    lines = sheet.text.lines
    if depth == 0 or len(lines) < 2 * LINES or sheet.page.pixels is None:
        return [sheet]
    if not all(map(_measured, lines)):
        return [sheet]
    for across in (True, False):
        for one, other, middle in _whites(lines, across=across):
            differ = _turned(one, other) or (across and _own_levels(one, other, middle))
            if differ and not _crossed(sheet.page, middle, across=across):
                halves = _halves(sheet, (one, other), middle, across=across)
                return [part for half in halves for part in _parted(half, depth - 1)]
    return [sheet]


@dataclass(frozen=True, slots=True)
class _Middle:
    """The middle of a strip of white: x at the page's top (or y at its left), and its lean."""

    at: float
    lean: float  # points a point
    width: float

    def where(self, along: float) -> float:
        return self.at + self.lean * along


def _measured(line: Line) -> bool:
    """Whether it was read from pixels."""
    return bool(line.words) and line.words[0].confidence is not None


def _height(lines: Sequence[Line]) -> float:
    """The height of the text; of lines that stand, the width."""
    return median(min(line.box[2] - line.box[0], line.box[3] - line.box[1]) for line in lines)


_Cut = tuple[list[Line], list[Line], _Middle]


def _whites(lines: Sequence[Line], *, across: bool) -> list[_Cut]:
    """The widest strips of white through all lines, from top to bottom or from side to side."""
    i, j = (0, 1) if across else (1, 0)
    least = WHITE * _height(lines)
    best: dict[int, _Cut] = {}  # by the number of lines before the strip
    for degrees in LEANS:
        lean = math.tan(math.radians(degrees))
        starts = [line.box[i] - lean * (line.box[j] + line.box[j + 2]) / 2 for line in lines]
        order = sorted(range(len(lines)), key=starts.__getitem__)
        reach = -math.inf
        for count, index in enumerate(order):
            line, width = lines[index], starts[index] - reach
            known = best[count][2].width if count in best else least
            if LINES <= count <= len(lines) - LINES and width > known:
                sides = ([lines[n] for n in order[:count]], [lines[n] for n in order[count:]])
                best[count] = (*sides, _Middle(reach + width / 2, lean, width))
            reach = max(reach, starts[index] + line.box[i + 2] - line.box[i])
    return sorted(best.values(), key=lambda cut: -cut[2].width)[:STRIPS]


def _angle(lines: Sequence[Line]) -> float:
    """The direction of the lines in degrees, by their first and last words."""
    sides = []
    for line in lines:
        first, last = line.words[0].box, line.words[-1].box
        if len(line.words) > 1:
            side = ((last[0] + last[2]) - (first[0] + first[2])) / 2
            sides.append((side, ((last[1] + last[3]) - (first[1] + first[3])) / 2))
    return direction(sides)


def _turned(one: Sequence[Line], other: Sequence[Line]) -> bool:
    apart = _angle(one) - _angle(other)
    return abs((apart + 180) % 360 - 180) >= TURNED


def _own_levels(one: Sequence[Line], other: Sequence[Line], middle: _Middle) -> bool:
    """Whether the lines on the two sides, drawn out to the white, mostly miss each other."""
    height = min(_height(one), _height(other))
    left, right = (_levels(side, middle, height) for side in (one, other))
    top, bottom = max(left[0], right[0]) - height, min(left[-1], right[-1]) + height
    left, right = ([y for y in side if top <= y <= bottom] for side in (left, right))
    if min(len(left), len(right)) < LINES:
        return False
    fewer, more = sorted((left, right), key=len)
    near = NEAR * height
    shared = [bisect_right(more, y + near) > bisect_left(more, y - near) for y in fewer]
    return sum(shared) < SHARED * len(fewer) and _longest_run(shared, fewer, height) < ROWS


def _longest_run(shared: Sequence[bool], levels: Sequence[float], height: float) -> int:
    """How many levels in succession, none far from the next, are common: rows of a table."""
    longest = run = 0
    above = -math.inf
    for common, y in zip(shared, levels, strict=True):
        run = (run if y - above < APART * height else 0) + 1 if common else 0
        longest, above = max(longest, run), y
    return longest


def _levels(lines: Sequence[Line], middle: _Middle, height: float) -> list[float]:
    """Where the lines, drawn out, meet the white; each level once, from the top."""
    slope = math.tan(math.radians(_angle(lines)))
    found = []
    for line in lines:
        x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
        found.append(y + slope * (middle.where(y) - x))
    found.sort()
    return [y for above, y in pairwise([-math.inf, *found]) if y - above > height / 2]


def _crossed(page: PageImage, middle: _Middle, *, across: bool) -> bool:
    """Whether something drawn, a rule or a picture, reaches over the middle half of the white."""
    assert page.pixels is not None
    pixels = page.pixels if across else page.pixels.transpose(1, 0, 2)
    point = page.dpi / 72
    count = max(2, round(middle.width / 2))  # samples a point apart
    along = np.arange(0, pixels.shape[0], max(1, round(point / 2)))
    centre = middle.at * point + middle.lean * along
    ink = np.ones(len(along), bool)
    ground: list[np.ndarray] = []
    for offset in np.linspace(-middle.width / 4, middle.width / 4, count):
        columns = np.clip(np.round(centre + offset * point), 0, pixels.shape[1] - 1).astype(int)
        ground.append(pixels[along, columns].astype(np.int16))
    paper = np.median(np.concatenate(ground), axis=0)
    for values in ground:
        ink &= np.abs(values - paper).max(axis=1) > INK
    return bool(ink.any())


def _halves(
    sheet: Sheet, parts: tuple[list[Line], list[Line]], middle: _Middle, *, across: bool
) -> list[Sheet]:
    """The two sheets, cut out of the page beyond the white."""
    page = sheet.page
    long, wide = (page.height, page.width) if across else (page.width, page.height)
    ends = (middle.where(0), middle.where(long))
    return [
        _cut_out(sheet, lines, start, end, across=across)
        for lines, (start, end) in zip(
            parts, ((0.0, min(max(ends), wide)), (max(min(ends), 0.0), wide)), strict=True
        )
    ]


def _cut_out(
    sheet: Sheet, lines: Sequence[Line], start: float, end: float, *, across: bool
) -> Sheet:
    page, point = sheet.page, sheet.page.dpi / 72
    assert page.pixels is not None
    first, last = int(start * point), math.ceil(end * point)
    pixels = page.pixels[:, first:last] if across else page.pixels[first:last]
    left, top = (first / point, 0.0) if across else (0.0, first / point)
    smaller = replace(
        page,
        width=pixels.shape[1] / point,
        height=pixels.shape[0] / point,
        pixels=pixels,
        rules=_clipped(page.rules, left, top, pixels.shape[1] / point, pixels.shape[0] / point),
        squares=(),
        images=_clipped(page.images, left, top, pixels.shape[1] / point, pixels.shape[0] / point),
    )
    back = Sheet(page, sheet.text, -left, -top)
    ours = tuple(back.placed_line(line) for line in lines)
    text = replace(sheet.text, lines=ours, skew=_angle(ours))
    return Sheet(smaller, text, sheet.left + left, sheet.top + top)


def _clipped(
    boxes: Sequence[Box], left: float, top: float, width: float, height: float
) -> tuple[Box, ...]:
    """The parts of the boxes within the sheet, on the sheet."""
    moved = (
        (max(x0 - left, 0.0), max(y0 - top, 0.0), min(x1 - left, width), min(y1 - top, height))
        for x0, y0, x1, y1 in boxes
    )
    return tuple(box for box in moved if box[0] < box[2] and box[1] < box[3])
