from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from extraction.formats.alto import NAMESPACE, render
from extraction.types import Block, Cell, Document, Line, Page, Source, Table, Word
from tests.extraction.formats.results import ATTACKS, document, hostile

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("alto_subset.xsd")))
NS = {"a": NAMESPACE}


def page_of(*blocks: Block, lines: tuple[Line, ...] = (), **values: float) -> Document:
    page = Page(1, width=72.0, height=144.0, dpi=150.0, blocks=blocks, lines=lines, **values)  # type: ignore[arg-type]
    return Document(Source("a.png", "image/png", "0" * 64, 1), (page,))


@pytest.mark.parametrize("value", [document(), hostile(), Document(document().source, ())])
def test_render_is_valid(value: Document) -> None:
    SCHEMA.assertValid(etree.fromstring(render(value)))


def test_render_gives_words_places_in_pixels() -> None:
    words = (Word("Hello", (7.2, 14.4, 28.8, 21.6), 0.987654), Word("you", (36, 14.4, 50.4, 21.6)))
    line = Line("Hello you", (7.2, 14.4, 50.4, 21.6), 0.9, words)
    block = Block("p1-b1", "title", "Hello you", (7.2, 14.4, 50.4, 21.6), level=1)
    root = etree.fromstring(render(page_of(block, lines=(line,), skew=1.5)))

    (page,) = root.iter(f"{{{NAMESPACE}}}Page")
    assert (page.get("WIDTH"), page.get("HEIGHT")) == ("150", "300")
    first, second = root.iter(f"{{{NAMESPACE}}}String")
    assert dict(first.attrib) == {
        "ID": "word_1_1",
        "HPOS": "15",
        "VPOS": "30",
        "WIDTH": "45",
        "HEIGHT": "15",
        "CONTENT": "Hello",
        "WC": "0.9877",
    }
    assert second.get("WC") is None
    (space,) = root.iter(f"{{{NAMESPACE}}}SP")
    assert dict(space.attrib) == {"HPOS": "60", "VPOS": "30", "WIDTH": "15"}
    (text,) = root.iter(f"{{{NAMESPACE}}}TextBlock")
    assert (text.get("TAGREFS"), text.get("ROTATION")) == ("kind_title", "-1.5")
    assert root.xpath("string(//a:LayoutTag[@ID='kind_title']/@LABEL)", namespaces=NS) == "title"


def test_render_gives_each_cell_of_a_table_a_block() -> None:
    boxes = [(0.0, 0.0, 36.0, 20.0), (36.0, 0.0, 72.0, 20.0)]
    lines = tuple(Line(text, box) for text, box in zip(("left", "right"), boxes, strict=True))
    cells = tuple(Cell(0, n, line.text, line.box) for n, line in enumerate(lines))
    block = Block("p1-b1", "table", "left right", (0, 0, 72, 20), table=Table(1, 2, cells))
    root = etree.fromstring(render(page_of(block, lines=lines)))

    found = root.xpath("//a:ComposedBlock[@TYPE='table']/a:TextBlock", namespaces=NS)
    assert [cell.xpath("string(.//a:String/@CONTENT)", namespaces=NS) for cell in found] == [
        "left",
        "right",
    ]


def test_render_keeps_hostile_text_in_attributes() -> None:
    root = etree.fromstring(render(hostile()))
    contents = root.xpath("//a:String/@CONTENT", namespaces=NS)
    assert len(contents) == len(ATTACKS)
    assert ATTACKS[0] in contents
