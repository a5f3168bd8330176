"""A vision-language model and OCR on the same page: the model's text, at the places OCR has seen.

The model is one that the operator has set up. What it writes is kept, in its order and with its
structure; each line and cell gets the box and the confidence of OCR's words that say the same, and
what nothing on the page supports is told (``extraction.alignment``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extraction import engines, tags
from extraction.alignment import align
from extraction.engines import UNWATCHED, Wants, Watch, degraded, rapid
from extraction.engines.configuration import Configuration
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import PageImage, PageText

NOT_COMPARED = "not_compared"  # a warning of a page: OCR could not read it, so nothing is placed


class Hybrid:
    """Reads rendered pages with the model ``configuration.hybrid_of`` and with rapidocr."""

    wants: Wants = "pixels"

    def __init__(self, *, name: str, configuration: Configuration, threads: int = 0) -> None:
        """``threads`` are those of OCR and of the model. Raises ``EngineUnavailable``."""
        self.name = name
        self._model = engines.get(configuration.hybrid_of, threads)
        self._threads = threads

    @property
    def at_once(self) -> int:
        """As the model."""
        return self._model.at_once

    @property
    def revision(self) -> str:
        """The model's and OCR's: what is the same everywhere first, as in the table."""
        return _revision(self._model.name, self._model.revision)

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages. One that the model fails on is OCR's, degraded, or has its error; one
        that OCR fails on is the model's, with the warning ``not_compared``. Raises as the model.
        """
        texts = self._model.read(pages, watch)
        return [self._placed(page, text, watch) for page, text in zip(pages, texts, strict=True)]

    def _placed(self, page: PageImage, text: PageText, watch: Watch) -> PageText:
        """What the model wrote of the page, with its places."""
        if text.markup is None:  # an error, or read by OCR already
            return text
        if watch.stop():
            raise Cancelled()
        revision = _revision(self._model.name, text.revision)
        try:
            ocr = degraded.read_by_ocr(page, self._threads)
        except (EngineFailed, EngineUnavailable):
            warnings = (*text.warnings, NOT_COMPARED)
            return replace(text, engine=self.name, revision=revision, warnings=warnings)
        found = align(tags.parse(text.markup), ocr.lines, page.width, page.height)
        return replace(
            text,
            engine=self.name,
            revision=revision,
            skew=ocr.skew,
            lines=found.lines,
            blocks=found.blocks,
            disagreements=found.disagreements,
        )


def _revision(model: str, told: str) -> str:
    """The model's revision as ``told``, and OCR's."""
    rows = engines.ENGINES
    models = told.removeprefix(rows[model].revision)
    ocrs = rapid.revision().removeprefix(rows["rapidocr"].revision)
    return f"{rows[engines.HYBRID].revision}{models}{ocrs}"
