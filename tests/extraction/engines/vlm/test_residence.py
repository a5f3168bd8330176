"""Models of one process under one budget, by the plan of a machine that is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extraction.engines.vlm import VisionLanguage, residence
from extraction.engines.vlm.residence import Residence
from extraction.errors import EngineUnavailable
from extraction.hardware import Hardware
from extraction.vision_models import VisionModel
from tests.extraction.engines.vlm import tiny

PROCESSOR = Hardware((), 8_000_000_000, 4_000_000_000, 2, False, "2.13.0")


def give(monkeypatch: pytest.MonkeyPatch, hardware: Hardware, memory_bytes: int = 0) -> Residence:
    """The process's residence, on that machine."""
    made = Residence(hardware, memory_bytes)
    monkeypatch.setattr(residence, "_residences", {memory_bytes: made})
    return made


def engine(row: VisionModel, **changes: Any) -> VisionLanguage:
    set_up = tiny.configuration(row, **changes)
    return VisionLanguage(name=row.name, configuration=set_up, threads=1)


def test_engine_is_held_as_planned_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = give(monkeypatch, PROCESSOR)
    caplog.set_level(logging.INFO, "extraction.engines.vlm.residence")
    made = engine(tiny.model(), quantisation="8bit")
    assert caplog.messages == []
    assert made.at_once == 4
    texts = made.read(tiny.numbered("417", "8265091"))
    assert [text.markup for text in texts] == ["417", "8265091"]
    assert {text.revision.split("/", 1)[1] for text in texts} == {"bf16/8bit"}
    said = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert said == ["plan of tiny: 8bit, bf16, batch 4, 0.1 megapixels a page, 0.6 GB on the CPU"]
    standing = home.standing()
    assert standing.plans["tiny"].quantisation == "8bit"
    assert [model.name for model in standing.models.models] == ["tiny"]
    assert standing.models.used_bytes == standing.plans["tiny"].total_bytes
    assert standing.models.budget_bytes == 3_600_000_000


def test_another_model_takes_the_place_of_the_one_used_least_lately(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Room for one of them: they take turns, and both read."""
    home = give(monkeypatch, PROCESSOR, 700_000_000)
    row = tiny.model()
    other = replace(tiny.model(tiny.copy(tmp_path)), name="other", instruction=tiny.TABLE)
    one, two = engine(row, memory_bytes=700_000_000), engine(other, memory_bytes=700_000_000)
    (page,) = tiny.numbered("4172")
    assert one.read([page])[0].markup == "4172"
    assert one.loaded_bytes > 700_000
    assert two.read([page])[0].markup == "<table><tr><td>4172</td></tr></table>"
    assert (one.loaded_bytes, home.models.statistics().evictions) == (0, 1)
    assert one.read([page])[0].markup == "4172"
    assert [model.name for model in home.standing().models.models] == ["tiny"]


def test_model_that_fits_nowhere_is_told_and_one_that_is_missing_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    give(monkeypatch, PROCESSOR, 100_000_000)
    small = engine(tiny.model(), memory_bytes=100_000_000)
    assert small.at_once == 1
    with pytest.raises(EngineUnavailable, match=r"0\.10 GB can be had"):
        small.read(tiny.numbered("4172"))
    missing = engine(tiny.model(tmp_path / "nothing"), memory_bytes=100_000_000)
    assert missing.at_once == 1
    with pytest.raises(EngineUnavailable, match="no model tiny in its folder"):
        missing.read(tiny.numbered("4172"))
