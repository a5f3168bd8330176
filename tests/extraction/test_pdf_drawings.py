from __future__ import annotations

import pymupdf
import pytest

from extraction.pdf_drawings import MAX_PATHS, drawings
from tests.extraction.pdfs import picture, saved


def reopened(document: pymupdf.Document) -> pymupdf.Page:
    """The first page, as read from a file."""
    return pymupdf.open(stream=saved(document), filetype="pdf")[0]


@pytest.fixture
def document() -> pymupdf.Document:
    made = pymupdf.open()
    made.new_page(width=400, height=600)
    return made


def test_rules_are_the_lines_of_a_grid_drawn_as_one_path(document: pymupdf.Document) -> None:
    shape = document[0].new_shape()
    for y in (100, 120, 140):
        shape.draw_line((50, y), (350, y))
    for x in (50, 200, 350):
        shape.draw_line((x, 100), (x, 140))
    shape.finish(width=1)
    shape.commit()
    rules = set(drawings(reopened(document)).rules)
    across = {(50.0, y - 0.5, 350.0, y + 0.5) for y in (100.0, 120.0, 140.0)}
    down = {(x - 0.5, 100.0, x + 0.5, 140.0) for x in (50.0, 200.0, 350.0)}
    assert rules == across | down


def test_rules_are_thin_rectangles_and_the_sides_of_drawn_ones(document: pymupdf.Document) -> None:
    page = document[0]
    page.draw_rect((50, 100, 350, 100.8), color=None, fill=(0, 0, 0))
    page.draw_rect((50, 200, 150, 260), width=1)
    rules = drawings(reopened(document)).rules
    assert len(rules) == 5
    assert rules[0] == pytest.approx((50, 100, 350, 100.8), abs=0.01)
    assert (50.0, 199.5, 150.0, 200.5) in rules
    assert (149.5, 200.0, 150.5, 260.0) in rules


def test_rules_are_not_slanted_lines_bars_fills_dots_or_unseen_lines(
    document: pymupdf.Document,
) -> None:
    page = document[0]
    page.draw_line((10, 10), (200, 60))
    page.draw_line((10, 100), (300, 100), width=12)
    page.draw_rect((50, 200, 150, 260), color=None, fill=(0.8, 0.8, 0.8))
    page.draw_line((10, 300), (12, 300))
    page.draw_line((10, 320), (300, 320), stroke_opacity=0)
    page.draw_bezier((10, 400), (100, 380), (200, 420), (300, 400))
    found = drawings(reopened(document))
    assert found.rules == ()
    assert found.paths == 6


@pytest.mark.parametrize(
    ("rotation", "rule"),
    [
        (0, (50.0, 99.5, 350.0, 100.5)),
        (90, (499.5, 50.0, 500.5, 350.0)),
        (180, (50.0, 499.5, 350.0, 500.5)),
        (270, (99.5, 50.0, 100.5, 350.0)),
    ],
)
def test_rules_and_images_lie_on_the_page_as_displayed(
    document: pymupdf.Document, rotation: int, rule: tuple[float, ...]
) -> None:
    page = document[0]
    page.draw_line((50, 100), (350, 100))
    page.insert_image((50, 100, 350, 150), stream=picture(["x"], 300, 50))
    page.set_rotation(rotation)
    found = drawings(reopened(document))
    assert found.rules == (rule,)
    (image,) = found.images
    # The picture's edge is where the rule is, whichever way the page is turned.
    assert any(edge == pytest.approx((rule[0] + rule[2]) / 2) for edge in (image[0], image[2])) or (
        any(edge == pytest.approx((rule[1] + rule[3]) / 2) for edge in (image[1], image[3]))
    )


def test_boxes_are_cut_off_at_the_page_and_counted_from_its_crop_box(
    document: pymupdf.Document,
) -> None:
    page = document[0]
    page.draw_line((0, 100), (400, 100))
    page.draw_line((0, 20), (400, 20))
    page.set_cropbox((50, 50, 350, 550))
    assert drawings(reopened(document)).rules == ((0.0, 49.5, 300.0, 50.5),)


def test_rules_of_a_map_are_not_gathered(document: pymupdf.Document) -> None:
    page = document[0]
    lines = " ".join(f"{n % 400} 0 m {n % 400} 50 l S" for n in range(MAX_PATHS + 1))
    xref = document.get_new_xref()
    document.update_object(xref, "<<>>")
    document.update_stream(xref, lines.encode())
    document.xref_set_key(page.xref, "Contents", f"{xref} 0 R")
    found = drawings(reopened(document))
    assert found.paths == MAX_PATHS + 1
    assert found.rules == ()


@pytest.mark.parametrize(("text_first", "covered"), [(True, 1.0), (False, 0.0)])
def test_text_is_covered_by_the_picture_painted_after_it(
    document: pymupdf.Document, text_first: bool, covered: float
) -> None:
    page = document[0]
    image = picture(["A scan"], 400, 600)
    if text_first:
        page.insert_text((50, 50), "A scan")
    page.insert_image(page.rect, stream=image)
    if not text_first:
        page.insert_text((50, 50), "A scan")
    assert drawings(reopened(document)).text_covered == covered
