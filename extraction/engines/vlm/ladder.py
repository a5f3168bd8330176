"""A model that gets by with the memory there is.

It begins as it was planned. Where memory runs out all the same, the batch is halved, and stays so
for some minutes; a single page that does not fit makes the model be loaded anew in 8 bits, then in
4; then the engine says so, and what it needs. The process lives on in any case.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from extraction.engines.configuration import Configuration
from extraction.engines.vlm.adapter import Adapter
from extraction.engines.vlm.generation import Row, Written, write
from extraction.engines.vlm.loading import Loaded
from extraction.engines.vlm.residence import Resident, empty, residence
from extraction.errors import EngineUnavailable
from extraction.model_run import Held, Run
from extraction.vision_models import VisionModel
from extraction.weights import folder_of

logger = logging.getLogger(__name__)

STEPS: tuple[Held, ...] = ("none", "8bit", "4bit")
HALVED_SECONDS = 600.0
MB = 1_000_000


class Ladder:
    """Writes with the model, which is lent by the process's ``Residence`` for a batch at a time."""

    def __init__(
        self,
        model: VisionModel,
        configuration: Configuration,
        threads: int,
        planned: Run | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        """``planned`` is how the model is to be held, None for as this machine allows;
        ``adapter`` what is laid on it."""
        self._model, self._configuration, self._threads = model, configuration, threads
        self._planned, self._adapter = planned, adapter
        self._held: Held | None = None  # fewer bits than planned
        self._halved = 0
        self._halved_until = 0.0

    @property
    def planned(self) -> Run:
        """How the model was to be held. Raises ``EngineUnavailable`` where it is not there."""
        if self._planned is None:
            home = residence(self._configuration.memory_bytes)
            self._planned = home.plan_of(self._model, self._configuration)
        return self._planned

    @property
    def run(self) -> Run:
        """How it is held now."""
        return replace(self.planned, quantisation=self._held) if self._held else self.planned

    @property
    def batch(self) -> int:
        """How many pages are written together now."""
        if self._halved and time.monotonic() > self._halved_until:
            self._halved = 0
        return self._halved or self.planned.batch

    @property
    def loaded(self) -> Loaded | None:
        """The model, if it is in memory, without an adapter."""
        try:
            return residence(self._configuration.memory_bytes).models.loaded(self._resident())
        except EngineUnavailable:
            return None

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
                continue
            done += written
            left = left[len(group) :]
        return done

    def unload(self) -> None:
        """Let go of the model; the next rows load it as it was planned."""
        residence(self._configuration.memory_bytes).models.evict(self._resident())
        self._held, self._halved = None, 0

    def _resident(self) -> Resident:
        return Resident(self._model, folder_of(self._model, self._configuration), self.run)

    def _attempt(self, rows: Sequence[Row]) -> list[Written] | None:
        """The rows written together; None where memory ran out and a step down was taken.

        The error is gone before the step, and with it what its frames held in memory.
        """
        resident = self._resident()
        writing = False
        try:
            self._use_threads()
            with residence(self._configuration.memory_bytes).lease(resident) as loaded:
                writing = True
                if self._adapter:
                    loaded = loaded.tuned(self._adapter)
                return write(loaded, rows, repetition_penalty=self._model.repetition_penalty)
        except Exception as error:
            if not out_of_memory(error):
                raise
            what = f"{len(rows)} pages" if writing else "its weights"
            logger.warning("%s: no memory for %s: %s", self._model.name, what, error)
        empty()
        if writing and len(rows) > 1:
            self._halved = len(rows) // 2
            self._halved_until = time.monotonic() + HALVED_SECONDS
            logger.warning("%s: batches of %d for now", self._model.name, self._halved)
        else:
            self._fewer_bits(resident)
        return None

    def _fewer_bits(self, resident: Resident) -> None:
        """Plan the next quantisation. Raises ``EngineUnavailable`` where there is none."""
        residence(self._configuration.memory_bytes).models.evict(resident)
        held = resident.run.quantisation
        if below := STEPS[STEPS.index(held) + 1 :]:
            self._held = below[0]
            logger.warning("%s: loading it in %s", self._model.name, below[0])
            return
        self._held, self._halved = None, 0
        there, need = _memory(resident.run.device), resident.need(1)
        needed = need.weights + need.page.most
        raise EngineUnavailable(
            f"{self._model.name} needs more than {needed / MB:.0f} MB of memory for one page, even"
            f" in 4 bits; {there / MB:.0f} MB are there",
            limit=there,
            actual=needed,
        )

    def _use_threads(self) -> None:
        import torch

        if self._threads and self.planned.device == "cpu":
            torch.set_num_threads(self._threads)


def out_of_memory(error: Exception) -> bool:
    """Whether it says that memory ran out; on the CPU torch says so in words alone."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _memory(device: str) -> int:
    """Bytes that are free for a model."""
    import psutil
    import torch

    if device == "cpu":
        return int(psutil.virtual_memory().available)
    return int(torch.cuda.mem_get_info(device)[0])
