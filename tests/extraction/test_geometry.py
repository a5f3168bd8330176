"""extraction/geometry.py, beside transformers' own models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from extraction.errors import EngineUnavailable
from extraction.geometry import geometry_of, header_of, stored_parameters
from tests.extraction.vision_folders import (
    QWEN_3B,
    QWEN_7B,
    SMALL,
    model_folder,
    weights_file,
)


def test_measures_of_the_3b_model(tmp_path: Path) -> None:
    found = geometry_of(model_folder(tmp_path, QWEN_3B))
    assert (found.hidden, found.layers, found.heads, found.kv_heads) == (2048, 36, 16, 2)
    assert (found.intermediate, found.vocabulary, found.tied) == (11008, 151936, True)
    assert (found.head_dim, found.kv_width) == (128, 256)
    vision = found.vision
    assert (vision.depth, vision.hidden, vision.intermediate, vision.heads) == (32, 1280, 3420, 16)
    assert (vision.patch, vision.merge, vision.out, vision.token_side) == (14, 2, 2048, 28)
    assert vision.patch_values == 3 * 2 * 14 * 14 == 1176


def test_parameters_of_the_3b_model_by_hand(tmp_path: Path) -> None:
    found = geometry_of(model_folder(tmp_path, QWEN_3B))
    layer = 2 * 2048 * 2048 + 2 * 2048 * 256 + 3 * 2048 * 11008  # q and o, k and v, the perceptron
    assert found.linear_parameters == 36 * layer == 2_774_532_096
    assert found.linear_rows == 36 * (2048 + 256 + 256 + 2048 + 11008 + 11008 + 2048)
    block = 4 * 1280 * 1280 + 4 * 1280 + 3 * 1280 * 3420 + 2 * 3420 + 1280 + 2 * 1280
    merger = 1280 + 5120 * 5120 + 5120 + 5120 * 2048 + 2048
    assert found.vision.parameters == 1176 * 1280 + 32 * block + merger == 668_684_288
    table, biases, norms = 151936 * 2048, 36 * (2048 + 256 + 256), 36 * 2 * 2048 + 2048
    assert found.parameters == 36 * layer + 668_684_288 + table + biases + norms == 3_754_622_976


@pytest.mark.parametrize("config", [QWEN_3B, QWEN_7B, SMALL], ids=["3b", "7b", "small"])
def test_parameters_are_those_of_transformers(tmp_path: Path, config: Mapping[str, Any]) -> None:
    """Built without memory, on the meta device; what it stores as its own config is read too."""
    import torch
    from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration

    ours = geometry_of(model_folder(tmp_path / "hub", config))
    theirs: Any = AutoConfig.from_pretrained(tmp_path / "hub", local_files_only=True)
    theirs.vision_config.in_channels = ours.vision.channels  # "in_chans" is not read by them
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(theirs)
    assert ours.parameters == sum(tensor.numel() for tensor in model.parameters())
    linear = [
        module
        for name, module in model.model.language_model.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    assert ours.linear_parameters == sum(module.weight.numel() for module in linear)
    assert ours.linear_rows == sum(module.out_features for module in linear)
    assert ours.largest_linear == max(module.weight.numel() for module in linear)
    theirs.save_pretrained(tmp_path / "stored")  # with "text_config", as of transformers 5
    assert "text_config" in json.loads((tmp_path / "stored/config.json").read_text())
    assert geometry_of(tmp_path / "stored") == ours


def refused(folder: Path) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        geometry_of(folder)
    return caught.value.detail


def test_folders_without_a_model_are_refused(tmp_path: Path) -> None:
    assert "config.json is missing" in refused(tmp_path)
    (tmp_path / "config.json").write_text("{")
    assert "no valid JSON" in refused(tmp_path)
    (tmp_path / "config.json").write_text("[" * 100_000)
    assert "no valid JSON" in refused(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    assert "no object" in refused(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "llama"}, "type 'llama'; known: qwen2_5_vl"),
        ({"model_type": None}, "type None"),
        ({"vision_config": None}, "vision_config"),
        ({"text_config": "small"}, "text_config"),
        ({"vision_config": {}}, "depth"),
        ({"hidden_size": "2048"}, "hidden_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"num_hidden_layers": -1}, "num_hidden_layers"),
        ({"vocab_size": 10**30}, "vocab_size"),
        ({"vocab_size": True}, "vocab_size"),
        ({"num_attention_heads": 3}, "heads"),
        ({"num_key_value_heads": 5}, "heads"),
        ({"hidden_size": 1024}, "out_hidden_size"),
    ],
)
def test_configs_of_other_or_broken_models_are_refused(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    assert told in refused(model_folder(tmp_path, {**QWEN_3B, **change}))


def stored_small(folder: Path) -> Path:
    """The small model with all its tensors, in two files."""
    import torch
    from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration

    model_folder(folder, SMALL)
    config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
    config.vision_config.in_channels = 1
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    shapes = {name: list(tensor.shape) for name, tensor in model.named_parameters()}
    shapes["lm_head.weight"] = [520, 64]  # tied, and stored all the same by some
    names = sorted(shapes)
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        weights_file(
            folder / f"model-{number:05}-of-00002.safetensors", {n: shapes[n] for n in part}
        )
    return folder


def test_what_is_counted_agrees_with_the_files(tmp_path: Path) -> None:
    folder = stored_small(tmp_path)
    found = geometry_of(folder)
    assert stored_parameters(folder, tied=True) == found.parameters
    assert stored_parameters(folder, tied=False) == found.parameters + 520 * 64


def test_files_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = stored_small(tmp_path)
    model_folder(folder, {**SMALL, "num_hidden_layers": 4})
    assert "do not belong together" in refused(folder)


def test_a_missing_shard_is_noticed(tmp_path: Path) -> None:
    folder = stored_small(tmp_path)
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "do not belong together" in refused(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"pickle", (10**9).to_bytes(8, "little") + b"{}", (3).to_bytes(8, "little") + b"[1]",
     (9).to_bytes(8, "little") + b'{"a": {}}', (7).to_bytes(8, "little") + b'{"a":1}',
     (4).to_bytes(8, "little") + b"\xff{}}"],
)  # fmt: skip
def test_files_that_are_no_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(EngineUnavailable, match=r"model\.safetensors"):
        header_of(file)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    weights_file(file, {"a": [10, 10], "b": [3]})
    assert {name: each["shape"] for name, each in header_of(file).items()} == {
        "a": [10, 10],
        "b": [3],
    }
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(EngineUnavailable, match="its header tells of"):
        header_of(file)
