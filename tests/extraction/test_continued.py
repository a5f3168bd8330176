from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pymupdf
import pytest
from lxml import etree

from extraction.continued import mark, whole_tables
from extraction.engines import get
from extraction.formats import render
from extraction.formats.json_reading import from_dict
from extraction.options import Options
from extraction.pipeline import run
from extraction.schema import json_schema, xsd
from extraction.types import Block, BlockKind, Cell, Document, Page, Table
from tests.documents import A4
from tests.extraction.test_tables import grid

HEAD = ("Item", "Units")
EDGES = ((50, 300), (300, 550))


def page(
    number: int,
    rows: list[tuple[str, str]],
    top: float,
    bottom: float,
    edges: tuple[tuple[float, float], ...] = EDGES,
) -> Page:
    cells = tuple(
        Cell(r, c, text, (edges[c][0], top, edges[c][1], bottom), header=r == 0 and row == HEAD)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    )
    box = (edges[0][0], top, edges[-1][1], bottom)
    table = Block(f"p{number}-b1", "table", "", box, table=Table(len(rows), 2, cells))
    foot = Block(f"p{number}-b2", "page_number", str(number), (290, 820, 300, 830))
    return Page(number, 595, 842, blocks=(table, foot))


FIRST = page(1, [HEAD, ("Pipe", "1")], 300, 790)
MIDDLE = page(2, [HEAD, ("Valve", "2")], 50, 790)
LAST = page(3, [("Tape", "3")], 50, 200)


def continues(*pages: Page) -> list[str | None]:
    return [block.continues for each in mark(pages) for block in each.blocks if block.table]


def with_block(page: Page, block_kind: BlockKind, text: str, *, below: bool = False) -> Page:
    block = Block("extra", block_kind, text, (50, 800, 550, 810) if below else (50, 30, 550, 40))
    blocks = (*page.blocks, block) if below else (block, *page.blocks)
    return replace(page, blocks=blocks)


def test_mark_names_the_block_that_goes_on_and_keeps_each_pages_own_cells() -> None:
    pages = mark([FIRST, MIDDLE, LAST])
    assert [each.blocks[0].continues for each in pages] == [None, "p1-b1", "p2-b1"]
    assert [each.blocks[0].table for each in pages] == [
        each.blocks[0].table for each in (FIRST, MIDDLE, LAST)
    ]
    assert mark(pages) == pages


def test_whole_tables_leave_repeated_headings_out() -> None:
    whole = whole_tables(mark([FIRST, MIDDLE, LAST]))
    assert list(whole) == ["p1-b1"]
    table = whole["p1-b1"].table
    assert whole["p1-b1"].last_page == 3
    assert grid(table) == [["Item", "Units"], ["Pipe", "1"], ["Valve", "2"], ["Tape", "3"]]
    assert [cell.text for cell in table.cells if cell.header] == list(HEAD)
    assert [cell.box for cell in table.cells if cell.text == "Tape"] == [(50, 50, 300, 200)]


def test_whole_tables_are_none_where_no_table_goes_on() -> None:
    assert whole_tables([FIRST, MIDDLE, LAST]) == {}


def test_mark_looks_past_footnotes_and_the_word_continued() -> None:
    first = with_block(FIRST, "footnote", "1 As of May.", below=True)
    second = with_block(MIDDLE, "caption", "Table 1 (continued)")
    assert continues(first, second) == [None, "p1-b1"]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (page(1, [HEAD, ("Pipe", "1")], 300, 500), MIDDLE),  # ends far above the foot
        (FIRST, page(2, [HEAD, ("Valve", "2")], 300, 790)),  # begins far below the head
        (FIRST, page(2, [("Valve", "2")], 50, 700, ((50, 150), (150, 420)))),  # other columns
        (FIRST, page(3, [("Valve", "2")], 50, 790)),  # a page between
        (FIRST, with_block(MIDDLE, "paragraph", "Some text.")),
        (with_block(FIRST, "paragraph", "Some text.", below=True), MIDDLE),
        (page(1, [("Name", "Age"), ("Ann", "9")], 300, 790), MIDDLE),  # headings of its own
    ],
)
def test_mark_leaves_other_tables_apart(above: Page, below: Page) -> None:
    assert continues(above, below) == [None, None]


# From a PDF to the formats ------------------------------------------------------------------


def drawn(
    tmp_path: Path, tables: list[tuple[tuple[str, ...], list[tuple[str, ...]], float]]
) -> Path:
    """A PDF of one table a page: headings (or none), rows, top of the table; at 20 points a row."""
    path = tmp_path / "tables.pdf"
    with pymupdf.open() as document:
        for head, rows, top in tables:
            sheet = document.new_page(width=A4[0], height=A4[1])
            every = [head, *rows] if head else rows
            for index, row in enumerate(every):
                for x, text in zip((60, 250, 430), row, strict=True):
                    sheet.insert_text((x, top + 20 * index + 14), text, fontsize=10)
            bottom = top + 20 * len(every)
            for y in (top + 20 * index for index in range(len(every) + 1)):
                sheet.draw_line((55, y), (540, y))
            for x in (55, 245, 425, 540):
                sheet.draw_line((x, top), (x, bottom))
        document.save(path)
    return path


def items(start: int, count: int) -> list[tuple[str, ...]]:
    return [(f"Part {n}", f"K-{n}", f"{n}.50") for n in range(start, start + count)]


def result(path: Path) -> Document:
    return run(path, Options(), get("text-layer"))


TITLES = ("Item", "Code", "Amount")


@pytest.mark.parametrize("repeated", [True, False])
def test_formats_write_a_table_over_three_pages_once(tmp_path: Path, repeated: bool) -> None:
    head = TITLES if repeated else ()
    path = drawn(
        tmp_path,
        [(TITLES, items(1, 19), 390), (head, items(20, 34), 60), (head, items(54, 3), 60)],
    )
    document = result(path)
    blocks = [block for each in document.pages for block in each.blocks]
    assert [block.continues for block in blocks] == [None, "p1-b1", "p2-b1"]
    assert [block.table.rows for block in blocks if block.table] == [
        20, 34 + repeated, 3 + repeated
    ]  # fmt: skip
    rows = [["Item", "Code", "Amount"], *map(list, items(1, 56))]
    markdown = render(document, "md").body.decode()
    assert markdown.splitlines() == [
        "| " + " | ".join(rows[0]) + " |",
        "| --- | --- | --- |",
        *("| " + " | ".join(row) + " |" for row in rows[1:]),
    ]
    csv = render(document, "csv").body.decode("utf-8-sig").splitlines()
    assert csv[-58:] == ['"Table 1, pages 1-3"', *(",".join(row) for row in rows)]
    schema = jsonschema.Draft202012Validator(json_schema())
    data = json.loads(render(document, "json").body)
    schema.validate(data)
    assert [b.get("continues") for each in data["pages"] for b in each["blocks"]] == [
        None, "p1-b1", "p2-b1"
    ]  # fmt: skip
    assert data["markdown"] + "\n" == markdown
    assert [block.continues for each in from_dict(data).pages for block in each.blocks] == [
        None, "p1-b1", "p2-b1"
    ]  # fmt: skip
    xml = etree.fromstring(render(document, "xml").body)
    etree.XMLSchema(etree.fromstring(xsd())).assertValid(xml)
    assert xml.xpath("//@continues") == ["p1-b1", "p2-b1"]
    html = render(document, "html").body.decode()
    assert html.count("<td>Part 56</td>") == html.count("Item</th>") == 1
    assert html.count("Table continued from page") == 2


def test_formats_keep_two_tables_of_as_many_columns_apart(tmp_path: Path) -> None:
    other: list[tuple[str, ...]] = [(f"Name {n}", f"{n}", "5.00") for n in range(5)]
    path = drawn(tmp_path, [(TITLES, items(1, 19), 390), (("Person", "Age", "Fee"), other, 60)])
    document = result(path)
    assert [block.continues for each in document.pages for block in each.blocks] == [None, None]
    assert render(document, "csv").body.decode().count("Table ") == 2
