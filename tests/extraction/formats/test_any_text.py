"""Whatever characters a document holds, each format stays what it is, and the text text."""

from __future__ import annotations

import csv
import io
import json
import re

import lxml.etree
import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from extraction.formats import FORMATS, render
from extraction.formats.characters import clean
from extraction.formats.csv import safe_cell
from extraction.formats.md import page_markdown
from extraction.types import Block, Cell, Table
from tests.examples import TEXTS, examples
from tests.extraction.formats.results import hostile

FORMULA = re.compile(r'[\s"]*([=@＝＠]|[-+－＋](?![-+]*$))')
NUMBER = re.compile(r"[+-]\s?[€$£¥]?\s?\d[\d., '’]*[%€$£¥]?")
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    "p", "h1", "br", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code",
    "em", "div", "html", "body",
}  # fmt: skip


@examples(40)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_every_format_of_any_text_can_be_read(texts: list[str]) -> None:
    document = hostile(texts)
    for row in FORMATS.values():
        if row.render is None:
            continue
        body = render(document, row.name).body
        body.decode()
        if row.name in ("xml", "alto"):
            lxml.etree.fromstring(body)
        elif row.name == "hocr":
            lxml.etree.fromstring(body, lxml.etree.XMLParser(load_dtd=False, no_network=True))
        elif row.name == "json":
            read = json.loads(body)
            shown = [
                block["text"] for block in read["pages"][0]["blocks"] if block["kind"] == "title"
            ]
            assert shown == [clean(text) for text in texts]
        elif row.name == "html":
            tree = lxml.html.document_fromstring(body)
            assert {e.tag for e in tree.iter() if isinstance(e.tag, str)} <= OURS | {
                "head", "meta", "title", "style", "main", "section", "h2", "h3", "h4", "h5", "h6",
                "figure", "figcaption", "label", "input",
            }  # fmt: skip


@examples(300)
@given(TEXTS)
def test_markdown_of_any_text_has_no_element_of_its_own(text: str) -> None:
    cells = (Cell(0, 0, text, header=True), Cell(1, 0, text), Cell(1, 1, text))
    spanned = (Cell(0, 0, text, column_span=2), Cell(1, 0, text), Cell(1, 1, text))
    for block in (
        Block("b", "paragraph", text),
        Block("b", "title", text, level=1),
        Block("b", "list", text),
        Block("b", "checkbox", text, checked=True),
        Block("b", "caption", text),
        Block("b", "table", text, table=Table(2, 2, cells)),
        Block("b", "table", text, table=Table(2, 2, spanned)),
    ):
        written = clean(page_markdown([block]))
        page = lxml.html.document_fromstring(f"<div>{MARKDOWN.render(written)}</div>")
        found = [(e.tag, dict(e.attrib)) for e in page.iter() if isinstance(e.tag, str)]
        allowed = {"rowspan", "colspan", "start", "class"}
        strange = [
            (tag, names) for tag, names in found if tag not in OURS or names.keys() - allowed
        ]
        assert strange == [], written


@examples(400)
@given(TEXTS, st.sampled_from([",", ";", "\t"]))
def test_cell_of_any_text_is_no_formula(text: str, delimiter: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(["a", safe_cell(text), "b"])
    read = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)
    cells = [line for row in read for cell in row for line in cell.split("\n")]
    assert [c for c in cells if FORMULA.match(c) and not NUMBER.fullmatch(c.strip())] == []
    assert not any(re.match(r"[\t\r\0]", cell) for cell in cells)


@examples(300)
@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_stay_as_they_are(number: float) -> None:
    assert float(safe_cell(number)) == number
    assert safe_cell(f"{number:,.2f}" if abs(number) < 1e15 else "0")[0] in "-0123456789"


@pytest.mark.parametrize("text", ["-1.234,50 €", "+49 30 1234567", "-5 %", "12.50-", "(12.50)"])
def test_amounts_as_papers_write_them_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text
