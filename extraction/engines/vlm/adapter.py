"""LoRA adapters (arXiv 2106.09685): what may be one, and its place in a model.

An adapter is a folder of two files as peft writes them, ``adapter_config.json`` and
``adapter_model.safetensors``, and nothing else. It is not believed: the settings are ours to the
letter, and the tensors those that the base's geometry asks for.

It lies on the linear maps of the text layers alone. What a form looks like and how it is to be
written is learned there; the vision tower, which tells small print by small differences, stays as
its makers trained it, nothing of it is kept for the way back, and servers such as vLLM take
adapters of the text layers only.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from extraction.errors import EngineUnavailable
from extraction.geometry import Geometry, geometry_of, header_of
from extraction.vision_models import VisionModel
from extraction.weights import commit_of, is_own

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
PERCEPTRON = ("gate_proj", "up_proj", "down_proj")
TARGETS = (
    rf"model\.language_model\.layers\.\d+\.(self_attn|mlp)\.({'|'.join(ATTENTION + PERCEPTRON)})"
)
PREFIX = "base_model.model."  # that peft gives to names in files
MAX_RANK = 256
MAX_CONFIG = 10_000  # bytes
DTYPES = {"F32": 4, "BF16": 2, "F16": 2}  # bytes of a number
_NAME = "default"  # of the one adapter that a model has


@dataclass(frozen=True, slots=True)
class Adapter:
    """A sound adapter. ``name`` is that of the engine it makes, ``digest`` tells its files."""

    name: str
    folder: Path
    digest: str
    rank: int
    alpha: int


def settings_of(
    model: VisionModel, base: Path, *, rank: int, alpha: int, dropout: float
) -> dict[str, Any]:
    """What adapter_config.json says of an adapter for the model in ``base``: these keys alone."""
    return {
        "peft_type": "LORA",
        # where an own folder is concerns nobody but the operator
        "base_model_name_or_path": model.name if is_own(model) else model.source,
        "revision": commit_of(model, base),
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": dropout,
        "target_modules": TARGETS,
        "bias": "none",
        "inference_mode": True,
    }


def shapes_of(geometry: Geometry, rank: int) -> dict[str, tuple[int, int]]:
    """The tensors of an adapter of that rank, by the names that they have in its file."""
    hidden, inner, narrow = geometry.hidden, geometry.intermediate, geometry.kv_width
    maps = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (hidden, narrow),
        "self_attn.v_proj": (hidden, narrow),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (hidden, inner),
        "mlp.up_proj": (hidden, inner),
        "mlp.down_proj": (inner, hidden),
    }
    return {
        f"{PREFIX}model.language_model.layers.{layer}.{name}.lora_{part}.weight": shape
        for layer in range(geometry.layers)
        for name, (inputs, outputs) in maps.items()
        for part, shape in (("A", (rank, inputs)), ("B", (outputs, rank)))
    }


def checked(name: str, folder: Path, model: VisionModel, base: Path) -> Adapter:
    """The adapter in ``folder``, for the model in ``base``; only headers are looked at.

    Raises ``EngineUnavailable`` where it is none, or none for this model.
    """
    config, tensors = folder / CONFIG, folder / TENSORS
    try:
        found = sorted(path.name for path in folder.iterdir())
        if found != [CONFIG, TENSORS] or not all(map(_plain, (config, tensors))):
            raise _unfit(f"is not made of {CONFIG} and {TENSORS} alone")
        told = _told(config)
        rank, alpha = told["r"], told["lora_alpha"]
        for key, value in settings_of(
            model, base, rank=rank, alpha=alpha, dropout=told["lora_dropout"]
        ).items():
            if type(told[key]) is not type(value) or told[key] != value:
                raise _unfit(f"says {key}: {str(told[key])[:100]!r} instead of {str(value)!r}")
        _refuse_unfit(tensors, shapes_of(geometry_of(base), rank))
        digest = _digest(folder, tuple(map(_stamp, (config, tensors))))
    except OSError as error:
        raise EngineUnavailable("the adapter's files cannot be read") from error
    return Adapter(name, folder, digest, rank, alpha)


def _unfit(why: str) -> EngineUnavailable:
    return EngineUnavailable(f"the adapter {why}")


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _told(path: Path) -> Mapping[str, Any]:
    """The settings: their keys, and those values that may vary, are as they may be."""
    with path.open("rb") as file:
        text = file.read(MAX_CONFIG + 1)
    try:
        told = json.loads(text) if len(text) <= MAX_CONFIG else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _unfit(f"has a {CONFIG} that cannot be read")
    keys = {
        "peft_type", "base_model_name_or_path", "revision", "r", "lora_alpha", "lora_dropout",
        "target_modules", "bias", "inference_mode",
    }  # fmt: skip
    if unknown := sorted(set(told) ^ keys):
        raise _unfit(f"has settings of its own, or lacks some: {unknown[0][:100]!r}")
    for key, most in (("r", MAX_RANK), ("lora_alpha", 4 * MAX_RANK)):
        if type(told[key]) is not int or not 1 <= told[key] <= most:
            raise _unfit(f"says {key}: {str(told[key])[:100]!r}, which is to be 1 to {most}")
    if type(told["lora_dropout"]) is not float or not 0 <= told["lora_dropout"] < 1:
        raise _unfit("says lora_dropout, which is to be from 0 to below 1, otherwise")
    return told


def _refuse_unfit(file: Path, shapes: Mapping[str, tuple[int, int]]) -> None:
    """Raises ``EngineUnavailable`` unless the file has exactly these tensors."""
    most = sum(math.prod(shape) for shape in shapes.values()) * max(DTYPES.values())
    if file.stat().st_size > 2 * most + 1_000_000:  # with its header
        raise _unfit(f"has {file.stat().st_size:,} bytes, more than it can have")
    header = header_of(file)
    if unknown := sorted(set(header) ^ set(shapes)):
        raise _unfit(f"is of another model: {unknown[0][:200]!r}")
    for name, shape in shapes.items():
        if tuple(header[name]["shape"]) != shape:
            raise _unfit(f"is of another model: {name} is not {shape[0]} x {shape[1]}")
        if header[name].get("dtype") not in DTYPES:
            raise _unfit(f"has numbers of the kind {str(header[name].get('dtype'))[:20]!r}")


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when the file does."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=256)
def _digest(folder: Path, stamps: tuple[tuple[int, int, int], ...]) -> str:
    return digest_of((folder / CONFIG).read_bytes(), (folder / TENSORS).read_bytes())


def digest_of(config: bytes, tensors: bytes) -> str:
    """A hash of an adapter's files, 16 hex digits."""
    return sha256(sha256(config).digest() + sha256(tensors).digest()).hexdigest()[:16]


def tensors_of(adapter: Adapter) -> dict[str, Any]:
    """Its tensors, by their names. Raises ``EngineUnavailable`` where they are not as checked."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        config, data = (
            (adapter.folder / CONFIG).read_bytes(),
            (adapter.folder / TENSORS).read_bytes(),
        )
        if digest_of(config, data) != adapter.digest:
            raise _unfit("has changed since it was looked at")
        tensors: dict[str, Any] = load(data)
    except OSError as error:
        raise EngineUnavailable("the adapter's files cannot be read") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise _unfit(f"cannot be read: {error}") from error
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise _unfit("holds what is no number")
    return tensors


def adapted(model: Any, *, rank: int, alpha: int, dropout: float = 0.0) -> Any:
    """The model with an adapter that changes nothing yet: modules of its own, weights shared.

    The model itself stays as it is, so that others may use it meanwhile. Raises
    ``EngineUnavailable`` where peft is not installed.
    """
    import torch

    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise EngineUnavailable(
            "peft is not installed; requirements/gpu.txt has what it takes"
        ) from error

    shared: list[Any] = [*model.parameters(), *model.buffers()]
    # what bitsandbytes keeps beside weights of 8 bits
    shared += [part.state for part in model.modules() if hasattr(part, "init_8bit_state")]
    made = copy.deepcopy(model, {id(part): part for part in shared})
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=TARGETS, bias="none"
    )
    made = inject_adapter_in_model(config, made, adapter_name=_NAME)
    for parameter in parameters_of(made).values():
        parameter.data = parameter.data.to(torch.float32)
    return made


def parameters_of(model: Any) -> dict[str, Any]:
    """The adapter's parameters in the model, by the names that they have in its file."""
    return {
        PREFIX + name.replace(f".{_NAME}.", "."): parameter
        for name, parameter in model.named_parameters()
        if ".lora_" in name
    }


def with_adapter(model: Any, adapter: Adapter) -> Any:
    """The model as the adapter makes it, to be read with; ``model`` itself stays as it is.

    The adapter is held in the model's number format. Raises ``EngineUnavailable`` as
    ``tensors_of`` and ``adapted`` do.
    """
    tensors = tensors_of(adapter)
    made = adapted(model, rank=adapter.rank, alpha=adapter.alpha)
    for name, parameter in parameters_of(made).items():
        parameter.data = tensors[name].to(parameter.device, model.dtype)
        parameter.requires_grad_(False)
    made.eval()
    return made
