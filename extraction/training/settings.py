"""How a model is trained, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from extraction.errors import InvalidOption

BOUNDS: Mapping[str, tuple[float, float]] = {
    "rank": (1, 256),
    "alpha": (1, 1024),
    "dropout": (0.0, 0.9),
    "learning_rate": (1e-7, 0.1),
    "epochs": (1, 100),
    "batch": (1, 64),
    "accumulate": (1, 256),
    "warmup": (0.0, 0.9),
    "seed": (0, 2**31 - 1),
    "checkpoint_steps": (1, 100_000),
}
WHOLE = ("rank", "alpha", "epochs", "batch", "accumulate", "seed", "checkpoint_steps")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How an adapter is trained.

    ``alpha / rank`` is its weight beside the base, ``dropout`` the share of its inputs left out at
    random. ``batch`` lessons go through the model together, where memory suffices, and the weights
    change after ``accumulate`` such. The learning rate rises over the share ``warmup`` of all steps
    to ``learning_rate`` and falls to 0 along a cosine. ``quantisation`` is that of the base while
    it is trained. A checkpoint is kept after ``checkpoint_steps`` changes of the weights.

    Raises ``InvalidOption``, with the bound that was crossed.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    epochs: int = 3
    batch: int = 1
    accumulate: int = 8
    warmup: float = 0.03
    seed: int = 0
    quantisation: Literal["none", "4bit"] = "none"
    checkpoint_steps: int = 50

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            kinds = int if name in WHOLE else int | float
            if isinstance(value, bool) or not isinstance(value, kinds) or math.isnan(value):
                kind = "a whole number" if name in WHOLE else "a number"
                raise InvalidOption(f"{name} is to be {kind}")
            if not least <= value <= most:
                raise InvalidOption(
                    f"{name} is to be {least:g} to {most:g}",
                    limit=least if value < least else most,
                    actual=value,
                )
        if self.quantisation not in ("none", "4bit"):
            raise InvalidOption("quantisation is to be none or 4bit")

    def steps(self, lessons: int) -> int:
        """How often the weights change with so many lessons."""
        return self.epochs * math.ceil(lessons / (self.batch * self.accumulate))

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 1."""
        warm = math.ceil(self.warmup * steps)
        if step <= warm:
            return self.learning_rate * step / warm
        done = (step - warm - 1) / max(1, steps - warm)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True, slots=True)
class Progress:
    """How a training stands after a step.

    ``loss`` is the step's: the mean over its lessons' tokens of the natural logarithm of one over
    what the model held them likely. ``seconds`` and ``tokens`` (prompts and pages too) are of this
    run.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished adapter's folder, its steps in all, the last one's loss, this run's seconds."""

    adapter: Path
    steps: int
    loss: float
    seconds: float
