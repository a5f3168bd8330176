import platform
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

from extraction.engines import eight_bits, inference
from extraction.engines.rapid import DETECTION_MODEL, RECOGNITION_MODEL
from extraction.engines.recognition import Recognizer
from extraction.types import Pixels

openvino = pytest.importorskip("openvino")
MODELS = Path(str(import_module("rapidocr").__file__)).parent / "models"


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """8 bits on any CPU, at whatever speed."""
    monkeypatch.setattr(eight_bits, "worthwhile", lambda: True)


def small() -> Any:
    """Three convolutions, the second of which has its input named ``middle``."""
    from openvino import opset13

    random = np.random.default_rng(0)
    picture = opset13.parameter([1, 3, 8, 8], np.float32)
    kernels = [random.normal(size=(4, n, 1, 1)).astype(np.float32) for n in (3, 4, 4)]
    value = picture
    for kernel in kernels:
        value = opset13.convolution(value, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
        value = opset13.relu(value)
        if kernel is kernels[0]:
            value.output(0).set_names({"middle"})
    return openvino.Model([value], [picture])


def run(model: Any, picture: np.ndarray) -> np.ndarray:
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = inference.core().compile_model(model, "CPU", settings)
    return np.asarray(compiled([picture])[0])


def line_of(text: str) -> Pixels:
    """A level line of dark text, BGR."""
    page = pymupdf.open().new_page(width=14 * len(text), height=36)
    page.insert_text((6, 26), text, fontsize=24)
    picture = page.get_pixmap(alpha=False)
    return np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width, 3)


def rounded_inputs(model: Any) -> int:
    kinds = [op.get_type_name() for op in model.get_ops()]
    return kinds.count("FakeQuantize") // 2  # one for the input, one for the weights


def test_round_off_takes_the_layers_with_a_range_and_changes_little() -> None:
    picture = np.random.default_rng(1).uniform(0, 1, (1, 3, 8, 8)).astype(np.float32)
    before = run(small(), picture)
    model = small()
    eight_bits.round_off(model, {"middle": (0.0, 4.0)})
    assert rounded_inputs(model) == 1
    difference = np.abs(run(model, picture) - before).max()
    assert 0 < difference < 0.02 * np.abs(before).max()


def test_round_off_cuts_what_lies_outside_the_range() -> None:
    picture = np.full((1, 3, 8, 8), 1.0, np.float32)
    model = small()
    eight_bits.round_off(model, {"middle": (0.0, 1e-6)})
    assert np.abs(run(model, picture)).max() < 1e-4 < np.abs(run(small(), picture)).max()


def test_round_off_without_ranges_leaves_the_model_alone() -> None:
    model = small()
    eight_bits.round_off(model, {})
    assert rounded_inputs(model) == 0


def test_layers_leaves_out_the_first() -> None:
    assert len(eight_bits.layers(small())) == 2


def test_every_layer_of_the_recognition_model_has_its_range(everywhere: None) -> None:
    model = inference.core().read_model(MODELS / RECOGNITION_MODEL)
    ranges = eight_bits.ranges_of(MODELS / RECOGNITION_MODEL)
    names = {name for layer in eight_bits.layers(model) for name in layer.input_value(0).names}
    assert names == set(ranges)
    assert all(low <= 0 < high for low, high in ranges.values())


def test_the_detection_model_stays_in_floats(everywhere: None) -> None:
    assert eight_bits.ranges_of(MODELS / DETECTION_MODEL) == {}


def test_a_line_is_read_in_eight_bits(everywhere: None) -> None:
    recognizer = Recognizer(MODELS / RECOGNITION_MODEL, runtime="openvino", threads=2)
    (line,) = recognizer.lines([line_of("Grand total 1,234.50 EUR")])
    assert "".join(glyph.character for glyph in line) == "Grandtotal1,234.50EUR"


def test_worthwhile_only_where_the_cpu_has_the_instructions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def flags(text: str) -> None:
        monkeypatch.setattr(Path, "read_text", lambda self: f"flags : fpu {text} sse\n")

    monkeypatch.setattr(Path, "is_file", lambda self: True)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    flags("avx512_vnni")
    assert eight_bits.worthwhile.__wrapped__()
    flags("avx512_vnnix")
    assert not eight_bits.worthwhile.__wrapped__()
    flags("avx_vnni")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert not eight_bits.worthwhile.__wrapped__()
