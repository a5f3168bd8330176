"""A step of fine-tuning: its speed and memory, with and without what saves memory.

    python -m benchmarks.training             the geometry of the 3B models, random weights, a GPU
    python -m benchmarks.training --tiny      every line of it on a CPU, within a minute

One table, in Markdown. Each row is a way to hold the base and to go back through the layers:
tokens a second (prompts and pages too), the largest memory of tensors (on a CPU what the process
grew by), beside the plan's estimate, and both as ratios to the first row that could be run.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device import Memory, emptied
from benchmarks.vision_models import LARGE, TINY, build
from extraction.engines.vlm.ladder import out_of_memory
from extraction.engines.vlm.loading import load, processor_of
from extraction.errors import EngineUnavailable
from extraction.geometry import geometry_of
from extraction.hardware import probe
from extraction.memory_plan import KERNELS_BYTES, LIBRARIES_BYTES
from extraction.model_run import Held, Run
from extraction.training import Lesson, Progress, TrainingSettings
from extraction.training.lessons import survey
from extraction.training.memory import Case, Way
from extraction.training.steps import Training
from extraction.vision_models import VisionModel

GB = 1e9
WIDTH_TO_HEIGHT = 1 / 2**0.5  # A4
ROWS: tuple[tuple[Held, bool], ...] = (
    ("none", False),
    ("none", True),
    ("4bit", False),
    ("4bit", True),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a way takes: tokens a second after the first step, bytes at most."""

    speed: float
    peak: int


def lessons(pixels: int, tokens: int, count: int) -> list[Lesson]:
    """Pages of random dots, each with a text of about so many tokens."""
    height = int((pixels / WIDTH_TO_HEIGHT) ** 0.5)
    random = np.random.default_rng(1)
    page = random.integers(0, 256, (height, int(height * WIDTH_TO_HEIGHT), 3), dtype=np.uint8)
    digits = "".join(random.choice(list("0123456789"), tokens - 1))
    return [Lesson(page, digits)] * count


def trained(
    row: VisionModel,
    run: Run,
    given: Sequence[Lesson],
    settings: TrainingSettings,
    way: Way,
    parent: Path,
) -> Taken:
    """All steps with these lessons, that way; ``EngineUnavailable`` where memory does not suffice.

    In a process of its own, as what was freed by one may be kept by its allocator.
    """
    import peft  # noqa: F401  (not counted as the training's)
    import torch

    torch.set_num_threads(1)

    memory = Memory(run.device)
    base = Path(row.source)
    found = survey(given, processor_of(base), row, lambda: False)
    told: list[Progress] = []
    measured: dict[str, int] = {}
    with memory.measured(measured), tempfile.TemporaryDirectory(dir=parent) as folder:
        loaded = load(row, base, run)
        training = Training(loaded, row, given, settings, Path(folder), "0" * 64, found.taught, way)
        try:
            training.go(told.append, lambda: False, 0.0)
        except Exception as error:
            if out_of_memory(error) or training.way != way:
                raise EngineUnavailable("memory does not suffice") from None
            raise
    first, last = told[0], told[-1]
    return Taken((last.tokens - first.tokens) / (last.seconds - first.seconds), measured["peak"])


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, few pixels and tokens")
    parser.add_argument("--tokens", type=int, default=0, help="of a text (default 1024, tiny 64)")
    parser.add_argument("--pixels", type=int, default=0, help="(default 2500000, tiny 300000)")
    parser.add_argument("--batch", type=int, default=1, help="lessons that go through together")
    parser.add_argument("--steps", type=int, default=4)
    given = parser.parse_args()
    tiny = given.tiny
    logging.basicConfig(level=logging.WARNING, format="    %(message)s")

    import torch

    hardware = probe()
    device = "cuda" if hardware.devices else "cpu"
    if device == "cpu" and not tiny:
        raise SystemExit("there is no GPU here that torch can use; --tiny runs on a CPU")
    dtype: Any = "bf16" if device == "cuda" and hardware.devices[0].bf16 else "fp32"
    if device == "cpu":  # else the C library keeps much of what rows let go, and counts it
        os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"
    name = hardware.devices[0].name if hardware.devices else f"CPU, {hardware.cores} cores"
    print(f"{name}, torch {torch.__version__}\n")
    tokens = given.tokens or (64 if tiny else 1024)
    pixels = given.pixels or (300_000 if tiny else 2_500_000)
    settings = TrainingSettings(epochs=1, batch=given.batch, accumulate=2, checkpoint_steps=100_000)
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as parent:
        folder = Path(parent) / "model"
        build(folder, TINY if tiny else LARGE, device=device)
        emptied()
        geometry = geometry_of(folder)
        row = VisionModel(
            "random", "random weights", str(folder), instruction="Read.", min_pixels=784,
            max_pixels=pixels, max_tokens=tokens,
        )  # fmt: skip
        pages = lessons(pixels, tokens, given.steps * given.batch * settings.accumulate)
        print("| base | layers | tokens/s | ratio | peak GB | ratio | planned GB | differs |")
        print("|---|---|---|---|---|---|---|---|")
        best: Taken | None = None
        for held, checkpointed in ROWS:
            run = Run(device, dtype, held, given.batch, pixels)
            case = Case(geometry, dtype, held, settings.rank, pixels, tokens, cuda=device == "cuda")
            way = case.way(given.batch, checkpointed)
            what = f"| {held} | {'checkpointed' if checkpointed else 'kept'} |"
            # in a process of its own: what one has freed it may keep
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                work = pool.submit(trained, row, run, pages, settings, way, Path(parent))
                try:
                    done = work.result()
                except EngineUnavailable:
                    done = None
            if done is None:
                print(f"{what} no memory | | | | {way.total / GB:.2f} | |", flush=True)
                continue
            best = best or done
            planned = way.total - (KERNELS_BYTES if device == "cuda" else LIBRARIES_BYTES)
            print(
                f"{what} {done.speed:.0f} | {done.speed / best.speed:.2f} | {done.peak / GB:.2f} |"
                f" {done.peak / best.peak:.2f} | {planned / GB:.2f} |"
                f" {planned / done.peak - 1:+.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
