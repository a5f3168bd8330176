from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from extraction import engines
from extraction.engines import UNWATCHED, Watch
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable, InvalidOption
from extraction.training import Lesson, evaluate
from extraction.types import Line, PageImage, PageText
from tests.checkpoints.digits import drawn, number


class Told:
    """An engine that reads what it is told; an exception is raised."""

    name, revision, wants, at_once = "told", "1", "pixels", 2

    def __init__(self, *texts: Any) -> None:
        self.texts = texts
        self.asked: list[list[int]] = []

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        self.asked.append([page.number for page in pages])
        found = [self.texts[page.number - 1] for page in pages]
        for text in found:
            if isinstance(text, Exception):
                raise text
        return [text if isinstance(text, PageText) else written(text) for text in found]


def written(text: str) -> PageText:
    return PageText((), "told", "1", markup=text)


def true(*texts: str) -> list[Lesson]:
    return [Lesson(np.zeros((28, 56, 3), np.uint8), text) for text in texts]


def test_evaluation_tells_how_alike_and_how_many_exactly() -> None:
    engine: Any = Told("1234", "12 \n34", "1294", "", "")
    done: list[tuple[int, int]] = []
    found = evaluate(
        engine, true("1234", "12 34", "1234", "1234", ""), told=lambda *how: done.append(how)
    )
    assert found.each == (1.0, 1.0, 0.75, 0.0, 1.0)
    assert (found.lessons, found.similarity, found.exact) == (5, 0.75, 0.6)
    assert found.seconds > 0
    assert done == [(2, 5), (4, 5), (5, 5)]
    assert engine.asked == [[1, 2], [3, 4], [5]]


def test_page_that_cannot_be_read_counts_as_nothing_alike() -> None:
    bad = PageText((), "told", "1", error=EngineFailed().failure())
    lines = PageText(
        (Line("12", (0, 0, 1, 1), None, ()), Line("34", (0, 2, 1, 3), None, ())), "", ""
    )
    engine: Any = Told("1234", EngineFailed("odd"), bad, lines)
    found = evaluate(engine, true("1234", "1234", "1234", "12 34"))
    assert found.each == (1.0, 0.0, 0.0, 1.0)
    assert engine.asked == [[1, 2], [1], [2], [3, 4]]


def test_engine_out_of_order_ends_the_evaluation() -> None:
    engine: Any = Told(EngineUnavailable("gone"))
    with pytest.raises(EngineUnavailable, match="gone"):
        evaluate(engine, true("1234"))


def test_evaluation_is_cancelled_between_pages() -> None:
    engine: Any = Told("1", "2", "3", "4")
    with pytest.raises(Cancelled):
        evaluate(engine, true("1", "2", "3", "4"), stop=lambda: len(engine.asked) == 1)
    assert engine.asked == [[1, 2]]


def test_nothing_to_evaluate_is_refused() -> None:
    engine: Any = Told()
    with pytest.raises(InvalidOption, match="no lessons"):
        evaluate(engine, [])


def test_ocr_engine_is_evaluated_beside() -> None:
    """It tells lines instead of markup; digits so far apart it tells one by one."""
    rng = random.Random(3)
    given = []
    for _ in range(3):
        text = number(rng, 6)
        pixels = drawn(text, rng).repeat(2, axis=0).repeat(2, axis=1)
        given.append(
            Lesson(np.pad(pixels, ((40, 40), (40, 40), (0, 0)), mode="edge"), " ".join(text))
        )
    found = evaluate(engines.get("rapidocr", 1), given)
    assert found.similarity > 0.8
    assert found.lessons == len(found.each) == 3
