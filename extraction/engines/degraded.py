"""A page that a model could not read, read by OCR instead."""

from __future__ import annotations

import threading
from dataclasses import replace

from extraction import engines
from extraction.types import PageImage, PageText

DEGRADED = "degraded"
CUT_SHORT = "model_cut_short"
LOOPED = "model_looped"
WROTE_NOTHING = "model_wrote_nothing"  # though there is ink on the page

_one_at_a_time = threading.Lock()


def read_instead(page: PageImage, why: str, threads: int) -> PageText:
    """The page as rapidocr reads it, with the warnings DEGRADED and ``why``.

    From any thread; they wait for each other. Raises ``EngineFailed``, ``EngineUnavailable``.
    """
    with _one_at_a_time:
        text = engines.get("rapidocr", threads).read([page])[0]
    return replace(text, warnings=(*text.warnings, DEGRADED, why))
