"""How a model is to be held and run on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from extraction.engines.configuration import Configuration
from extraction.vision_models import VisionModel

Dtype = Literal["bf16", "fp16", "fp32"]
Held = Literal["none", "8bit", "4bit"]
Attention = Literal["sdpa", "flash_attention_2"]
Cache = Literal["dynamic", "static"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided before a model is loaded.

    ``batch`` pages are read together, each shown with up to ``max_pixels``. A static ``cache`` of
    keys and values is laid out at its full length at once and lets the model be compiled on CUDA;
    it pays where batches are alike and many, for each new shape is compiled anew.
    """

    device: str
    dtype: Dtype
    quantisation: Held
    batch: int
    max_pixels: int
    attention: Attention = "sdpa"
    cache: Cache = "dynamic"


def plan(model: VisionModel, configuration: Configuration) -> Plan:
    """A plain plan by the kind of device alone, whatever its memory."""
    import torch
    from transformers.utils import is_flash_attn_2_available

    wanted = configuration.quantisation
    held: Held = "none" if wanted == "auto" else wanted
    if not torch.cuda.is_available():
        return Plan("cpu", "fp32", held, 4, model.max_pixels)
    dtype: Dtype = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    attention: Attention = "flash_attention_2" if is_flash_attn_2_available() else "sdpa"
    return Plan("cuda", dtype, held, 8, model.max_pixels, attention)
