from __future__ import annotations

import pytest

from extraction.text_quality import is_sound

SENTENCE = "Invoice 2024-117 of 3 May, payable within 30 days. "


def test_sound_text_is_sound() -> None:
    assert is_sound(SENTENCE)
    assert is_sound("納品書 請求番号 二〇二四年五月三日 合計金額 一万円")


def test_dot_leaders_and_rules_do_not_make_text_unsound() -> None:
    assert is_sound("Contents\nHeading" + "." * 400 + "1\nName" + "_" * 400)


def test_one_word_is_sound_only_where_nothing_else_is_painted() -> None:
    assert not is_sound("Potato")
    assert is_sound("Potato", only_text=True)


@pytest.mark.parametrize("text", ["", " \n\t ", "Page 3"])
def test_too_little_text_is_not_sound(text: str) -> None:
    assert not is_sound(text)
    assert not is_sound("", only_text=True)


@pytest.mark.parametrize("bad", ["\ufffd", "\ue123", "\x02"])
def test_text_without_known_characters_is_not_sound(bad: str) -> None:
    assert is_sound(SENTENCE + bad)
    assert not is_sound(SENTENCE + bad * 5)


def test_text_of_punctuation_is_not_sound() -> None:
    assert not is_sound("!\"#$ %&'( )*+, -./: ;<=> ?@[\\ ]^_`")


def test_more_hidden_text_than_visible_is_not_sound() -> None:
    count = sum(not character.isspace() for character in SENTENCE)
    assert is_sound(SENTENCE, hidden_characters=count)
    assert not is_sound(SENTENCE, hidden_characters=count + 1)


def test_stamp_on_a_scan_is_not_sound_but_a_page_of_text_over_a_picture_is() -> None:
    assert is_sound(SENTENCE, image_share=0.4)
    assert not is_sound(SENTENCE, image_share=0.6)
    assert is_sound(SENTENCE * 6, image_share=0.6)
