"""A page that a model could not read, read by OCR instead; and what is said of such pages."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import numpy as np

from extraction import engines
from extraction.types import PageImage, PageText, Pixels

logger = logging.getLogger(__name__)

# Warnings of a page
DEGRADED = "degraded"
CUT_SHORT = "model_cut_short"
LOOPED = "model_looped"
WROTE_NOTHING = "model_wrote_nothing"  # though there is ink on the page
RETRIED = "model_retried"
AWAY = "engine_away"

INK = 48  # levels of brightness beside the paper's
INKED = 0.0002  # share of a page's pixels, from which there is something on it

_ocr = threading.Lock()  # the OCR engine is made for one thread


def read_instead(page: PageImage, why: str, threads: int) -> PageText:
    """The page as rapidocr reads it, with the warnings DEGRADED and ``why``.

    From any thread; they wait for each other. Raises ``EngineFailed``, ``EngineUnavailable``.
    """
    logger.warning("page %d is read by OCR: %s", page.number, why)
    text = read_by_ocr(page, threads)
    return replace(text, warnings=(*text.warnings, DEGRADED, why))


def read_by_ocr(page: PageImage, threads: int) -> PageText:
    """The page as rapidocr reads it; from any thread, and raises as ``read_instead``."""
    with _ocr:
        return engines.get("rapidocr", threads).read([page])[0]


def inked(pixels: Pixels) -> bool:
    """Whether there is anything on the page (RGB uint8, H x W x 3) but its paper."""
    brightness = pixels[::2, ::2].mean(axis=2)
    beside = np.abs(brightness - np.median(brightness)) > INK
    return bool(beside.mean() > INKED)
