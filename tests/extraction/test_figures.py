from __future__ import annotations

import numpy as np
import pymupdf

from extraction import figures
from extraction.types import Box, Line, PageImage
from tests.extraction.scans import scan

PICTURE: Box = (100.0, 200.0, 350.0, 380.0)


def bars(page: pymupdf.Page) -> None:
    """Bars on an axis within ``PICTURE``."""
    x0, y0, x1, y1 = PICTURE
    page.draw_line((x0, y1), (x1, y1), width=1)
    for n in range(5):
        left = x0 + 50 * n
        page.draw_rect((left, y0 + 20 * n, left + 46, y1), fill=(0.2, 0.4, 0.7))


def near(one: Box, other: Box) -> bool:
    return all(abs(a - b) < 8 for a, b in zip(one, other, strict=True))


def test_find_sees_a_chart_on_a_scan() -> None:
    found = figures.find(scan(bars, noise=6), ())
    assert len(found) == 1
    assert near(found[0], PICTURE)


def test_find_takes_text_tables_and_tinted_grounds_for_none() -> None:
    def draw(page: pymupdf.Page) -> None:
        page.draw_rect((40, 60, 300, 300), fill=(0.93, 0.94, 0.88), color=None)
        for y in (400, 430, 460, 490):
            page.draw_line((60, y), (500, y), width=1)
        for x in (60, 280, 500):
            page.draw_line((x, 400), (x, 490), width=1)
        for n in range(6):
            page.insert_text((60, 560 + 14 * n), "Some ordinary words of a paragraph", fontsize=11)

    lines = [Line("x", (58, 548 + 14 * n, 240, 564 + 14 * n)) for n in range(6)]
    assert figures.find(scan(draw), lines) == []


def test_find_takes_the_pictures_of_a_pdf() -> None:
    page = PageImage(
        1, 595, 842, 0, 72, images=(PICTURE, (10.0, 10.0, 30.0, 30.0), (0.0, 0.0, 595.0, 842.0))
    )
    assert figures.find(page, ()) == [PICTURE]


def test_find_joins_parts_that_lie_side_by_side() -> None:
    page = PageImage(
        1, 595, 842, 0, 72, images=((100.0, 100.0, 200.0, 200.0), (203.0, 100.0, 300.0, 200.0))
    )
    assert figures.find(page, ()) == [(100.0, 100.0, 300.0, 200.0)]


def test_find_leaves_a_picture_under_text_to_the_text() -> None:
    lines = [Line("x" * 40, (100, 200 + 20 * n, 350, 212 + 20 * n)) for n in range(9)]
    page = PageImage(1, 595, 842, 0, 72, images=(PICTURE,))
    assert figures.find(page, lines) == []


def test_find_gives_nothing_for_a_blank_page() -> None:
    blank = np.full((842, 595, 3), 250, np.uint8)
    assert figures.find(PageImage(1, 595, 842, 0, 72, blank), ()) == []
