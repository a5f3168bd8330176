from __future__ import annotations

from collections.abc import Sequence

import pytest

from extraction import layout
from extraction.types import Block, Line, PageImage, PageText
from tests.extraction.test_level import line


def arrange(
    lines: Sequence[Line], *, width: float = 600, height: float = 800
) -> tuple[tuple[Line, ...], tuple[Block, ...]]:
    page = PageImage(2, width, height, 0, 72)
    return layout.arrange(page, PageText(tuple(lines), "text-layer", "1"))


def shape(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks]


def test_arrange_numbers_blocks_by_page() -> None:
    _, blocks = arrange([line("One", 10, 100), line("Two", 10, 300)])
    assert [(block.id, block.text) for block in blocks] == [("p2-b1", "One"), ("p2-b2", "Two")]


def test_arrange_flows_full_lines_and_keeps_short_ones_apart() -> None:
    full = "This line runs to the edge of the column as text"
    _, blocks = arrange(
        [
            line(full, 10, 100),
            line(full, 10, 112),
            line("and ends", 10, 124),
            line("Kind regards", 10, 136),
        ]
    )
    assert shape(blocks) == [("paragraph", f"{full} {full} and ends\nKind regards")]


def test_arrange_parts_paragraphs_at_a_wide_gap() -> None:
    _, blocks = arrange([line("First one", 10, 100), line("Second one", 10, 130)])
    assert shape(blocks) == [("paragraph", "First one"), ("paragraph", "Second one")]


def test_arrange_reads_columns_one_after_the_other() -> None:
    left = [line(f"left column line {i}", 10, 100 + 12 * i) for i in range(5)]
    right = [line(f"right column line {i}", 320, 100 + 12 * i) for i in range(5)]
    title = line("Across both of the columns of this page runs a head", 10, 80, pitch=7)
    lines, _ = arrange([*right, title, *left])
    assert [each.text for each in lines] == [each.text for each in (title, *left, *right)]


def test_arrange_reads_what_is_above_a_white_strip_before_what_is_below() -> None:
    left = [line(f"left column line {i}", 10, 100 + 12 * i) for i in range(4)]
    right = [line(f"right column line {i}", 320, 100 + 12 * i) for i in range(4)]
    below = line("pay to this account of ours", 10, 260)
    lines, _ = arrange([*left, below, *right])
    assert [each.text for each in lines] == [each.text for each in (*left, *right, below)]


def test_arrange_cuts_a_row_whose_parts_differ_in_size() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    name = line("Ostermoor Instruments", 10, 100, height=20, pitch=11)
    _, blocks = arrange([name, line("20457 Hamburg", 450, 104), *body])
    assert shape(blocks)[:2] == [
        ("title", "Ostermoor Instruments"),
        ("paragraph", "20457 Hamburg"),
    ]


def test_arrange_cuts_a_page_number_off_a_footer() -> None:
    footer = [line("Ostermoor Instruments GmbH", 10, 780), line("Page 2 of 3", 480, 780)]
    _, blocks = arrange([line("Text above it", 10, 400), *footer])
    assert shape(blocks)[1:] == [
        ("paragraph", "Ostermoor Instruments GmbH"),
        ("page_number", "Page 2 of 3"),
    ]


def test_arrange_reads_labels_and_values_row_by_row() -> None:
    rows = [("Subtotal:", "100.00"), ("Tax:", "20.00"), ("Total:", "120.00"), ("Paid:", "0.00")]
    lines = []
    for index, (label, value) in enumerate(rows):
        lines += [line(label, 10, 100 + 12 * index), line(value, 320, 100 + 12 * index)]
    _, blocks = arrange(lines)
    assert blocks[0].text == "Subtotal: 100.00\nTax: 20.00\nTotal: 120.00\nPaid: 0.00"


def test_arrange_orders_a_page_upside_down_as_it_is_read() -> None:
    page = PageImage(1, 600, 800, 0, 72)
    text = PageText((line("second", 500, 100), line("first", 500, 300)), "e", "1", skew=180)
    lines, _ = layout.arrange(page, text)
    assert [each.text for each in lines] == ["first", "second"]
    assert lines[0].box == (500, 300, 530, 310)


def test_arrange_finds_titles_by_size() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    head = line("Annual report", 10, 100, height=22, pitch=12)
    smaller = line("The second quarter", 10, 150, height=15, pitch=9)
    _, blocks = arrange([head, smaller, *body])
    assert [(b.kind, b.level) for b in blocks] == [("title", 1), ("title", 2), ("paragraph", None)]


def test_arrange_makes_lists_of_bullets_with_their_second_lines() -> None:
    _, blocks = arrange(
        [line("• copper pipe", 10, 100), line("of 22 mm", 25, 112), line("• brass valve", 10, 124)]
    )
    assert shape(blocks) == [("list", "- copper pipe of 22 mm\n- brass valve")]


def test_arrange_takes_a_single_numbered_line_for_text() -> None:
    _, blocks = arrange([line("1. Introduction", 10, 100)])
    assert shape(blocks) == [("paragraph", "1. Introduction")]


@pytest.mark.parametrize("text", ["2", "Page 2 of 3", "2/3", "- 14 -", "Seite 2 von 3"])
def test_arrange_finds_page_numbers_at_the_edge(text: str) -> None:
    _, blocks = arrange([line("Body text", 10, 400), line(text, 290, 780)])
    assert shape(blocks) == [("paragraph", "Body text"), ("page_number", text)]


def test_arrange_takes_a_number_within_the_page_for_text() -> None:
    _, blocks = arrange([line("Body text", 10, 400), line("2", 290, 700)])
    assert [block.kind for block in blocks] == ["paragraph", "paragraph"]


def test_arrange_reads_check_boxes_of_one_row_apart() -> None:
    _, blocks = arrange([line("Sent: ☑ yes ☐ no", 10, 100), line("[x] insured", 10, 130)])
    assert [(b.kind, b.text, b.checked) for b in blocks] == [
        ("paragraph", "Sent:", None),
        ("checkbox", "yes", True),
        ("checkbox", "no", False),
        ("checkbox", "insured", True),
    ]


def test_arrange_puts_a_table_in_its_place() -> None:
    rows = [("Item", "Qty", "Price"), ("Pipe", "2", "4.50"), ("Valve", "10", "19.90")]
    rows.append(("Tape", "1", "1.20"))
    cells = [
        line(text, (10, 200, 300)[column], 130 + 14 * row)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    lines, blocks = arrange([line("Thank you", 10, 300), *cells, line("We deliver", 10, 100)])
    assert [block.kind for block in blocks] == ["paragraph", "table", "paragraph"]
    assert blocks[1].text == "Item\tQty\tPrice\nPipe\t2\t4.50\nValve\t10\t19.90\nTape\t1\t1.20"
    assert [each.text for each in lines][:4] == ["We deliver", "Item", "Qty", "Price"]


def test_arrange_gives_nothing_for_a_blank_page() -> None:
    assert arrange([]) == ((), ())
