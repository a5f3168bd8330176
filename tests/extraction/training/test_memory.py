from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extraction.engines.vlm.adapter import adapted
from extraction.engines.vlm.loading import load
from extraction.errors import EngineUnavailable
from extraction.geometry import geometry_of
from extraction.model_run import Dtype
from extraction.training.lessons import example, taught_batch
from extraction.training.memory import Case
from tests.extraction.engines.vlm import tiny
from tests.extraction.training.taught import lessons
from tests.extraction.vision_folders import QWEN_3B, model_folder

GB = 1_000_000_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A 3B model on a GPU, A4 pages with much text."""
    folder = model_folder(tmp_path_factory.mktemp("model"), QWEN_3B)
    return Case(geometry_of(folder), "bf16", "none", 16, 2_500_000, 1024, cuda=True)


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_what_layers_keep_is_what_torch_keeps(dtype: Dtype) -> None:
    import torch

    loaded = load(tiny.model(), tiny.FOLDER, replace(tiny.PLAN, dtype=dtype))
    model = adapted(loaded.model, rank=8, alpha=8, dropout=0.1).train()
    shown = [example(lessons(1)[0], loaded.processor, tiny.model(), tiny.PLAN.max_pixels)]
    inputs, _ = taught_batch(shown, loaded.processor)
    weights = {
        part.untyped_storage().data_ptr() for part in (*model.parameters(), *model.buffers())
    }
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage  # held, so that its address is nobody else's
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.model(**inputs, use_cache=False)
    tokens = inputs["input_ids"].shape[1]
    geometry = geometry_of(tiny.FOLDER)
    case = Case(geometry, dtype, "none", 8, tiny.PLAN.max_pixels, 12, cuda=False)
    found = sum(storage.nbytes() for storage in kept.values()) / tokens / geometry.layers
    assert found == pytest.approx(case.layer_bytes, rel=0.05)


def test_large_model_is_trained_with_its_layers_checkpointed(large: Case) -> None:
    kept, checkpointed = large.way(1, False).total, large.way(1, True).total
    assert (round(kept / GB), round(checkpointed / GB)) == (46, 12)
    assert large.fitting(1, "large", 20 * GB) == large.way(1, True)


def test_lessons_go_one_by_one_where_all_together_do_not_fit(large: Case) -> None:
    together, alone = large.way(8, True), large.way(1, True)
    assert large.fitting(8, "large", together.total) == together
    assert large.fitting(8, "large", together.total - 1) == alone
    with pytest.raises(
        EngineUnavailable, match=r"one lesson at a time; 8\.00 GB can be had"
    ) as told:
        large.fitting(8, "large", 8 * GB)
    assert (told.value.limit, told.value.actual) == (8 * GB, alone.total)


def test_four_bits_bring_a_large_model_to_a_small_gpu(large: Case) -> None:
    quarter = replace(large, held="4bit")
    assert 4 * GB < large.way(1, True).total - quarter.way(1, True).total < 5 * GB
    assert quarter.fitting(1, "large", 9 * GB) == quarter.way(1, True)


def test_small_model_on_a_cpu_keeps_its_layers_while_they_fit() -> None:
    case = Case(geometry_of(tiny.FOLDER), "fp32", "none", 4, tiny.PLAN.max_pixels, 12, cuda=False)
    kept, checkpointed = case.way(4, False), case.way(4, True)
    assert case.fitting(4, "tiny", kept.total) == kept
    assert case.fitting(4, "tiny", kept.total - 1) == checkpointed


def test_estimate_needs_no_weights(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", QWEN_3B)
    assert [path.name for path in folder.iterdir()] == ["config.json"]
    case = Case(geometry_of(folder), "bf16", "4bit", 64, 2_500_000, 4096, cuda=True)
    more = replace(case, rank=128).way(1, True).total - case.way(1, True).total
    assert more > 16 * 64 * 36 * 51_968, "numbers of a layer's maps at rank 1"
