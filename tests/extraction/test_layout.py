from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from extraction import layout, tables
from extraction.level import Frame
from extraction.types import Block, Box, Cell, Line, PageImage, PageText, Table, Word
from tests.extraction.test_level import line


def arrange(
    lines: Sequence[Line], *, width: float = 600, height: float = 800
) -> tuple[tuple[Line, ...], tuple[Block, ...]]:
    page = PageImage(2, width, height, 0, 72)
    return layout.arrange(page, PageText(tuple(lines), "text-layer", "1"))


def shape(blocks: Sequence[Block]) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks]


def test_arrange_numbers_blocks_by_page() -> None:
    _, blocks = arrange([line("One", 10, 100), line("Two", 10, 300)])
    assert [(block.id, block.text) for block in blocks] == [("p2-b1", "One"), ("p2-b2", "Two")]


def test_arrange_flows_full_lines_and_keeps_short_ones_apart() -> None:
    full = "This line runs to the edge of the column as text"
    _, blocks = arrange(
        [
            line(full, 10, 100),
            line(full, 10, 112),
            line("and ends", 10, 124),
            line("Kind regards", 10, 136),
        ]
    )
    assert shape(blocks) == [("paragraph", f"{full} {full} and ends\nKind regards")]


def test_arrange_parts_paragraphs_at_a_wide_gap() -> None:
    _, blocks = arrange([line("First one", 10, 100), line("Second one", 10, 130)])
    assert shape(blocks) == [("paragraph", "First one"), ("paragraph", "Second one")]


def test_arrange_reads_columns_one_after_the_other() -> None:
    left = [line(f"left column line {i}", 10, 100 + 12 * i) for i in range(5)]
    right = [line(f"right column line {i}", 320, 100 + 12 * i) for i in range(5)]
    title = line("Across both of the columns of this page runs a head", 10, 80, pitch=7)
    lines, _ = arrange([*right, title, *left])
    assert [each.text for each in lines] == [each.text for each in (title, *left, *right)]


def test_arrange_reads_what_is_above_a_white_strip_before_what_is_below() -> None:
    left = [line(f"left column line {i}", 10, 100 + 12 * i) for i in range(4)]
    right = [line(f"right column line {i}", 320, 100 + 12 * i) for i in range(4)]
    below = line("pay to this account of ours", 10, 260)
    lines, _ = arrange([*left, below, *right])
    assert [each.text for each in lines] == [each.text for each in (*left, *right, below)]


def test_arrange_cuts_a_row_whose_parts_differ_in_size() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    name = line("Ostermoor Instruments", 10, 100, height=20, pitch=11)
    _, blocks = arrange([name, line("20457 Hamburg", 450, 104), *body])
    assert shape(blocks)[:2] == [
        ("title", "Ostermoor Instruments"),
        ("paragraph", "20457 Hamburg"),
    ]


def test_arrange_cuts_a_page_number_off_a_footer() -> None:
    footer = [line("Ostermoor Instruments GmbH", 10, 780), line("Page 2 of 3", 480, 780)]
    _, blocks = arrange([line("Text above it", 10, 400), *footer])
    assert shape(blocks)[1:] == [
        ("footer", "Ostermoor Instruments GmbH"),
        ("page_number", "Page 2 of 3"),
    ]


def test_arrange_reads_labels_and_values_row_by_row() -> None:
    rows = [("Subtotal:", "100.00"), ("Tax:", "20.00"), ("Total:", "120.00"), ("Paid:", "0.00")]
    lines = []
    for index, (label, value) in enumerate(rows):
        lines += [line(label, 10, 100 + 12 * index), line(value, 320, 100 + 12 * index)]
    _, blocks = arrange(lines)
    assert blocks[0].text == "Subtotal: 100.00\nTax: 20.00\nTotal: 120.00\nPaid: 0.00"


def test_arrange_orders_a_page_upside_down_as_it_is_read() -> None:
    page = PageImage(1, 600, 800, 0, 72)
    text = PageText((line("second", 500, 100), line("first", 500, 300)), "e", "1", skew=180)
    lines, _ = layout.arrange(page, text)
    assert [each.text for each in lines] == ["first", "second"]
    assert lines[0].box == (500, 300, 530, 310)


def test_arrange_finds_titles_by_size() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    head = line("Annual report", 10, 100, height=22, pitch=12)
    smaller = line("The second quarter", 10, 150, height=15, pitch=9)
    _, blocks = arrange([head, smaller, *body])
    assert [(b.kind, b.level) for b in blocks] == [("title", 1), ("title", 2), ("paragraph", None)]


def test_arrange_makes_lists_of_bullets_with_their_second_lines() -> None:
    _, blocks = arrange(
        [line("• copper pipe", 10, 100), line("of 22 mm", 25, 112), line("• brass valve", 10, 124)]
    )
    assert shape(blocks) == [("list", "- copper pipe of 22 mm\n- brass valve")]


def test_arrange_takes_a_single_numbered_line_for_text() -> None:
    _, blocks = arrange([line("1. Introduction", 10, 100)])
    assert shape(blocks) == [("paragraph", "1. Introduction")]


@pytest.mark.parametrize("text", ["2", "Page 2 of 3", "2/3", "- 14 -", "Seite 2 von 3"])
def test_arrange_finds_page_numbers_at_the_edge(text: str) -> None:
    _, blocks = arrange([line("Body text", 10, 400), line(text, 290, 780)])
    assert shape(blocks) == [("paragraph", "Body text"), ("page_number", text)]


def test_arrange_takes_a_number_within_the_page_for_text() -> None:
    _, blocks = arrange([line("Body text", 10, 400), line("2", 290, 700)])
    assert [block.kind for block in blocks] == ["paragraph", "paragraph"]


def test_arrange_reads_check_boxes_of_one_row_apart() -> None:
    _, blocks = arrange([line("Sent: ☑ yes ☐ no", 10, 100), line("[x] insured", 10, 130)])
    assert [(b.kind, b.text, b.checked) for b in blocks] == [
        ("paragraph", "Sent:", None),
        ("checkbox", "yes", True),
        ("checkbox", "no", False),
        ("checkbox", "insured", True),
    ]


def test_arrange_puts_a_table_in_its_place() -> None:
    rows = [("Item", "Qty", "Price"), ("Pipe", "2", "4.50"), ("Valve", "10", "19.90")]
    rows.append(("Tape", "1", "1.20"))
    cells = [
        line(text, (10, 200, 300)[column], 130 + 14 * row)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    lines, blocks = arrange([line("Thank you", 10, 300), *cells, line("We deliver", 10, 100)])
    assert [block.kind for block in blocks] == ["paragraph", "table", "paragraph"]
    assert blocks[1].text == "Item\tQty\tPrice\nPipe\t2\t4.50\nValve\t10\t19.90\nTape\t1\t1.20"
    assert [each.text for each in lines][:4] == ["We deliver", "Item", "Qty", "Price"]


def test_arrange_gives_nothing_for_a_blank_page() -> None:
    assert arrange([]) == ((), ())


FULL = "This line runs to the edge of the column as its text"


def test_arrange_takes_small_text_in_the_margins_for_header_and_footer() -> None:
    body = [line(FULL, 10, 200 + 12 * i) for i in range(6)]
    above, below = line("Harbour Review", 10, 30), line("Registered in England", 10, 770)
    _, blocks = arrange([above, *body, below])
    assert [block.kind for block in blocks] == ["header", "paragraph", "footer"]


def test_arrange_takes_text_that_runs_on_in_the_margin_for_text() -> None:
    _, blocks = arrange([line(FULL, 10, 30 + 12 * i) for i in range(62)])
    assert [block.kind for block in blocks] == ["paragraph"]


def test_arrange_takes_the_first_line_of_a_receipt_for_text() -> None:
    body = [line(f"Item {i} of them", 10, 200 + 12 * i) for i in range(6)]
    _, blocks = arrange([line("Corner shop", 10, 30), *body], width=220)
    assert shape(blocks)[0] == ("paragraph", "Corner shop")


def test_arrange_parts_paragraphs_that_are_set_in() -> None:
    rows = [(22, FULL), (10, FULL), (10, "and ends here."), (22, FULL), (10, FULL)]
    _, blocks = arrange([line(text, x, 100 + 12 * i) for i, (x, text) in enumerate(rows)])
    assert [block.text.count(" of the column") for block in blocks] == [2, 2]


def test_arrange_parts_paragraphs_by_the_column_s_own_distance_of_lines() -> None:
    tops = [100, 115, 130, 145, 165, 180, 195]
    _, blocks = arrange([line(FULL, 10, top, height=11) for top in tops])
    assert [block.text.count("column") for block in blocks] == [4, 3]


def test_arrange_finds_titles_of_text_size_by_their_place_and_number() -> None:
    body = [line(FULL, 10, 200 + 12 * i) for i in range(4)]
    _, blocks = arrange(
        [*body, line("2.1 Method", 10, 262), *[line(FULL, 10, 275 + 12 * i) for i in range(4)]]
    )
    assert [(block.kind, block.level) for block in blocks] == [
        ("paragraph", None),
        ("title", 2),
        ("paragraph", None),
    ]


def test_arrange_finds_captions_and_the_figure_s_own_text() -> None:
    labels = [line("Q1", 140, 280, height=6), line("Q2", 200, 280, height=6)]
    below = [line("Figure 1. The harbour", 100, 305), line("in the old days", 100, 317)]
    page = PageImage(1, 600, 800, 0, 72, images=((100.0, 150.0, 300.0, 300.0),))
    text = [line(FULL, 10, 100), *labels, *below, line(FULL, 10, 360)]
    lines, blocks = layout.arrange(page, PageText(tuple(text), "e", "1"))
    assert [(block.kind, block.text) for block in blocks] == [
        ("paragraph", FULL),
        ("figure", "Q1 Q2"),
        ("caption", "Figure 1. The harbour in the old days"),
        ("paragraph", FULL),
    ]
    assert blocks[1].box == (100, 150, 300, 300)
    assert [each.text for each in lines][1:3] == ["Q1", "Q2"]


def test_arrange_reads_captions_side_by_side_one_after_the_other() -> None:
    rows = [("Figure 1: the old", "Figure 2: the new"), ("harbour wall", "harbour light")]
    found = [line(FULL, 10, 100 + 12 * i) for i in range(3)]
    for index, (left, right) in enumerate(rows):
        found += [line(left, 10, 200 + 12 * index), line(right, 300, 200 + 12 * index)]
    _, blocks = arrange(found)
    assert shape(blocks)[1:] == [
        ("caption", "Figure 1: the old harbour wall"),
        ("caption", "Figure 2: the new harbour light"),
    ]


def test_arrange_makes_a_block_of_each_footnote() -> None:
    body = [line(FULL, 10, 400 + 12 * i) for i in range(8)]
    notes = ["1 Of the old harbour, which was", "filled in.", "2 See there."]
    small = [line(text, 10, 510 + 9 * i, height=7, pitch=4) for i, text in enumerate(notes)]
    _, blocks = arrange([*body, *small])
    assert shape(blocks)[1:] == [
        ("footnote", "1 Of the old harbour, which was filled in."),
        ("footnote", "2 See there."),
    ]


def test_arrange_takes_small_text_without_a_mark_for_text() -> None:
    body = [line(FULL, 10, 400 + 12 * i) for i in range(8)]
    _, blocks = arrange([*body, line("Printed on paper", 10, 510, height=7, pitch=4)])
    assert [block.kind for block in blocks] == ["paragraph", "paragraph"]


def test_arrange_sets_in_the_items_of_a_list_within_a_list() -> None:
    rows = [(10, "• pipes"), (30, "- of copper"), (30, "- of brass"), (10, "• valves")]
    _, blocks = arrange([line(text, x, 100 + 12 * i) for i, (x, text) in enumerate(rows)])
    assert shape(blocks) == [("list", "- pipes\n  - of copper\n  - of brass\n- valves")]


def test_arrange_keeps_a_stamp_out_of_the_text() -> None:
    box = (200.0, 100.0, 330.0, 150.0)
    stamp = Line("RECEIVED 18 MAR 2026", box, None, (Word("RECEIVED", box),), -14.0)
    lines, blocks = arrange([line(FULL, 10, 100), stamp, line(FULL, 10, 112)])
    assert shape(blocks) == [
        ("paragraph", f"{FULL} {FULL}"),
        ("stamp", "RECEIVED 18 MAR 2026"),
    ]
    assert lines[-1] == stamp


def test_arrange_reads_narrow_side_columns_apart() -> None:
    side = [line(f"of note {i}", 10, 100 + 12 * i) for i in range(8)]
    text = [line(f"{FULL} number {i}", 120, 104 + 13 * i) for i in range(8)]
    lines, _ = arrange([*side, *text])
    assert [each.text for each in lines] == [each.text for each in (*side, *text)]


def beside(gap: float, count: int) -> list[Line]:
    """Two columns so far apart in full rows; the engine read each of their lines apart."""
    found = []
    for index in range(count):
        words = "the harbour wall of old stone" if index % 3 else "the harbour wall of stone now it"
        found.append(line(words, 10, 100 + 12 * index))
        found.append(line(f"and beyond it number {index}", 202 + gap, 100 + 12 * index))
    return found


def test_arrange_reads_columns_close_together_where_the_engine_parted_their_lines() -> None:
    given = beside(5, 8)
    assert max(each.box[2] for each in given[::2]) == 202
    lines, _ = arrange(given)
    assert [each.text for each in lines] == [each.text for each in given[::2] + given[1::2]]


def test_arrange_takes_a_small_gap_in_few_rows_for_chance() -> None:
    lines, _ = arrange(beside(5, 4))
    assert lines[0].text == "the harbour wall of stone now it and beyond it number 0"


@pytest.mark.parametrize(
    "text", ["E = m c²", "f(x) = ax² + bx + c (3)", "sin² θ + cos² θ = 1", "P(A|B) ≤ P(A) / P(B)"]
)
def test_arrange_marks_display_formulas(text: str) -> None:
    before = [line(FULL, 10, 100 + 12 * i) for i in range(3)]
    after = [line(FULL, 10, 160 + 12 * i) for i in range(3)]
    _, blocks = arrange([*before, line(text, 90, 142), *after])
    assert [(block.kind, block.latex) for block in blocks] == [
        ("paragraph", None),
        ("equation", None),
        ("paragraph", None),
    ]
    assert blocks[1].text == text


def test_arrange_keeps_a_fraction_in_one_formula() -> None:
    rows = [("a + b", 130), ("y = k x", 141), ("2", 152)]
    formula = [line(text, 130 if index != 1 else 90, y) for index, (text, y) in enumerate(rows)]
    formula[1] = line("y = k x + n (x - 1)", 90, 141)
    _, blocks = arrange([line(FULL, 10, 100), *formula, line(FULL, 10, 180)])
    assert shape(blocks)[1] == ("equation", "a + b\ny = k x + n (x - 1)\n2")


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("Total = 45.20", 90),
        ("2 x 4 = 8 pieces", 90),
        ("A4 > A5, see p. 7", 90),
        ("if (x == y) { a = b; }", 90),
        ("12 + 30 = 42", 90),
        ("a = b c", 10),  # not set in
    ],
)
def test_arrange_takes_other_lines_with_signs_for_text(text: str, x: float) -> None:
    _, blocks = arrange([line(FULL, 10, 100), line(text, x, 142), line(FULL, 10, 180)])
    assert [block.kind for block in blocks] == ["paragraph"] * 3


@pytest.mark.parametrize("text", ["iv", "[14]", "- xii -", "(3)"])
def test_arrange_finds_roman_and_bracketed_page_numbers(text: str) -> None:
    body = [line(FULL, 10, 200 + 12 * i) for i in range(6)]
    _, blocks = arrange([*body, line(text, 290, 770)])
    assert shape(blocks)[1:] == [("page_number", text)]


def test_arrange_takes_two_lines_at_the_foot_larger_than_the_text_for_a_footer() -> None:
    body = [line(FULL, 10, 200 + 12 * i, height=9) for i in range(6)]
    foot = [line("Harbour Ltd, Bristol", 10, 742, height=12), line("No. 42", 10, 756, height=12)]
    _, blocks = arrange([*body, *foot], width=520, height=790)
    assert [block.kind for block in blocks] == ["paragraph", "footer", "footer"]


def test_arrange_takes_a_larger_line_at_the_top_for_a_title() -> None:
    body = [line(FULL, 10, 200 + 12 * i) for i in range(6)]
    _, blocks = arrange([line("Harbour Review", 10, 30, height=14, pitch=8), *body])
    assert blocks[0].kind == "title"


@pytest.mark.parametrize("below", [True, False])
def test_arrange_reads_on_in_a_column_below_its_figure(below: bool) -> None:
    def column(name: str, x: float, caption: str, *, under: bool) -> list[Line]:
        rows = [(f"{name} column line {i}", 100 + 12 * i) for i in range(5)]
        rows.append((caption, 330 if under else 170))
        rows += [(f"{name} column goes on {i}", 345 + 12 * i) for i in range(5)]
        return [line(text, x, y) for text, y in rows]

    left = column("left", 10, "Figure 1. The harbour", under=True)
    right = column("right", 320, "Figure 2. The bridge", under=below)
    lines, _ = arrange([*left, *right])
    assert [each.text for each in lines] == [each.text for each in (*left, *right)]


@pytest.mark.parametrize(
    ("words", "bottom", "kinds"),
    [(60, 760, ["paragraph"]), (60, 500, ["table", "paragraph"]), (9, 760, ["table", "paragraph"])],
)
def test_arrange_takes_no_page_of_running_text_for_a_table(
    words: int, bottom: float, kinds: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = tuple(Cell(0, column, "word " * words) for column in (0, 1))
    found = tables.Found(Table(1, 2, cells), (10, 60, 590, bottom), ())
    monkeypatch.setattr(tables, "ruled", lambda *_: [found])
    page = PageImage(1, 600, 800, 0, 72, rules=((10.0, 60.0, 590.0, 60.5),))
    text = [line(FULL, 10, 762 + 12 * i) for i in range(2)]
    _, blocks = layout.arrange(page, PageText(tuple(text), "e", "1"))
    assert [block.kind for block in blocks] == kinds


def test_arrange_measures_a_header_by_its_text_and_not_by_the_number_beside_it() -> None:
    body = [line(FULL, 10, 200 + 12 * i) for i in range(6)]
    head = [line("2.4 Harbour dues", 10, 30, height=11), line("p. 14", 540, 28, height=15)]
    _, blocks = arrange([*head, *body])
    assert [block.kind for block in blocks] == ["header", "page_number", "paragraph"]


def test_arrange_goes_on_after_a_first_line_that_is_set_in() -> None:
    edge = line(FULL, 10, 100).box[2]
    first = line("Such a first line is set in and is full too", 64, 100)
    assert edge - first.box[2] < 6
    texts = [FULL, FULL, "and it ends"]
    rest = [line(text, 10, 112 + 12 * i) for i, text in enumerate(texts)]
    wider = line("A line across the page that is wider than all the others are", 10, 60)
    _, blocks = arrange([wider, first, *rest])
    assert blocks[-1].text == " ".join(each.text for each in (first, *rest))


def test_arrange_joins_lines_of_chinese_without_a_space() -> None:
    texts = [
        "本发票金额为人民币两百元整请于三十日内",
        "支付至下列账户逾期将按日加收滞纳金并且",
        "另行通知",
    ]
    _, blocks = arrange([line(text, 10, 100 + 12 * i, pitch=10) for i, text in enumerate(texts)])
    assert shape(blocks) == [("paragraph", "".join(texts))]


def test_arrange_keeps_a_line_set_full_in_its_paragraph() -> None:
    parts = ["Straightforward", "incomprehensible", "harbour", "texts"]
    x, wide = 10.0, []
    gap = (6 * len(FULL) - 6 * len("".join(parts))) / 3
    for part in parts:
        wide.append(line(part, x, 112))
        x += 6 * len(part) + gap
    assert 8 < gap < 20
    _, blocks = arrange([line(FULL, 10, 100), *wide, line(FULL, 10, 124), line("End.", 10, 136)])
    assert shape(blocks) == [("paragraph", f"{FULL} {' '.join(parts)} {FULL} End.")]


@pytest.mark.parametrize(
    ("text", "level"),
    [("1. Payment", 1), ("3.2 Tax", 2), ("§ 5 Liability", 1), ("IV. Results", 1)],
)
def test_arrange_takes_a_numbered_line_above_its_text_for_a_title(text: str, level: int) -> None:
    above = [line(FULL, 10, 100 + 12 * i) for i in range(3)]
    below = [line(FULL, 10, 166 + 12 * i) for i in range(3)]
    _, blocks = arrange([*above, line(text, 10, 150), *below])
    assert [(b.kind, b.level) for b in blocks][1] == ("title", level)
    assert blocks[1].text == text


@pytest.mark.parametrize(
    ("text", "x", "below"),
    [
        ("1. Copper pipe", 10, "2. Brass valve of the usual size and then some more"),
        ("1. Copper pipe", 26, FULL),  # the item goes on, set in
        ("1. Copper pipe", 10, "which is bent as the harbour wall is and was before"),
        ("3. Mai 2026", 10, FULL),
    ],
)
def test_arrange_takes_items_and_dates_for_no_titles(text: str, x: float, below: str) -> None:
    above = [line(FULL, 10, 100 + 12 * i) for i in range(3)]
    _, blocks = arrange([*above, line(text, 10, 150), line(below, x, 162 if x > 10 else 166)])
    assert "title" not in [block.kind for block in blocks]


def test_arrange_keeps_titles_apart_that_stand_side_by_side() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    heads = [line("Invoice", 10, 100, height=20, pitch=11), line("Harbour", 400, 100, height=20)]
    _, blocks = arrange([*heads, *body])
    assert shape(blocks)[:2] == [("title", "Invoice"), ("title", "Harbour")]


def test_arrange_keeps_a_title_apart_from_one_that_begins_elsewhere() -> None:
    body = [line(f"Some ordinary words number {i}", 10, 200 + 12 * i) for i in range(6)]
    heads = [
        line("Invoice", 10, 100, height=20, pitch=11),
        line("Amounts in the currency", 210, 122, height=16, pitch=9),
    ]
    _, blocks = arrange([*heads, *body])
    assert shape(blocks)[:2] == [("title", "Invoice"), ("title", "Amounts in the currency")]


def test_arrange_keeps_a_single_digit_in_its_row_though_it_is_read_flatter() -> None:
    rows = [line("Meat with rice", 10, 60), line("Item count", 10, 100), line("Paid", 10, 115)]
    _, blocks = arrange([*rows, line("1", 150, 101.5, height=7)], width=220)
    assert "Item count 1" in blocks[-1].text


@pytest.mark.parametrize(
    ("mark", "checked"), [("□", False), ("\uf0a8", False), ("☒", True), ("\uf0fe", True)]
)
def test_arrange_knows_check_boxes_of_symbol_fonts(mark: str, checked: bool) -> None:
    _, blocks = arrange([line(f"{mark} by ship", 10, 100)])
    assert [(b.kind, b.text, b.checked) for b in blocks] == [("checkbox", "by ship", checked)]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_arrange_finds_check_boxes_on_a_page_that_lies_turned(turns: int) -> None:
    pixels = np.full((600, 800, 3), 255, np.uint8)
    pixels[100:111, 60:71] = 0
    pixels[102:109, 62:69] = 255
    pixels = np.ascontiguousarray(np.rot90(pixels, -turns))
    height, width = pixels.shape[:2]
    frame = Frame(width, height, 90.0 * turns)
    flat = line("by the next ship", 78, 100)
    words = tuple(Word(word.text, frame.to_page(upright(word.box, frame))) for word in flat.words)
    turned = Line(flat.text, frame.to_page(upright(flat.box, frame)), None, words)
    page = PageImage(1, width, height, 0, 72, pixels=pixels)
    text = PageText((turned,), "e", "1", skew=(90.0 * turns + 180) % 360 - 180)
    _, blocks = layout.arrange(page, text)
    assert [(b.kind, b.text, b.checked) for b in blocks] == [
        ("checkbox", "by the next ship", False)
    ]


def upright(box: Box, frame: Frame) -> Box:
    """A box on a page of 800 x 600 points that stands upright, in the level frame of the turned."""
    left, top, _, _ = frame.bounds
    return (box[0] + left, box[1] + top, box[2] + left, box[3] + top)


def test_arrange_takes_four_narrow_columns_of_text_between_two_rules_for_no_table() -> None:
    lines = ["then from", "away old", "of stands", "near with", "men came", "Far away"]
    columns = [
        line(lines[(row + 2 * column) % 6], 40 + 135 * column, 112 + 12 * row)
        for column in range(4)
        for row in range(9)
    ]
    rules = ((40.0, 105.0, 570.0, 105.5), (40.0, 225.0, 570.0, 225.5))
    page = PageImage(1, 612, 792, 0, 72, rules=rules)
    _, blocks = layout.arrange(page, PageText(tuple(columns), "e", "1"))
    assert [block.kind for block in blocks] == ["paragraph"] * 4
