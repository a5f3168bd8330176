"""What is drawn on a PDF page beside its text: pictures and rules; runs in a child process only.

Boxes are in points on the page as displayed, cut off at its edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.pdf_squares import Square, squares
from extraction.types import Box

MAX_PATHS = 5_000  # painted paths; a page with more is a map or a drawing, and its rules no table's
MAX_RULES = 5_000
MAX_IMAGES = 500
MAX_TEXTS = 5_000
THICKEST = 3.0  # points: what is thicker is a bar, not a rule
SHORTEST = 4.0  # points: what is shorter is a dot or a dash
SLOPE = 0.01  # rise over run of a line still taken for level

_PATHS = frozenset({"fill-path", "stroke-path", "fill-shade"})
_IMAGES = frozenset({"fill-image", "fill-imgmask"})
_TEXTS = frozenset({"fill-text", "stroke-text"})


@dataclass(frozen=True, slots=True)
class Drawings:
    """``paths`` counts the painted paths, of which ``rules`` holds the thin straight lines across
    or down the page; ``images`` are the boxes of its pictures. ``text_covered`` is the part of the
    text, 0 to 1, over which an opaque picture was painted afterwards. ``squares`` are small ones
    that may be check boxes, and whether something is drawn in them."""

    paths: int
    rules: tuple[Box, ...]
    images: tuple[Box, ...]
    text_covered: float = 0.0
    squares: tuple[Square, ...] = ()


def drawings(page: Any) -> Drawings:
    """What is drawn on a MuPDF page. Costs half a millisecond, more where there are paths."""
    placed = Placing(page)
    paths = 0
    images: list[Box] = []
    texts: list[tuple[Box, int]] = []  # with the number of pictures painted before
    for kind, box in page.get_bboxlog():
        if kind in _PATHS:
            paths += 1
        elif kind in _TEXTS and len(texts) < MAX_TEXTS and (here := placed(box)):
            texts.append((here, len(images)))
        elif kind in _IMAGES and len(images) < MAX_IMAGES and (here := placed(box)):
            images.append(here)
    found: list[Box] = []
    boxes: list[Square] = []
    if 0 < paths <= MAX_PATHS:
        drawn = page.get_cdrawings()
        boxes = [(here, ticked) for box, ticked in squares(drawn) if (here := placed(box))]
        for rule in _rules(drawn):
            if here := placed(rule):
                found.append(here)
            if len(found) >= MAX_RULES:
                break
    covered = 0.0
    if images and all(image[1] == 0 for image in page.get_images()):  # none with a mask
        covered = _covered(texts, images)
    return Drawings(paths, tuple(found), tuple(images), covered, tuple(boxes))


def _covered(texts: Sequence[tuple[Box, int]], images: Sequence[Box]) -> float:
    """The part of the text's area that lies within a picture painted later."""
    whole = under = 0.0
    for box, before in texts:
        area = (box[2] - box[0]) * (box[3] - box[1])
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        whole += area
        if any(b[0] <= x <= b[2] and b[1] <= y <= b[3] for b in images[before:]):
            under += area
    return under / whole if whole else 0.0


class Placing:
    """Turns a box of the page as it lies into one of the page as displayed, None if outside."""

    def __init__(self, page: Any) -> None:
        self._turn = tuple(page.rotation_matrix)
        self._turned = page.rotation != 0
        self._width, self._height = page.rect.width, page.rect.height

    def __call__(self, box: Iterable[float]) -> Box | None:
        x0, y0, x1, y1 = box
        if self._turned:
            a, b, c, d, e, f = self._turn
            x0, x1, y0, y1 = (
                *sorted((a * x0 + c * y0 + e, a * x1 + c * y1 + e)),
                *sorted((b * x0 + d * y0 + f, b * x1 + d * y1 + f)),
            )
        if x1 <= 0 or y1 <= 0 or x0 >= self._width or y0 >= self._height:
            return None
        return (
            round(x0, 2) if x0 > 0 else 0.0,
            round(y0, 2) if y0 > 0 else 0.0,
            round(x1 if x1 < self._width else self._width, 2),
            round(y1 if y1 < self._height else self._height, 2),
        )


def _rules(paths: Iterable[dict[str, Any]]) -> Iterator[Box]:
    """The rules among the paths, as they lie on the page.

    A stroked line level or upright within ``SLOPE``; a rectangle thin enough to be one; else the
    sides of a rectangle that is stroked. Dashed lines count, transparent ones do not.
    """
    for path in paths:
        stroked = "s" in path["type"] and path.get("stroke_opacity", 1) != 0
        filled = "f" in path["type"] and path.get("fill_opacity", 1) != 0
        pen = (path.get("width") or 0.0) if stroked else 0.0
        if pen > THICKEST or not (stroked or filled):
            continue
        for item in path["items"]:
            if item[0] == "l" and stroked:
                yield from _along(_around(item[1], item[2]), pen)
            elif item[0] == "re" or (item[0] == "qu" and _is_level(item[1])):
                box = item[1] if item[0] == "re" else _around(*item[1])
                yield from _of_rectangle(box, pen, stroked)


def _of_rectangle(box: Box, pen: float, stroked: bool) -> Iterator[Box]:
    x0, y0, x1, y1 = box
    short, long = sorted((x1 - x0, y1 - y0))
    if short + pen <= THICKEST:
        if long >= max(SHORTEST, 2 * (short + pen)):
            across = x1 - x0 >= y1 - y0
            x, y = (0.0, pen / 2) if across else (pen / 2, 0.0)
            yield (x0 - x, y0 - y, x1 + x, y1 + y)
    elif stroked:
        for side in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
            yield from _along(side, pen)


def _along(box: Box, pen: float) -> Iterator[Box]:
    """The rule drawn by a pen of that width along a line with that box, if it is one."""
    x0, y0, x1, y1 = box
    short, long = sorted((x1 - x0, y1 - y0))
    if long >= SHORTEST and short <= SLOPE * long:
        x, y = (0.0, pen / 2) if x1 - x0 >= y1 - y0 else (pen / 2, 0.0)
        yield (x0 - x, y0 - y, x1 + x, y1 + y)


def _around(*points: tuple[float, float]) -> Box:
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


def _is_level(quad: Any) -> bool:
    """Whether the quad's upper side (its first two corners) runs across or down the page."""
    (x0, y0), (x1, y1) = quad[0], quad[1]
    turn = math.degrees(math.atan2(y1 - y0, x1 - x0)) % 90
    return min(turn, 90 - turn) < 1
