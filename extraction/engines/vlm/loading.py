"""Weights brought into memory: from the folder where they were downloaded to, or an own one.

Nothing is ever fetched from here: ``manage.py models download`` does that. Only safetensors are
read and no code that comes with a model is run.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from extraction.engines.configuration import Configuration
from extraction.engines.vlm.plan import Plan
from extraction.engines.vlm.processor import Processor
from extraction.errors import EngineUnavailable
from extraction.vision_models import VisionModel

ARCHITECTURE = "qwen2_5_vl"
# Kept as they are where the rest is quantised. The vision tower sees small print by small
# differences, which eight bits or four take away first, and is a fifth of the weights; the last
# layer is the table of tokens, which is not quantised either.
UNQUANTISED = ["model.visual", "lm_head"]
SAMPLES = 64  # blocks of each file of weights that tell folders apart
BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory; ``revision`` names all that its output depends on."""

    model: Any
    processor: Processor
    revision: str
    plan: Plan

    @property
    def bytes(self) -> int:
        """What its weights take."""
        return int(self.model.get_memory_footprint())


def folder_of(model: VisionModel, configuration: Configuration) -> Path:
    """Where the model's files are. Raises ``EngineUnavailable`` where they are not."""
    own = Path(model.source)
    if own.is_absolute():
        if not (own / "config.json").is_file():
            raise EngineUnavailable(f"{model.name}: there is no model in {own}")
        return own
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            model.source,
            revision=model.revision or None,
            cache_dir=configuration.weights,
            local_files_only=True,
        )
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise _missing(model) from error
    if not (Path(found) / "config.json").is_file():
        raise _missing(model)
    return Path(found)


def _missing(model: VisionModel) -> EngineUnavailable:
    return EngineUnavailable(
        f"the weights of {model.name} are not here; fetch them with:"
        f" manage.py models download {model.name}"
    )


def commit_of(folder: Path, model: VisionModel) -> str:
    """The commit of the hub's repository; of an own folder, a hash of its files' contents.

    Of the weights, the hash takes samples: training changes nearly all of them.
    """
    if not Path(model.source).is_absolute():
        return folder.name
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for sample in range(SAMPLES):
                file.seek(max(0, size - BLOCK) * sample // (SAMPLES - 1))
                digest.update(file.read(BLOCK))
    return digest.hexdigest()[:12]


@lru_cache(maxsize=16)
def processor_of(folder: Path) -> Processor:
    """The folder's processor, read once. Raises ``EngineUnavailable`` where it is unfit."""
    try:
        return Processor(folder)
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(f"the processor in {folder} cannot be used: {error}") from error


def load(model: VisionModel, configuration: Configuration, plan: Plan) -> Loaded:
    """The model as planned.

    Raises ``EngineUnavailable`` where its files are missing or no model of the kind that this
    engine runs, ``torch.OutOfMemoryError`` where it does not fit.
    """
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration
    from transformers.utils.logging import disable_progress_bar

    folder = folder_of(model, configuration)
    kind = json.loads((folder / "config.json").read_text()).get("model_type")
    if kind != ARCHITECTURE:
        raise EngineUnavailable(f"{model.name} is a {kind}; only {ARCHITECTURE} can be run")
    disable_progress_bar()
    # tells of a cast with each of a token's hundreds of multiplications
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    try:
        processor = processor_of(folder)
        made = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder,
            dtype=_dtype(plan),
            device_map={"": plan.device},
            attn_implementation=plan.attention,
            quantization_config=_quantisation(plan),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise EngineUnavailable(f"{model.name} cannot be loaded: {error}") from error
    made.eval()
    commit = commit_of(folder, model)
    revision = f"{model.source}@{commit}/{plan.dtype}/{plan.quantisation}"
    return Loaded(made, processor, revision, plan)


def _dtype(plan: Plan) -> Any:
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[plan.dtype]


def _quantisation(plan: Plan) -> Any:
    """bitsandbytes' settings; 4-bit is NF4, its scales quantised too (QLoRA, arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    if plan.quantisation == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=UNQUANTISED)
    if plan.quantisation == "4bit":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=_dtype(plan),
            llm_int8_skip_modules=UNQUANTISED,
        )
    return None
