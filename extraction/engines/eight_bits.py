"""Convolutions in 8-bit integers, where the CPU multiplies those faster than floats.

A network's largest layers get their inputs and weights rounded to 256 steps; the runtime then
computes them in integers. The steps of a layer's input span the range it takes on real pages, kept
in ``MODEL.ranges.tsv`` (``benchmarks/ranges.py`` measures them); weights span their own, each
output channel for itself (Jacob et al. 2018, "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference").
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Ranges = Mapping[str, tuple[float, float]]  # lowest and highest value, by the tensor's name

STEPS = 256
# Of /proc/cpuinfo: instructions that multiply and add 8-bit integers four at a time. Without them
# integers gain nothing, and on older CPUs sums may overflow.
INSTRUCTIONS = {"avx512_vnni", "avx_vnni", "amx_int8"}


@cache
def worthwhile() -> bool:
    """Whether this CPU gains by it; False where that cannot be told (not Linux, not x86)."""
    cpu = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not cpu.is_file():
        return False
    return not INSTRUCTIONS.isdisjoint(cpu.read_text().split())


def ranges_of(model: Path) -> Ranges:
    """The ranges kept for that model file; none where floats are as good, by model or by CPU."""
    kept = Path(__file__).with_name(f"{model.stem}.ranges.tsv")
    if not kept.is_file() or not worthwhile():
        return {}
    cells = (row.split("\t") for row in kept.read_text("utf-8").splitlines())
    return {name: (float(low), float(high)) for name, low, high in cells}


def layers(model: Any) -> list[Any]:
    """The layers of an OpenVINO model that are worth it: plain convolutions but the first, and the
    last multiplication, by which a recogniser tells its thousands of characters apart.

    Layers that see one pixel only (squeeze and excitation) and the first, which sees the picture
    itself, take little time and lose most.
    """
    weighed = [
        operation
        for operation in model.get_ordered_ops()
        if operation.get_type_name() in ("Convolution", "MatMul")
        and operation.input_value(1).get_node().get_type_name() == "Constant"
    ]
    convolutions = [
        operation
        for operation in weighed
        if operation.get_type_name() == "Convolution"
        and not all(side.is_static and side == 1 for side in _sides(operation))
    ]
    return convolutions[1:] + [each for each in weighed if each.get_type_name() == "MatMul"][-1:]


def _sides(operation: Any) -> list[Any]:
    return list(operation.get_output_partial_shape(0))[2:]


def round_off(model: Any, ranges: Ranges) -> None:
    """Round what goes into each layer whose input has a range; changes the OpenVINO model."""
    from openvino import opset13

    for layer in layers(model):
        source = layer.input_value(0)
        limits = next((ranges[name] for name in source.get_names() if name in ranges), None)
        if limits is None:
            continue
        low, high = (np.float32(limit) for limit in limits)
        rounded = opset13.fake_quantize(source, low, high, low, high, STEPS)
        weights = layer.input_value(1)
        values = weights.get_node().data
        outputs = 0 if layer.get_type_name() == "Convolution" else values.ndim - 1
        others = tuple(axis for axis in range(values.ndim) if axis != outputs)
        most = np.abs(values).max(axis=others, keepdims=True)
        most = np.maximum(most, np.float32(1e-9))
        kernel = opset13.fake_quantize(weights, -most, most, -most, most, STEPS - 1)
        layer.input(0).replace_source_output(rounded.output(0))
        layer.input(1).replace_source_output(kernel.output(0))
