"""extraction/engines/inference.py: what the runtime is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extraction.engines import inference, rapid
from tests.processes import ROOT


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


def bound_threads() -> Iterator[int]:
    """This process's threads that may not run on all its cores."""
    for thread in map(int, os.listdir("/proc/self/task")):
        with suppress(OSError):
            if os.sched_getaffinity(thread) != os.sched_getaffinity(0):
                yield thread


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be shared out")
@pytest.mark.parametrize(
    ("model", "height"), [(rapid.DETECTION_MODEL, 64), (rapid.RECOGNITION_MODEL, 48)]
)
def test_openvino_binds_no_thread_to_a_core(model: str, height: int) -> None:
    """By itself it binds those of every process to the same cores."""
    pytest.importorskip("openvino")
    models = Path(str(import_module("rapidocr").__file__)).parent / "models"
    network = inference.Network(models / model, runtime="openvino", threads=1)
    image = np.zeros((1, 3, height, 320), np.float32)
    before, over = set(bound_threads()), threading.Event()
    bound: set[int] = set()

    def watch() -> None:
        while not over.is_set():
            bound.update(bound_threads())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        network([image] * 100, lambda outputs: None)
    finally:
        over.set()
        watcher.join()
    assert bound <= before  # by onnxruntime, in other tests


SIGNALLED = f"""
import os, signal, sys
from pathlib import Path
from importlib import import_module
from extraction.engines.inference import Network

models = Path(import_module("rapidocr").__file__).parent / "models"
loaded = [Network(models / {rapid.DETECTION_MODEL!r}, runtime="openvino", threads=1) for _ in "ab"]
del loaded[0]
del loaded[0]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_process_that_has_let_networks_go_hears_signals() -> None:
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", SIGNALLED], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 7, "-11: a segmentation fault"
