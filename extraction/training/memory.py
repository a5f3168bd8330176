"""Whether a training fits into memory, counted from the model's geometry before it is loaded.

Held all the time: the base's weights, what the libraries take, and for each number of the adapter
16 bytes (itself, its gradient and two moments, all float32). On top comes what a lesson leaves for
the way back: at each text layer, or with gradient checkpointing (arXiv 1604.06174) its input only,
and then one layer at a time all of it, computed again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from extraction.engines.vlm.adapter import shapes_of
from extraction.errors import EngineUnavailable
from extraction.geometry import Geometry
from extraction.memory_plan import (
    FLOAT,
    FRAGMENTS,
    GB,
    KERNELS_BYTES,
    LIBRARIES_BYTES,
    PROMPT_TOKENS,
    SIZES,
    page_bytes,
    weights_bytes,
)
from extraction.model_run import Dtype, Held

ADAPTER_BYTES = 16  # a number
LOGITS = 512  # tokens whose likelihoods are computed together


@dataclass(frozen=True, slots=True)
class Way:
    """How lessons go through the model: so many together, and what that takes in bytes."""

    together: int
    checkpointed: bool
    total: int


def ways(
    geometry: Geometry,
    dtype: Dtype,
    held: Held,
    *,
    rank: int,
    together: int,
    pixels: int,
    taught: int,
    cuda: bool,
) -> Iterator[Way]:
    """The ways to train with pages of ``pixels`` and up to ``taught`` tokens, the best first."""
    for count, checkpointed in dict.fromkeys([(together, cuda), (together, True), (1, True)]):
        lesson = lesson_bytes(
            geometry, SIZES[dtype], held, pixels=pixels, taught=taught, checkpointed=checkpointed
        )
        adapter = ADAPTER_BYTES * sum(map(math.prod, shapes_of(geometry, rank).values()))
        fixed = weights_bytes(geometry, SIZES[dtype], held, cuda=cuda)
        fixed += KERNELS_BYTES if cuda else LIBRARIES_BYTES
        if held == "4bit":  # a map at a time is brought back to the number format
            fixed += geometry.largest_linear * SIZES[dtype]
        total = fixed + adapter + int((1 + FRAGMENTS) * count * lesson)
        yield Way(count, checkpointed, total)


def lesson_bytes(
    geometry: Geometry, size: int, held: Held, *, pixels: int, taught: int, checkpointed: bool
) -> int:
    """What a lesson takes at the worst moment, numbers being ``size`` bytes wide."""
    page = page_bytes(geometry, size, held, pixels=pixels, max_tokens=0)
    tokens = PROMPT_TOKENS + pixels // geometry.vision.token_side**2 + taught
    hidden, inner, narrow = geometry.hidden, geometry.intermediate, geometry.kv_width
    # A layer: norms (in floats, and their results), queries, keys and values before and after they
    # are turned, what attention gives, and four of the perceptron's width. Each map's input comes
    # to the adapter in floats, with a mask of what is left out.
    own = hidden * (4 * FLOAT + 8 * size) + 4 * narrow * size + 4 * inner * size
    adapter = (6 * hidden + inner) * (FLOAT + FLOAT + 1)
    layer = tokens * (own + adapter)
    going_back = tokens * (2 * inner + 4 * hidden) * FLOAT  # gradients on the way
    likelihoods = min(taught, LOGITS) * geometry.vocabulary * (size + 3 * FLOAT)
    if checkpointed:
        kept = geometry.layers * tokens * hidden * size + layer
    else:
        kept = geometry.layers * layer
        likelihoods = taught * geometry.vocabulary * (size + 3 * FLOAT)
    return max(page.looking, page.beginning, kept + going_back + likelihoods)


def fitting(found: Iterator[Way], name: str, budget: int) -> Way:
    """The first way that fits. Raises ``EngineUnavailable`` where none does."""
    for way in found:
        if way.total <= budget:
            return way
    raise EngineUnavailable(
        f"training {name} takes {way.total / GB:.2f} GB of memory, one lesson at a time;"
        f" {budget / GB:.2f} GB can be had",
        limit=budget,
        actual=way.total,
    )
