"""extraction/comparison.py: likeness by hand-counted figures, differences, bounds."""

from __future__ import annotations

import pytest

from extraction.comparison import (
    MOST_CHARACTERS,
    MOST_DIFFERENCES,
    MOST_PAGES,
    TRUTH,
    Difference,
    Likeness,
    Pair,
    Reading,
    Run,
    compare,
    marked,
)


def only(one: str, two: str) -> Pair:
    """The pair of two texts of one page."""
    return compare([Reading("a", {1: one}), Reading("b", {1: two})]).pairs[0]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("", "", Likeness(1.0, 1.0, 1.0)),
        ("abc", "", Likeness(0.0, 0.0, 0.0)),
        ("one two", " one\n\ntwo ", Likeness(1.0, 1.0, 1.0)),  # white space is layout
        ("Zoe\u0308", "Zo\u00eb", Likeness(1.0, 1.0, 1.0)),  # composed and not
        ("Total 119", "Total 118", Likeness(0.8889, 0.5, 0.5)),  # 1 of 9 letters, 1 of 2 words
        # the same words in another order: 2 of 4 words are replaced, the bag is whole
        ("a b c d", "c d a b", Likeness(0.4286, 0.0, 1.0)),
        ("a a b", "a b b", Likeness(0.8, 0.6667, 0.6667)),  # a bag counts how often
    ],
)
def test_likeness_is_as_counted_by_hand(one: str, two: str, expected: Likeness) -> None:
    assert only(one, two).overall == expected


def test_long_pages_weigh_more_and_failed_ones_are_not_compared() -> None:
    one = Reading("a", {1: "x" * 90, 2: "y" * 10, 3: "only a read this"})
    two = Reading("b", {1: "x" * 90, 2: "z" * 10})
    texts = compare([one, two])
    (pair,) = texts.pairs
    assert [(each.page, each.likeness.characters) for each in pair.pages] == [(1, 1.0), (2, 0.0)]
    assert pair.overall == Likeness(0.9, 0.5, 0.5)
    assert texts.pages == (1, 2, 3)
    assert compare([one, Reading("c", {})]).pairs[0].overall is None


def test_truth_is_paired_with_each_reading_first() -> None:
    readings = [Reading("a", {2: "one", 5: "two"}), Reading("b", {2: "one", 5: "tvo"})]
    parted = compare(readings, "one\ftwo")
    assert [(pair.left, pair.right) for pair in parted.pairs] == [
        (TRUTH, "a"), (TRUTH, "b"), ("a", "b")
    ]  # fmt: skip
    assert [pair.overall.characters for pair in parted.pairs if pair.overall] == [
        1.0,
        0.8333,
        0.8333,
    ]
    assert [each.page for each in parted.pairs[1].pages] == [2, 5]
    whole = compare(readings, "one\ntwo")
    assert [pair.overall.characters for pair in whole.pairs if pair.overall] == [
        1.0,
        0.8571,
        0.8333,
    ]


def test_lines_that_differ_are_told_by_where_they_stand() -> None:
    pair = only("same\nNet 100\ngone\nend", "same\n\nNet  1OO\nend\nnew")
    assert pair.differences == (
        Difference(1, "changed", "Net 100", "Net 1OO"),
        Difference(1, "left", "gone", ""),
        Difference(1, "right", "", "new"),
    )


def test_work_and_answer_are_bounded_and_say_so() -> None:
    pages = {number: f"page {number}" for number in range(1, MOST_PAGES + 3)}
    long = "x" * MOST_CHARACTERS
    one = Reading("a", pages | {1: long + "1"})
    two = Reading("b", pages | {1: long + "2"})
    texts = compare([one, two])
    assert (len(texts.pages), texts.left_out) == (MOST_PAGES, (MOST_PAGES + 1, MOST_PAGES + 2))
    assert texts.cut == (1,)
    assert texts.pairs[0].overall == Likeness(1.0, 1.0, 1.0), "beyond the cut nothing is compared"
    lines = "\n".join(f"line {n}" for n in range(MOST_DIFFERENCES + 7))
    pair = only(lines, lines.replace("line", "row"))
    assert (len(pair.differences), pair.more_differences) == (MOST_DIFFERENCES, 7)


def test_words_are_marked_where_they_differ_from_the_other_text() -> None:
    assert marked("Invoice 4711\nTotal due 9.00", "Invoice 47l1 x\nTotal 9.00\n") == [
        [Run("Invoice"), Run("47l1 x", differs=True)],
        [Run("Total"), Run("", missing="due"), Run("9.00")],
    ]
    assert marked("a b", "a") == [[Run("a")], [Run("", missing="b")]]
    assert marked("", "a b") == [[Run("a b", differs=True)]]
    assert marked("a", "") == [[Run("", missing="a")]]


def test_hostile_text_stays_text() -> None:
    script = "<script>alert(1)</script>"
    assert marked("", script) == [[Run(script, differs=True)]]
    assert only(script, "x").differences[0].left == script
