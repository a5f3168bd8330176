"""The default engine: the PDF's own text where it is sound, OCR where it is not."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.engines import Wants, get, rapid
from extraction.types import PageImage, PageText


class Auto:
    """Chooses page by page; a page's result names the engine that read it.

    The decoder judges the PDF's text and renders only the pages that need OCR, so pixels are the
    sign. OCR is loaded with the first such page.
    """

    name = "auto"
    wants: Wants = "auto"

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads
        self._text_layer = get("text-layer", threads)
        self.revision = f"{self._text_layer.revision}+{rapid.revision()}"

    def read(self, pages: Sequence[PageImage]) -> list[PageText]:
        """Read each page by the engine it needs. Raises what the engines raise."""
        found: list[PageText] = []
        for page in pages:
            ocr = page.pixels is not None
            engine = get("rapidocr", self._threads) if ocr else self._text_layer
            found += engine.read([page])
        return found
