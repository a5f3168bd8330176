from __future__ import annotations

import pymupdf
import pytest

from extraction import checkboxes
from tests.extraction import scans
from tests.extraction.test_level import line


@pytest.mark.parametrize(("skew", "noise"), [(0.0, 0.0), (2.0, 10.0)])
def test_find_tells_ticked_boxes_from_empty_ones(skew: float, noise: float) -> None:
    page = scans.scan(scans.invoice, skew=skew, noise=noise)
    assert page.pixels is not None
    boxes = sorted(checkboxes.find(page.pixels, page.dpi), key=lambda found: found[0][1])
    assert [ticked for _, ticked in boxes] == [True, False]


def test_find_gives_boxes_in_points() -> None:
    page = scans.scan(lambda sheet: scans.check_box(sheet, 60, 520, ticked=False))
    assert page.pixels is not None
    ((box, _),) = checkboxes.find(page.pixels, page.dpi)
    assert box == pytest.approx((60, 520, 72, 532), abs=1)


@pytest.mark.parametrize("skew", [0.0, 1.5])
def test_find_sees_a_cross_that_runs_over_the_edge(skew: float) -> None:
    def draw(sheet: pymupdf.Page) -> None:
        scans.check_box(sheet, 60, 520, ticked=False)
        sheet.draw_line((59, 533), (73.5, 518), width=1.6)
        sheet.draw_line((58.5, 519), (73, 534), width=1.6)

    page = scans.scan(draw, skew=skew)
    assert page.pixels is not None
    ((box, ticked),) = checkboxes.find(page.pixels, page.dpi)
    assert ticked is True
    assert all(9 < side < 18 for side in (box[2] - box[0], box[3] - box[1]))


def test_find_takes_letters_and_circles_for_no_boxes() -> None:
    def draw(sheet: pymupdf.Page) -> None:
        sheet.insert_text((60, 100), "DOODLE 0O08 QUAD BOOK D O 0", fontsize=16)
        sheet.draw_circle((300, 300), 7)

    page = scans.scan(draw)
    assert page.pixels is not None
    assert checkboxes.find(page.pixels, page.dpi) == []


BOX = (10.0, 100.0, 20.0, 110.0)


def test_mark_puts_the_box_before_its_label() -> None:
    (marked,) = checkboxes.mark([line("Delivered in full", 26, 100)], [(BOX, True)])
    assert marked.text == "☑ Delivered in full"
    assert marked.words[0].box == BOX
    assert marked.box == (10, 100, 128, 110)


def test_mark_drops_the_box_read_as_a_line_of_its_own() -> None:
    lines = [line("□", 10, 100), line("Delivered", 30, 100), line("O", 300, 100)]
    marked = checkboxes.mark(lines, [(BOX, False)])
    assert [each.text for each in marked] == ["☐ Delivered", "O"]


@pytest.mark.parametrize("text", ["□ Delivered", "□Delivered", "O Delivered"])
def test_mark_replaces_what_was_read_for_the_box(text: str) -> None:
    (marked,) = checkboxes.mark([line(text, 11, 100, pitch=9)], [(BOX, False)])
    assert marked.text == "☐ Delivered"


def test_mark_leaves_a_square_letter_in_a_word_alone() -> None:
    delivered = line("Delivered", 10, 100, pitch=9)
    assert checkboxes.mark([delivered], [(BOX, True)]) == (delivered,)


def test_mark_leaves_a_square_without_a_label_alone() -> None:
    far = line("Delivered", 200, 100)
    assert checkboxes.mark([far], [(BOX, True)]) == (far,)


def test_with_marks_takes_ticks_out_of_the_text() -> None:
    tick, label = line("✔", 12, 100), line("Delivered", 26, 100)
    lines, boxes = checkboxes.with_marks([tick, label], [(BOX, False)])
    assert (lines, boxes) == ([label], [(BOX, True)])


def test_with_marks_leaves_numbers_in_boxes_alone() -> None:
    below = (10.0, 130.0, 20.0, 140.0)
    given = [line("1", 12, 100), line("4", 12, 130)]
    lines, boxes = checkboxes.with_marks(given, [(BOX, False), (below, False)])
    assert (lines, boxes) == (given, [(BOX, False), (below, False)])
