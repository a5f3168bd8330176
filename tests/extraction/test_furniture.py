from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from extraction.furniture import settle
from extraction.types import Block, BlockKind, Box, Page

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
