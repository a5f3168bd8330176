"""A model that gets by with the memory there is.

Where memory runs out, the batch is halved, and stays so for some minutes; a single page that does
not fit makes the model be loaded anew in 8 bits, then in 4; then the engine says so, and what it
needs. The process lives on in any case.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from extraction.engines.configuration import Configuration
from extraction.engines.vlm.generation import Row, Written, write
from extraction.engines.vlm.loading import Loaded, load
from extraction.engines.vlm.plan import Held, Plan
from extraction.errors import EngineUnavailable
from extraction.vision_models import VisionModel

logger = logging.getLogger(__name__)

STEPS: tuple[Held, ...] = ("none", "8bit", "4bit")
HALVED_SECONDS = 600.0
MB = 1_000_000


class Ladder:
    """Holds the model, loaded when it is first needed; used by one thread."""

    def __init__(
        self, model: VisionModel, configuration: Configuration, plan: Plan, threads: int
    ) -> None:
        self.planned = plan
        self.loaded: Loaded | None = None
        self._model, self._configuration, self._threads = model, configuration, threads
        self._plan = plan
        self._batch = plan.batch
        self._halved_until = 0.0

    @property
    def batch(self) -> int:
        """How many pages are written together now."""
        if self._batch < self.planned.batch and time.monotonic() > self._halved_until:
            self._batch = self.planned.batch
        return self._batch

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Write the rows, in as many batches as it takes.

        Raises ``EngineUnavailable`` where one page does not fit in 4 bits: ``actual`` is at least
        what is needed, ``limit`` what is there, in bytes.
        """
        done: list[Written] = []
        left = list(rows)
        while left:
            group = left[: self.batch]
            if (written := self._attempt(group)) is None:
                self._step_down(group)
                continue
            done += written
            left = left[len(group) :]
        return done

    def unload(self) -> None:
        """Let go of the model; the next rows load it as it was planned."""
        self.loaded = None
        self._plan, self._batch = self.planned, self.planned.batch
        self._empty()

    def _attempt(self, rows: Sequence[Row]) -> list[Written] | None:
        """The rows written together; None where memory ran out.

        The error is gone when this returns, and with it what its frames held in memory.
        """
        loaded = self._loaded(rows)
        try:
            return write(loaded, rows, repetition_penalty=self._model.repetition_penalty)
        except Exception as error:
            if not _out_of_memory(error):
                raise
            logger.warning("%s: no memory for %d pages: %s", self._model.name, len(rows), error)
        return None

    def _loaded(self, rows: Sequence[Row]) -> Loaded:
        """The model as it is held now, loaded, if need be in fewer bits than planned."""
        while self.loaded is None:
            self._use_threads()
            try:
                self.loaded = load(self._model, self._configuration, self._plan)
            except Exception as error:
                if not _out_of_memory(error):
                    raise
                logger.warning("%s does not fit: %s", self._model.name, error)
            if self.loaded is None:
                self._fewer_bits(rows, 0)
        return self.loaded

    def _step_down(self, rows: Sequence[Row]) -> None:
        self._empty()
        if len(rows) > 1:
            self._batch = len(rows) // 2
            self._halved_until = time.monotonic() + HALVED_SECONDS
            logger.warning("%s: batches of %d for now", self._model.name, self._batch)
            return
        assert self.loaded is not None
        held = self.loaded.bytes
        self.loaded = None
        self._fewer_bits(rows, held)

    def _fewer_bits(self, rows: Sequence[Row], held: int) -> None:
        """Plan the next quantisation; ``held`` is what the weights took, 0 for unknown."""
        self._empty()
        below = STEPS[STEPS.index(self._plan.quantisation) + 1 :]
        if below:
            self._plan = replace(self._plan, quantisation=below[0])
            logger.warning("%s: loading it in %s", self._model.name, below[0])
            return
        there = _memory(self._plan.device)
        needed = held + self._cache_bytes(rows[0]) if held else there
        self.unload()
        raise EngineUnavailable(
            f"{self._model.name} needs more than {needed / MB:.0f} MB of memory for one page, even"
            f" in 4 bits; {there / MB:.0f} MB are there",
            limit=there,
            actual=needed,
        )

    def _cache_bytes(self, row: Row) -> int:
        """Keys and values of a page written to its cap; what a step computes comes on top."""
        import torch
        from transformers import AutoConfig

        from extraction.engines.vlm.loading import folder_of

        config = AutoConfig.from_pretrained(
            folder_of(self._model, self._configuration), local_files_only=True
        ).text_config
        width = config.hidden_size // config.num_attention_heads * config.num_key_value_heads
        size = torch.float32.itemsize if self._plan.dtype == "fp32" else torch.float16.itemsize
        tokens = len(row.prompt.ids) + row.max_tokens
        return int(2 * config.num_hidden_layers * width * size * tokens)

    def _empty(self) -> None:
        import torch

        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _use_threads(self) -> None:
        import torch

        if self._threads and self._plan.device == "cpu":
            torch.set_num_threads(self._threads)


def _out_of_memory(error: Exception) -> bool:
    """Whether it says that memory ran out; on the CPU torch says so in words alone."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _memory(device: str) -> int:
    """Bytes that are free for a model."""
    import psutil
    import torch

    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)
