from __future__ import annotations

from typing import Any

from extraction import markdown
from extraction.types import Block, BlockKind, Cell, Table


def block(kind: BlockKind, text: str, **rest: Any) -> Block:
    return Block("p1-b1", kind, text, **rest)


def test_page_writes_each_kind_in_order() -> None:
    table = Table(
        2, 2, (Cell(0, 0, "Item"), Cell(0, 1, "Sum"), Cell(1, 0, "Pipe"), Cell(1, 1, "4.50"))
    )
    blocks = [
        block("title", "Invoice", level=1),
        block("paragraph", "one\ntwo"),
        block("list", "- a\n- b"),
        block("table", "", table=table),
        block("checkbox", "yes", checked=True),
        block("checkbox", "no", checked=False),
        block("page_number", "1/2"),
    ]
    assert markdown.page(blocks) == (
        "# Invoice\n\none  \ntwo\n\n- a\n- b\n\n"
        "| Item | Sum |\n| --- | --- |\n| Pipe | 4.50 |\n\n- [x] yes\n- [ ] no"
    )


def test_table_leaves_spanned_places_empty_and_escapes_bars() -> None:
    table = Table(2, 2, (Cell(0, 0, "a|b", column_span=2), Cell(1, 0, "c\nd"), Cell(1, 1, "e")))
    assert markdown.table(table) == "| a\\|b |  |\n| --- | --- |\n| c d | e |"


def test_escape_keeps_text_text() -> None:
    assert markdown.escape("# 1 <b>*x*</b> [a](b) snake_case _y_") == (
        "\\# 1 \\<b\\>\\*x\\*\\</b\\> \\[a\\](b) snake_case \\_y\\_"
    )
    assert markdown.escape("- minus\n1. one") == "\\- minus\n1\\. one"
