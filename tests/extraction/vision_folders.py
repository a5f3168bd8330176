"""Folders of vision-language models as a hub has them, with the weights' headers where asked."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# As in the hub's config.json of Qwen2.5-VL-3B, which the Nanonets models have too
QWEN_3B: dict[str, Any] = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    "model_type": "qwen2_5_vl",
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_attention_heads": 16,
    "num_hidden_layers": 36,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
    "vocab_size": 151936,
    "vision_config": {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "in_chans": 3,
        "out_hidden_size": 2048,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "spatial_patch_size": 14,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
        "temporal_patch_size": 2,
    },
}
QWEN_7B: dict[str, Any] = {
    **QWEN_3B,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "tie_word_embeddings": False,
    "vocab_size": 152064,
    "vision_config": {**QWEN_3B["vision_config"], "out_hidden_size": 3584},
}
SMALL: dict[str, Any] = {
    **QWEN_3B,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 1,
    "vocab_size": 520,
    "vision_config": {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 56,
        "num_heads": 2,
        "in_chans": 1,
        "out_hidden_size": 64,
        "patch_size": 8,
        "spatial_merge_size": 3,
        "temporal_patch_size": 1,
        "fullatt_block_indexes": [1],
    },
}


def model_folder(folder: Path, config: Mapping[str, Any]) -> Path:
    """The folder with that config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def weights_file(path: Path, shapes: Mapping[str, Sequence[int]]) -> None:
    """A safetensors file with tensors of those names and shapes, bfloat16 and all zero."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
