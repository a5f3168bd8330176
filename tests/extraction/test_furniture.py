from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from extraction.furniture import settle
from extraction.types import Block, BlockKind, Box, Line, Page

HEIGHT = 800.0


def page(number: int, *blocks: tuple[BlockKind, str, float]) -> Page:
    """A page of blocks: kind, text, and the y where each begins (10 points high)."""
    made = tuple(
        Block(f"p{number}-b{index}", kind, text, (50.0, y, 300.0, y + 10))
        for index, (kind, text, y) in enumerate(blocks, 1)
    )
    return Page(number, 600.0, HEIGHT, blocks=made, markdown="as read")


def kinds(pages: Sequence[Page]) -> list[list[str]]:
    return [[block.kind for block in each.blocks] for each in pages]


def test_settle_marks_what_comes_again_in_the_margins() -> None:
    pages = [
        page(
            n,
            ("paragraph", "Harbour Review", 60),
            ("paragraph", f"Text of page {'abc'[n]}", 400),
            ("paragraph", f"Printed 12 March, sheet {n}", 760),
        )
        for n in range(3)
    ]
    assert kinds(settle(pages, strip=False)) == [["header", "paragraph", "footer"]] * 3


def test_settle_forgives_misread_characters() -> None:
    pages = [
        page(1, ("paragraph", "Harbour Quarterly Review", 60)),
        page(2, ("paragraph", "Harb0ur Quarterly Revlew", 66)),
    ]
    assert kinds(settle(pages, strip=False)) == [["header"], ["header"]]


def test_settle_compares_left_pages_with_left_pages() -> None:
    texts = ["On the left", "To the right", "On the left", "To the right"]
    pages = [page(n, ("paragraph", text, 60)) for n, text in enumerate(texts, 1)]
    assert kinds(settle(pages, strip=False)) == [["header"]] * 4


@pytest.mark.parametrize(
    "texts", [("7", "8"), ("xii", "xiii"), ("Blatt 3 von 9", "Blatt 4 von 9"), ("- 9 -", "- 10 -")]
)
def test_settle_finds_numbers_that_count_with_the_pages(texts: tuple[str, str]) -> None:
    pages = [page(n, ("paragraph", text, 700)) for n, text in enumerate(texts, 1)]
    assert kinds(settle(pages, strip=False)) == [["page_number"], ["page_number"]]


@pytest.mark.parametrize(
    ("kind", "text", "y", "following", "below"),
    [
        ("paragraph", "Harbour Review", 400, "Harbour Review", 400),  # within the page
        ("paragraph", "Harbour Review", 60, "Harbour Review", 740),  # at the other end
        ("paragraph", "Harbour Review", 20, "Harbour Review", 90),  # elsewhere
        ("paragraph", "Harbour Review", 60, "Something else", 60),
        ("title", "Harbour Review", 60, "Harbour Review", 60),
        ("paragraph", "1250", 740, "1250", 740),  # a number that does not count
    ],
)
def test_settle_leaves_the_text_alone(
    kind: BlockKind, text: str, y: float, following: str, below: float
) -> None:
    pages = (page(1, (kind, text, y)), page(2, (kind, following, below)))
    assert settle(pages, strip=False) == pages


def test_settle_strips_blocks_and_markdown_and_keeps_lines() -> None:
    pages = [
        page(n, ("paragraph", "Harbour Review", 60), ("paragraph", "Its text", 400)) for n in (1, 2)
    ]
    mark = Block("p2-b3", "watermark", "DRAFT", (0.0, 0.0, 600.0, 800.0))
    pages[1] = replace(pages[1], blocks=(*pages[1].blocks, mark))
    stripped = settle(pages, strip=True)
    assert kinds(stripped) == [["paragraph"], ["paragraph"]]
    assert [each.markdown for each in stripped] == ["Its text", "Its text"]
    assert [each.lines for each in stripped] == [each.lines for each in pages]


def test_settle_is_the_same_done_twice_and_on_pages_without_blocks() -> None:
    pages = [page(n, ("paragraph", "Harbour Review", 60)) for n in (1, 2)]
    once = settle([*pages, Page(3)], strip=False)
    assert settle(once, strip=False) == once
    assert once[2] == Page(3)
    assert settle([], strip=True) == ()


def test_settle_takes_one_page_as_it_is() -> None:
    box: Box = (50.0, 20.0, 300.0, 30.0)
    alone = Page(1, 600.0, HEIGHT, blocks=(Block("p1-b1", "header", "Harbour Review", box),))
    assert settle([alone], strip=False) == (alone,)
    assert settle([alone], strip=True)[0].blocks == ()


def lined(number: int, *rows: tuple[BlockKind, float, Sequence[tuple[str, float, float]]]) -> Page:
    """A page of rows 10 points high: kind, y, and parts (text, x0, x1); rows of a kind that follow
    each other without white are one block."""
    blocks: list[Block] = []
    lines: list[Line] = []
    for kind, y, parts in rows:
        made = [Line(text, (x0, y, x1, y + 10)) for text, x0, x1 in parts]
        lines += made
        text = " ".join(line.text for line in made)
        box = (made[0].box[0], y, made[-1].box[2], y + 10)
        if blocks and blocks[-1].kind == kind and (last := blocks[-1].box) and y - last[3] < 4:
            box = (min(last[0], box[0]), last[1], max(last[2], box[2]), box[3])
            blocks[-1] = replace(blocks[-1], text=f"{blocks[-1].text} {text}", box=box)
        else:
            blocks.append(Block(f"p{number}-b{len(blocks) + 1}", kind, text, box))
    return Page(number, 600.0, HEIGHT, blocks=tuple(blocks), lines=tuple(lines))


def texts(pages: Sequence[Page]) -> list[list[tuple[str, str]]]:
    return [[(block.kind, block.text) for block in each.blocks] for each in pages]


def full(text: str) -> list[tuple[str, float, float]]:
    return [(text, 50.0, 550.0)]


def test_settle_parts_a_paragraph_from_the_header_close_above_it_on_either_side() -> None:
    sides = [
        [("Harbour GmbH", 50.0, 120.0), ("Letter of 3 May, sheet 2", 450.0, 550.0)],
        [("Letter of 3 May, sheet 3", 50.0, 150.0), ("Harbour GmbH", 480.0, 550.0)],
    ]
    pages = [
        lined(
            n, ("paragraph", 80, sides[n]), ("paragraph", 92, full(("Rope came late", "Timber")[n]))
        )
        for n in range(2)
    ]
    settled = settle(pages, strip=False)
    assert texts(settled) == [
        [("header", "Harbour GmbH Letter of 3 May, sheet 2"), ("paragraph", "Rope came late")],
        [("header", "Letter of 3 May, sheet 3 Harbour GmbH"), ("paragraph", "Timber")],
    ]
    assert [[block.box for block in each.blocks] for each in settled] == [
        [(50.0, 80, 550.0, 90), (50.0, 92, 550.0, 102)]
    ] * 2
    assert settle(settled, strip=False) == settled


def test_settle_parts_a_footnote_from_the_footer_close_below_it() -> None:
    pages = [
        lined(
            n,
            ("footnote", 740, full(("1 See page 9", "2 Of the dues")[n])),
            ("footnote", 752, full("Doc. QA-7, Rev. C")),
        )
        for n in range(2)
    ]
    assert texts(settle(pages, strip=True)) == [
        [("footnote", "1 See page 9")],
        [("footnote", "2 Of the dues")],
    ]


def test_settle_keeps_the_title_that_the_header_says_again() -> None:
    pages = [
        lined(1, ("title", 90, full("Harbour dues")), ("paragraph", 300, full("Its text"))),
        lined(2, ("paragraph", 60, full("HARBOUR DUES")), ("paragraph", 300, full("More"))),
    ]
    assert texts(settle(pages, strip=True)) == [
        [("title", "Harbour dues"), ("paragraph", "Its text")],
        [("paragraph", "More")],
    ]


def test_settle_takes_the_upper_of_two_that_say_one_title_on_a_page() -> None:
    alone = lined(1, ("paragraph", 60, full("Harbour dues")), ("title", 90, full("Harbour dues")))
    assert texts(settle([alone], strip=True)) == [[("title", "Harbour dues")]]


def test_settle_keeps_titles_and_lines_that_each_page_begins_with() -> None:
    pages = [
        lined(
            n,
            ("title", 75, full(f"Part {n}: {'abc'[n]} harbour")),
            ("paragraph", 95, full("Please answer every question.")),
            ("paragraph", 300, full("Text")),
        )
        for n in range(1, 3)
    ]
    assert settle(pages, strip=True) == tuple(pages)


def test_settle_keeps_the_heading_row_of_a_table_that_goes_on() -> None:
    heading = [("Date", 50.0, 80.0), ("Article", 150.0, 200.0), ("Amount", 500.0, 550.0)]
    pages = [
        lined(
            n,
            ("header", 40, full("Harbour GmbH")),
            ("paragraph", 80, heading),
            ("table", 100, [(f"{n}2.3.", 50.0, 80.0), ("Rope", 150.0, 180.0), ("9.50", 520, 550)]),
        )
        for n in range(1, 3)
    ]
    assert kinds(settle(pages, strip=False)) == [["header", "paragraph", "table"]] * 2


def test_settle_takes_numbers_beside_names_of_sections_that_change() -> None:
    pages = [
        lined(
            n,
            ("paragraph", 80, [(name, 50.0, 150.0), (f"- {n} -", 500.0, 550.0)]),
            ("paragraph", 120, full(f"Text {name}")),
        )
        for n, name in enumerate(("2.1 Dues", "4.7 Freight and rope"), 1)
    ]
    assert kinds(settle(pages, strip=False)) == [["header", "paragraph"]] * 2


def test_settle_takes_large_rows_of_two_parts_that_come_again_with_their_sides_changed() -> None:
    def sides(number: int) -> Page:
        texts = (f"Letter of 3 May  {number} | Holm", "Holm Trading")
        names = texts if number % 2 else texts[::-1]
        lines = [
            Line(text, (50.0 + 300 * at, 70.0, 250.0 + 300 * at, 90.0))
            for at, text in enumerate(names)
        ]
        body = [Line("Dear Anna", (50.0, 100.0 + 12 * n, 500.0, 110.0 + 12 * n)) for n in range(9)]
        blocks = (
            Block("b1", "paragraph", " ".join(names), (50.0, 70.0, 550.0, 90.0)),
            Block("b2", "paragraph", f"Text {'abcd'[number]}", (50.0, 100.0, 500.0, 206.0)),
        )
        return Page(number, 600.0, HEIGHT, lines=(*lines, *body), blocks=blocks)

    pages = [page(1, ("paragraph", "Dear Anna", 300)), sides(2), sides(3)]
    assert kinds(settle(pages, strip=False)) == [["paragraph"], *[["header", "paragraph"]] * 2]


def test_settle_takes_a_row_one_part_of_which_says_a_title_below() -> None:
    lines = (
        Line("Harbour Review", (50.0, 70.0, 200.0, 90.0)),
        Line("Tides and moons", (400.0, 70.0, 550.0, 90.0)),
        Line("Tides and moons", (50.0, 100.0, 200.0, 118.0)),
        *(Line("Rope and timber", (50.0, 130.0 + 12 * n, 500.0, 140.0 + 12 * n)) for n in range(9)),
    )
    blocks = (
        Block("b1", "title", "Harbour Review", (50.0, 70.0, 200.0, 90.0)),
        Block("b2", "title", "Tides and moons", (400.0, 70.0, 550.0, 90.0)),
        Block("b3", "title", "Tides and moons", (50.0, 100.0, 200.0, 118.0)),
        Block("b4", "paragraph", "Rope and timber", (50.0, 130.0, 500.0, 236.0)),
    )
    one = Page(1, 600.0, HEIGHT, lines=lines, blocks=blocks)
    assert kinds(settle([one], strip=False)) == [["header", "header", "title", "paragraph"]]
