"""A vision-language model on a GPU: speed, memory, and what happens when it does not suffice.

    python -m benchmarks.vision_gpu             the geometry of the 3B models, random weights
    python -m benchmarks.vision_gpu --tiny      every line of it on a CPU, within a minute
    python -m benchmarks.vision_gpu --static    the first table alone: a static cache, compiled

Three tables, in Markdown:

- pages and tokens a second of the engine at several batches, in bfloat16 and 8 bits, beside plain
  ``generate`` with one page, and beside what the memory's bandwidth allows: for each token of a
  batch, all weights of the text layers and the caches of all rows are read once. The bandwidth is
  measured by copying.
- the plan's estimate of memory beside the peak that was measured,
- the engine under a cap of memory: how it halves its batch, and loads its weights in fewer bits.

Every page has the same pixels, and every row writes the same number of tokens, for the weights are
random and end nowhere. Pages are seen and the first token written in "first s".
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device import Memory, bandwidth, capped, emptied, timed
from benchmarks.vision_models import LARGE, TINY, build
from extraction.engines.configuration import Configuration
from extraction.engines.vlm.generation import Row, write
from extraction.engines.vlm.ladder import Ladder
from extraction.engines.vlm.loading import Loaded, load, processor_of
from extraction.engines.vlm.processor import batch_of
from extraction.errors import EngineUnavailable
from extraction.geometry import Geometry, geometry_of
from extraction.hardware import probe
from extraction.memory_plan import SIZES, Need, needed, plan
from extraction.model_run import Held, Run
from extraction.vision_models import VisionModel

GB = 1e9
WIDTH_TO_HEIGHT = 1 / 2**0.5  # A4
HELD: tuple[Held, ...] = ("none", "8bit")


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that was written: seconds to the first token and to the last, and memory at most.

    ``peak`` is what tensors took, ``process`` what the process grew by, with what its allocator
    keeps and what CUDA loads.
    """

    first: float
    seconds: float
    peak: int
    process: int


def rows(folder: Path, pixels: int, batch: int, tokens: int) -> list[Row]:
    """Pages of random dots, each to be written with so many tokens."""
    height = int((pixels / WIDTH_TO_HEIGHT) ** 0.5)
    random = np.random.default_rng(1)
    page = random.integers(0, 256, (height, int(height * WIDTH_TO_HEIGHT), 3), dtype=np.uint8)
    prompt = processor_of(folder).prompt(page, "Read.", min_pixels=784, max_pixels=pixels)
    return [Row(prompt, tokens) for _ in range(batch)]


def plainly(loaded: Loaded, asked: Sequence[Row]) -> None:
    """transformers' own ``generate``, with nothing of the engine's around it."""
    import torch

    tokenizer = loaded.processor.tokenizer
    inputs = batch_of(
        [row.prompt for row in asked],
        pad=tokenizer.pad_token_id,
        image_token=loaded.processor.image_token,
    )
    with torch.inference_mode():
        loaded.model.generate(
            **{name: value.to(loaded.model.device) for name, value in inputs.items()},
            max_new_tokens=asked[0].max_tokens,
            do_sample=False,
        )


def by_engine(loaded: Loaded, asked: Sequence[Row]) -> None:
    """The engine's writing, as its thread calls it."""
    written = write(loaded, asked, repetition_penalty=1.0)
    assert [len(each.tokens) for each in written] == [row.max_tokens for row in asked]


def taken(
    loaded: Loaded,
    reader: Callable[[Loaded, Sequence[Row]], None],
    asked: Sequence[Row],
    memory: Memory,
) -> Taken:
    """One batch, after a shorter one that warms up; after itself, where it is compiled first."""
    short = [replace(row, max_tokens=1) for row in asked]
    if loaded.run.cache == "static":
        print(f"    compiled in {timed(lambda: reader(loaded, asked)):.0f} s", flush=True)
    reader(loaded, short)
    first = min(timed(lambda: reader(loaded, short)) for _ in range(2))
    emptied()
    found: dict[str, int] = {}
    with memory.measured(found):
        seconds = timed(lambda: reader(loaded, asked))
    return Taken(first, seconds, found["peak"], found["process"])


def step_bytes(geometry: Geometry, need: Need, held: Held, size: int, batch: int) -> int:
    """What is read for one token of each row: the text layers, the table, half-filled caches."""
    text = need.weights - geometry.vision.parameters * size
    if not geometry.tied:
        text -= geometry.vocabulary * geometry.hidden * size  # of the table a row a token is read
    return text + batch * need.page.cache


def speed(
    folder: Path,
    row: VisionModel,
    run: Run,
    batches: Sequence[int],
    memory: Memory,
    copied: float,
) -> list[str]:
    """The rows of the table of memory; those of speed are printed."""
    geometry, size = geometry_of(folder), SIZES[run.dtype]
    loaded = load(row, folder, run)
    lines = []
    readers: list[tuple[str, Callable[[Loaded, Sequence[Row]], None], int]] = [
        ("plain generate", plainly, 1),
        *((f"engine, {run.cache}", by_engine, batch) for batch in batches),
    ]
    for name, reader, batch in readers:
        asked = rows(folder, row.max_pixels, batch, row.max_tokens)
        need = needed(
            geometry,
            run.dtype,
            run.quantisation,
            batch=batch,
            pixels=row.max_pixels,
            max_tokens=row.max_tokens,
            cuda=memory.cuda,
        )
        what = f"| {run.dtype}, {run.quantisation} | {name} | {batch} |"
        try:
            done = taken(loaded, reader, asked, memory)
        except Exception as error:  # a batch too large for this GPU
            print(f"{what} {type(error).__name__}: {str(error)[:150]} |", flush=True)
            emptied()
            continue
        rate = batch * (row.max_tokens - 1) / max(done.seconds - done.first, 1e-3)
        roof = batch * copied / step_bytes(geometry, need, run.quantisation, size, batch)
        print(
            f"{what} {batch / done.seconds:.2f} | {done.first:.2f} | {rate:.0f} | {roof:.0f} |"
            f" {rate / roof:.0%} |",
            flush=True,
        )
        tensors = need.weights + batch * need.page.most
        lines.append(
            f"{what} {tensors / GB:.2f} | {done.peak / GB:.2f} | {tensors / done.peak - 1:+.1%} |"
            f" {need.total / GB:.2f} | {done.process / GB:.2f} |"
            f" {need.total / done.process - 1:+.1%} |"
        )
    return lines


def ladder(folder: Path, row: VisionModel, run: Run, *, cuda: bool) -> None:
    """The table of what the engine does with less memory than its plan."""
    geometry, size = geometry_of(folder), SIZES[run.dtype]

    def need(held: Held) -> Need:
        return needed(
            geometry,
            run.dtype,
            held,
            batch=1,
            pixels=row.max_pixels,
            max_tokens=row.max_tokens,
            cuda=cuda,
        )

    page = need("none").page.most
    unpacked = geometry.largest_linear * size
    cases = [("2.5 pages beside the weights", True, int(2.5 * page))]
    if cuda:  # on a CPU the weights of a model small enough are lost in what libraries take
        cases += [
            ("8-bit weights and 1.5 pages", False, need("8bit").weights + int(1.5 * page)),
            ("4-bit weights and 1.5 pages", False, need("4bit").weights + unpacked + page * 3 // 2),
            ("half of the 4-bit weights", False, need("4bit").weights // 2),
        ]
    asked = rows(folder, row.max_pixels, run.batch, row.max_tokens)
    for name, warm, spare in cases:
        made = Ladder(row, Configuration(), threads=0, planned=run)
        try:
            if warm:
                made.write([replace(asked[0], max_tokens=1)])
            with capped(spare, cuda=cuda):
                begun = time.perf_counter()
                count = len(made.write(asked))
                assert made.loaded is not None
                held = made.loaded.revision.rsplit("/", 1)[1]
                print(
                    f"| {name} | {count} pages | batches of {made.batch} | {held} |"
                    f" {time.perf_counter() - begun:.1f} |",
                    flush=True,
                )
        except EngineUnavailable as error:
            print(f"| {name} | {error.detail} | | | |", flush=True)
        made.unload()
        emptied()


def main() -> None:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, few pixels and tokens")
    parser.add_argument("--static", action="store_true", help="a static cache, bfloat16 alone")
    parser.add_argument("--tokens", type=int, default=0, help="of a page (default 256, tiny 12)")
    parser.add_argument("--pixels", type=int, default=0, help="(default 2500000, tiny 700000)")
    parser.add_argument("--batches", default="1,8,32")
    given = parser.parse_args()
    tiny = given.tiny
    logging.basicConfig(level=logging.WARNING, format="    %(message)s")

    import torch

    hardware = probe()
    device = "cuda" if hardware.devices else "cpu"
    if device == "cpu" and not tiny:
        raise SystemExit("there is no GPU here that torch can use; --tiny runs on a CPU")
    dtype: Any = "bf16" if device == "cuda" and hardware.devices[0].bf16 else "fp32"
    name = hardware.devices[0].name if hardware.devices else f"CPU, {hardware.cores} cores"
    print(f"{name}, torch {torch.__version__}\n")
    batches = [int(number) for number in given.batches.split(",")]
    copied = bandwidth(device, 2_000_000_000 if device == "cuda" else 100_000_000)
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as parent:
        folder = Path(parent) / "model"
        build(folder, TINY if tiny else LARGE, device=device)
        emptied()
        row = VisionModel(
            "random",
            "random weights",
            str(folder),
            instruction="Read.",
            min_pixels=784,
            max_pixels=given.pixels or (700_000 if tiny else 2_500_000),
            max_tokens=given.tokens or (12 if tiny else 256),
        )
        best = plan(
            geometry_of(folder),
            hardware,
            min_pixels=row.min_pixels,
            max_pixels=row.max_pixels,
            max_tokens=row.max_tokens,
        )
        print("\n".join(best.reasons), f"\nPlan: {best.summary}.")
        print(f"Memory is copied at {copied / GB:.0f} GB/s, read and written.\n")
        print("| weights | how | batch | pages/s | first s | tokens/s | roof | share of it |")
        print("|---|---|---|---|---|---|---|---|")
        lines = []
        for held in HELD[: 1 if given.static else None]:
            run = Run(device, dtype, held, max(batches), row.max_pixels)
            run = replace(run, cache="static") if given.static else run
            lines += speed(folder, row, run, batches, Memory(device), copied)
            emptied()
        print(
            "\n| weights | how | batch | tensors planned GB | peak GB | differs | all planned GB |"
            " process GB | differs |\n|---|---|---|---|---|---|---|---|---|"
        )
        print("\n".join(lines))
        if given.static:
            return
        print("\n| memory | outcome | batch | weights | s |\n|---|---|---|---|---|")
        run = Run(device, dtype, "none", 8, row.max_pixels)
        ladder(folder, row, run, cuda=device == "cuda")


if __name__ == "__main__":
    main()
