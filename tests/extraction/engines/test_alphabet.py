from importlib import import_module
from pathlib import Path

import numpy as np
import pymupdf
import pytest

from extraction.engines import inference
from extraction.engines.alphabet import (
    AT_ONCE,
    CONVINCING,
    Alphabet,
    Floats,
    common,
    divide,
    of_probabilities,
)
from extraction.engines.rapid import RECOGNITION_MODEL
from extraction.engines.recognition import Recognizer
from extraction.types import Pixels

MODEL = Path(str(import_module("rapidocr").__file__)).parent / "models" / RECOGNITION_MODEL
CLASSES = ["", "a", "中", "b", " "]  # of which 0, 1, 3 and 4 are common


class Whole:
    """Tells 中 from what has 1 as its only feature, and b from everything else."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, seen: Floats) -> Floats:
        self.calls += 1
        assert seen.shape == (AT_ONCE, 1)
        logits = np.zeros((AT_ONCE, len(CLASSES)), np.float32)
        logits[:, 2] = 9 * seen[:, 0]
        logits[:, 3] = 5
        return logits


def looked_at(rows: list[tuple[list[float], float]]) -> list[Floats]:
    """The outputs for one line: the common characters' logits and one feature, a row a step."""
    logits = np.array([[row for row, _ in rows]], np.float32)
    return [logits, np.array([[[feature] for _, feature in rows]], np.float32)]


def line_of(text: str, font: str = "helv") -> Pixels:
    """A level line of dark text, BGR."""
    page = pymupdf.open().new_page(width=30 * len(text), height=36)
    page.insert_text((6, 26), text, fontname=font, fontsize=24)
    picture = page.get_pixmap(alpha=False)
    pixels = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width, 3)
    inked = np.flatnonzero((pixels < 128).any(axis=(0, 2)))
    return pixels[:, : inked[-1] + 6]


def test_common_are_blank_latin_signs_currencies_and_the_space() -> None:
    characters = ["", "A", "中", "é", "—", "€", "б", "カ", " "]
    assert common(characters).tolist() == [0, 1, 3, 4, 5, 8]


def test_a_convincing_common_character_is_not_compared_again() -> None:
    whole = Whole()
    alphabet = Alphabet(common(CLASSES), whole)
    line = alphabet.look(looked_at([([0, CONVINCING + 1, 0, 0], 1), ([CONVINCING, 0, 0, 0], 1)]))
    (steps,) = alphabet.settle([line])
    assert steps.best.tolist() == [1, 0]
    assert whole.calls == 0


def test_a_step_without_one_is_compared_with_the_whole_alphabet() -> None:
    alphabet = Alphabet(common(CLASSES), Whole())
    first = alphabet.look(looked_at([([0, 0, CONVINCING, 0], 1), ([CONVINCING - 1, 0, 0, 0], 1)]))
    second = alphabet.look(looked_at([([CONVINCING - 1, 0, 0, 0], 0)]))
    one, other = alphabet.settle([first, second])
    assert [CLASSES[best] for best in one.best] == ["b", "中"]
    assert [CLASSES[best] for best in other.best] == ["b"]
    assert one.probability[1] == pytest.approx(np.exp(9) / (np.exp(9) + np.exp(5) + 3))
    assert one.space[1] == pytest.approx(1 / (np.exp(9) + np.exp(5) + 3))


def test_many_open_steps_are_compared_in_parts() -> None:
    whole = Whole()
    alphabet = Alphabet(common(CLASSES), whole)
    line = alphabet.look(looked_at([([0, 0, 0, 0], step % 2) for step in range(AT_ONCE + 3)]))
    (steps,) = alphabet.settle([line])
    assert whole.calls == 2
    assert steps.best.tolist() == [3 - step % 2 for step in range(AT_ONCE + 3)]


def test_of_probabilities_takes_the_likeliest_and_the_space() -> None:
    steps = of_probabilities([np.array([[[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]], np.float32)])
    assert steps.best.tolist() == [0, 2]
    assert steps.probability.tolist() == pytest.approx([0.7, 0.6])
    assert steps.space.tolist() == pytest.approx([0.1, 0.6])


def test_divide_refuses_another_network() -> None:
    openvino = pytest.importorskip("openvino")
    from openvino import opset13

    picture = opset13.parameter([1, 3], np.float32)
    with pytest.raises(ValueError, match="not a recogniser"):
        divide(openvino.Model([opset13.relu(picture)], [picture]), CLASSES)
    model = inference.core().read_model(MODEL)
    with pytest.raises(ValueError, match="5 characters, 18710 classes"):
        divide(model, CLASSES)


@pytest.mark.parametrize(
    ("text", "font"),
    [("Total 1,234.50 EUR", "helv"), ("订单编号与金额", "china-s"), ("Total 合計 98", "japan")],
)
def test_the_divided_network_reads_as_the_whole_one_does(text: str, font: str) -> None:
    pytest.importorskip("openvino")
    line = line_of(text, font)
    for runtime in ("openvino", "onnxruntime"):
        (read,) = Recognizer(MODEL, runtime=runtime, threads=2).lines([line])
        assert "".join(glyph.character for glyph in read) == text.replace(" ", ""), runtime
