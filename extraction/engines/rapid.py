"""The CPU engine: PP-OCRv6 small models from the rapidocr wheel.

``detection`` finds a page's lines, ``recognition`` reads them; of rapidocr only the models are
used. Nothing is ever downloaded: the model files are named by their path in the wheel.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib import import_module, metadata
from itertools import chain, pairwise
from pathlib import Path
from statistics import fmean, median

import numpy as np
import numpy.typing as npt

from extraction.engines import UNWATCHED, Wants, Watch, eight_bits
from extraction.engines.detection import Detector, Quad
from extraction.engines.inference import runtime
from extraction.engines.recognition import Recognizer, certainty, crop
from extraction.engines.words import Glyph
from extraction.errors import EngineFailed, EngineUnavailable
from extraction.level import confidence, direction
from extraction.types import Box, Line, PageImage, PageText, Pixels, Word

DETECTION_MODEL = "PP-OCRv6_det_small.onnx"
RECOGNITION_MODEL = "PP-OCRv6_rec_small.onnx"

MIN_LINE_SCORE = 0.5  # rapidocr's own: below it the "line" is mostly texture
JUDGED_LINES = 8  # the widest lines tell whether a page is upside down
SURE = 0.9  # the certainty of three quarters of them from which it is upright without a look
LEGIBLE = 0.75  # the mean certainty that they must have when turned


def revision() -> str:
    """The exact models and software, without loading them."""
    name = runtime()
    parts = [
        "PP-OCRv6-small",
        f"rapidocr-{metadata.version('rapidocr')}",
        f"{name}-{metadata.version(name)}",
    ]
    if name == "openvino" and eight_bits.worthwhile():
        parts.append("int8")
    return "/".join(parts)


class Rapid:
    """Reads rendered pages. One per process, called from one thread."""

    name = "rapidocr"
    wants: Wants = "pixels"
    at_once = 1

    def __init__(self, threads: int = 0) -> None:
        """Load the models; ``threads`` is 0 for all cores. Raises ``EngineUnavailable``."""
        threads = threads or os.cpu_count() or 1
        try:
            self.revision = revision()
            models = Path(str(import_module("rapidocr").__file__)).parent / "models"
            self._detect = Detector(models / DETECTION_MODEL, runtime=runtime(), threads=threads)
            self._recognize = Recognizer(
                models / RECOGNITION_MODEL, runtime=runtime(), threads=threads
            )
        except Exception as error:
            raise EngineUnavailable(f"the OCR models cannot be loaded: {error}") from error

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages; raises ``EngineFailed`` for one without pixels."""
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> PageText:
        import cv2

        if page.pixels is None:
            raise EngineFailed(f"page {page.number} came without pixels")
        image = np.asarray(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2BGR), np.uint8)  # as in training
        quads = self._detect(image)
        found = self._recognize(image, quads)
        for stands in (False, True):
            alike = [i for i, quad in enumerate(quads) if _stands(quad) == stands]
            if self._upside_down(image, [quads[i] for i in alike], [found[i] for i in alike]):
                turned = [quads[i][[2, 3, 0, 1]] for i in alike]
                for i, quad, words in zip(
                    alike, turned, self._recognize(image, turned), strict=True
                ):
                    quads[i], found[i] = quad, words
        lines, kept = [], []
        for quad, words in zip(quads, found, strict=True):
            line = place_line(quad * (72 / page.dpi), words, page.width, page.height)
            if line is not None:
                lines.append(line)
                kept.append(quad)
        return PageText(tuple(lines), self.name, self.revision, skew=text_angle(kept))

    def _upside_down(
        self, image: Pixels, quads: Sequence[Quad], found: Sequence[Sequence[Sequence[Glyph]]]
    ) -> bool:
        """Whether the widest of these lines, read as ``found``, read better upside down.

        Lines that are nearly all read with certainty are upright, so that most pages cost nothing.
        What reads badly both ways stays as it lies: writing that the model does not know.
        (rapidocr's classifier called 234 of 2,659 upright receipt lines upside down.)
        """
        order = sorted(range(len(quads)), key=lambda i: -np.linalg.norm(quads[i][1] - quads[i][0]))
        widest = order[:JUDGED_LINES]
        scores = sorted(_certainties([list(chain(*found[i])) for i in widest]))
        if not scores or scores[len(scores) // 4] >= SURE:
            return False
        crops = [crop(image, quads[i][[2, 3, 0, 1]]) for i in widest]
        turned = fmean(_certainties(self._recognize.lines(crops)))
        return turned >= LEGIBLE and turned > fmean(scores)


def _certainties(lines: Sequence[Sequence[Glyph]]) -> list[float]:
    return [certainty(line) if line else 0.0 for line in lines]


def _stands(quad: Quad) -> bool:
    """Whether the line runs up or down the page."""
    along, down = np.abs(quad[1] - quad[0])
    return bool(down > along)


def place_line(
    quad: Quad, words: Sequence[Sequence[Glyph]], width: float, height: float
) -> Line | None:
    """The line of those words, each with a box within the page, or None where it is too unsure.

    ``quad`` is in points, its first side along the reading direction. A word reaches half a
    character beyond the centres of its first and last one, but not over its neighbours' half. Its
    confidence is the probability that all its characters are right, the product of theirs; on
    receipts that was honest as it is (docs/engines.md), where their mean promised too much.
    """
    glyphs = [glyph for word in words for glyph in word]
    if not glyphs:
        return None
    if certainty(glyphs) < MIN_LINE_SCORE:
        return None
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    steps = [b.place - a.place for word in words for a, b in pairwise(word)]
    thickness = float(np.linalg.norm(down)) / max(float(np.linalg.norm(along)), 1e-6)
    half = (median(steps) if steps else min(thickness / 2, 1.0)) / 2
    placed = []
    for index, word in enumerate(words):
        start = max(word[0].place - half, 0.0)
        end = min(word[-1].place + half, 1.0)
        if index:
            start = max(start, (words[index - 1][-1].place + word[0].place) / 2)
        if index + 1 < len(words):
            end = min(end, (word[-1].place + words[index + 1][0].place) / 2)
        corners = np.array(
            [quad[0] + along * t + down * d for t in (start, max(start, end)) for d in (0, 1)]
        )
        placed.append(
            Word(
                "".join(glyph.character for glyph in word),
                _bounds(corners, width, height),
                round(math.prod(glyph.score for glyph in word), 4),
            )
        )
    text = " ".join(word.text for word in placed)
    return Line(text, _bounds(quad, width, height), confidence(placed), tuple(placed))


def text_angle(quads: Sequence[Quad]) -> float:
    """The direction of reading in degrees, clockwise from left-to-right: -180 to 180."""
    return direction([tuple(quad[1] - quad[0]) for quad in quads])


def _bounds(corners: npt.NDArray[np.float64], width: float, height: float) -> Box:
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return (
        round(float(min(max(x0, 0), width)), 2),
        round(float(min(max(y0, 0), height)), 2),
        round(float(min(max(x1, 0), width)), 2),
        round(float(min(max(y1, 0), height)), 2),
    )
