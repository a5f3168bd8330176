"""The default engine: the PDF's own text where it is sound, OCR where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from extraction.engines import UNWATCHED, Wants, Watch, get, rapid
from extraction.pictures import bounds_in_pixels, worth_reading
from extraction.types import Box, Line, PageImage, PageText, Word

COVERED = 0.4  # of a word read by OCR: then it is one of the page's own words over again


class Auto:
    """Chooses page by page; a page's result names the engines that read it.

    The decoder judges the PDF's text: it hands over lines only where they are sound, and pixels
    only where OCR is needed, so what came with a page tells what to do. With both, the page has
    pictures beside its text: those are read and what stands in them is added. OCR is loaded with
    the first page that needs it.
    """

    name = "auto"
    wants: Wants = "auto"
    at_once = 1

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads
        self._text_layer = get("text-layer", threads)
        self.revision = f"{self._text_layer.revision}+{rapid.revision()}"

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read each page by the engine it needs. Raises what the engines raise."""
        return [self._read(page) for page in pages]

    def _read(self, page: PageImage) -> PageText:
        if page.pixels is None:
            return self._text_layer.read([page])[0]
        ocr = get("rapidocr", self._threads)
        if not page.lines:
            return ocr.read([page])[0]
        part, left, top = pictures_alone(page)
        found = ocr.read([part])[0]
        more = beside([_moved(line, left, top) for line in found.lines], page.lines)
        ours = self._text_layer.read([page])[0]
        return PageText(
            ours.lines + more,
            f"{ours.engine}+{found.engine}",
            f"{ours.revision}+{found.revision}",
            skew=found.skew if _letters(more) > _letters(ours.lines) else ours.skew,
            warnings=ours.warnings + found.warnings,
        )


def pictures_alone(page: PageImage) -> tuple[PageImage, float, float]:
    """The part of a page with all its pictures worth reading, white around them, and the place of
    its upper left corner on the page in points."""
    assert page.pixels is not None
    shape = page.pixels.shape
    pictures = worth_reading(page.images, page.width, page.height)
    boxes = [bounds_in_pixels(box, page.dpi, shape) for box in pictures] or [
        (0, 0, shape[1], shape[0])
    ]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    left, top = min(lefts), min(tops)
    pixels = np.full((max(bottoms) - top, max(rights) - left, 3), 255, np.uint8)
    for x0, y0, x1, y1 in boxes:
        pixels[y0 - top : y1 - top, x0 - left : x1 - left] = page.pixels[y0:y1, x0:x1]
    scale = 72 / page.dpi
    part = replace(
        page,
        width=pixels.shape[1] * scale,
        height=pixels.shape[0] * scale,
        pixels=pixels,
        lines=(),
        rules=(),
        images=(),
        squares=(),
    )
    return part, left * scale, top * scale


def beside(lines: Sequence[Line], own: Sequence[Line]) -> tuple[Line, ...]:
    """The lines read by OCR without the words that the page's ``own`` lines cover."""
    boxes = np.array([word.box for line in own for word in line.words], np.float64).reshape(-1, 4)
    kept: list[Line] = []
    for line in lines:
        words = tuple(word for word in line.words if _covered(word.box, boxes) < COVERED)
        if len(words) == len(line.words):
            kept.append(line)
        elif words:
            kept.append(_line(line, words))
    return tuple(kept)


def _covered(box: Box, boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """The part of the box, 0 to 1, that lies in ``boxes`` (N x 4)."""
    x0, y0, x1, y1 = box
    across = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    down = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    shared = (np.clip(across, 0, None) * np.clip(down, 0, None)).sum()
    return float(shared / max((x1 - x0) * (y1 - y0), 1e-9))


def _line(line: Line, words: tuple[Word, ...]) -> Line:
    lefts, tops, rights, bottoms = zip(*(word.box for word in words), strict=True)
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return replace(line, text=" ".join(word.text for word in words), box=box, words=words)


def _moved(line: Line, x: float, y: float) -> Line:
    """The line, further right and down by that many points."""

    def moved(box: Box) -> Box:
        x0, y0, x1, y1 = box
        return (round(x0 + x, 2), round(y0 + y, 2), round(x1 + x, 2), round(y1 + y, 2))

    words = tuple(replace(word, box=moved(word.box)) for word in line.words)
    return replace(line, box=moved(line.box), words=words)


def _letters(lines: Sequence[Line]) -> int:
    return sum(len(line.text) for line in lines)
