from __future__ import annotations

import base64
import hashlib
import re

from lxml import html

from extraction.formats.html import render
from extraction.types import Block, Document, Page, Source
from tests.extraction.formats.results import document, hostile, plain_table, split_document


def test_render_shows_fields_blocks_and_tables() -> None:
    page = html.fromstring(render(document()))

    def texts(path: str) -> list[str]:
        return [node.text_content().strip() for node in page.xpath(path)]

    assert texts("//h1") == ["scan.pdf"]
    assert texts("//section[@aria-labelledby='fields']//tbody/tr[1]/*") == [
        "Total",
        "1234.50 EUR",
        "EUR 1.234,50",
        "1",
    ]
    assert texts("//section[@id='page-1']/h3") == ["Invoice 4711"]
    assert texts("//section[@id='page-1']/table[1]//th") == ["Item", "Price"]
    assert texts("//section[@id='page-1']/table[2]//*[@colspan='2']") == ["Both"]
    assert texts("//section[@id='page-1']/table[2]//*[@rowspan='2']") == ["down"]
    assert texts("//label[input[@checked]]") == ["Complete"]
    assert texts("//label[input[not(@checked)]]") == ["Partial"]
    assert texts("//section[@id='page-2']/p[@class='error']") == ["Too large: page 2 is 9 m wide"]


def test_render_shows_the_fields_of_each_document_of_a_split_file() -> None:
    page = html.fromstring(render(split_document()))

    titles = [node.text_content() for node in page.xpath("//h2[starts-with(@id, 'document-')]")]
    assert titles == ["Document 1, page 1: Invoice", "Document 2, page 2: Other document"]
    second = page.xpath("//section[@aria-labelledby='document-2']//tbody/tr/th")
    assert [node.text_content() for node in second] == ["Date"]
    assert page.xpath("string(//main/p[2])") == "Invoice (91%)"


def test_render_allows_its_own_style_and_nothing_else() -> None:
    page = html.fromstring(render(document()))

    style = page.xpath("string(//style)")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_render_keeps_hostile_text_as_text() -> None:
    page = html.fromstring(render(hostile()))

    tags = {node.tag for node in page.iter()}
    assert tags <= {"html", "head", "meta", "title", "style", "body", "main", "section"} | {
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "ol",
        "li",
        "label",
        "input",
        "pre",
        "code",
        "figure",
        "figcaption",
    } | {"table", "thead", "tbody", "tr", "th", "td"}
    allowed = {
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "scope",
        "aria-labelledby",
        "lang",
    }
    allowed |= {"colspan", "rowspan", "type", "disabled", "checked", "value"}
    assert {name for node in page.iter() for name in node.attrib} <= allowed
    assert "<script>alert(1)</script>" in page.xpath("string(//section[@id='page-1'])")


def page_of(*blocks: Block) -> html.HtmlElement:
    value = Document(Source("a", "image/png", "0" * 64, 1), (Page(1, blocks=blocks),))
    return html.fromstring(render(value))


def test_render_gives_a_caption_to_the_figure_or_table_beside_it() -> None:
    page = page_of(
        Block("1", "figure", ""),
        Block("2", "caption", "Figure 1: a harbour"),
        Block("3", "caption", "Table 1: ships"),
        Block("4", "table", "", table=plain_table()),
        Block("5", "paragraph", "between"),
        Block("6", "caption", "alone"),
    )
    figures = page.xpath("//figure")
    assert [[child.tag for child in figure] for figure in figures] == [
        ["p", "figcaption"],
        ["figcaption", "table"],
        ["figcaption"],
    ]
    assert [figure.xpath("string(figcaption)") for figure in figures] == [
        "Figure 1: a harbour",
        "Table 1: ships",
        "alone",
    ]


def test_render_keeps_the_line_breaks_of_the_text() -> None:
    address = "Harbour Plumbing Ltd of Bristol and Bath\n14 Quay Street"
    page = page_of(Block("1", "paragraph", address))
    assert [node.text for node in page.xpath("//section/p")] == [address]


def test_render_nests_lists() -> None:
    page = page_of(Block("1", "list", "- one\n  3. two\n  4. three\n    - deep\n- four\na) five"))

    def shape(node: html.HtmlElement) -> list[object]:
        return [
            (item.get("value"), (item.text or "").strip(), [(sub.tag, shape(sub)) for sub in item])
            for item in node
        ]

    lists = page.xpath("//section/ul")
    assert [node.get("class") for node in lists] == [None, "plain"]
    deep: tuple[str, list[object]] = ("ul", [(None, "deep", [])])
    numbered = ("ol", [("3", "two", []), ("4", "three", [deep])])
    assert shape(lists[0]) == [(None, "one", [numbered]), (None, "four", [])]
    assert shape(lists[1]) == [(None, "a) five", [])]


def test_render_sets_columns_of_numbers_right() -> None:
    page = html.fromstring(render(document()))
    right = page.xpath("//section[@id='page-1']/table[1]//*[@class='number']")
    assert [cell.text_content() for cell in right] == ["Price", "-12.50"]


def test_render_puts_header_rows_into_the_head_of_the_table() -> None:
    page = html.fromstring(render(document()))
    tables = page.xpath("//section[@id='page-1']//table")
    rows = [(len(table.xpath("thead/tr")), len(table.xpath("tbody/tr"))) for table in tables]
    assert rows == [(1, 1), (1, 2)]


def test_render_sets_text_from_right_to_left_by_its_own_direction() -> None:
    style = html.fromstring(render(document())).xpath("string(//style)")
    rules = dict(re.findall(r"([^{}\n]+) \{ ([^{}]*) \}", style))
    ruled = {tag for tags, rule in rules.items() if "plaintext" in rule for tag in tags.split(", ")}
    assert ruled == {"p", "td", "th", "li", "figcaption", "label", "h1", "h3", "h4", "h5", "h6"}
    assert "text-align: start" in rules["th, td"]


def test_render_sets_no_title_smaller_than_the_text() -> None:
    style = html.fromstring(render(document())).xpath("string(//style)")
    assert "h5, h6 { font-size: 1rem; }" in style


def test_render_shows_the_source_of_a_diagram() -> None:
    page = page_of(Block("1", "figure", "", diagram="graph TD\n  A --> B<c>"))
    assert [node.text for node in page.xpath("//section//pre/code")] == ["graph TD\n  A --> B<c>"]


def test_render_sets_formulas_off_from_the_text() -> None:
    page = page_of(Block("1", "equation", "a = b (1)"), Block("2", "paragraph", "where a < b"))
    assert [(node.get("class"), node.text) for node in page.xpath("//section/p")] == [
        ("equation", "a = b (1)"),
        (None, "where a < b"),
    ]
