"""What a trainer does with a run: decode, train, measure, keep; from wherever it was left."""

from __future__ import annotations

import logging
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from accounts import request_ids
from extraction import engines
from extraction.engines.vlm.loading import processor_of
from extraction.engines.vlm.processor import Processor
from extraction.errors import Cancelled, EngineUnavailable, ExtractionError
from extraction.training import Evaluation, Progress, TrainingSettings, evaluate, train
from extraction.training.lessons import answer
from extraction.vision_models import VisionModel
from extraction.weights import folder_of as folder_of_weights
from jobs import own_engines, storage
from jobs.errors import InternalError, LeaseLost, StorageUnavailable
from jobs.heartbeat import Heartbeat
from jobs.models import StoredFile
from jobs.tasks import worker_name
from learning import files, runs
from learning.datasets import taken_back
from learning.errors import TrainingTimeout
from learning.lessons import Prepared, prepare
from learning.models import OPEN, TrainingRun

logger = logging.getLogger(__name__)

CHECKPOINTS = "*.safetensors"  # as extraction.training.checkpoints names them


class RunHeartbeat(Heartbeat):
    """Renews a run's lease, and tells how far it is.

    It is asked whether to stop: because the trainer ends, the run was cancelled or took too long,
    or another trainer has it.
    """

    def __init__(self, run: TrainingRun, ending: threading.Event) -> None:
        super().__init__(f"training run {run.pk}")
        self.run, self.ending = run, ending
        self.cancelled = self.too_long = False
        self._losses: list[tuple[int, float]] = [(step, loss) for step, loss in run.losses]
        self._progress: Progress | None = None
        self._tokens = run.tokens
        self._counted = time.monotonic()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        with suppress(LeaseLost):
            self.renew()  # what has not been counted yet

    def told(self, progress: Progress) -> None:
        """Note a step of the training."""
        self._losses = [each for each in self._losses if each[0] < progress.step]
        self._losses.append((progress.step, round(progress.loss, 6)))
        self._progress = progress

    def stop(self) -> bool:
        """Whether to stop."""
        return self.ending.is_set() or self.cancelled or self.too_long or self.lost

    def renew(self) -> None:
        now, step = time.monotonic(), self._progress
        told = runs.Standing(
            seconds=now - self._counted,
            step=step.step if step else 0,
            steps=step.steps if step else 0,
            losses=list(self._losses),
            tokens=self._tokens + (step.tokens if step else 0),
        )
        self.cancelled = not runs.renew(self.run, told) or self.cancelled
        self._counted = now
        self.too_long = self.run.seconds >= self.run.most_seconds


def run_next(ending: threading.Event) -> bool:
    """Do the run whose turn it is; False if there was none."""
    close_old_connections()
    forget_ended()
    run = runs.claim(worker_name())
    if run is None:
        return False
    with request_ids.named(f"training-{run.pk}"):
        work(run, ending)
    return True


def work(run: TrainingRun, ending: threading.Event) -> None:
    """Do a claimed run; every expected failure ends in its row."""
    beat = RunHeartbeat(run, ending)
    try:
        with beat:
            measured = _teach(run, beat)
        runs.succeed(run, measured)
    except LeaseLost:
        logger.warning("run %s attempt %s: the lease was lost", run.pk, run.attempt)
    except (OperationalError, InterfaceError):
        logger.exception("run %s: the database failed", run.pk)  # the lease runs out
    except Exception as error:
        with suppress(LeaseLost):
            _settle(run, beat, error)


def _settle(run: TrainingRun, beat: RunHeartbeat, error: Exception) -> None:
    """What becomes of a run that was stopped or failed. Raises ``LeaseLost``."""
    if isinstance(error, Cancelled) and beat.cancelled:
        runs.cancelled(run)
    elif isinstance(error, Cancelled) and beat.too_long:
        runs.fail(run, TrainingTimeout(limit=run.most_seconds, actual=round(run.seconds)))
    elif isinstance(error, Cancelled | StorageUnavailable):
        runs.give_back(run)
    elif isinstance(error, ExtractionError):
        runs.fail(run, error)
    else:
        logger.error("run %s failed unexpectedly", run.pk, exc_info=error)
        runs.fail(run, InternalError())


def _teach(run: TrainingRun, beat: RunHeartbeat) -> dict[str, Any]:
    """Train, unless that is done, and measure; what was measured."""
    folder = folder_of(run)
    model = _model_of(run)
    lessons = prepare(run, folder / "lessons", _fits(model))
    if run.adapter is None:
        _train(run, model, lessons, folder / "checkpoints", beat)
    else:
        runs.measuring(run)
    assert run.adapter is not None, "it was trained"
    threads = settings.WORKER_THREADS
    base = engines.get(run.base, threads)
    tuned = engines.tuned(run.base, "own", own_engines.unpacked(run.adapter), threads)
    before = evaluate(base, lessons.held_out, stop=beat.stop)
    after = evaluate(tuned, lessons.held_out, stop=beat.stop)
    return {
        "base": _measured(before),
        "tuned": _measured(after),
        "worse": after.similarity < before.similarity,
    }


def _model_of(run: TrainingRun) -> VisionModel:
    for model in engines.configured().vision:
        if model.name == run.base:
            return model
    raise EngineUnavailable(f"{run.base} is not set up on this trainer.")


def _fits(model: VisionModel) -> Callable[[str], bool]:
    """Whether the model writes a text as long as that."""

    @cache
    def processor() -> Processor:
        return processor_of(folder_of_weights(model, engines.configured()))

    return lambda text: len(answer(text, processor())) <= model.max_tokens


def _measured(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "lessons": evaluation.lessons,
        "similarity": round(evaluation.similarity, 4),
        "exact": round(evaluation.exact, 4),
        "seconds": round(evaluation.seconds, 2),
    }


def _train(
    run: TrainingRun, model: VisionModel, lessons: Prepared, folder: Path, beat: RunHeartbeat
) -> None:
    """Make the adapter, from the newest checkpoint there is, here or in the storage.

    A checkpoint goes to the storage every ``TRAINING_KEEP_SECONDS`` and when the trainer ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _fetch(run, folder)
    kept = time.monotonic()

    def told(progress: Progress) -> None:
        nonlocal kept
        beat.told(progress)
        if time.monotonic() - kept >= settings.TRAINING_KEEP_SECONDS:
            _keep(run, folder)
            kept = time.monotonic()

    try:
        trained = train(
            model,
            engines.configured(),
            lessons.train,
            folder,
            TrainingSettings(**run.options),
            told=told,
            stop=beat.stop,
            threads=settings.WORKER_THREADS,
        )
    except Cancelled:
        if beat.ending.is_set() and not (beat.cancelled or beat.too_long or beat.lost):
            _keep(run, folder)
        raise
    content = sorted(path for path in trained.adapter.iterdir() if path.is_file())
    file = _packed(run, "adapter.tar", content)
    with taken_back(file):
        runs.evaluating(run, file, lessons.skipped)


def _keep(run: TrainingRun, folder: Path) -> None:
    """Put the newest checkpoint into the storage; where that is away the run goes on."""
    newest = max(folder.glob(CHECKPOINTS), key=lambda path: path.stat().st_mtime, default=None)
    if newest is None or (run.checkpoint is not None and run.checkpoint.name == newest.name):
        return
    try:
        file = _packed(run, newest.name, [newest])
        with taken_back(file):
            runs.keep_checkpoint(run, file)
    except ExtractionError as error:
        if error.permanent or isinstance(error, LeaseLost):
            raise
        logger.warning("run %s: its checkpoint was not kept: %s", run.pk, error.detail)


def _packed(run: TrainingRun, name: str, content: list[Path]) -> StoredFile:
    """The files as one of the storage, its row still to be saved."""
    with tempfile.TemporaryDirectory(prefix="ocrsite-") as made:
        archive = Path(made) / "kept.tar"
        with tarfile.open(archive, "w") as tar:
            for path in content:
                tar.add(path, arcname=path.name)
        return files.keep_path(run.tenant, archive, name=name, media_type="application/x-tar")


def _fetch(run: TrainingRun, folder: Path) -> None:
    """The stored checkpoint beside those that are here; the newest of all is gone on from."""
    if run.checkpoint is None or (folder / run.checkpoint.name).exists():
        return
    with (
        tempfile.TemporaryDirectory(dir=folder.parent) as made,
        suppress(FileNotFoundError),
        storage.local_path(run.checkpoint.key) as archive,
    ):
        own_engines.unpack(archive, Path(made), run.checkpoint.sha256)
        for path in Path(made).glob(CHECKPOINTS):
            path.replace(folder / path.name)


def folder_of(run: TrainingRun) -> Path:
    """What this machine has of the run."""
    return Path(settings.TRAINING_DIR) / str(run.pk)


def forget_ended() -> None:
    """Remove what this machine has of runs that have ended, or went with their organisation."""
    home = Path(settings.TRAINING_DIR)
    here = {path.name: path for path in home.iterdir()} if home.is_dir() else {}
    still = TrainingRun.objects.filter(pk__in=_ids(here), status__in=OPEN)
    for name in here.keys() - {str(pk) for pk in still.values_list("pk", flat=True)}:
        shutil.rmtree(here[name], ignore_errors=True)


def _ids(names: Mapping[str, Path]) -> list[str]:
    return [name for name in names if len(name) == 36 and name.count("-") == 4]
