"""How far a training is, in a file that is there whole or not at all.

It has the adapter's tensors and the optimizer's, and nothing that would run when it is read. The
order of lessons and what is random follow from the seed and the step, so they need not be kept. A
file's name tells of which training it is, after how many steps, and a hash of its bytes.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from extraction.errors import EngineUnavailable

logger = logging.getLogger(__name__)

NAME = re.compile(r"([0-9a-f]{16})-(\d{8})-([0-9a-f]{16})\.safetensors")
KEPT = 2  # should the newest be torn, the one before serves
MOMENTS = ("exp_avg", "exp_avg_sq")  # AdamW's


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """After ``step`` steps: ``tensors`` by name, the adapter's under "adapter:"."""

    step: int
    loss: float
    tensors: dict[str, Any]


def write(folder: Path, digest: str, checkpoint: Checkpoint) -> None:
    """Put it into the folder, and let go of those of this training but the ``KEPT`` newest.

    Raises ``EngineUnavailable`` where it cannot be written.
    """
    from safetensors.torch import save

    data = save(checkpoint.tensors, {"loss": repr(checkpoint.loss)})
    name = f"{digest[:16]}-{checkpoint.step:08}-{sha256(data).hexdigest()[:16]}.safetensors"
    try:
        replace(folder / name, data)
        for _, old in _of(folder, digest)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise EngineUnavailable(f"the checkpoint cannot be written: {error.strerror}") from error


def replace(path: Path, data: bytes) -> None:
    """Write the file beside, and give it its name when it is on the disk."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def newest(folder: Path, digest: str) -> Checkpoint | None:
    """The newest sound one of this training; others are told of in the log and left alone."""
    if foreign := sum(1 for _ in _named(folder)) - len(_of(folder, digest)):
        logger.warning("%d checkpoints of other trainings are not used", foreign)
    for step, path in _of(folder, digest):
        if (found := _read(path, step)) is not None:
            return found
        logger.warning("the checkpoint of step %d is torn and not used", step)
    return None


def _named(folder: Path) -> Iterator[tuple[re.Match[str], Path]]:
    for path in folder.iterdir():
        if (match := NAME.fullmatch(path.name)) and path.is_file():
            yield match, path


def _of(folder: Path, digest: str) -> list[tuple[int, Path]]:
    """Those of the training with their steps, the newest first."""
    found = [(int(match[2]), path) for match, path in _named(folder) if match[1] == digest[:16]]
    return sorted(found, reverse=True)


def _read(path: Path, step: int) -> Checkpoint | None:
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:
            whole = sha256(file.read()).hexdigest()
        if not path.stem.endswith(whole[:16]):
            return None
        with safe_open(path, "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in list(opened.keys())}
            return Checkpoint(step, float(opened.metadata()["loss"]), tensors)
    except (SafetensorError, KeyError, TypeError, ValueError):
        return None
    except OSError as error:
        raise EngineUnavailable("the checkpoints cannot be read") from error
