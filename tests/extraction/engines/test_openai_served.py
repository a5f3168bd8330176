"""extraction/engines/openai against `transformers serve`: a real peer, a model, true digits."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from extraction.engines import Watch
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.engines.openai import OpenAI
from extraction.errors import Cancelled, EngineUnavailable
from extraction.vision_models import VisionModel
from tests.checkpoints.digits import CELL, SHORTEST, drawn, number, page
from tests.transformers_serve import transformers_serve

FOLDER = Path(__file__).resolve().parents[2] / "checkpoints/tiny-vlm"
SURE = 7  # digits that the checkpoint reads without fault
ROW = VisionModel(
    "tiny",
    "A tiny one",
    str(FOLDER),
    instruction="Read the number in the image.",
    min_pixels=SHORTEST * CELL * CELL,
    max_pixels=64 * CELL * CELL,
    max_tokens=12,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with transformers_serve(FOLDER, tmp_path_factory.mktemp("serve") / "log") as url:
        yield url


def engine(url: str, row: VisionModel = ROW, model: str = str(FOLDER)) -> OpenAI:
    server = OpenAIServer(url, model, row, concurrency=4)
    return OpenAI(name="openai", configuration=Configuration(openai=server))


def numbers(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [number(rng, rng.randint(SHORTEST, SURE)) for _ in range(count)]


def test_numbers_are_read_as_they_are_drawn(url: str) -> None:
    expected, rng = numbers(24, 7), random.Random(8)
    told: dict[int, int] = {}
    pages = [page(drawn(text, rng), at) for at, text in enumerate(expected, start=1)]
    texts = engine(url).read(pages, Watch(told=told.__setitem__))
    assert [text.markup for text in texts] == expected
    assert [text.tokens for text in texts] == [len(text) + 1 for text in expected]
    assert told.keys() <= set(range(1, 25))
    assert [text.confidence for text in texts] == [None] * 24  # this peer tells none
    assert [text.error for text in texts] == [None] * 24


def test_answer_that_is_cut_short_twice_is_read_by_ocr(url: str) -> None:
    """This peer takes no repetition penalty by that name: it is asked by the usual one."""
    reader = engine(url, replace(ROW, max_tokens=2))
    (text,) = reader.read([page(drawn("40711", random.Random(1)))])
    assert (text.engine, text.warnings) == ("rapidocr", ("degraded", "model_cut_short"))
    assert reader._taken == {"usual": 0, "again": 1}


def test_what_it_refuses_is_told(url: str) -> None:
    (text,) = engine(url, model="no/such-model").read([page(drawn("123", random.Random(1)))])
    assert text.error is not None
    assert text.error.detail.startswith("The page was refused: the server answers 400: Server is")


def test_it_keeps_to_no_schema(url: str) -> None:
    assert engine(url).supports_schema() is False


def test_stop_is_obeyed(url: str) -> None:
    pages = [page(drawn("123", random.Random(1)), at) for at in range(1, 200)]
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        engine(url).read(pages, Watch(stop=lambda: True))
    assert time.monotonic() - begun < 3


def test_one_that_has_ended_is_unavailable(tmp_path: Path) -> None:
    with transformers_serve(FOLDER, tmp_path / "log") as url:
        assert engine(url).read([page(drawn("123", random.Random(2)))])[0].markup == "123"
    with pytest.raises(EngineUnavailable, match="refused"):
        engine(url).read([page(drawn("123", random.Random(2)))])
