from __future__ import annotations

from extraction.formats.regions import regions, within
from extraction.types import Block, Line, Page, Word


def test_regions_hold_every_line_once_in_reading_order() -> None:
    lines = tuple(Line(str(n), (0, 10.0 * n, 50, 10.0 * n + 8)) for n in range(6))
    outer = Block("p1-b1", "paragraph", "", (0, 0, 50, 28))
    inner = Block("p1-b2", "title", "", (0, 10, 50, 18))
    figure = Block("p1-b3", "figure", "", (60, 0, 90, 50))
    last = Block("p1-b4", "paragraph", "", (0, 50, 50, 60))
    page = Page(1, 100, 100, blocks=(outer, inner, figure, last), lines=lines)

    found = [
        (region.block.id if region.block else "", [line.text for line in region.lines])
        for region in regions(page)
    ]

    assert found == [
        ("p1-b1", ["0", "2"]),
        ("p1-b2", ["1"]),
        ("p1-b3", []),
        ("", ["3", "4"]),
        ("p1-b4", ["5"]),
    ]


def test_regions_of_a_page_without_lines_have_the_text_of_the_blocks() -> None:
    placed = Block("p1-b1", "paragraph", "one\ntwo", (0, 0, 50, 20))
    unplaced = Block("p1-b2", "paragraph", "three")

    first, second = regions(Page(1, 100, 200, blocks=(placed, unplaced)))

    assert [(line.text, line.box) for line in first.lines] == [
        ("one", (0, 0, 50, 20)),
        ("two", (0, 0, 50, 20)),
    ]
    assert second.box == (0, 0, 100, 200)


def test_regions_leave_a_watermark_out_of_the_paragraph_in_its_middle() -> None:
    line = Line("DRAFT", (0, 0, 100, 100))
    paragraph = Block("p1-b1", "paragraph", "", (20, 40, 80, 60))
    watermark = Block("p1-b2", "watermark", "DRAFT", (0, 0, 100, 100))

    found = regions(Page(1, 100, 100, blocks=(paragraph, watermark), lines=(line,)))

    assert [len(region.lines) for region in found if region.block is watermark] == [1]


def test_within_parts_a_line_over_two_cells_by_its_words() -> None:
    words = (Word("Copper", (0, 0, 20, 10), 0.9), Word("12", (60, 0, 70, 10), 0.5))
    row, whole = Line("Copper 12", (0, 0, 70, 10), 0.8, words), Line("below", (0, 20, 20, 30))

    inner, outer = within((0, 0, 50, 15), [row, whole])

    assert inner == [Line("Copper", (0, 0, 20, 10), 0.9, words[:1])]
    assert outer == [Line("12", (60, 0, 70, 10), 0.5, words[1:]), whole]
