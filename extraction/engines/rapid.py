"""The CPU engine: PP-OCRv6 small models from the rapidocr wheel.

Detection, cropping and the upside-down classifier are rapidocr's; recognition is in
``recognition``, since rapidocr's own word boxes and scores do not line up with its lines. Nothing
is ever downloaded: the model files are named by their path in the wheel.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib import import_module, metadata
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.engines import Wants
from extraction.engines.recognition import Glyph, Recognizer
from extraction.errors import EngineFailed, EngineUnavailable
from extraction.types import Box, Line, PageImage, PageText, Pixels, Word

Quad = npt.NDArray[np.float64]  # 4 x 2: the corners of a line, its text running from 0 to 1

DETECTION_MODEL = "PP-OCRv6_det_small.onnx"
RECOGNITION_MODEL = "PP-OCRv6_rec_small.onnx"
UPSIDE_DOWN_MODEL = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"

DETECTION_SIDE = 1280  # pixels, the longest side of the page as the detector sees it
DETECTION_STEP = 128  # pixels; sides are padded to multiples, to bound the shapes compiled
MIN_LINE_SCORE = 0.5  # rapidocr's own: below it the "line" is mostly texture
JUDGED_LINES = 24  # the widest lines vote whether the page is upside down


def runtime() -> str:
    """The inference runtime to use: OpenVINO where it can be imported."""
    try:
        import_module("openvino")
    except ImportError:
        return "onnxruntime"
    return "openvino"


def revision() -> str:
    """The exact models and software, without loading them."""
    name = runtime()
    return f"PP-OCRv6-small/rapidocr-{metadata.version('rapidocr')}/{name}-{metadata.version(name)}"


class Rapid:
    """Reads rendered pages. One per process, called from one thread."""

    name = "rapidocr"
    wants: Wants = "pixels"

    def __init__(self, threads: int = 0) -> None:
        """Load the models; ``threads`` is 0 for all cores. Raises ``EngineUnavailable``."""
        threads = threads or os.cpu_count() or 1
        try:
            self.revision = revision()
            models = Path(str(import_module("rapidocr").__file__)).parent / "models"
            self._pages = _page_models(models, threads)
            self._recognize = Recognizer(
                models / RECOGNITION_MODEL, runtime=runtime(), threads=threads
            )
        except Exception as error:
            raise EngineUnavailable(f"the OCR models cannot be loaded: {error}") from error

    def read(self, pages: Sequence[PageImage]) -> list[PageText]:
        """Read the pages; raises ``EngineFailed`` for one without pixels."""
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> PageText:
        if page.pixels is None:
            raise EngineFailed(f"page {page.number} came without pixels")
        image = np.ascontiguousarray(page.pixels[:, :, ::-1])  # the models were trained on BGR
        quads, crops = self._lines(image)
        if self._upside_down(crops):
            quads = [quad[[2, 3, 0, 1]] for quad in quads]
            crops = [np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops]
        lines, kept = [], []
        for quad, words in zip(quads, self._recognize(crops), strict=True):
            line = place_line(quad * (72 / page.dpi), words, page.width, page.height)
            if line is not None:
                lines.append(line)
                kept.append(quad)
        return PageText(tuple(lines), self.name, self.revision, skew=text_angle(kept))

    def _lines(self, image: npt.NDArray[Any]) -> tuple[list[Quad], list[Pixels]]:
        """The text lines of a BGR page: corners in pixels in reading direction, and crops."""
        import cv2
        from rapidocr.main import RapidOCRError

        height, width = image.shape[:2]
        right, below = margins(width, height)
        if right or below:
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
        padding: dict[str, Any] = {}
        try:
            crops, found = self._pages.detect_and_crop(image, padding)
        except RapidOCRError:  # how rapidocr says that there is no text
            return [], []
        top = padding.get("padding_1", {}).get("top", 0)
        quads, kept = [], []
        for corners, crop in zip(found.boxes, crops, strict=True):
            if min(crop.shape[:2]) < 2:
                continue
            quad = corners.astype(np.float64) - (0, top)
            wide = np.linalg.norm(quad[1] - quad[0]) >= np.linalg.norm(quad[3] - quad[0])
            # A tall crop comes back turned anticlockwise: its text runs along the left side.
            turned = not wide and crop.shape[1] > crop.shape[0]
            quads.append(quad[[1, 2, 3, 0]] if turned else quad)
            kept.append(np.ascontiguousarray(crop))
        return quads, kept

    def _upside_down(self, crops: Sequence[Pixels]) -> bool:
        """Whether most of the widest lines are upside down.

        The classifier called 234 of 2,659 lines of 50 upright receipts upside down, so no line is
        turned by itself.
        """
        if not crops:
            return False
        widest = sorted(crops, key=lambda crop: crop.shape[1] / crop.shape[0])[-JUDGED_LINES:]
        _, judged = self._pages.cls_and_rotate(widest)
        return sum(label == "180" for label, _ in judged.cls_res) * 2 > len(widest)


def margins(width: int, height: int) -> tuple[int, int]:
    """Pixels to add on the right and below, so that pages share few detection shapes.

    The runtime keeps about a megabyte for every shape it has met.
    """
    scale = min(1.0, DETECTION_SIDE / max(width, height))
    right, below = (
        round(math.ceil(round(side * scale) / DETECTION_STEP) * DETECTION_STEP / scale) - side
        for side in (width, height)
    )
    return max(right, 0), max(below, 0)


def place_line(
    quad: Quad, words: Sequence[Sequence[Glyph]], width: float, height: float
) -> Line | None:
    """The line of those words, each with a box within the page, or None where it is too unsure.

    ``quad`` is in points, its first side along the reading direction. A word reaches half a
    character beyond the centres of its first and last one, but not over its neighbours' half.
    """
    glyphs = [glyph for word in words for glyph in word]
    if not glyphs:
        return None
    score = sum(glyph.score for glyph in glyphs) / len(glyphs)
    if score < MIN_LINE_SCORE:
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
                round(sum(glyph.score for glyph in word) / len(word), 4),
            )
        )
    text = " ".join(word.text for word in placed)
    return Line(text, _bounds(quad, width, height), round(score, 4), tuple(placed))


def text_angle(quads: Sequence[Quad]) -> float:
    """The direction of reading in degrees, clockwise from left-to-right: -180 to 180.

    The quarter turn that most of the text takes, and how far the lines that take it deviate from
    it, long lines counting most.
    """
    sides = [quad[1] - quad[0] for quad in quads]
    lengths = [float(np.linalg.norm(side)) for side in sides]
    angles = [math.degrees(math.atan2(side[1], side[0])) for side in sides]
    weight: dict[int, float] = {}
    for angle, length in zip(angles, lengths, strict=True):
        turn = round(angle / 90) % 4
        weight[turn] = weight.get(turn, 0.0) + length
    if not weight:
        return 0.0
    turn = max(weight, key=weight.__getitem__)
    ours = [
        (length, (angle - 90 * turn + 180) % 360 - 180)
        for angle, length in zip(angles, lengths, strict=True)
        if round(angle / 90) % 4 == turn
    ]
    # Long lines tell the angle best: the median by length squared.
    ours.sort(key=lambda line: line[1])
    passed = np.cumsum([length**2 for length, _ in ours])
    angle = 90 * turn + ours[int(np.searchsorted(passed, passed[-1] / 2))][1]
    return round((angle + 180) % 360 - 180, 2)


def _bounds(corners: npt.NDArray[np.float64], width: float, height: float) -> Box:
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return (
        round(float(min(max(x0, 0), width)), 2),
        round(float(min(max(y0, 0), height)), 2),
        round(float(min(max(x1, 0), width)), 2),
        round(float(min(max(y1, 0), height)), 2),
    )


def _page_models(models: Path, threads: int) -> Any:
    """rapidocr with its detector and upside-down classifier; its recogniser is never loaded."""
    from rapidocr import EngineType, RapidOCR

    files = {"Det": DETECTION_MODEL, "Cls": UPSIDE_DOWN_MODEL}
    for file in (*files.values(), RECOGNITION_MODEL):
        if not (models / file).is_file():
            raise FileNotFoundError(models / file)
    params: dict[str, Any] = {
        "Global.log_level": "error",
        "Det.limit_type": "max",
        "Det.limit_side_len": DETECTION_SIDE,
        "EngineConfig.openvino.inference_num_threads": threads,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
    }
    for part, file in files.items():
        params[f"{part}.engine_type"] = EngineType(runtime())
        params[f"{part}.model_path"] = str(models / file)
    ocr = RapidOCR(params=params)
    ocr._load_det_model()
    ocr._load_cls_model()
    return ocr
