from __future__ import annotations

import unicodedata

import pytest

from extraction.text_quality import is_nonsense, is_sound

SENTENCE = "Invoice 2024-117 of 3 May, payable within 30 days. "


def test_sound_text_is_sound() -> None:
    assert is_sound(SENTENCE)
    assert is_sound("納品書 請求番号 二〇二四年五月三日 合計金額 一万円")


def test_dot_leaders_and_rules_do_not_make_text_unsound() -> None:
    assert is_sound("Contents\nHeading" + "." * 400 + "1\nName" + "_" * 400)


def test_one_word_is_sound_only_where_nothing_else_can_hold_text() -> None:
    assert not is_sound("Potato")
    assert is_sound("Potato", complete=True)


@pytest.mark.parametrize("text", ["", " \n\t ", "Page 3"])
def test_too_little_text_is_not_sound(text: str) -> None:
    assert not is_sound(text)
    assert not is_sound("", complete=True)


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


LANGUAGES = {
    "English": "All human beings are born free and equal in dignity and rights. They are endowed "
    "with reason and conscience and should act towards one another in a spirit of brotherhood.",
    "German": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit "
    "Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. "
    "Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "Welsh": "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau. Fe'u "
    "cynysgaeddir â rheswm a chydwybod, a dylai pawb ymddwyn y naill at y llall mewn ysbryd.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. "
    "Mọi con người đều được tạo hoá ban cho lý trí và lương tâm và cần phải đối xử với nhau.",
    "Malay": "Semua manusia dilahirkan bebas dan samarata dari segi kemuliaan dan hak-hak. Mereka "
    "mempunyai pemikiran dan perasaan hati dan hendaklah bertindak dengan semangat.",
    "Turkish": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana "
    "sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
}


def shifted(text: str, by: int) -> str:
    """The letters A-Z moved on in the alphabet, as by a font whose encoding is off."""
    text = unicodedata.normalize("NFD", text.lower())
    return "".join(
        chr((ord(c) - ord("a") + by) % 26 + ord("a")) if "a" <= c <= "z" else c
        for c in text.lower()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_of_a_language_are_no_nonsense_but_shifted_ones_are(language: str) -> None:
    text = LANGUAGES[language] * 2
    assert is_sound(text)
    assert is_sound(text.upper())
    assert sum(is_nonsense(shifted(text, by)) for by in range(1, 26)) >= 22


def test_a_word_on_every_line_is_no_nonsense() -> None:
    assert is_sound("".join(f"Copper pipe no. {number}\n" for number in range(40)))


def test_other_scripts_codes_and_few_letters_are_not_judged_by_their_letters() -> None:
    assert not is_nonsense("Все люди рождаются свободными и равными в своём достоинстве " * 3)
    assert not is_nonsense("BRT-77X-QZ WKX0044 GBR-PPQ/88 KPW_22 " * 20)
    assert not is_nonsense("Qty Pcs Kg Vat Mwst Xyz")
