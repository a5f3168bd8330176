"""Weights brought into memory: from the folder where they were downloaded to, or an own one.

Nothing is ever fetched from here: ``manage.py models download`` does that. Only safetensors are
read and no code that comes with a model is run.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from extraction.engines.vlm.adapter import Adapter, parameters_of, with_adapter
from extraction.engines.vlm.processor import Processor
from extraction.errors import EngineUnavailable
from extraction.geometry import geometry_of
from extraction.model_run import Run
from extraction.vision_models import VisionModel
from extraction.weights import revision_in

# Kept as they are where the rest is quantised. The vision tower sees small print by small
# differences, which eight bits or four take away first, and is a fifth of the weights; the last
# layer is the table of tokens, which is not quantised either.
UNQUANTISED = ["model.visual", "lm_head"]
# Of the weights, that adapters in memory may take beside: six of rank 16 at 3 billion parameters.
# It is less than what plans leave free.
ADAPTERS_SHARE = 0.05


@dataclass(slots=True, eq=False)
class Loaded:
    """A model in memory; ``revision`` names all that its output depends on.

    ``model`` is None once it has been unloaded: whoever still has this must not keep its memory.
    """

    model: Any
    processor: Processor
    revision: str
    run: Run
    _tuned: OrderedDict[str, Loaded] = field(default_factory=OrderedDict, repr=False)
    _tuning: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def bytes(self) -> int:
        """What its weights take."""
        return int(self.model.get_memory_footprint())

    def tuned(self, adapter: Adapter) -> Loaded:
        """This model as the adapter makes it; the weights are the same, in memory once.

        Those used last are kept, up to ``ADAPTERS_SHARE``. Raises ``EngineUnavailable`` where it is
        unfit.
        """
        with self._tuning:
            if adapter.digest not in self._tuned:
                made = with_adapter(self.model, adapter)
                revision = tuned_revision(self.revision, adapter)
                self._tuned[adapter.digest] = Loaded(made, self.processor, revision, self.run)
            self._tuned.move_to_end(adapter.digest)
            while len(self._tuned) > 1 and self._adapters_bytes() > ADAPTERS_SHARE * self.bytes:
                self._tuned.popitem(last=False)
            return self._tuned[adapter.digest]

    def _adapters_bytes(self) -> int:
        return sum(
            parameter.nbytes
            for made in self._tuned.values()
            for parameter in parameters_of(made.model).values()
        )

    def unload(self) -> None:
        """Let go of the model, and of those made of it."""
        self.model = None
        self._tuned.clear()


def tuned_revision(base: str, adapter: Adapter) -> str:
    """The base's revision, with how it is held or without, and in it the adapter's digest."""
    source, usage = base.rsplit(".", 1)
    usage, *held = usage.split("/", 1)
    return "/".join([f"{source}.{usage}+{adapter.digest}", *held])


@lru_cache(maxsize=16)
def processor_of(folder: Path) -> Processor:
    """The folder's processor, read once. Raises ``EngineUnavailable`` where it is unfit."""
    try:
        return Processor(folder)
    except ImportError as error:
        raise EngineUnavailable(
            "transformers is not installed; requirements/gpu.txt has what it takes"
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(f"the model's processor cannot be used: {error}") from error


def load(model: VisionModel, folder: Path, run: Run) -> Loaded:
    """The model in ``folder``, as it is to be run.

    Raises ``EngineUnavailable`` where its files are missing or no model of the kind that this
    engine runs, ``torch.OutOfMemoryError`` where it does not fit.
    """
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration
    from transformers.utils.logging import disable_progress_bar

    geometry_of(folder)
    disable_progress_bar()
    # tells of a cast with each of a token's hundreds of multiplications
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    try:
        processor = processor_of(folder)
        made = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder,
            dtype=_dtype(run),
            device_map={"": run.device},
            attn_implementation=_attention(run),
            quantization_config=_quantisation(run),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise EngineUnavailable(f"{model.name} cannot be loaded: {error}") from error
    made.eval()
    revision = f"{revision_in(model, folder)}/{run.dtype}/{run.quantisation}"
    return Loaded(made, processor, revision, run)


def _attention(run: Run) -> str:
    """FlashAttention 2 where the operator has installed it, else torch's own."""
    from transformers.utils import is_flash_attn_2_available

    fast = run.device != "cpu" and run.dtype != "fp32" and is_flash_attn_2_available()
    return "flash_attention_2" if fast else "sdpa"


def _dtype(run: Run) -> Any:
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[run.dtype]


def _quantisation(run: Run) -> Any:
    """bitsandbytes' settings; 4-bit is NF4, its scales quantised too (QLoRA, arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    if run.quantisation == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=UNQUANTISED)
    if run.quantisation == "4bit":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=_dtype(run),
            llm_int8_skip_modules=UNQUANTISED,
        )
    return None
