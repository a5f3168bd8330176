"""An adapter trained, so that any interruption costs some steps and no more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from extraction.engines.configuration import Configuration
from extraction.engines.vlm.ladder import out_of_memory
from extraction.engines.vlm.loading import Loaded, processor_of
from extraction.engines.vlm.residence import Residence, Resident, empty, residence
from extraction.errors import EngineUnavailable
from extraction.geometry import geometry_of
from extraction.memory_plan import best_device
from extraction.model_run import Run
from extraction.training.lessons import Lesson, survey
from extraction.training.memory import Case, Way
from extraction.training.settings import Progress, Trained, TrainingSettings
from extraction.training.steps import Training
from extraction.vision_models import VisionModel
from extraction.weights import folder_of, revision_in

FORM = 1  # of training: another makes other adapters of the same lessons


def _untold(progress: Progress) -> None:
    pass


def _unstopped() -> bool:
    return False


def train(
    model: VisionModel,
    configuration: Configuration,
    lessons: Sequence[Lesson],
    folder: Path,
    settings: TrainingSettings,
    *,
    told: Callable[[Progress], None] = _untold,
    stop: Callable[[], bool] = _unstopped,
    threads: int = 0,
) -> Trained:
    """Train an adapter of the model with these lessons; it comes to lie in ``folder``.

    Of ``lessons`` only the length and single ones are asked for, each several times. ``folder``
    keeps checkpoints: a call with the same model, lessons and settings goes on from the newest.
    ``told`` is given each step, ``stop`` asked before each part of one. ``threads`` is the number
    of CPU threads, 0 for all cores.

    Raises ``InvalidOption`` where lessons cannot be shown or are too long to be written, before
    anything is loaded; ``Cancelled`` where ``stop`` says so, with a checkpoint;
    ``EngineUnavailable`` where weights or packages are missing or memory does not suffice, even for
    a lesson at a time; ``EngineFailed`` where the loss is no number any more.
    """
    begun = time.monotonic()
    base = folder_of(model, configuration)
    processor = processor_of(base)
    home = residence(configuration.memory_bytes)
    max_pixels = min(model.max_pixels, home.plan_of(model, configuration).max_pixels)
    found = survey(lessons, processor, model, stop)
    device = best_device(home.hardware)
    run = Run(
        device=f"cuda:{device.index}" if device else "cpu",
        dtype="bf16" if device and device.bf16 else "fp32",
        quantisation=settings.quantisation,
        batch=settings.batch,
        max_pixels=max_pixels,
    )
    case = Case(
        geometry_of(base),
        run.dtype,
        run.quantisation,
        settings.rank,
        max_pixels,
        max(found.taught),
        cuda=device is not None,
    )
    way = case.fitting(settings.batch, model.name, home.models.budget_bytes)
    folder.mkdir(parents=True, exist_ok=True)
    digest = _digest(model, base, settings, found.digest, max_pixels)

    def trained(loaded: Loaded) -> Trained:
        training = Training(loaded, model, lessons, settings, folder, digest, found.taught, way)
        training.go(told, stop, begun)
        adapter = training.finished(base)
        return Trained(adapter, training.steps, training.loss, time.monotonic() - begun)

    with _lent(home, Resident(model, base, run, trained=True), way) as loaded:
        _use_threads(threads, run.device)
        return trained(loaded)  # whose memory is free again when the base goes


@contextlib.contextmanager
def _lent(home: Residence, resident: Resident, way: Way) -> Iterator[Loaded]:
    """The base in memory, with room for the training beside, for as long as the block runs."""
    try:
        with home.models.lease(resident, way.total) as loaded:
            yield loaded
    except Exception as error:
        if not out_of_memory(error):
            raise
        error.with_traceback(None)  # its frames hold what was computed
        raise EngineUnavailable(
            f"memory does not suffice to train {resident}, a lesson at a time"
        ) from None
    finally:
        home.models.evict(resident)
        empty()


def _digest(
    model: VisionModel, base: Path, settings: TrainingSettings, lessons: str, max_pixels: int
) -> str:
    """What an adapter depends on; how often checkpoints are kept is not of it."""
    kept = {name: value for name, value in asdict(settings).items() if name != "checkpoint_steps"}
    told = (FORM, revision_in(model, base), max_pixels, lessons, sorted(kept.items()))
    return sha256(repr(told).encode()).hexdigest()


def _use_threads(threads: int, device: str) -> None:
    import torch

    if threads and device == "cpu":
        torch.set_num_threads(threads)
