"""Small squares drawn on a PDF page, and whether something is drawn in them; in a child only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from extraction.types import Box

SMALLEST, LARGEST = 5.0, 20.0  # points, the side of a check box
SQUARE = 0.85  # the shorter side of the longer
PEN = 3.0  # points: a thicker line frames no check box
MAX_SQUARES = 500
MAX_ITEMS = 50_000  # lines, curves and rectangles looked at
EDGE = 0.15  # of the side: what is drawn so near the edge is the frame
DARK = 0.6  # of a fill's brightness: a lighter one is a tint
TOUCHING = 1.5  # points: squares no farther apart are cells of a grid or a comb of letters

Square = tuple[Box, bool]


def squares(paths: Sequence[dict[str, Any]]) -> list[Square]:
    """The stroked squares among the paths of a page, as they lie on it, and whether each is ticked.

    A line or curve whose middle lies within a square ticks it, or a smaller dark rectangle.
    """
    nearby = _Nearby()
    for path, item in islice(_items(paths), MAX_ITEMS):
        box = _rectangle(item)
        if box and "s" in path["type"] and _frames(box, path) and len(nearby.boxes) < MAX_SQUARES:
            nearby.add(box)
    ticked: set[int] = set()
    if nearby.boxes:
        for path, item in islice(_items(paths), MAX_ITEMS):
            x0, y0, x1, y1 = _around(item)
            index = nearby.at((x0 + x1) / 2, (y0 + y1) / 2)
            if index is not None and (_rectangle(item) is None or _fills(path, (x0, y0, x1, y1))):
                ticked.add(index)
    return [(box, i in ticked) for i, box in enumerate(nearby.boxes) if not nearby.touches(box)]


class _Nearby:
    """Squares by place: no look-up goes through all of them."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self._places: dict[tuple[int, int], list[int]] = {}

    def add(self, box: Box) -> None:
        """Keep the square, unless it is the inner or outer edge of one that is kept."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if self.at(x, y) is None:
            self._places.setdefault((int(x // LARGEST), int(y // LARGEST)), []).append(
                len(self.boxes)
            )
            self.boxes.append(box)

    def around(self, x: float, y: float) -> Iterator[int]:
        column, row = int(x // LARGEST), int(y // LARGEST)
        for place in ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            yield from self._places.get(place, ())

    def at(self, x: float, y: float) -> int | None:
        """The square around that point, its edge left out."""
        for index in self.around(x, y):
            x0, y0, x1, y1 = self.boxes[index]
            edge = EDGE * (x1 - x0)
            if x0 + edge < x < x1 - edge and y0 + edge < y < y1 - edge:
                return index
        return None

    def touches(self, box: Box) -> bool:
        """Whether another square stands right beside it."""
        x0, y0, x1, y1 = box
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        beside = ((x0 - LARGEST / 2, y), (x1 + LARGEST / 2, y), (x, y0 - LARGEST / 2))
        near = {i for point in (*beside, (x, y1 + LARGEST / 2)) for i in self.around(*point)}
        return any(
            other != box
            and min(x1, other[2]) - max(x0, other[0]) > -TOUCHING
            and min(y1, other[3]) - max(y0, other[1]) > -TOUCHING
            for other in (self.boxes[i] for i in near)
        )


def _items(paths: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Sequence[Any]]]:
    """Each line, curve and rectangle that is seen, with its path."""
    for path in paths:
        stroked = "s" in path["type"] and path.get("stroke_opacity", 1) != 0
        filled = "f" in path["type"] and path.get("fill_opacity", 1) != 0
        if stroked or filled:
            for item in path["items"]:
                yield path, item


def _rectangle(item: Sequence[Any]) -> Box | None:
    if item[0] not in ("re", "qu"):
        return None
    return _around(item)


def _around(item: Sequence[Any]) -> Box:
    """The box around a line, curve, rectangle or quad."""
    if item[0] == "re":
        x0, y0, x1, y1 = item[1]
        return (x0, y0, x1, y1)
    xs, ys = zip(*(item[1] if item[0] == "qu" else item[1:]), strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


def _frames(box: Box, path: dict[str, Any]) -> bool:
    short, long = sorted((box[2] - box[0], box[3] - box[1]))
    pen = path.get("width") or 0.0
    return short >= SMALLEST and long <= LARGEST and short >= SQUARE * long and pen <= PEN


def _fills(path: dict[str, Any], box: Box) -> bool:
    """Whether the rectangle is dark and small enough to be a mark in a check box."""
    fill = path.get("fill")
    small = max(box[2] - box[0], box[3] - box[1]) < LARGEST * (1 - 2 * EDGE)
    return "f" in path["type"] and fill is not None and small and sum(fill) < DARK * len(fill)
