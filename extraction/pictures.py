"""Which pictures of a page that has sound text of its own may hold more text, worth OCR.

A logo is not: small ones are passed over. Neither is a plain background: what shows no sharp edges
beside the page's own words. A photograph is tried; finding no text in it costs the detection only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from extraction.types import Box, Pixels

LEAST_SHARE = 0.025  # of the page's area: 150 x 84 points on A4; logos are smaller
LEAST_SIDE = 24.0  # points: two lines of text
TOUCHING = 1.5  # points between the strips that one scan is cut into
EDGE = 40  # of 255, between neighbouring pixels: ink on paper, not a shade of a background
LEAST_EDGES = 0.001  # of the picture's pixels: about one word in a quarter of a page


def worth_reading(images: Sequence[Box], width: float, height: float) -> tuple[Box, ...]:
    """The pictures large enough to hold text, on a page of that size; boxes in points.

    Pictures that touch or overlap count as one: scans come in strips.
    """
    return tuple(
        box
        for box in _joined(images)
        if min(box[2] - box[0], box[3] - box[1]) >= LEAST_SIDE
        and (box[2] - box[0]) * (box[3] - box[1]) >= LEAST_SHARE * width * height
    )


def _joined(images: Sequence[Box]) -> list[Box]:
    boxes: list[Box] = []
    for box in images:
        while True:
            near = [other for other in boxes if _touch(box, other)]
            if not near:
                break
            boxes = [other for other in boxes if other not in near]
            lefts, tops, rights, bottoms = zip(box, *near, strict=True)
            box = (min(lefts), min(tops), max(rights), max(bottoms))
        boxes.append(box)
    return boxes


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + TOUCHING
        and other[0] <= one[2] + TOUCHING
        and one[1] <= other[3] + TOUCHING
        and other[1] <= one[3] + TOUCHING
    )


def has_detail(pixels: Pixels, dpi: float, picture: Box, words: Iterable[Box]) -> bool:
    """Whether the picture shows sharp edges outside the boxes of the page's own ``words``.

    ``pixels`` is the whole page, H x W x 3; boxes are in points.
    """
    green = pixels[..., 1]  # the brightest part of grey, and no copy
    left, top, right, bottom = bounds_in_pixels(picture, dpi, green.shape)
    part = green[top:bottom, left:right].astype(np.int16)
    if part.shape[0] < 2 or part.shape[1] < 2:
        return False
    sharp = np.abs(np.diff(part, axis=1)) > EDGE
    for word in words:
        x0, y0, x1, y1 = bounds_in_pixels(word, dpi, green.shape)
        sharp[
            max(y0 - top - 2, 0) : max(y1 - top + 2, 0),
            max(x0 - left - 2, 0) : max(x1 - left + 2, 0),
        ] = False
    return bool(sharp.sum() >= LEAST_EDGES * sharp.size)


def bounds_in_pixels(box: Box, dpi: float, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """The pixels that a box in points touches: (left, top, right, bottom), within ``shape``."""
    scale = dpi / 72
    return (
        min(max(int(box[0] * scale), 0), shape[1]),
        min(max(int(box[1] * scale), 0), shape[0]),
        min(max(-int(-box[2] * scale // 1), 0), shape[1]),
        min(max(-int(-box[3] * scale // 1), 0), shape[0]),
    )
