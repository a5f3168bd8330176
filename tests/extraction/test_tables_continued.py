from __future__ import annotations

from dataclasses import replace

from extraction.tables import join_continued
from extraction.types import Block, Cell, Page, Table
from tests.extraction.test_tables import grid

HEAD = ("Item", "Units")


def page(number: int, rows: list[tuple[str, str]], top: float, bottom: float) -> Page:
    cells = tuple(
        Cell(r, c, text, header=row == HEAD)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    )
    table = Block(
        f"p{number}-b1",
        "table",
        "\n".join("\t".join(row) for row in rows),
        (50, top, 550, bottom),
        table=Table(len(rows), 2, cells),
    )
    foot = Block(f"p{number}-b2", "page_number", str(number), (290, 820, 300, 830))
    return Page(number, 595, 842, blocks=(table, foot))


FIRST = page(1, [HEAD, ("Pipe", "1")], 300, 790)
MIDDLE = page(2, [HEAD, ("Valve", "2")], 50, 790)
LAST = page(3, [("Tape", "3")], 50, 200)


def test_join_continued_makes_one_table_of_three_pages() -> None:
    one, two, three = join_continued([FIRST, MIDDLE, LAST])
    table = one.blocks[0].table
    assert table is not None
    assert grid(table) == [["Item", "Units"], ["Pipe", "1"], ["Valve", "2"], ["Tape", "3"]]
    assert one.blocks[0].text == "Item\tUnits\nPipe\t1\nValve\t2\nTape\t3"
    assert [cell.text for cell in table.cells if cell.header] == list(HEAD)
    assert [block.kind for block in (*two.blocks, *three.blocks)] == ["page_number"] * 2


def test_join_continued_leaves_a_table_that_ends_above_the_foot() -> None:
    pages = [page(1, [HEAD, ("Pipe", "1")], 300, 500), MIDDLE]
    assert join_continued(pages) == pages


def test_join_continued_leaves_tables_between_other_edges() -> None:
    block = replace(MIDDLE.blocks[0], box=(150, 50, 450, 790))
    pages = [FIRST, replace(MIDDLE, blocks=(block,))]
    assert join_continued(pages) == pages


def test_join_continued_leaves_a_table_below_text() -> None:
    text = Block("p2-b0", "paragraph", "Some text.", (50, 40, 550, 60))
    pages = [FIRST, replace(MIDDLE, blocks=(text, *MIDDLE.blocks))]
    assert join_continued(pages) == pages


def test_join_continued_leaves_pages_that_do_not_follow() -> None:
    assert join_continued([FIRST, LAST]) == [FIRST, LAST]
