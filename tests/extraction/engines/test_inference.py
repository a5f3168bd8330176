"""extraction/engines/inference.py: what the runtime is told."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from extraction.engines import inference, rapid


@pytest.mark.parametrize("model", [rapid.DETECTION_MODEL, rapid.RECOGNITION_MODEL])
def test_openvino_keeps_few_of_the_shapes_it_has_met(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself it keeps gigabytes."""
    openvino = pytest.importorskip("openvino")
    compiled: list[dict[str, str]] = []
    original = openvino.Core.compile_model

    def compile_model(self: Any, model: Any, device: str, config: dict[str, str]) -> Any:
        if model.inputs[0].partial_shape.is_dynamic:
            compiled.append(config)
        return original(self, model, device, config)

    monkeypatch.setattr(openvino.Core, "compile_model", compile_model)
    models = Path(str(import_module("rapidocr").__file__)).parent / "models"
    inference.Network(models / model, runtime="openvino", threads=1)
    assert [config["CPU_RUNTIME_CACHE_CAPACITY"] for config in compiled] == ["2000"]
