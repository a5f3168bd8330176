"""What workers tell of their GPUs' memory: with their own entry in Redis, and gone with it."""

from __future__ import annotations

import json
from dataclasses import asdict

from extraction import hardware
from extraction.hardware import GpuMemory

FIELD = "gpus"  # of a worker's hash in Redis


def of_this_process() -> str:
    """The report as text, "" where this process uses no GPU."""
    found = hardware.gpu_memory()
    return json.dumps([asdict(gpu) for gpu in found]) if found else ""


def read(text: bytes | str | None) -> tuple[GpuMemory, ...]:
    """The report of that text; of none, or one of another version, no GPU."""
    try:
        return tuple(GpuMemory(**told) for told in json.loads(text or "[]"))
    except (ValueError, TypeError):
        return ()
