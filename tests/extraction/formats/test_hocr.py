from __future__ import annotations

import re

import pytest
from lxml import etree

from extraction.formats.hocr import render
from extraction.types import Block, Document, Line, Page, Source, Word
from tests.extraction.formats.results import document, hostile

BBOX = re.compile(r"bbox (\d+) (\d+) (\d+) (\d+)")
ALLOWED_IN = {
    "ocr_page": {"body"},
    "ocr_par": {"ocr_carea", "ocr_table", "ocr_caption", "ocr_header", "ocr_footer", "ocr_pageno",
                "ocr_display", "ocr_image"},
    "ocr_line": {"ocr_par"},
    "ocrx_word": {"ocr_line"},
}  # fmt: skip


def elements(value: Document) -> list[etree._Element]:
    root = etree.fromstring(render(value))
    assert root.tag == "{http://www.w3.org/1999/xhtml}html"
    return [element for element in root.iter() if element.get("class")]


@pytest.mark.parametrize("value", [document(), hostile(), Document(document().source, ())])
def test_render_nests_as_the_specification_says(value: Document) -> None:
    found = elements(value)

    identifiers = [element.get("id") for element in found]
    assert len(identifiers) == len(set(identifiers))
    for element in found:
        assert BBOX.search(str(element.get("title")))
        parent = element.getparent()
        assert parent is not None
        allowed = ALLOWED_IN.get(str(element.get("class")), {"ocr_page"})
        assert (parent.get("class") or etree.QName(parent).localname) in allowed


def test_render_gives_boxes_in_pixels_confidence_and_angle() -> None:
    words = (Word("Hello", (7.2, 14.4, 28.8, 21.6), 0.987), Word("you", (36, 14.4, 50.4, 21.6)))
    line = Line("Hello you", (7.2, 14.4, 50.4, 21.6), 0.9, words)
    caption = Block("p1-b1", "caption", "Hello you", (7.2, 14.4, 50.4, 21.6))
    page = Page(3, 72.0, 144.0, dpi=150.0, skew=1.5, blocks=(caption,), lines=(line,))
    value = Document(Source('a "b".png', "image/png", "0" * 64, 3), (page,))

    titles = {element.get("id"): element.get("title") for element in elements(value)}

    assert titles == {
        "page_3": 'image "a \\"b\\".png"; bbox 0 0 150 300; ppageno 2; scan_res 150 150',
        "block_3_1": "bbox 15 30 105 45",
        "par_3_1": "bbox 15 30 105 45",
        "line_3_1": "bbox 15 30 105 45; textangle 358.5",
        "word_3_1": "bbox 15 30 60 45; x_wconf 99",
        "word_3_2": "bbox 75 30 105 45",
    }
    (area,) = [e for e in elements(value) if e.get("id") == "block_3_1"]
    assert area.get("class") == "ocr_caption"
    assert "".join(area.itertext()).split() == ["Hello", "you"]


def test_render_keeps_hostile_text_as_text() -> None:
    root = etree.fromstring(render(hostile()))
    names = {etree.QName(element).localname for element in root.iter()}
    assert names == {"html", "head", "title", "meta", "body", "div", "p", "span"}
