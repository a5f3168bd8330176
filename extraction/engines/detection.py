"""Text detection with a DB model of the PP-OCR family: a page in, the corners of its lines out.

The model gives each pixel the probability of lying in the core of a text line; connected cores are
boxed and grown to the whole line (Liao et al. 2020, "Real-time Scene Text Detection with
Differentiable Binarization").

The page is looked at in tiles whose probabilities are put together before lines are boxed, so that
a line over a seam is one line, found once. The scale follows the content: where the lines come out
thin, the page is looked at again, larger.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.engines.inference import Floats, Network, Outputs
from extraction.types import Pixels

Quad = npt.NDArray[np.float64]  # 4 x 2: the corners of a line, its text running from 0 to 1

LONG_SIDE = 896  # pixels, the longer side of a page as first looked at
LEAST_WIDTH = 448  # pixels, the shorter side is not shrunk below: long receipts
TILE = 1280  # pixels, the longest side of one input
OVERLAP = 128  # pixels shared by neighbouring tiles, half of which each takes over
# Pixels; inputs are padded to these sides, so that few shapes are met: each takes some 7 MB. Small
# pictures come in all sizes; a large page keeps its tiles close, for it is read at its limits.
SIDES = (128, 256, 384, LEAST_WIDTH, 512, 640, *range(768, TILE + 1, 64))

CORE = 0.3  # the probability from which a pixel belongs to a core; these three are the model's own
MIN_SCORE = 0.5  # the least mean probability of a core
GROWTH = 1.6  # a core grows by this times area / perimeter on each side
STANDING = 1.5  # height / width from which a line is taken to stand
ROOM = 0.1  # of the line's height, added before and after it: first letters are often cut
MIN_CORE = 3.0  # pixels, the least thickness of a core that is taken for a line
MOST_CORES = 3000  # on one page, the largest
SPECK = 1.0  # pixels, below this thickness a core tells nothing
THIN = 6.5  # pixels, cores thinner than this want a closer look
WANTED = 10.0  # pixels, the thickness that the closer look aims at
LARGEST = 3.0  # the most a page is enlarged
MAX_AREA = 16e6  # pixels, of a page as looked at


@dataclass(frozen=True, slots=True)
class Core:
    """A text line's core: centre, sizes along and across its upper side, and degrees clockwise."""

    centre: tuple[float, float]
    size: tuple[float, float]
    angle: float


class Detector:
    """Holds the detection model; called from one thread."""

    def __init__(self, model: Path, *, runtime: str, threads: int) -> None:
        self._network = Network(model, runtime=runtime, threads=threads)

    def __call__(self, image: Pixels) -> list[Quad]:
        """The lines of a BGR page, from top to bottom, in its pixels; text runs from 0 to 1.

        Which of the two ways a line runs is not known here: to the right, or down where it stands.
        """
        height, width = image.shape[:2]
        scale = first_scale(width, height)
        cores = self._cores(image, scale)
        closer = closer_scale(cores, width, height, scale)
        if closer > scale:
            cores, scale = self._cores(image, closer), closer
        quads = [grown(core) / scale for core in cores if min(core.size) >= MIN_CORE]
        quads.sort(key=lambda quad: (float(quad[:, 1].mean()), float(quad[:, 0].mean())))
        return [np.clip(quad, 0, (width, height)) for quad in quads]

    def _cores(self, image: Pixels, scale: float) -> list[Core]:
        import cv2

        if scale != 1:
            smooth = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
            image = np.asarray(
                cv2.resize(image, None, fx=scale, fy=scale, interpolation=smooth), np.uint8
            )
        return cores(self._probabilities(image))

    def _probabilities(self, image: Pixels) -> Floats:
        """The model's output for the whole image (height x width), tile by tile."""
        height, width = image.shape[:2]
        whole = np.empty((height, width), np.float32)
        for top, bottom, y0, y1 in spans(height):
            for left, right, x0, x1 in spans(width):
                (tile,) = self._network([prepare(image[top:bottom, left:right])], _first_map)
                whole[y0:y1, x0:x1] = tile[y0 - top : y1 - top, x0 - left : x1 - left]
        return whole


def first_scale(width: int, height: int) -> float:
    """How much to shrink a page of that many pixels before its first look."""
    return min(1.0, max(LONG_SIDE / max(width, height), LEAST_WIDTH / min(width, height)))


def closer_scale(cores: Sequence[Core], width: int, height: int, scale: float) -> float:
    """The scale of a second look, or ``scale`` itself where the lines are thick enough.

    A shrunk page on which nothing was found is looked at in full: its text may be very small.
    """
    most = min(LARGEST, math.sqrt(MAX_AREA / (width * height)))
    if not cores:
        return max(scale, min(1.0, most))
    # The lower quartile: where text is too small, some lines run together into thick cores.
    thickness = sorted(min(core.size) for core in cores)[len(cores) // 4]
    if thickness >= THIN:
        return scale
    return max(scale, min(scale * WANTED / thickness, most))


def spans(length: int) -> list[tuple[int, int, int, int]]:
    """How to cut a side of ``length`` pixels into tiles: start, end, and the part to keep of it."""
    count = max(1, math.ceil((length - OVERLAP) / (TILE - OVERLAP)))
    size = math.ceil((length + OVERLAP * (count - 1)) / count)
    starts = [min(i * (size - OVERLAP), length - size) for i in range(count)]
    seams = [0, *(b + (a + size - b) // 2 for a, b in pairwise(starts)), length]
    return [
        (start, start + size, *seam) for start, seam in zip(starts, pairwise(seams), strict=True)
    ]


def prepare(tile: Pixels) -> Floats:
    """The tile as the model takes it: 1 x 3 x height x width, from -1 to 1, its edges drawn out."""
    import cv2

    below, right = (SIDES[bisect_left(SIDES, side)] - side for side in tile.shape[:2])
    padded = cv2.copyMakeBorder(tile, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return cv2.dnn.blobFromImage(padded, 1 / 127.5, mean=(127.5, 127.5, 127.5))  # type: ignore[return-value]


def cores(probabilities: Floats) -> list[Core]:
    """The cores of the text lines in a map of probabilities."""
    import cv2

    mask = (probabilities > CORE).astype(np.uint8)
    mask = np.asarray(cv2.dilate(mask, np.ones((2, 2), np.uint8)), np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) > MOST_CORES:  # a halftone picture, say
        outlines = sorted(outlines, key=_bounds_area, reverse=True)[:MOST_CORES]
    found = []
    for outline in outlines:
        centre, (w, h), angle = cv2.minAreaRect(outline)
        if abs(angle) > 45:  # OpenCV's first side is any of the four; ours is the upper one
            w, h, angle = h, w, angle - math.copysign(90, angle)
        if min(w, h) < SPECK:
            continue
        x, y, across, down = cv2.boundingRect(outline)
        inside = np.zeros((down, across), np.uint8)
        cv2.fillPoly(inside, [outline - (x, y)], 1)
        if cv2.mean(probabilities[y : y + down, x : x + across], inside)[0] >= MIN_SCORE:
            found.append(Core((centre[0], centre[1]), (w, h), angle))
    return found


def _bounds_area(outline: npt.NDArray[Any]) -> int:
    import cv2

    _, _, width, height = cv2.boundingRect(outline)
    return width * height


def grown(core: Core) -> Quad:
    """The corners of the whole line, from its upper left clockwise; from its upper right where it
    stands, taken to be read downwards."""
    (w, h), turn = core.size, math.radians(core.angle)
    growth = GROWTH * w * h / (w + h)
    width, height = w + growth, h + growth
    stands = height >= STANDING * width
    if stands:
        height += 2 * ROOM * width
    else:
        width += 2 * ROOM * height
    along = np.array([math.cos(turn), math.sin(turn)]) * width / 2
    down = np.array([-math.sin(turn), math.cos(turn)]) * height / 2
    corners = np.array([-along - down, along - down, along + down, down - along]) + core.centre
    return corners[[1, 2, 3, 0]] if stands else corners


def _first_map(outputs: Outputs) -> Floats:
    return outputs[0][0, 0].copy()
