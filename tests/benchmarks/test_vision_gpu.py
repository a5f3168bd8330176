"""benchmarks/vision_gpu.py runs to its end without a GPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_tables_of_a_tiny_model() -> None:
    options = ["--tiny", "--batches", "1", "--tokens", "4", "--pixels", "300000"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.vision_gpu", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| fp32")]
    assert [row[:3] for row in rows] == 2 * [
        [f"| fp32, {held}", name, "1"]
        for held in ("none", "8bit")
        for name in ("plain generate", "engine, dynamic")
    ]
    assert all(float(row[3]) > 0 for row in rows)
    (held,) = (line for line in done.stdout.splitlines() if "beside the weights" in line)
    # eight pages do not fit where two and a half do
    assert "| 8 pages | batches of " in held
    assert held.split("batches of ")[1][0] in "124"


def test_a_large_model_is_refused_without_a_gpu() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.vision_gpu"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "--tiny" in done.stderr
