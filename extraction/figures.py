"""Figures: parts of a page with ink and hardly any text: drawings, charts, photographs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.level import union
from extraction.types import Box, Line, PageImage

Mask = npt.NDArray[Any]

COARSE = 72.0  # dpi at which figures are looked for, less on a page of more than MOST pixels so
MOST = 4e6
INK = 32  # of 255: how far a pixel is from the paper's colour, at least, in one channel
SMALLEST = 40.0  # points: the shorter side
LARGEST = 0.85  # of the page: a scan's own picture is no figure
REACH = 7.0  # points: parts of one figure lie no farther apart
TEXT = 0.12  # share of the box under text from which on it is a frame around text
RULE, THICK = 40.0, 4  # points a rule is long at least; coarse pixels from which on it is a bar
FLAT = 0.92  # share of one colour from which on it is a tinted ground


def find(page: PageImage, lines: Sequence[Line]) -> list[Box]:
    """The boxes of figures in points, from the top.

    Pictures of a PDF are as the decoder tells them; where the page was rendered, ink that is
    neither text (``lines``) nor a thin rule is joined to regions.
    """
    area = page.width * page.height
    boxes = [
        box
        for box in page.images
        if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST and _area(box) < LARGEST * area
    ]
    if page.pixels is not None:
        boxes += _drawn(page, lines)
    words = [word.box for line in lines for word in line.words or (line,)]
    merged = _merged(boxes)
    kept = [box for box in merged if _covered(box, words) < TEXT and _area(box) < LARGEST * area]
    return sorted(kept, key=lambda box: (box[1], box[0]))


def _drawn(page: PageImage, lines: Sequence[Line]) -> list[Box]:
    import cv2

    assert page.pixels is not None
    area = page.width * page.height / 72**2
    dpi = min(COARSE, page.dpi, math.sqrt(MOST / area))
    height, width = round(page.height * dpi / 72), round(page.width * dpi / 72)
    small = cv2.resize(page.pixels, (width, height), interpolation=cv2.INTER_AREA)
    paper = np.median(small[::4, ::4].reshape(-1, 3), axis=0)
    apart = cv2.split(cv2.absdiff(small, np.full_like(small, paper)))
    ink: Mask = (cv2.max(cv2.max(apart[0], apart[1]), apart[2]) > INK).astype(np.uint8)
    edge = max(2, width // 100)  # a scan's border
    ink[:edge], ink[-edge:], ink[:, :edge], ink[:, -edge:] = 0, 0, 0, 0
    for word in (word for line in lines for word in line.words or (line,)):
        x0, y0, x1, y1 = (round(v * dpi / 72) for v in word.box)
        ink[max(y0 - 2, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 4] = 0
    ink = _without_rules(ink, dpi)
    reach = max(1, round(REACH * dpi / 72))
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[label])
        if min(w, h) < SMALLEST * dpi / 72:
            continue
        part = np.s_[y : y + h, x : x + w]
        share = float(ink[part][labels[part] == label].sum()) / (w * h)
        if share < 0.004 or _flat(small[part]):
            continue
        scale = 72 / dpi
        found.append((x * scale, y * scale, (x + w) * scale, (y + h) * scale))
    return found


def _without_rules(ink: Mask, dpi: float) -> Mask:
    """The ink less what is long and thin, across or down: rules of tables, underlines, frames."""
    import cv2

    long = max(1, round(RULE * dpi / 72))
    for shape, thick in (((1, long), (THICK, 1)), ((long, 1), (1, THICK))):
        stroke = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        bar = cv2.morphologyEx(stroke, cv2.MORPH_OPEN, np.ones(thick, np.uint8))
        ink = cv2.subtract(ink, cv2.subtract(stroke, bar))
    return ink


def _flat(pixels: Mask) -> bool:
    """Whether the region is all of one colour that is not white paper: a tinted ground."""
    gray = pixels.mean(axis=2)
    middle = float(np.median(gray))
    return middle < 250 and float((np.abs(gray - middle) < 6).mean()) > FLAT


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that overlap, or nearly, as one."""
    left = list(boxes)
    merged: list[Box] = []
    while left:
        box = left.pop()
        near = [other for other in left if overlap(box, other, REACH)]
        if near:
            left = [other for other in left if other not in near]
            left.append(union([box, *near]))
        else:
            merged.append(box)
    return merged


def overlap(one: Box, other: Box, reach: float = 0.0) -> bool:
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > -reach
        and min(one[3], other[3]) - max(one[1], other[1]) > -reach
    )


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _covered(box: Box, words: Sequence[Box]) -> float:
    """The share of the box that words lie over."""
    total = 0.0
    for word in words:
        across = min(box[2], word[2]) - max(box[0], word[0])
        down = min(box[3], word[3]) - max(box[1], word[1])
        if across > 0 and down > 0:
            total += across * down
    return total / _area(box) if _area(box) else 1.0
