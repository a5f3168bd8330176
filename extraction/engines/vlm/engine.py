"""The engine of vision-language models: pages go in, text with tags comes out.

A page at which the model loops or meets its cap is written a second time, otherwise; where that
fails too, or the model writes nothing though there is ink, it is read by OCR and marked degraded.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from extraction.engines import UNWATCHED, Wants, Watch, degraded
from extraction.engines.configuration import Configuration
from extraction.engines.vlm.adapter import Adapter
from extraction.engines.vlm.batching import Batcher, Outcome
from extraction.engines.vlm.generation import Course, Row, Written
from extraction.engines.vlm.ladder import Ladder
from extraction.engines.vlm.loading import processor_of, tuned_revision
from extraction.errors import EngineFailed, EngineUnavailable, ExtractionError
from extraction.model_run import Run
from extraction.types import PageImage, PageText
from extraction.weights import folder_of, revision_of

logger = logging.getLogger(__name__)

# Out of a loop: its own tokens are held less likely for as long as one pass of it would take.
LOOP_PENALTY = 1.3
LOOP_STEPS = 16  # at least
# At the cap: the penalty that Qwen gives its own models, on top of the row's.
CAP_PENALTY = 1.05


class VisionLanguage:
    """Reads rendered pages with one of the models that are set up; from several threads at once."""

    wants: Wants = "pixels"

    def __init__(
        self,
        name: str,
        configuration: Configuration,
        threads: int = 0,
        planned: Run | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        """Weights are loaded when the first page comes.

        ``threads`` is the number of CPU threads, 0 for all cores; ``planned`` how the model is to
        be held, None for as its plan says. With an ``adapter`` the engine has that one's name.
        Raises ``EngineUnavailable`` where no model of the name ``name`` is set up.
        """
        rows = [model for model in configuration.vision if model.name == name]
        if not rows:
            raise EngineUnavailable(f"no model is set up under the name {name!r}")
        self.name = adapter.name if adapter else name
        self.model = rows[0]
        self._configuration, self._threads, self._adapter = configuration, threads, adapter
        self._ladder = Ladder(self.model, configuration, threads, planned, adapter)
        self._batcher = Batcher(
            self._ladder.write, lambda: self._ladder.batch, configuration.batch_seconds
        )

    @property
    def at_once(self) -> int:
        """As planned; 1 where no plan can be made, which ``read`` says why."""
        try:
            return self._ladder.planned.batch
        except EngineUnavailable:
            return 1

    @property
    def revision(self) -> str:
        """Source, commit, usage and adapter, and how it is held where it is loaded."""
        if (loaded := self._ladder.loaded) is not None:
            base = loaded.revision
        else:
            base = revision_of(self.model, self._configuration)
        return tuned_revision(base, self._adapter) if self._adapter else base

    @property
    def loaded_bytes(self) -> int:
        """What the weights take in memory, 0 where they are not loaded."""
        loaded = self._ladder.loaded
        return loaded.bytes if loaded else 0

    def unload(self) -> None:
        """Free the model's memory, for all that read with it, after the batch being written."""
        self._batcher.call(self._ladder.unload)

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages, together with other callers' (``Engine.read``)."""
        rows: dict[int, Row] = {}
        texts: dict[int, PageText | Exception] = {}
        for place, page in enumerate(pages):
            try:
                rows[place] = self._row(page)
            except EngineFailed as error:
                texts[place] = error
        outcomes = self._write(pages, rows, watch)
        again = {
            place: second
            for place, outcome in outcomes.items()
            if isinstance(outcome, Written) and (second := self._again(rows[place], outcome))
        }
        outcomes |= self._write(pages, again, watch)
        for place, outcome in outcomes.items():
            texts[place] = self._text(pages[place], outcome, second=place in again)
        return [self._given(texts[place], len(pages)) for place in range(len(pages))]

    def _row(self, page: PageImage) -> Row:
        if page.pixels is None:
            raise EngineFailed(f"page {page.number} came without pixels")
        processor = processor_of(folder_of(self.model, self._configuration))
        try:
            prompt = processor.prompt(
                page.pixels,
                self.model.instruction,
                min_pixels=self.model.min_pixels,
                max_pixels=min(self.model.max_pixels, self._ladder.planned.max_pixels),
            )
        except ValueError as error:
            raise EngineFailed(f"page {page.number} cannot be shown to a model: {error}") from error
        return Row(prompt, self.model.max_tokens)

    def _write(
        self, pages: Sequence[PageImage], rows: dict[int, Row], watch: Watch
    ) -> dict[int, Outcome]:
        """What becomes of the rows, by the place of their page."""
        told: dict[int, int] = {}

        def look() -> None:
            for place, row in rows.items():
                if row.count != told.get(place, 0):
                    told[place] = row.count
                    watch.told(pages[place].number, row.count)

        if not rows:
            return {}
        outcomes = self._batcher.write(list(rows.values()), stop=watch.stop, look=look)
        return dict(zip(rows, outcomes, strict=True))

    def _again(self, row: Row, written: Written) -> Row | None:
        """The row of a second try, None where the first was good.

        Greedy decoding would write the same again, so something has to be otherwise. Of a loop,
        the text before it is kept, and its first pass; then, where the model was least sure of
        going on, it may not go on, and for a while what the loop is made of is held less likely.
        Nothing else of the page is touched: a penalty on all that was written would also punish
        the tags of a table. At the cap there is no such place: mostly it is a loop that varies a
        little each time, which a small penalty from the start on ends.
        """
        if written.ended == "cap":
            course = Course((), None, None, CAP_PENALTY, row.max_tokens)
            return replace(row, course=course, count=0)
        if written.loop is None:
            return None
        start, period = written.loop.start, written.loop.period
        second_pass = range(start + period, start + 2 * period)
        leave = min(second_pass, key=lambda place: written.tokens[place].probability)
        kept, looped = written.tokens[:leave], written.tokens[start : start + period]
        course = Course(
            kept=kept,
            barred=written.tokens[leave].id,
            shunned=tuple({token.id for token in looped}),
            penalty=LOOP_PENALTY,
            steps=max(LOOP_STEPS, period),
        )
        return replace(row, course=course, count=0)

    def _text(self, page: PageImage, outcome: Outcome, *, second: bool) -> PageText | Exception:
        """The page's text: the model's, or where that will not do, OCR's."""
        if isinstance(outcome, Exception):
            return outcome
        if outcome.ended != "end":
            looped = outcome.ended == "loop"
            return self._by_ocr(page, degraded.LOOPED if looped else degraded.CUT_SHORT)
        assert page.pixels is not None
        if not outcome.text.strip() and degraded.inked(page.pixels):
            return self._by_ocr(page, degraded.WROTE_NOTHING)
        return PageText(
            lines=(),
            engine=self.name,
            revision=outcome.revision,
            warnings=(degraded.RETRIED,) if second else (),
            markup=outcome.text,
            confidence=outcome.confidence,
            tokens=len(outcome.tokens),
        )

    def _by_ocr(self, page: PageImage, why: str) -> PageText | Exception:
        try:
            return degraded.read_instead(page, why, self._threads)
        except ExtractionError as error:
            return error

    def _given(self, text: PageText | Exception, pages: int) -> PageText:
        """What ``read`` gives for a page; the error of a page that came alone is raised."""
        if isinstance(text, PageText):
            return text
        error = text if isinstance(text, ExtractionError) else EngineFailed()
        if pages == 1 or isinstance(error, EngineUnavailable):
            raise error
        return PageText((), self.name, self.revision, error=error.failure())
