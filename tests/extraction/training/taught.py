"""Numbers taught to the tiny checkpoint in a form that it does not write by itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from extraction.training import Lesson, Progress, Trained, TrainingSettings, train
from tests.checkpoints.digits import drawn, number
from tests.extraction.engines.vlm import tiny

# enough for the form to be learned; a few seconds on a core
ENOUGH = TrainingSettings(
    alpha=64, dropout=0.0, learning_rate=5e-3, epochs=2, batch=4, accumulate=1
)
FEW = TrainingSettings(
    rank=4, learning_rate=5e-3, epochs=2, batch=2, accumulate=2, checkpoint_steps=2
)


def written(text: str) -> str:
    """The new form of a number; the base writes the number alone."""
    return f"<td>{text}</td>"


def lessons(count: int, seed: int = 1) -> list[Lesson]:
    """Numbers of 3 or 4 digits; the same for the same seed."""
    rng = random.Random(seed)
    texts = [number(rng, rng.randint(3, 4)) for _ in range(count)]
    return [Lesson(drawn(text, rng), written(text)) for text in texts]


def taught(
    folder: Path,
    settings: TrainingSettings = FEW,
    given: Sequence[Lesson] | None = None,
    **how: Any,
) -> tuple[Trained, list[Progress]]:
    """The tiny model trained in that folder, with 12 lessons where none are given."""
    told: list[Progress] = []
    row = how.pop("row", None) or tiny.model()
    listener = how.pop("told", told.append)
    done = train(
        row,
        how.pop("configuration", None) or tiny.configuration(row),
        lessons(12) if given is None else given,
        folder,
        settings,
        told=listener,
        threads=1,
        **how,
    )
    return done, told
