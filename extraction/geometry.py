"""The measures of a vision-language model, read from its folder, and its parameters counted.

Nothing is loaded: ``config.json`` and the headers of the safetensors files are enough.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extraction.errors import EngineUnavailable

# The model type of config.json; others are shaped otherwise, and cannot be run
ARCHITECTURES = ("qwen2_5_vl",)
WEIGHTS = "*.safetensors"
MAX_JSON = 25_000_000  # bytes of a config or of a header
LARGEST = 100_000_000  # that a measure may be


@dataclass(frozen=True, slots=True)
class VisionTower:
    """The part that looks at the page: ``depth`` layers, ``hidden`` wide.

    A patch is ``patch`` x ``patch`` pixels of ``channels``, ``frames`` times; ``merge`` x ``merge``
    patches become one token of the text model, ``out`` wide.
    """

    depth: int
    hidden: int
    intermediate: int
    heads: int
    channels: int
    patch: int
    frames: int
    merge: int
    out: int

    @property
    def head_dim(self) -> int:
        """Numbers of a head."""
        return self.hidden // self.heads

    @property
    def patch_values(self) -> int:
        """Numbers that a patch is shown as."""
        return self.channels * self.frames * self.patch**2

    @property
    def token_side(self) -> int:
        """Pixels that a token of the text model is wide and high."""
        return self.patch * self.merge

    @property
    def parameters(self) -> int:
        """All of the tower's, the merger's at its end too."""
        wide, inner = self.hidden, self.intermediate
        attention = wide * 3 * wide + 3 * wide + wide * wide + wide
        perceptron = 2 * (wide * inner + inner) + inner * wide + wide
        block = attention + perceptron + 2 * wide  # and the norms
        merged = wide * self.merge**2
        merger = wide + merged * merged + merged + merged * self.out + self.out
        return self.patch_values * wide + self.depth * block + merger


@dataclass(frozen=True, slots=True)
class Geometry:
    """A model of the kind of Qwen2.5-VL; ``tied``: its last layer is the table of tokens."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    tied: bool
    vision: VisionTower

    @property
    def head_dim(self) -> int:
        """Numbers of a head."""
        return self.hidden // self.heads

    @property
    def kv_width(self) -> int:
        """Numbers of a token's keys in a layer, and of its values."""
        return self.kv_heads * self.head_dim

    @property
    def linear_parameters(self) -> int:
        """Weights of the text layers' linear maps: what quantising makes smaller."""
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_width
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def linear_rows(self) -> int:
        """Outputs of these maps, each of which has a scale of its own in 8 bits."""
        attention = 2 * self.hidden + 2 * self.kv_width
        return self.layers * (attention + 2 * self.intermediate + self.hidden)

    @property
    def largest_linear(self) -> int:
        """Weights of the largest of these maps."""
        return self.hidden * max(self.intermediate, self.hidden)

    @property
    def parameters(self) -> int:
        """All of the model's; a tied last layer counts once."""
        biases = self.layers * (self.hidden + 2 * self.kv_width)
        norms = self.layers * 2 * self.hidden + self.hidden
        tokens = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return self.linear_parameters + biases + norms + tokens + self.vision.parameters


def geometry_of(folder: Path) -> Geometry:
    """The geometry that the folder's config.json tells.

    Where weights are there, what is counted is compared with their headers. Raises
    ``EngineUnavailable`` where the file is missing or no model of a known kind, or they differ.
    """
    config = _json(folder / "config.json")
    kind = config.get("model_type")
    if kind not in ARCHITECTURES:
        raise EngineUnavailable(
            f"{folder.name} is a model of the type {kind!r}; known: {', '.join(ARCHITECTURES)}"
        )
    try:
        geometry = _geometry(config)
    except (KeyError, ValueError) as error:
        raise EngineUnavailable(f"config.json in {folder.name} lacks or garbles {error}") from error
    stored = stored_parameters(folder, tied=geometry.tied)
    if stored is not None and stored != geometry.parameters:
        raise EngineUnavailable(
            f"by its config.json {folder.name} has {geometry.parameters:,} parameters, its files"
            f" hold {stored:,}: they do not belong together, or the weights are quantised already"
        )
    return geometry


def stored_parameters(folder: Path, *, tied: bool) -> int | None:
    """How many parameters the folder's safetensors files hold; None where there are none.

    A tied last layer is left out where it is stored all the same. Raises ``EngineUnavailable`` for
    a file that is no such.
    """
    files = sorted(folder.glob(WEIGHTS))
    if not files:
        return None
    return sum(
        math.prod(tensor["shape"])
        for file in files
        for name, tensor in header_of(file).items()
        if not (tied and name == "lm_head.weight")
    )


def header_of(file: Path) -> dict[str, Any]:
    """The tensors of a safetensors file by name, each with "dtype", "shape" and "data_offsets".

    Raises ``EngineUnavailable`` where it is none, or its end is missing.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if not 2 <= length <= min(MAX_JSON, size - 8):
            raise EngineUnavailable(f"{file.name} is no safetensors file")
        text = opened.read(length)
    try:
        header = json.loads(text)
        tensors = {name: header[name] for name in header if name != "__metadata__"}
        end = 8 + length + max((each["data_offsets"][1] for each in tensors.values()), default=0)
        math.prod(side for each in tensors.values() for side in each["shape"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError) as error:
        raise EngineUnavailable(f"the header of {file.name} cannot be read") from error
    if end != size:
        raise EngineUnavailable(f"{file.name} has {size:,} bytes, its header tells of {end:,}")
    return tensors


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_JSON))
    except OSError as error:
        raise EngineUnavailable(
            f"there is no model in {path.parent.name}: {path.name} is missing"
        ) from error
    except (ValueError, RecursionError) as error:
        raise EngineUnavailable(f"{path.name} in {path.parent.name} is no valid JSON") from error
    if not isinstance(found, dict):
        raise EngineUnavailable(f"{path.name} in {path.parent.name} is no object")
    return found


def _geometry(config: Mapping[str, Any]) -> Geometry:
    """Of a config with the text model's measures inside "text_config", or beside as older ones are.

    Raises ``KeyError`` and ``ValueError``, which name what is wrong.
    """
    text, vision = config.get("text_config") or config, config.get("vision_config")
    if not isinstance(text, dict) or not isinstance(vision, dict):
        raise ValueError("text_config or vision_config")
    heads = _whole(text, "num_attention_heads")
    tower = VisionTower(
        depth=_whole(vision, "depth"),
        hidden=_whole(vision, "hidden_size"),
        intermediate=_whole(vision, "intermediate_size"),
        heads=_whole(vision, "num_heads"),
        channels=_whole(vision, "in_channels", vision.get("in_chans", 3)),
        patch=_whole(vision, "patch_size", 14),
        frames=_whole(vision, "temporal_patch_size", 2),
        merge=_whole(vision, "spatial_merge_size", 2),
        out=_whole(vision, "out_hidden_size"),
    )
    geometry = Geometry(
        hidden=_whole(text, "hidden_size"),
        layers=_whole(text, "num_hidden_layers"),
        heads=heads,
        kv_heads=_whole(text, "num_key_value_heads", heads),
        intermediate=_whole(text, "intermediate_size"),
        vocabulary=_whole(text, "vocab_size"),
        tied=bool(config.get("tie_word_embeddings") or text.get("tie_word_embeddings")),
        vision=tower,
    )
    if geometry.hidden % heads or tower.hidden % tower.heads or heads % geometry.kv_heads:
        raise ValueError("the numbers of heads")
    if tower.out != geometry.hidden:
        raise ValueError("out_hidden_size")
    return geometry


def _whole(values: Mapping[str, Any], name: str, usual: Any = None) -> int:
    value = values.get(name, usual)
    if value is None:
        raise KeyError(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST:
        raise ValueError(name)
    return value
