"""What models write for a page becomes blocks; what is broken or hostile stays text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extraction import structure
from extraction.tags import MAX_BLOCKS, parse
from extraction.types import Block, PageImage, PageText, Table

CASES = [
    ("", []),
    ("plain", [("paragraph", "plain")]),
    ("one\ntwo\n\nthree", [("paragraph", "one\ntwo"), ("paragraph", "three")]),
    ("# A\n## B\n#### C", [("title", "A"), ("title", "B"), ("title", "C")]),
    ("<h1>A</h1><h3>B</h3>", [("title", "A"), ("title", "B")]),
    ("**bold** and *thin*", [("paragraph", "bold and thin")]),
    ("5 * 3 * 2", [("paragraph", "5 * 3 * 2")]),
    ("snake_case_name", [("paragraph", "snake_case_name")]),
    ("from $5.00 to $6.00", [("paragraph", "from $5.00 to $6.00")]),
    ("- a\n- b\n  - c", [("list", "- a\n- b\n  - c")]),
    ("1. x\n2. y", [("list", "1. x\n2. y")]),
    ("$$E=mc^2$$", [("equation", "E=mc^2")]),
    ("\\[a+b\\]", [("equation", "a+b")]),
    ("where \\(x\\) is", [("paragraph", "where \\(x\\) is")]),
    ("<watermark>COPY</watermark>", [("watermark", "COPY")]),
    ("<WATERMARK>COPY</Watermark>", [("watermark", "COPY")]),
    ("<watermark >COPY</watermark", [("watermark", "COPY")]),
    ("<page_number>9/22</page_number>", [("page_number", "9/22")]),
    ("<signature>J. Doe</signature>", [("signature", "J. Doe")]),
    ("<img>a cat</img>", [("figure", "a cat")]),
    ('<img alt="a dog">', [("figure", "a dog")]),
    ("a <watermark>B</watermark> c", [("paragraph", "a c"), ("watermark", "B")]),
    ("☐ yes\n☑ no\n☒ off", [("checkbox", "yes"), ("checkbox", "no"), ("checkbox", "off")]),
    ("- [x] done\n- [ ] open", [("checkbox", "done"), ("checkbox", "open")]),
    ("```mermaid\ngraph TD; A-->B\n```", [("figure", "")]),
    ("```markdown\n# T\ntext\n```", [("title", "T"), ("paragraph", "text")]),
    ("|a|b|\n|---|---|\n|1|2|", [("table", "a\tb\n1\t2")]),
    ("<table><tr><td>1</td><td>2</td></tr></table>", [("table", "1\t2")]),
    ("<table><tr><td>1<td>2<tr><td>3</table>", [("table", "1\t2\n3")]),
    ("<table><tr><td>cut off", [("table", "cut off")]),
    ("<table></table>after", [("paragraph", "after")]),
    ("<table><tr><td>5 &amp; 6</td></tr></table>", [("table", "5 & 6")]),
    ("</td></tr></table>stray", [("paragraph", "stray")]),
    ("<script>alert(1)</script>", [("paragraph", "<script>alert(1)</script>")]),
    ("<john@example.com>", [("paragraph", "<john@example.com>")]),
    ("a < b and c > d", [("paragraph", "a < b and c > d")]),
    ("less than <5 mg", [("paragraph", "less than <5 mg")]),
    ("a\x00b", [("paragraph", "ab")]),
    ("<p>one</p><p>two</p>", [("paragraph", "one"), ("paragraph", "two")]),
    ("<ul><li>a</li><li>b</li></ul>", [("list", "- a\n- b")]),
    ("<ol><li>a</li><li>b</li></ol>", [("list", "1. a\n2. b")]),
    ("one<br>two", [("paragraph", "one\ntwo")]),
]


@pytest.mark.parametrize(("markup", "expected"), CASES, ids=[repr(m)[:40] for m, _ in CASES])
def test_markup_becomes_blocks(markup: str, expected: list[tuple[str, str]]) -> None:
    assert [(block.kind, block.text) for block in parse(markup)] == expected


def table_of(markup: str) -> Table:
    (block,) = [block for block in parse(markup) if block.kind == "table"]
    assert block.table is not None
    return block.table


def test_spans_take_their_places_in_the_grid() -> None:
    table = table_of(
        "<table><thead><tr><th>A</th><th colspan=2>B</th></tr></thead>"
        "<tr><td rowspan='2'>1</td><td>2</td><td>3</td></tr><tr><td>4</td><td>5</td></tr></table>"
    )
    assert (table.rows, table.columns) == (3, 3)
    assert [
        (c.row, c.column, c.row_span, c.column_span, c.text, c.header) for c in table.cells
    ] == [
        (0, 0, 1, 1, "A", True),
        (0, 1, 1, 2, "B", True),
        (1, 0, 2, 1, "1", False),
        (1, 1, 1, 1, "2", False),
        (1, 2, 1, 1, "3", False),
        (2, 1, 1, 1, "4", False),
        (2, 2, 1, 1, "5", False),
    ]


@pytest.mark.parametrize("span", ["1000000000", "-3", "0", "x", "99999999999999999999"])
def test_hostile_spans_cost_nothing_and_lose_nothing(span: str) -> None:
    markup = f"<table><tr><td rowspan={span} colspan={span}>a</td><td>b</td></tr></table>"
    table = table_of(markup)
    assert table.rows * table.columns < 5_000_000
    assert " ".join(block.text for block in parse(markup)).split() == ["a", "b"]


def test_text_of_a_table_in_a_cell_stays_in_the_cell() -> None:
    table = table_of(
        "<table><tr><td>out<table><tr><td>in</td></tr></table></td><td>next</td></tr></table>"
    )
    assert len(table.cells) == 2
    assert set(table.cells[0].text.split()) == {"out", "in"}
    assert table.cells[1].text == "next"


def test_formulas_diagrams_and_levels_are_kept() -> None:
    first, second, third = parse("### T\n\n$$x^2$$\n\n```mermaid\ngraph TD\n```")
    assert (first.level, second.latex, third.diagram) == (3, "x^2", "graph TD")


def test_checked_boxes_are_told_from_empty_ones() -> None:
    assert [block.checked for block in parse("☐ a\n☑ b\n☒ c")] == [False, True, True]


WORST = [
    "<",
    "<table>",
    "$",
    "|",
    "`",
    "*",
    "- [",
    "<div>",
    "<img>",
    "a<b ",
    "<td>",
    "</p",
    "[",
    "\\[",
]


@pytest.mark.parametrize("piece", WORST)
def test_the_same_again_and_again_is_read(piece: str) -> None:
    assert len(parse(piece * 20_000)) <= MAX_BLOCKS + 1


def test_of_too_many_blocks_the_rest_is_text() -> None:
    blocks = parse("\n\n".join(f"p{number}" for number in range(MAX_BLOCKS + 10)))
    assert len(blocks) == MAX_BLOCKS + 1
    assert blocks[-1].text.split() == [f"p{MAX_BLOCKS + number}" for number in range(10)]


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [*WORST, "<tr>", "</table>", "</img>", "<watermark>", "\n", "\n\n", "# ", "&lt;"]
        ),
        st.text(max_size=8),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(pieces)
def test_any_text_is_parsed_into_text(markup: str) -> None:
    for block in parse(markup):
        assert isinstance(block, Block)
        assert (block.box, block.confidence, block.grounded) == (None, None, None)


words = st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), min_size=1, max_size=5).map(" ".join)
part = st.one_of(
    words,
    words.map(lambda text: f"# {text}"),
    words.map(lambda text: f"- {text}"),
    words.map(lambda text: f"<watermark>{text}</watermark>"),
    words.map(lambda text: f"<table><tr><td>{text}</td><td>{text}</td></tr></table>"),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(part, max_size=8))
def test_no_word_is_lost_or_doubled(parts: list[str]) -> None:
    markup = "\n\n".join(parts)
    said = re.findall(r"[a-z]{3,}", re.sub(r"</?\w+>", " ", markup))
    read = [w for block in parse(markup) for w in re.findall(r"[a-z]{3,}", block.text)]
    assert read == said


def test_a_page_with_markup_has_its_blocks_numbered() -> None:
    page = PageImage(3, 100.0, 100.0, 0, 72.0)
    found = structure.of_page(page, PageText((), "reader", "1", markup="# A\n\ntext"))
    assert [(block.id, block.kind, block.text) for block in found.blocks] == [
        ("p3-b1", "title", "A"),
        ("p3-b2", "paragraph", "text"),
    ]
    assert found.lines == ()
