from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from extraction import engines
from extraction.engines import ENGINES
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.errors import InvalidOption
from extraction.vision_models import VISION_MODELS


@pytest.mark.parametrize("name", ENGINES)
def test_get_gives_the_engine_of_that_name_once_a_process(name: str) -> None:
    engine = engines.get(name)
    assert engine.name == name
    assert engine.wants in ("text", "pixels", "auto")
    assert engine.revision
    assert engines.get(name) is engine


def test_get_refuses_an_unknown_name() -> None:
    with pytest.raises(InvalidOption, match="no-such"):
        engines.get("no-such")


def test_warm_loads_the_models_before_the_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_loaded", {})
    engine = engines.warm("auto", 1)
    assert engine is engines.get("auto", 1)
    assert ("rapidocr", 1) in engines._loaded


@pytest.fixture
def set_up() -> Iterator[Callable[[Configuration], None]]:
    """Configures engines until the test's end."""
    before = engines._configuration
    yield engines.configure
    engines.configure(before)


MODEL = VISION_MODELS["nanonets-ocr-s"]


def test_configure_adds_what_has_been_set_up_and_nothing_else(
    set_up: Callable[[Configuration], None],
) -> None:
    built_in = ["auto", "text-layer", "rapidocr"]
    set_up(Configuration())
    assert list(ENGINES) == built_in
    server = OpenAIServer("http://gpu.internal:8000/v1", "nanonets", MODEL)
    set_up(Configuration(vision=(MODEL,), openai=server))
    assert list(ENGINES) == [*built_in, "nanonets-ocr-s", "openai"]
    assert {row.name: row.pool for row in ENGINES.values() if row.set_up} == {
        "nanonets-ocr-s": "gpu",
        "openai": "io",
    }
    revision = f"nanonets/Nanonets-OCR-s@downloaded.{MODEL.usage}"
    assert ENGINES["nanonets-ocr-s"].revision == revision
