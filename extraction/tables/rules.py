"""The straight strokes drawn on a page, across and down, from its pixels or from the PDF itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.level import Frame
from extraction.types import Box, Pixels

Mask = npt.NDArray[Any]

SHORTEST = 0.3  # inch, the shortest drawn line that can be a table's
DASHED = 0.5  # inch, the shortest of dashes
THICKEST = 3.0  # points: what is thicker is a bar, and only its edges are rules
NEAR = 4.0  # points; drawn lines closer than this are one
REACH = 6.0  # points by which worn rules that meet may end too early
BREAK = 3.5  # points; dashes and worn spots of a line lie no farther apart
TOUCHING, NEXT = 1.0, 2.6  # points to the next stroke of one rule, in a PDF and in pixels
DARK = 120  # of 255: bars darker than this have edges that count
BAR = 9.0  # points, the least height of such a bar


@dataclass(frozen=True, slots=True)
class Rule:
    """A stroke in the level frame: ``at`` is the y of one across the page, the x of one down it."""

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Rules:
    """The strokes of a page or a part of it, in points of the level frame."""

    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    @property
    def box(self) -> Box:
        xs = [x for rule in self.across for x in (rule.start, rule.end)]
        ys = [y for rule in self.down for y in (rule.start, rule.end)]
        xs += [rule.at for rule in self.down]
        ys += [rule.at for rule in self.across]
        return (min(xs), min(ys), max(xs), max(ys))


def of_boxes(boxes: Iterable[Box]) -> Rules:
    """The rules of a PDF page, given as thin boxes on the page as displayed."""
    across, down = [], []
    for x0, y0, x1, y1 in boxes:
        if x1 - x0 >= y1 - y0:
            across.append(Rule((y0 + y1) / 2, x0, x1))
        else:
            down.append(Rule((x0 + x1) / 2, y0, y1))
    return Rules(_joined(across, TOUCHING), _joined(down, TOUCHING))


def of_pixels(pixels: Pixels, dpi: float, frame: Frame) -> Rules:
    """The rules seen on a rendered page (RGB, as in ``PageImage``), turned level first.

    Opening by a long element leaves the straight strokes of the ink; thin ink is closed along its
    direction before, which joins dashes. The edges of dark bars count as rules too.
    """
    import cv2

    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if abs(frame.skew) > 0.05:
        height, width = gray.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), frame.skew, 1.0)
        gray = cv2.warpAffine(gray, turn, (width, height), borderValue=(255,))
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(gray, 255, mean, inverse, 31, 12)
    bars = _bars(gray, dpi)
    for bar in bars:  # rules on a dark bar are light
        x0, y0, x1, y1 = (round(side * dpi / 72) for side in bar)
        part = 255 - gray[y0:y1, x0:x1]
        ink[y0:y1, x0:x1] = cv2.adaptiveThreshold(part, 255, mean, inverse, 31, 6)
    across = _strokes(ink, dpi) + [Rule(y, x0, x1) for x0, y0, x1, y1 in bars for y in (y0, y1)]
    down = _strokes(cv2.transpose(ink), dpi) + [
        Rule(x, y0, y1) for x0, y0, x1, y1 in bars for x in (x0, x1)
    ]
    return Rules(_joined(across, NEXT), _joined(down, NEXT))


def _strokes(ink: Mask, dpi: float) -> list[Rule]:
    """The thin strokes along the mask's rows, in points."""
    import cv2

    point = dpi / 72
    # A stroke a little askew steps from row to row: closing makes it one again.
    ink = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    tall = np.ones((round(THICKEST * point) + 1, 1), np.uint8)
    thin = cv2.subtract(ink, cv2.morphologyEx(ink, cv2.MORPH_OPEN, tall))
    bridge = np.ones((1, round(BREAK * point)), np.uint8)
    bridged = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, bridge)
    bridged = cv2.dilate(bridged, np.ones((3, 1), np.uint8))  # dashes askew reach their neighbours
    solid = _straight(ink, SHORTEST * dpi, 2 * THICKEST * point, point)
    # Bridging joins the strokes of letters too, but not as long and straight, and rules that
    # others leave apart.
    dashed = _straight(bridged, DASHED * dpi, THICKEST * point, point)
    return solid + [rule for rule in dashed if covered(solid, rule.at, rule.start, rule.end) < 0.5]


def _straight(mask: Mask, shortest: float, thickest: float, point: float) -> list[Rule]:
    """What is left of the mask after opening by a level element ``shortest`` pixels long."""
    import cv2

    kept = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(int(shortest), 15)), np.uint8))
    return [
        Rule((y + (height - 1) / 2) / point, x / point, (x + width) / point)
        for x, y, width, height in _bounds(kept)
        if height <= thickest
    ]


def _bounds(mask: Mask) -> list[Sequence[int]]:
    """Left, top, width and height of each connected part: far quicker than labelling its pixels."""
    import cv2

    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [cv2.boundingRect(outline) for outline in outlines]


def _bars(gray: Mask, dpi: float) -> list[Box]:
    """Filled dark rectangles, as behind a table's headings."""
    import cv2

    scale = 72 / dpi  # worked on at one pixel a point: bars are large
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    dark: Mask = (small < DARK).astype(np.uint8)
    # White letters on the bar leave holes: closed, before what is smaller than a bar is opened.
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    dark = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((7, 15), np.uint8))
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((int(BAR), 3 * int(BAR)), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    return [
        (float(x), float(y), float(x + width), float(y + height))
        for x, y, width, height, area in stats[1:count].tolist()
        if area > 0.9 * width * height and height < 80
    ]


def _joined(rules: Sequence[Rule], gap: float) -> tuple[Rule, ...]:
    """Strokes that continue each other on one level within ``gap`` points become one, in order."""
    lines: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: (rule.start, rule.at)):
        for index, line in enumerate(lines):
            if abs(line.at - rule.at) < NEAR / 2 and rule.start - line.end < gap:
                share = rule.length / max(line.length + rule.length, 0.01)
                at = line.at + (rule.at - line.at) * share
                lines[index] = Rule(at, line.start, max(line.end, rule.end))
                break
        else:
            lines.append(rule)
    return tuple(sorted(lines, key=lambda rule: (rule.at, rule.start)))


def connected(rules: Rules) -> list[Rules]:
    """The rules parted into groups that touch one another."""
    every = [(rule, True) for rule in rules.across] + [(rule, False) for rule in rules.down]
    group = list(range(len(every)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    first_down = len(rules.across)
    for one, across in enumerate(rules.across):
        for other, down in enumerate(rules.down, first_down):
            if (
                across.start - REACH <= down.at <= across.end + REACH
                and down.start - REACH <= across.at <= down.end + REACH
            ):
                group[root(one)] = root(other)
    parts: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for index, (rule, is_across) in enumerate(every):
        parts.setdefault(root(index), ([], []))[0 if is_across else 1].append(rule)
    return [Rules(tuple(across), tuple(down)) for across, down in parts.values()]


def positions(rules: Iterable[Rule]) -> list[float]:
    """Where grid lines lie: the rules' places, near ones taken together."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if groups and rule.at - groups[-1][-1].at < NEAR:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return [
        sum(rule.at * rule.length for rule in group) / max(sum(r.length for r in group), 0.01)
        for group in groups
    ]


def covered(rules: Iterable[Rule], at: float, start: float, end: float) -> float:
    """The share of a grid line's part from ``start`` to ``end`` that is drawn, 0 to 1."""
    spans = sorted(
        (max(rule.start, start), min(rule.end, end)) for rule in rules if abs(rule.at - at) <= NEAR
    )
    total, reached = 0.0, start
    for low, high in spans:
        total += max(0.0, high - max(low, reached))
        reached = max(reached, high)
    return total / max(end - start, 0.01)
