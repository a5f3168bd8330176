"""How a model is held and run: what is decided before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["bf16", "fp16", "fp32"]
Held = Literal["none", "8bit", "4bit"]
Cache = Literal["dynamic", "static"]


@dataclass(frozen=True, slots=True)
class Run:
    """How a model is held and run.

    ``device`` is torch's name. ``batch`` pages are read together, each shown with up to
    ``max_pixels``. A static ``cache`` of keys and values is laid out at once and lets the model be
    compiled on CUDA; it pays where batches are alike and many.
    """

    device: str
    dtype: Dtype
    quantisation: Held
    batch: int
    max_pixels: int
    cache: Cache = "dynamic"
