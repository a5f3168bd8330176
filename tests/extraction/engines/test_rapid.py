from __future__ import annotations

import socket
from typing import NoReturn

import numpy as np
import pytest

from extraction.engines import get, rapid
from extraction.engines.recognition import Glyph
from extraction.errors import EngineFailed, EngineUnavailable
from extraction.types import PageImage, PageText
from tests.extraction import scans


@pytest.fixture(scope="module")
def reading() -> PageText:
    page = scans.scan(scans.invoice, skew=1.5, noise=12)
    return get("rapidocr", 2).read([page])[0]


def words(text: PageText) -> set[str]:
    return {word.text for line in text.lines for word in line.words}


def test_rapid_reads_a_skewed_noisy_page(reading: PageText) -> None:
    expected = {
        "Harbour", "Plumbing", "Ltd", "HP-2024-0817", "16/06/2024", "Description", "Copper",
        "59.70", "Subtotal", "125.70", "150.84", "Delivered",
    }  # fmt: skip
    assert expected <= words(reading)


def test_rapid_tells_the_skew(reading: PageText) -> None:
    assert reading.skew == pytest.approx(1.5, abs=0.4)


def test_rapid_places_words_in_points_from_the_top_left() -> None:
    text = get("rapidocr", 2).read([scans.scan(scans.invoice)])[0]
    (word,) = (w for line in text.lines for w in line.words if w.text == "HP-2024-0817")
    # Drawn at (60, 160): 11 point Helvetica, after "Invoice No.: ".
    assert word.box == pytest.approx((121.8, 150, 193, 163), abs=4)
    assert word.confidence is not None and 0.9 < word.confidence <= 1


def test_rapid_joins_words_with_single_spaces_into_the_line(reading: PageText) -> None:
    for line in reading.lines:
        assert line.text == " ".join(word.text for word in line.words)


@pytest.mark.parametrize(("quarters", "skew"), [(1, 90), (2, 180), (3, -90)])
def test_rapid_reads_a_page_lying_on_its_side(quarters: int, skew: float) -> None:
    page = scans.turned(scans.scan(scans.invoice), quarters)
    text = get("rapidocr", 2).read([page])[0]
    assert {"HP-2024-0817", "Plumbing", "150.84"} <= words(text)
    assert (text.skew - skew + 180) % 360 - 180 == pytest.approx(0, abs=0.5)


def test_rapid_finds_nothing_on_a_blank_page() -> None:
    blank = PageImage(1, 200, 300, 0, 72, np.full((300, 200, 3), 255, np.uint8))
    assert get("rapidocr", 2).read([blank])[0].lines == ()


def test_rapid_reads_the_smallest_image() -> None:
    dot = PageImage(1, 1, 1, 0, 72, np.zeros((1, 1, 3), np.uint8))
    assert get("rapidocr", 2).read([dot])[0].lines == ()


def test_rapid_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    fresh = rapid.Rapid(threads=2)
    assert "Plumbing" in words(fresh.read([scans.scan(scans.invoice)])[0])


def test_rapid_reads_with_onnxruntime_where_openvino_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rapid, "runtime", lambda: "onnxruntime")
    fresh = rapid.Rapid(threads=2)
    assert "/onnxruntime-" in fresh.revision
    assert {"HP-2024-0817", "150.84"} <= words(fresh.read([scans.scan(scans.invoice)])[0])


def test_rapid_names_models_and_runtime_in_its_revision() -> None:
    assert rapid.revision().startswith("PP-OCRv6-small/rapidocr-3.")


def test_rapid_refuses_a_page_without_pixels() -> None:
    with pytest.raises(EngineFailed, match="page 3"):
        get("rapidocr", 2).read([PageImage(3, 10, 10, 0, 72)])


def test_rapid_is_unavailable_without_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapid, "RECOGNITION_MODEL", "missing.onnx")
    with pytest.raises(EngineUnavailable, match=r"missing\.onnx"):
        rapid.Rapid()


def test_place_line_keeps_chinese_characters_together_and_inside_the_page() -> None:
    quad = np.array([[-5.0, 0], [95, 0], [95, 20], [-5, 20]])
    word = [Glyph(character, 0.1 + 0.2 * i, 0.9) for i, character in enumerate("不退还换")]
    line = rapid.place_line(quad, [word], 90, 15)
    assert line is not None
    assert line.text == "不退还换"
    assert line.words[0].box == (0, 0, 75, 15)
    assert line.box == (0, 0, 90, 15)


def test_place_line_drops_what_is_hardly_legible() -> None:
    quad = np.array([[0.0, 0], [90, 0], [90, 20], [0, 20]])
    assert rapid.place_line(quad, [[Glyph("x", 0.5, 0.3)]], 90, 90) is None


def test_text_angle_lets_long_lines_decide() -> None:
    def side(x: float, y: float) -> np.ndarray:
        return np.array([[0.0, 0], [x, y], [x, y + 10], [0, 10]])

    assert rapid.text_angle([side(100, 2), side(110, 2.2), side(8, 3), side(9, -4)]) == 1.15
    assert rapid.text_angle([]) == 0


def test_place_line_gives_a_word_the_probability_that_all_its_characters_are_right() -> None:
    quad = np.array([[0.0, 0], [90, 0], [90, 20], [0, 20]])
    words = [
        [Glyph("a", 0.1, 0.9), Glyph("b", 0.3, 0.8), Glyph("c", 0.5, 0.5)],
        [Glyph("d", 0.9, 0.96)],
    ]
    line = rapid.place_line(quad, words, 90, 90)
    assert line is not None
    assert [word.confidence for word in line.words] == [0.36, 0.96]
    assert line.confidence == pytest.approx((0.36 * 3 + 0.96) / 4)
