"""The models that this process has in memory, under one budget, and how each is to be held.

What there is of memory is asked once, before the first model takes of it: each plan is made as if
the others were not there, and those used last stay for as long as they fit beside each other.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from extraction.engines.configuration import Configuration
from extraction.engines.vlm.loading import Loaded, load
from extraction.geometry import Geometry, geometry_of
from extraction.hardware import Hardware, probe
from extraction.memory_plan import Need, Plan, budget_of, needed, plan
from extraction.model_manager import ModelManager, Statistics
from extraction.model_run import Run
from extraction.vision_models import VisionModel
from extraction.weights import folder_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resident:
    """A model, as it lies in ``folder``, held in one way: what is loaded once.

    ``trained``: as the base of a training, which nobody reads with.
    """

    model: VisionModel
    folder: Path
    run: Run
    trained: bool = False

    def __str__(self) -> str:
        return self.model.name

    def need(self, batch: int) -> Need:
        """What it takes with so many pages at once."""
        return needed(
            _geometry(self.folder),
            self.run.dtype,
            self.run.quantisation,
            batch=batch,
            pixels=self.run.max_pixels,
            max_tokens=self.model.max_tokens,
            cuda=self.run.device != "cpu",
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a process stands: what it has found, planned (by the models' names) and loaded."""

    hardware: Hardware
    plans: Mapping[str, Plan]
    models: Statistics


class Residence:
    """The models of one process; for any thread."""

    def __init__(self, hardware: Hardware, memory_bytes: int = 0) -> None:
        """``memory_bytes`` caps what models take together, 0: 90 % of what is free."""
        self.hardware = hardware
        self.memory_bytes = memory_bytes
        self.models: ModelManager[Resident, Loaded] = ModelManager(
            budget_of(hardware, memory_bytes), _load, _unload
        )
        self._plans: dict[tuple[VisionModel, Path, str], Plan] = {}
        self._planning = threading.Lock()

    def plan_of(self, model: VisionModel, configuration: Configuration) -> Plan:
        """How the model is held here; told in the log when it is first asked for.

        Raises ``EngineUnavailable`` where its files are not there, or it does not fit.
        """
        folder = folder_of(model, configuration)
        key = (model, folder, configuration.quantisation)
        with self._planning:
            if key not in self._plans:
                made = plan(
                    _geometry(folder),
                    self.hardware,
                    quantisation=configuration.quantisation,
                    memory_bytes=self.memory_bytes,
                    min_pixels=model.min_pixels,
                    max_pixels=model.max_pixels,
                    max_tokens=model.max_tokens,
                )
                logger.info("plan of %s: %s", model.name, made.summary)
                self._plans[key] = made
            return self._plans[key]

    def lease(self, resident: Resident) -> AbstractContextManager[Loaded]:
        """The model, in memory for as long as the block runs (``ModelManager.lease``)."""
        return self.models.lease(resident, resident.need(resident.run.batch).total)

    def standing(self) -> Standing:
        """How it stands now."""
        with self._planning:
            plans = {model.name: made for (model, _, _), made in self._plans.items()}
        return Standing(self.hardware, plans, self.models.statistics())


_residences: dict[int, Residence] = {}
_making = threading.Lock()


def residence(memory_bytes: int = 0) -> Residence:
    """The one of this process; made, and the hardware asked, when it is first needed."""
    with _making:
        if memory_bytes not in _residences:
            _residences[memory_bytes] = Residence(probe(), memory_bytes)
        return _residences[memory_bytes]


def standing(memory_bytes: int = 0) -> Standing | None:
    """How this process stands; None where no model has been asked for."""
    with _making:
        there = _residences.get(memory_bytes)
    return there.standing() if there else None


@lru_cache(maxsize=16)
def _geometry(folder: Path) -> Geometry:
    return geometry_of(folder)


def _load(resident: Resident) -> Loaded:
    return load(resident.model, resident.folder, resident.run)


def _unload(resident: Resident, loaded: Loaded) -> None:
    loaded.unload()
    empty()


def empty() -> None:
    """Give back what nothing refers to any more, a GPU's too."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
