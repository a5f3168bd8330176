from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extraction import engines, structure
from extraction.engines import ENGINES, Engine, Watch, get
from extraction.engines.configuration import Configuration
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import PageImage
from tests.checkpoints.digits import drawn
from tests.extraction.engines.vlm import tiny

Made = Callable[..., Engine]


@pytest.fixture
def hybrid() -> Iterator[Made]:
    """The engine as an operator sets it up, of the tiny model in a folder."""
    before = engines.configured()

    def made(folder: Path = tiny.FOLDER, **changes: Any) -> Engine:
        row = tiny.model(folder, **changes)
        engines.configure(Configuration(vision=(row,), hybrid_of="tiny"))
        return get("hybrid", 1)

    yield made
    engines.configure(before)


def sheet(text: str, number: int = 1) -> PageImage:
    """A page with that number, drawn 28 pixels high with white around it."""
    pixels = drawn(text, random.Random(7))
    page = np.full((pixels.shape[0], pixels.shape[1], 3), 255, np.uint8)
    page[:] = pixels
    return PageImage(number, float(page.shape[1]), float(page.shape[0]), 0, 72.0, page)


def test_text_of_the_model_has_the_places_and_the_confidence_of_ocr(hybrid: Made) -> None:
    engine = hybrid()
    pages = [sheet("8265091"), sheet("41739", 2)]
    texts = engine.read(pages)
    assert [text.markup for text in texts] == ["8265091", "41739"]
    ocr = get("rapidocr", 1).read(pages)
    for page, text, read in zip(pages, texts, ocr, strict=True):
        ((line,), (block,)) = (text.lines, text.blocks or ())
        assert (line.text, line.grounded, block.text, block.grounded) == (
            text.markup,
            True,
            text.markup,
            True,
        )
        (seen,) = read.lines
        assert seen.text.replace(" ", "") == text.markup
        assert line.confidence == min(word.confidence or 0 for word in seen.words) > 0.9
        assert block.box == line.box
        x0, y0, x1, y1 = line.box
        assert seen.box[0] <= x0 < x1 <= seen.box[2]
        assert seen.box[1] <= y0 < y1 <= seen.box[3]
        assert (text.engine, text.error, text.warnings, text.disagreements) == (
            "hybrid",
            None,
            (),
            (),
        )
        assert text.tokens == len(text.markup or "")
        assert text.revision == engine.revision
        assert structure.of_page(page, text).lines == text.lines
        assert [each.id for each in structure.of_page(page, text).blocks] == [f"p{page.number}-b1"]


def test_a_digit_that_the_model_writes_otherwise_is_told_where_it_stands(
    hybrid: Made, tmp_path: Path
) -> None:
    wrong = tiny.copy(tmp_path, sequence_bias=[[[tiny.token("4"), tiny.token("7")], 40.0]])
    (text,) = hybrid(wrong).read([sheet("8264091")])
    assert text.markup == "8264791"
    (line,) = text.lines
    assert (line.text, line.grounded) == ("8264791", False)
    (told,) = text.disagreements
    assert (told.kind, told.written) == ("differs", "8264791")
    assert told.read.replace(" ", "") == "8264091"
    assert (told.box, told.confidence) == (line.box, line.confidence)
    assert told.similarity == pytest.approx(6 / 7, abs=0.001)


def test_table_of_the_model_has_its_cells_placed(hybrid: Made) -> None:
    (text,) = hybrid(instruction=tiny.TABLE).read([sheet("41739")])
    (block,) = text.blocks or ()
    assert block.table
    (cell,) = block.table.cells
    assert (cell.text, cell.grounded, cell.box) == ("41739", True, block.box)


def test_a_page_on_which_the_model_fails_is_ocrs_and_degraded(hybrid: Made, tmp_path: Path) -> None:
    (text,) = hybrid(tiny.endless(tmp_path)).read([sheet("41739")])
    assert (text.engine, text.blocks, text.markup) == ("rapidocr", None, None)
    assert text.warnings[0] == "degraded"
    assert [line.text.replace(" ", "") for line in text.lines] == ["41739"]


def test_a_page_on_which_ocr_fails_is_the_models_alone(
    hybrid: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineFailed()

    engine = hybrid()
    monkeypatch.setattr(get("rapidocr", 1), "read", fail)
    (text,) = engine.read([sheet("41739")])
    assert (text.engine, text.markup, text.blocks) == ("hybrid", "41739", None)
    assert text.warnings == ("not_compared",)
    (block,) = structure.of_page(sheet("41739"), text).blocks
    assert (block.text, block.box, block.grounded) == ("41739", None, None)


def test_whoever_waits_may_stop_it(hybrid: Made) -> None:
    with pytest.raises(Cancelled):
        hybrid().read([sheet("41739")], Watch(stop=lambda: True))


def test_row_is_that_of_its_model_with_boxes(hybrid: Made) -> None:
    hybrid()
    row, model = ENGINES["hybrid"], ENGINES["tiny"]
    assert (row.pool, row.boxes, row.set_up, row.remote) == (model.pool, True, True, False)
    assert row.revision.startswith(f"{model.revision}+PP-OCRv6")
    assert get("hybrid", 1).revision.startswith(row.revision)
    assert get("hybrid", 1).at_once == get("tiny", 1).at_once


@pytest.mark.parametrize("name", ["", "missing", "rapidocr", "hybrid"])
def test_there_is_none_of_what_is_no_model(hybrid: Made, name: str) -> None:
    hybrid()
    engines.configure(Configuration(vision=(tiny.model(),), hybrid_of=name))
    assert "hybrid" not in ENGINES


def test_weights_that_are_missing_are_told(hybrid: Made, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        hybrid(tmp_path / "none").read([sheet("41739")])
