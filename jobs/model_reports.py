"""What workers tell of the models they run: with their own entry in Redis, and gone with it."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass

from extraction import engines
from extraction.errors import ExtractionError

logger = logging.getLogger(__name__)

FIELD = "models"  # of a worker's hash in Redis
GB = 1e9


@dataclass(frozen=True, slots=True)
class ModelReport:
    """How one model is held by a worker, and whether it is in memory now."""

    name: str
    dtype: str
    quantisation: str
    batch: int
    max_pixels: int
    memory_bytes: int
    loaded: bool


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker's hardware in words, and its models; ``used_bytes`` of its ``budget_bytes``."""

    hardware: str
    budget_bytes: int
    used_bytes: int
    models: tuple[ModelReport, ...]

    @property
    def words(self) -> str:
        """In one line, for operators."""
        told = [
            f"{model.name} ({model.dtype}, {model.quantisation}, batch {model.batch},"
            f" {model.memory_bytes / GB:.1f} GB{', loaded' if model.loaded else ''})"
            for model in self.models
        ]
        memory = f"{self.used_bytes / GB:.1f} of {self.budget_bytes / GB:.1f} GB"
        return f"{self.hardware}; {memory}; {', '.join(told) or 'no model'}"


def plan_all() -> None:
    """Plan all models that are set up, so that they are told; what cannot be is said in the log."""
    from extraction.engines.vlm.residence import residence

    configuration = engines.configured()
    for model in configuration.vision:
        try:
            residence(configuration.memory_bytes).plan_of(model, configuration)
        except ExtractionError as error:
            logger.error("%s cannot be run: %s", model.name, error.detail)


def of_this_process() -> str:
    """The report as text, "" where nothing has been planned here."""
    from extraction.engines.vlm.residence import standing

    now = standing(engines.configured().memory_bytes)
    if now is None:
        return ""
    loaded = {model.name for model in now.models.models}
    devices = [
        f"{device.name}, {device.total_bytes / GB:.0f} GB" for device in now.hardware.devices
    ]
    cpu = f"{now.hardware.cores} cores, {now.hardware.ram_bytes / GB:.0f} GB"
    report = WorkerReport(
        "; ".join([*devices, cpu]),
        now.models.budget_bytes,
        now.models.used_bytes,
        tuple(
            ModelReport(
                name,
                plan.dtype,
                plan.quantisation,
                plan.batch,
                plan.max_pixels,
                plan.total_bytes,
                name in loaded,
            )
            for name, plan in now.plans.items()
        ),
    )
    return json.dumps(asdict(report))


def read(text: bytes | str | None) -> WorkerReport | None:
    """The report of that text; None where there is none, or one of another version."""
    if not text:
        return None
    try:
        told = json.loads(text)
        models = tuple(ModelReport(**model) for model in told.pop("models"))
        return WorkerReport(**told, models=models)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
