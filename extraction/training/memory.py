"""Whether a training fits into memory, counted from the model's geometry before it is loaded.

Held all the time: the base's weights, what the libraries take, and for each number of the adapter
16 bytes (itself, its gradient and two moments, all float32). On top comes what a lesson leaves for
the way back: at each text layer, or with gradient checkpointing (arXiv 1604.06174) its input only,
and then one layer at a time all of it, computed again.
"""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class Case:
    """An adapter of ``rank`` on a model held like that, taught pages of up to ``pixels`` with texts
    of up to ``taught`` tokens."""

    geometry: Geometry
    dtype: Dtype
    held: Held
    rank: int
    pixels: int
    taught: int
    cuda: bool

    def fitting(self, together: int, name: str, budget: int) -> Way:
        """The best way that fits: all together, checkpointed, one by one.

        Raises ``EngineUnavailable`` where none does.
        """
        found = [(together, self.cuda), (together, True), (1, True)]
        for way in (self.way(*how) for how in dict.fromkeys(found)):
            if way.total <= budget:
                return way
        raise EngineUnavailable(
            f"training {name} takes {way.total / GB:.2f} GB of memory, one lesson at a time;"
            f" {budget / GB:.2f} GB can be had",
            limit=budget,
            actual=way.total,
        )

    def way(self, together: int, checkpointed: bool) -> Way:
        """The way, and what it takes."""
        size = SIZES[self.dtype]
        fixed = weights_bytes(self.geometry, size, self.held, cuda=self.cuda)
        fixed += KERNELS_BYTES if self.cuda else LIBRARIES_BYTES
        if self.held == "4bit":  # a map at a time is brought back to the number format
            fixed += self.geometry.largest_linear * size
        shapes = shapes_of(self.geometry, self.rank).values()
        fixed += ADAPTER_BYTES * sum(map(math.prod, shapes))
        lesson = self.lesson_bytes(checkpointed)
        return Way(together, checkpointed, fixed + int((1 + FRAGMENTS) * together * lesson))

    def lesson_bytes(self, checkpointed: bool) -> int:
        """What a lesson takes at the worst moment."""
        geometry, size = self.geometry, SIZES[self.dtype]
        page = page_bytes(geometry, size, self.held, pixels=self.pixels, max_tokens=0)
        tokens = PROMPT_TOKENS + self.pixels // geometry.vision.token_side**2 + self.taught
        likely = geometry.vocabulary * (size + 3 * FLOAT)
        if checkpointed:
            kept = geometry.layers * tokens * geometry.hidden * size + tokens * self.layer_bytes
            kept += min(self.taught, LOGITS) * likely
        else:
            kept = geometry.layers * tokens * self.layer_bytes + self.taught * likely
        gradients = tokens * (2 * geometry.intermediate + 4 * geometry.hidden) * FLOAT
        return max(page.looking, page.beginning, kept + gradients)

    @property
    def layer_bytes(self) -> int:
        """What a layer keeps of a token for the way back.

        Counted from the tensors that torch keeps: the norms' inputs in floats; queries, keys,
        values and what attention gives; three of the perceptron's width. Each of the seven maps has
        its adapter's input in floats, what of it is left out, and what its first matrix gives.
        """
        hidden, inner = self.geometry.hidden, self.geometry.intermediate
        size, left_out = SIZES[self.dtype], 1 if self.cuda else FLOAT
        own = 2 * hidden * FLOAT + (2 * hidden + 2 * self.geometry.kv_width + 3 * inner) * size
        return own + (6 * hidden + inner) * (FLOAT + left_out) + 7 * self.rank * FLOAT
