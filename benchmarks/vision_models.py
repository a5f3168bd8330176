"""Vision-language models with random weights, in the hub's form, for what does not depend on them.

Speed and memory are the same as of trained ones. The tokenizer is the tiny checkpoint's.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

TOKENIZER = Path(__file__).resolve().parent.parent / "tests/checkpoints/tiny-vlm"
_VISION = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 2048,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
_TEXT = {
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_attention_heads": 16,
    "num_hidden_layers": 36,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
}
# Qwen2.5-VL-3B, which both Nanonets models are; and one that a CPU runs in no time
LARGE: dict[str, Any] = {"text": _TEXT, "vision": _VISION}
TINY: dict[str, Any] = {
    "text": {
        "hidden_size": 256,
        "intermediate_size": 1376,
        "num_attention_heads": 2,
        "num_hidden_layers": 4,
        "num_key_value_heads": 1,
        "vocab_size": 4000,
    },
    "vision": {
        "depth": 2,
        "hidden_size": 160,
        "intermediate_size": 428,
        "num_heads": 2,
        "out_hidden_size": 256,
        "fullatt_block_indexes": [1],
    },
}


def build(folder: Path, geometry: dict[str, Any], *, device: str) -> None:
    """Put a model of that geometry into the folder, in bfloat16; it never ends by itself."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    shutil.copytree(
        TOKENIZER, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json")
    )
    known = json.loads((TOKENIZER / "config.json").read_text())
    ids = {name: known[name] for name in known if name.endswith("_token_id")}
    head = geometry["text"]["hidden_size"] // geometry["text"]["num_attention_heads"]
    rope = {
        "rope_type": "default",
        "rope_theta": 1_000_000.0,
        "mrope_section": [head // 8, head * 3 // 16, head * 3 // 16],
    }
    config = Qwen2_5_VLConfig(
        text_config={**geometry["text"], "rope_parameters": rope, "tie_word_embeddings": True},
        vision_config=geometry["vision"],
        tie_word_embeddings=True,
        **ids,
    )
    torch.manual_seed(1)
    with torch.device(device):
        model: Any = Qwen2_5_VLForConditionalGeneration._from_config(config, dtype=torch.bfloat16)
    settings = json.loads((folder / "generation_config.json").read_text())
    model.save_pretrained(folder)
    settings["suppress_tokens"] = settings["eos_token_id"]
    (folder / "generation_config.json").write_text(json.dumps(settings))
