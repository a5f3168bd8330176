from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from extraction import engines, pipeline
from extraction.options import Options
from extraction.pdf_squares import MAX_SQUARES, squares
from tests.extraction.pdfs import saved

Draw = Callable[[pymupdf.Page], None]


def cross(page: pymupdf.Page) -> None:
    page.draw_line((59, 99), (71, 111))
    page.draw_line((59, 111), (71, 99))


def tick(page: pymupdf.Page) -> None:
    page.draw_polyline([(62, 105), (64.5, 109), (69, 101)])


def dingbat(page: pymupdf.Page) -> None:
    page.insert_text((61, 109), "4", fontname="zadb", fontsize=10)


def inner(page: pymupdf.Page) -> None:
    page.draw_rect((62, 102, 68, 108), color=None, fill=(0, 0, 0))


def nothing(page: pymupdf.Page) -> None:
    page.draw_rect((61, 101, 69, 109), width=0.5)  # a second edge
    page.draw_rect((60, 100, 70, 110), color=None, fill=(0.9, 0.9, 1))


def form(draw: Draw, *, rotation: int = 0) -> bytes:
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=600)
        page.insert_text((60, 60), "Please choose how the goods are to be sent to you.")
        page.draw_rect((60, 100, 70, 110), width=1)
        draw(page)
        page.insert_text((76, 109), "by the next ship")
        page.set_rotation(rotation)
        return saved(document)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize(
    ("draw", "checked"),
    [(cross, True), (tick, True), (dingbat, True), (inner, True), (nothing, False)],
)
def test_a_drawn_check_box_is_found_with_its_state(
    draw: Draw, checked: bool, rotation: int, tmp_path: Path
) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(form(draw, rotation=rotation))
    (page,) = pipeline.run(path, Options(), engines.get("text-layer")).pages
    found = [(block.text, block.checked) for block in page.blocks if block.kind == "checkbox"]
    assert found == [("by the next ship", checked)]


def drawn(*boxes: tuple[float, float, float, float]) -> list[dict[str, object]]:
    return [{"type": "s", "width": 1.0, "items": [("re", box, 1)]} for box in boxes]


def test_squares_are_small_and_stand_alone() -> None:
    alone, wide, large = (10, 10, 20, 20), (10, 40, 30, 50), (10, 100, 40, 130)
    comb = [(100 + 12 * i, 10, 112 + 12 * i, 22) for i in range(4)]
    assert squares(drawn(alone, wide, large, *comb)) == [(alone, False)]


def test_squares_are_capped() -> None:
    many = [
        (30 * (i % 100), 30 * (i // 100), 30 * (i % 100) + 9, 30 * (i // 100) + 9)
        for i in range(900)
    ]
    assert len(squares(drawn(*many))) == MAX_SQUARES
