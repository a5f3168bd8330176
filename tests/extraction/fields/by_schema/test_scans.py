"""The ten papers as scans, read and filled by the whole path."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from benchmarks.scanning import scan
from extraction import engines, pipeline
from extraction.options import Options
from extraction.types import Page
from tests.extraction.fields.by_schema.test_extract import CASES

WRITTEN = [name for name in CASES if name != "choices and check boxes"]  # its boxes are not drawn
LEAST = 0.95  # of the values: a character may be read wrong


def drawn(page: Page) -> Any:
    """The paper's lines on a page of a PDF."""
    document = pymupdf.open()
    sheet = document.new_page(width=page.width, height=page.height)
    for line in page.lines:
        height = line.box[3] - line.box[1]
        room = (line.box[2] - line.box[0]) / pymupdf.get_text_length(line.text, "helv", 1)
        size = min(height, room, 10 if height < 12 else height)
        sheet.insert_text((line.box[0], line.box[3] - 0.2 * height), line.text, fontsize=size)
    return document


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    """The values in it by their places."""
    if isinstance(value, dict):
        return {
            k: v for name, one in value.items() for k, v in leaves(one, f"{place}/{name}").items()
        }
    if isinstance(value, list):
        return {k: v for i, one in enumerate(value) for k, v in leaves(one, f"{place}/{i}").items()}
    return {place: value}


@pytest.mark.parametrize("name", WRITTEN)
def test_schema_is_filled_from_a_scan(name: str, tmp_path: Path) -> None:
    page, schema, right = CASES[name]
    path = tmp_path / "scan.pdf"
    path.write_bytes(scan(drawn(page), random.Random(name), (200,)).tobytes())
    document = pipeline.run(path, Options(schema=schema), engines.get("auto"))
    assert document.pages[0].engine == "rapidocr"
    extraction = document.extraction
    assert extraction is not None
    assert extraction.value is not None, extraction.problems
    found, expected = leaves(extraction.value), leaves(right)
    same = [place for place, value in expected.items() if found.get(place) == value]
    assert len(same) >= LEAST * len(expected), {p: found.get(p) for p in expected.keys() - same}
