"""The text that is right for a page."""

from __future__ import annotations

import pytest

from learning.targets import Said, corrected, plain


def test_a_value_is_put_where_it_was_read() -> None:
    text = "Total 19,00\nEUR due, tax 19,00 EURO"
    assert corrected(text, [Said("19,00 EUR", "119,00 EUR")]) == (
        "Total 119,00 EUR due, tax 19,00 EURO"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Total 5", Said("19,00", "119,00")),  # not there
        ("19,00 and 19,00", Said("19,00", "119,00")),  # which of them?
        ("Total 119,00", Said("19,00", "219,00")),  # within another word only
        ("Total 5", Said("", "119,00")),  # was missed: the text must have it
    ],
)
def test_a_place_that_is_not_found_once_is_told(text: str, said: Said) -> None:
    assert corrected(text, [said]) is None


def test_what_is_confirmed_absent_or_there_leaves_the_text() -> None:
    said = [Said("A-1", "A-1"), Said("9", None), Said("", "Total 5"), Said("x  y", "x y")]
    assert corrected("A-1 Total 5", said) == "A-1 Total 5"


def test_values_with_signs_of_patterns_are_text() -> None:
    assert corrected("No. (a+b)*", [Said("(a+b)*", r"\1 \g<0>")]) == r"No. \1 \g<0>"


def test_markdown_is_taken_back_to_what_was_written() -> None:
    assert plain("1\\. A \\*star\\* &lt;b> &amp;amp; C:\\x\n") == "1. A *star* <b> &amp; C:\\x"
