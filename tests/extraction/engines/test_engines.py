from __future__ import annotations

import pytest

from extraction import engines
from extraction.engines import ENGINES
from extraction.errors import InvalidOption


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
