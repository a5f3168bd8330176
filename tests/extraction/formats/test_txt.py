from __future__ import annotations

from extraction.formats.txt import render
from extraction.types import Block, Document, Page
from tests.extraction.formats.results import document


def test_render_writes_blocks_in_order_and_table_rows_with_tabs() -> None:
    first, second = render(document()).decode().split("\f")

    assert first.split("\n\n") == [
        "Invoice 4711",
        "Thank you\nfor your order",
        "Item\tPrice\nLamp red\t-12.50",
        "Both\t\tC\ndown\t1\t2\n\t3",
        "[x] Complete",
        "[ ] Partial",
        "E = mc^2",
        "• one\n• two",
        "Page 1 of 2",
        "graph TD\n  A --> B\n",
    ]
    assert second == ""


def test_render_separates_pages_only_by_its_own_form_feeds() -> None:
    pages = tuple(
        Page(number=n, blocks=(Block(f"p{n}-b1", "paragraph", f"page\x0c{n}"),)) for n in (1, 2)
    )

    assert render(Document(document().source, pages)) == b"page 1\n\fpage 2\n"
