from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from extraction.alignment import Aligned, align
from extraction.engines.alphabet import can_read
from extraction.tags import parse
from extraction.types import Block, BlockKind, Box, Cell, Line, Table, Word

WIDTH, HEIGHT = 600.0, 800.0


def line(text: str, row: float, left: float = 50.0, sure: float = 0.9) -> Line:
    """A line of OCR in that row: each character 6 points wide."""
    words, x = [], left
    for word in text.split():
        words.append(Word(word, (x, 20 * row, x + 6 * len(word), 20 * row + 12), sure))
        x += 6 * (len(word) + 1)
    return Line(text, (left, 20 * row, words[-1].box[2], 20 * row + 12), sure, tuple(words))


def page(*texts: str) -> list[Line]:
    """Lines of OCR, one below the other."""
    return [line(text, row) for row, text in enumerate(texts, 1)]


def paragraph(text: str, kind: BlockKind = "paragraph") -> Block:
    return Block("", kind, text)


def found(markup: str, read: Sequence[Line]) -> Aligned:
    return align(parse(markup), read, WIDTH, HEIGHT)


def row_of(box: Box | None) -> int | None:
    """The row in which a box stands."""
    return round(box[1] / 20) if box else None


def told(aligned: Aligned) -> list[tuple[str, int | None, bool | None]]:
    """Each line: its text, its row on the page where it has one, and whether it is grounded."""
    return [
        (each.text, row_of(each.box) if each.confidence is not None else None, each.grounded)
        for each in aligned.lines
    ]


def test_text_gets_the_places_and_confidences_of_the_words_that_say_the_same() -> None:
    read = [line("Acme Ltd", 1, sure=0.8), line("TOTAL", 2), line("12.80", 2, left=300)]
    aligned = found("# Acme Ltd\n\nTotal 12.80", read)
    title, total = aligned.blocks
    assert (title.kind, title.grounded, title.confidence) == ("title", True, 0.8)
    assert title.box == (50, 21.56, 98, 30.44)
    assert (total.box, total.grounded) == ((50, 41.56, 330, 50.44), True)
    assert [(w.text, w.box[0], w.confidence, w.grounded) for w in aligned.lines[1].words] == [
        ("Total", 50, 0.9, True),
        ("12.80", 300, 0.9, True),
    ]
    assert aligned.disagreements == ()


def test_order_does_not_matter() -> None:
    texts = ["Invoice 4711", "Date 2026-03-01", "Coffee 3.50", "Tea 2.80", "Total 6.30"]
    rng = random.Random(1)
    for _ in range(5):
        shuffled = rng.sample(texts, len(texts))
        aligned = found("\n".join(shuffled), page(*texts))
        assert told(aligned) == [(text, texts.index(text) + 1, True) for text in shuffled]


def test_spaces_lost_or_moved_and_letters_misread_do_not_matter() -> None:
    aligned = found(
        "TAX INVOICE\nSanyu Stationery Shop", page("TAXINVOICE", "SANVU STAT IONERYSHOP")
    )
    assert told(aligned) == [("TAX INVOICE", 1, True), ("Sanyu Stationery Shop", 2, True)]
    tax, invoice = aligned.lines[0].words
    assert (tax.box[0], tax.box[2], invoice.box[0], invoice.box[2]) == (50, 68, 68, 110)
    (differs,) = aligned.disagreements
    assert (differs.kind, differs.written, differs.read) == ("differs", "Sanyu", "SANVU")
    assert row_of(differs.box) == 2
    assert differs.similarity == 0.8


def test_a_number_of_which_the_page_reads_a_digit_otherwise_is_not_grounded() -> None:
    aligned = found("Total due 12.80", page("Total due 12.30"))
    (only,) = aligned.lines
    assert (only.grounded, row_of(only.box), only.confidence) == (False, 1, 0.9)
    assert [word.grounded for word in only.words] == [True, True, False]
    (differs,) = aligned.disagreements
    assert (differs.written, differs.read, differs.similarity) == ("12.80", "12.30", 0.75)
    assert differs.box == only.words[2].box


def test_a_number_that_is_a_part_of_the_one_on_the_page_is_not_grounded() -> None:
    aligned = found("Account number 12345", page("Account number 123456"))
    assert told(aligned) == [("Account number 12345", 1, False)]
    assert [each.read for each in aligned.disagreements] == ["123456"]


def test_a_number_whose_decimals_the_page_has_elsewhere_is_not_grounded() -> None:
    wrote = "Total 12.80\n\nTax 1,284.50\n\nNet 3450\n\nPaid 99,00\n\nDue 77.15\n\nSum 7342"
    read = ["Total 1280", "Tax 1284.50", "Net 3,450", "Paid RM99.00/m", "Due 77 15", "Sum 73.42"]
    aligned = found(wrote, page(*read, "No 1 2 3 4"))
    assert [each.grounded for each in aligned.lines] == [False, True, True, True, True, False]
    told = [(d.kind, d.written, d.read) for d in aligned.disagreements if d.kind == "differs"]
    assert told == [("differs", "12.80", "1280"), ("differs", "7342", "73.42")]
    (spaced,) = found("No 1234", page("No 1 2 3 4")).lines
    assert spaced.grounded


def test_a_cell_whose_digit_differs_is_told_at_its_place() -> None:
    read = [line("Coffee", 1), line("3.50", 1, 300), line("Tea", 2), line("2.80", 2, 300)]
    aligned = found(
        "<table><tr><td>Coffee</td><td>3.50</td></tr><tr><td>Tea</td><td>2.30</td></tr></table>",
        read,
    )
    (block,) = aligned.blocks
    assert block.table and block.grounded is False
    assert [(c.text, c.grounded, row_of(c.box)) for c in block.table.cells] == [
        ("Coffee", True, 1),
        ("3.50", True, 1),
        ("Tea", True, 2),
        ("2.30", False, 2),
    ]
    assert [(d.written, d.read) for d in aligned.disagreements] == [("2.30", "2.80")]


def test_what_stands_nowhere_is_invented_and_its_place_a_guess() -> None:
    aligned = found("Coffee 3.50\nVoucher for a friend\nTea 2.80", page("Coffee 3.50", "Tea 2.80"))
    assert told(aligned) == [
        ("Coffee 3.50", 1, True),
        ("Voucher for a friend", None, False),
        ("Tea 2.80", 2, True),
    ]
    (invented,) = aligned.disagreements
    assert (invented.kind, invented.written, invented.box) == (
        "invented",
        "Voucher for a friend",
        None,
    )
    (block,) = aligned.blocks
    assert (row_of(block.box), block.grounded) == (1, False)


def test_what_the_model_left_out_is_told() -> None:
    aligned = found("Coffee 3.50", page("Coffee 3.50", "All sales are final"))
    (omitted,) = aligned.disagreements
    assert (omitted.kind, omitted.written, omitted.read) == ("omitted", "", "All sales are final")
    assert (row_of(omitted.box), omitted.confidence) == (2, 0.9)


def test_the_same_text_in_several_places_goes_with_its_neighbours_and_each_is_used_once() -> None:
    names = ["Coffee", "Tea", "Cake", "Water"]
    read = [
        each
        for row, name in enumerate(names, 1)
        for each in (line(name, row), line("1", row, 200), line("2.00", row, 300))
    ]
    rows = "".join(f"<tr><td>{n}</td><td>1</td><td>2.00</td></tr>" for n in reversed(names))
    (block,) = found(f"<table>{rows}</table>", read).blocks
    assert block.table
    places = [(cell.row, cell.column, cell.box) for cell in block.table.cells]
    assert [(row_of(box), column) for _, column, box in places] == [
        (4 - row, column) for row, column, _ in places
    ]
    fifth = found("2.00\n2.00\n2.00\n2.00\n2.00", read)
    assert [each.grounded for each in fifth.lines] == [True] * 4 + [False]


def test_a_paragraph_over_several_lines_of_the_page_is_as_many_lines() -> None:
    read = page("The goods remain the property", "of the seller until they are", "paid in full.")
    aligned = found(
        "The goods remain the property of the seller until they are paid in full.", read
    )
    assert told(aligned) == [(each.text, row, True) for row, each in enumerate(read, 1)]


def test_columns_read_one_after_the_other() -> None:
    left, right = ["from Anna Smith", "12 High Street"], ["ship to Bob Jones", "9 Low Road"]
    read = [
        each
        for row, pair in enumerate(zip(left, right, strict=True), 1)
        for each in (line(pair[0], row), line(pair[1], row, 300))
    ]
    aligned = found("\n".join([*left, *right]), read)
    assert [(row_of(each.box), each.box[0] > 200) for each in aligned.lines] == [
        (1, False),
        (2, False),
        (1, True),
        (2, True),
    ]


def test_what_ocr_cannot_judge_is_not_called_invented() -> None:
    read = page("Invoice 4711")
    for markup in (
        "<img>A photograph of a lighthouse</img>",
        "$$\\frac{a}{b} = c$$",
        "<watermark>CONFIDENTIAL</watermark>",
        "<signature>J. Smith</signature>",
        "Счёт на оплату",
        "請求書 ใบแจ้งหนี้ ใบแจ้งหนี้ ใบแจ้งหนี้",
        "* * *",
    ):
        aligned = found(f"Invoice 4711\n\n{markup}", read)
        assert [block.grounded for block in aligned.blocks] in ([True, None], [True])
        assert [each.kind for each in aligned.disagreements] == []
    assert found("<watermark>Invoice 4711</watermark>", read).blocks[0].grounded is True
    assert found("請求書", read).blocks[0].grounded is False  # that it can read


def test_the_reader_knows_latin_and_east_asian_letters() -> None:
    assert all(map(can_read, "Aé9ß漢かカ￥€"))
    assert not any(map(can_read, "Дабвع한ไท"))


texts = st.lists(st.text("ab 1290.OoIl-\\é漢Д", max_size=12), max_size=12)


@given(texts, texts, st.randoms())
def test_any_texts_are_aligned_within_the_page_and_no_word_is_used_twice(
    written: list[str], read: list[str], rng: random.Random
) -> None:
    lines = [line(text, rng.uniform(0, 39), rng.uniform(0, 500)) for text in read if text.strip()]
    lines = [
        replace(each, words=tuple(replace(w, box=inside(w.box)) for w in each.words))
        for each in lines
    ]
    table = Table(1, len(written), tuple(Cell(0, n, text) for n, text in enumerate(written)))
    blocks = [paragraph("\n".join(written)), Block("", "table", "", table=table)]
    aligned = align(blocks, lines, WIDTH, HEIGHT)
    assert [block.text for block in aligned.blocks] == [block.text for block in blocks]
    boxes = [each.box for each in aligned.lines]
    boxes += [word.box for each in aligned.lines for word in each.words]
    boxes += [block.box for block in aligned.blocks if block.box]
    boxes += [each.box for each in aligned.disagreements if each.box]
    assert all(box == inside(box) for box in boxes)
    assert all(x0 <= x1 and y0 <= y1 for x0, y0, x1, y1 in boxes)
    for character in "b9é漢":
        have = sum(text.count(character) for text in read)
        placed = [
            word.text.count(character)
            for each in aligned.lines
            if each.grounded
            for word in each.words
            if word.grounded and set(word.text) == {character}
        ]
        assert sum(placed) <= have


def inside(box: Box) -> Box:
    """The box, cut to the page."""
    x0, y0, x1, y1 = box
    return (max(x0, 0.0), max(y0, 0.0), min(x1, WIDTH), min(y1, HEIGHT))


@given(
    st.lists(st.text("abcdefgh", min_size=6, max_size=9), unique=True, max_size=12), st.randoms()
)
def test_shuffling_moves_no_line_that_is_like_no_other(
    written: list[str], rng: random.Random
) -> None:
    read = page(*written) if written else []
    shuffled = rng.sample(written, len(written))
    straight = {each.text: each.box for each in found("\n\n".join(written), read).lines}
    turned = {each.text: each.box for each in found("\n\n".join(shuffled), read).lines}
    assert straight == turned == {each.text: inner(each.box) for each in read}


def inner(box: Box) -> Box:
    """A line's box without its margin."""
    return (box[0], box[1] + 1.56, box[2], box[3] - 1.56)


def test_hostile_texts_end() -> None:
    flood = [line("a" * 50, row % 40) for row in range(2_000)]
    for markup in (
        "a" * 100_000,
        "\n".join(["a" * 50] * 2_000),
        "ab " * 33_000,
        "\n".join("a1" * 9_000),
    ):
        aligned = found(markup, flood)
        assert "".join(block.text for block in aligned.blocks).replace("\n", "") != ""
