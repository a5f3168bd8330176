from __future__ import annotations

import html
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from extraction.formats.md import document_markdown, escape_line, page_markdown, render
from extraction.types import Block, BlockKind, Cell, Table
from tests.extraction.formats.results import ATTACKS, document, hostile, spanned_table

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NO_HTML = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def paragraph(text: str) -> Block:
    return Block("p1-b1", "paragraph", text)


def tokens(markdown: str, parser: MarkdownIt = GITHUB) -> Iterator[Token]:
    for token in parser.parse(markdown):
        yield token
        yield from token.children or ()


def shown(markdown: str) -> str:
    """The text a reader sees."""
    return "".join(
        "\n" if token.type == "hardbreak" else token.content
        for token in tokens(markdown)
        if token.type in ("text", "text_special", "hardbreak")
    )


def test_page_markdown_writes_each_kind_of_block_but_page_numbers() -> None:
    assert document().pages[0].markdown == "\n\n".join(
        [
            "# Invoice 4711",
            "Thank you  \nfor your order",
            "| Item | Price |\n| --- | --- |\n| Lamp<br>red | -12.50 |",
            '<table>\n<tr><th colspan="2">Both</th><th>C</th></tr>\n'
            '<tr><td rowspan="2">down</td><td>1</td><td>2</td></tr>\n'
            "<tr><td>3</td><td></td></tr>\n</table>",
            "- [x] Complete\n- [ ] Partial",
            "```math\nE = mc^2\n```",
            "- one\n- two",
            "```mermaid\ngraph TD\n  A --> B\n```",
        ]
    )


def test_render_joins_the_pages() -> None:
    assert render(document()).decode() == document().pages[0].markdown + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("• one\n• two\nmore of two", "- one\n- two\n  more of two"),
        ("1) one\n2) two", "1. one\n2. two"),
        ("one\ntwo", "- one\n- two"),
        ("- # one", "- \\# one"),
        ("- one\n  - two\n    - three\n- four", "- one\n  - two\n    - three\n- four"),
        ("1. one\n  - two\n2. three", "1. one\n   - two\n2. three"),
        ("- one\n  3. two\n  4. three", "- one\n\n  3. two\n  4. three"),
        ("a) one\nb) two", "- a) one\n- b) two"),
    ],
)
def test_page_markdown_writes_lists(text: str, expected: str) -> None:
    assert page_markdown([Block("p1-b1", "list", text)]) == expected


def test_page_markdown_nests_lists_for_a_reader() -> None:
    markdown = page_markdown([Block("p1-b1", "list", "- one\n  3. two\n  4. three\n- four\n7. x")])

    found = [
        (token.level // 2, token.content) for token in tokens(markdown) if token.type == "inline"
    ]
    assert found == [(1, "one"), (2, "two"), (2, "three"), (1, "four"), (1, "x")]
    assert 'start="3"' in GITHUB.render(markdown)


@pytest.mark.parametrize(("level", "marks"), [(None, "#"), (3, "###"), (9, "######")])
def test_page_markdown_writes_titles_on_one_line(level: int | None, marks: str) -> None:
    assert page_markdown([Block("p1-b1", "title", "Two\nlines #", level=level)]) == (
        f"{marks} Two lines \\#"
    )


def test_page_markdown_uses_an_html_table_for_a_second_header_row() -> None:
    cells = (Cell(0, 0, "a"), Cell(0, 1, "b"), Cell(1, 0, "c"), Cell(1, 1, "d", header=True))

    assert page_markdown([Block("p1-b1", "table", "", table=Table(2, 2, cells))]) == (
        "<table>\n<tr><td>a</td><td>b</td></tr>\n<tr><td>c</td><th>d</th></tr>\n</table>"
    )


def test_page_markdown_says_where_a_figure_without_text_stands() -> None:
    blocks = [Block("p1-b1", "figure", ""), paragraph(""), Block("p1-b3", "signature", " ")]

    assert page_markdown(blocks) == "*(figure)*\n\n*(signature)*"


@pytest.mark.parametrize(
    "line",
    [
        "Total: $1,234.50 (incl. VAT)",
        "file_name and snake_case_name",
        "a-b + c, 5 - 3 = 2",
        "3.14 is not a list; nor is 2026",
        "AT&T, R & D, 5 > 3",
        "#1234",
    ],
)
def test_escape_line_leaves_ordinary_text_readable(line: str) -> None:
    assert escape_line(line) == line
    assert shown(line) == line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1. Terms", "1\\. Terms"),
        ("- dash", "\\- dash"),
        ("# hash", "\\# hash"),
        ("> quote", "\\> quote"),
        ("---", "\\---"),
        ("===", "\\==="),
        ("--- | ---", "\\--- | ---"),
        ("| :--- |", "\\| :--- |"),
        ("*a* _b_ `c` ~d~", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~"),
        ("![a](b) [c](d)", "!\\[a](b) \\[c](d)"),
        ("<b>&lt;", "&lt;b>&amp;lt;"),
        ("    code", "code"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_escape_line_disarms_markdown(line: str, expected: str) -> None:
    assert escape_line(line) == expected
    assert shown(expected) == line.strip()


@pytest.mark.parametrize("attack", ATTACKS)
def test_paragraph_with_hostile_text_renders_as_that_text(attack: str) -> None:
    markdown = page_markdown([paragraph(attack)])

    assert {token.type for token in tokens(markdown)} <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
        "hardbreak",
    }
    visible = attack.encode(errors="ignore").decode()
    for character in "\x00\x07\ufffe\ufffd":
        visible = visible.replace(character, "")
    assert shown(markdown).replace("\ufffd", "").split() == visible.split()


@pytest.mark.parametrize("parser", [GITHUB, NO_HTML], ids=["html", "no-html"])
def test_hostile_document_has_no_link_image_or_html_of_its_own(parser: MarkdownIt) -> None:
    markdown = document_markdown(hostile())
    found = list(tokens(markdown, parser))

    kinds = {token.type for token in found}
    assert not kinds & {"link_open", "image", "code_inline", "hr", "blockquote_open", "s_open"}
    assert {token.content for token in found if token.type == "html_inline"} <= {"<br>"}
    assert {token.info for token in found if token.type == "fence"} == {
        "math",
        "mermaid",
    }
    assert sum(token.type == "fence" for token in found) == 2 * len(ATTACKS)
    headings = [token for token in found if token.type == "heading_open"]
    assert len(headings) == len(ATTACKS)


@pytest.mark.parametrize("kind", ["title", "list", "checkbox", "caption", "figure", "footer"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_kind_of_block_lets_html_through(kind: BlockKind, attack: str) -> None:
    written = GITHUB.render(page_markdown([Block("p1-b1", kind, attack, checked=True)]))

    for tag in ("<script", "<img", "<iframe", "<a ", "<b>", "<i>", "<block"):
        assert tag not in written


def test_html_table_cells_are_inert_with_and_without_raw_html() -> None:
    cells = tuple(Cell(row, 0, attack) for row, attack in enumerate(ATTACKS))
    span = Cell(len(ATTACKS), 0, "end", column_span=2)
    table = Table(len(ATTACKS) + 1, 2, (*cells, span))
    markdown = page_markdown([Block("p1-b1", "table", "", table=table)])

    (block,) = GITHUB.parse(markdown)
    assert block.type == "html_block"
    assert block.content.count("<td") == 2 * len(ATTACKS) + 1
    assert "<script" not in block.content
    assert "link_open" not in {token.type for token in tokens(markdown, NO_HTML)}
    assert "<script>alert(1)</script>" in html.unescape(block.content)


def test_pipe_table_keeps_its_columns_whatever_stands_in_the_cells() -> None:
    texts = ["a|b", "\\|", "`x|y`", "\\", "| --- |", "new\n\nline"]
    cells = tuple(Cell(row, column, text) for row, text in enumerate(texts) for column in (0, 1))
    markdown = page_markdown([Block("p1-b1", "table", "", table=Table(len(texts), 2, cells))])

    found = list(tokens(markdown))
    assert sum(token.type in ("th_open", "td_open") for token in found) == 2 * len(texts)
    inline = [token for token in found if token.type == "inline"]
    assert ["".join(part.content for part in token.children or ()) for token in inline[::2]] == [
        "a|b",
        "\\|",
        "`x|y`",
        "\\",
        "| --- |",
        "new<br>line",
    ]


def test_spanned_table_is_html_in_one_block() -> None:
    markdown = page_markdown([Block("p1-b1", "table", "", table=spanned_table())])

    assert [token.type for token in GITHUB.parse(markdown)] == ["html_block"]
