"""Tells whether a PDF page's own text can be trusted to say what the page shows."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

MIN_CHARACTERS = 16
MAX_BAD_SHARE = 0.05
MIN_LETTER_SHARE = 0.3
MIN_JUDGED_LETTERS = 100
MIN_COMMON_SHARE = 0.6
MOST_REPEATS = 3  # of one word that count: a stock list may say "copper pipe" on every line

# Private use, surrogates, unassigned, control.
_BAD_CATEGORIES = frozenset({"Co", "Cs", "Cn", "Cc"})
_LEADERS = re.compile(
    r"([._\-·…–—=*~])\1{2,}"
)  # dots to a page number, rules drawn with underscores

# Words of letters alone: codes and numbers have no language.
_PLAIN_WORD = re.compile(r"(?<![^\s(\"'„“])[^\W\d_]{3,}(?![^\s.,;:!?)\"'”’])")
# In one paragraph each of 17 languages written in Latin letters, from Welsh to Vietnamese, these
# made up 68 % of the letters or more; below 60 % fell 93 % of them with the alphabet shifted and
# 87 % with it shuffled.
_COMMON = frozenset("aeinorstludy")


def is_sound(text: str, *, hidden_characters: int = 0, complete: bool = False) -> bool:
    """Whether ``text``, the page's visible text, says what the page shows where it stands.

    ``hidden_characters`` counts the characters that no reader sees (old OCR under a scan, mostly);
    ``complete`` says that nothing else on the page can hold text, or that it is read besides, so
    that even a single word is all there is.

    Not sound are: too little text; text without known Unicode values (a font whose mapping is
    lost); letters that make no language (a font whose mapping is wrong); more hidden text than
    visible.
    """
    counts = Counter(_LEADERS.sub(r"\1", text))
    for character in [character for character in counts if character.isspace()]:
        del counts[character]
    count = counts.total()
    if count < (1 if complete else MIN_CHARACTERS) or hidden_characters > count:
        return False
    bad = letters = 0
    for character, times in counts.items():
        category = unicodedata.category(character)
        if character == "\ufffd" or category in _BAD_CATEGORIES:
            bad += times
        elif category[0] in "LNM":
            letters += times
    if bad > MAX_BAD_SHARE * count or letters < MIN_LETTER_SHARE * count:
        return False
    return not is_nonsense(text)


def is_nonsense(text: str) -> bool:
    """Whether the Latin letters of the text are spread as in no language: an encoding gone wrong.

    Judged by the share of the twelve letters most common in such languages, without accents,
    in words of letters alone; other scripts, and fewer than ``MIN_JUDGED_LETTERS``, are not judged.
    """
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(part for part in parts if not unicodedata.combining(part))
    words = Counter(_PLAIN_WORD.findall(text.lower()))
    latin = Counter("".join(word * min(times, MOST_REPEATS) for word, times in words.items()))
    others = sum(latin.pop(letter) for letter in list(latin) if not "a" <= letter <= "z")
    count = latin.total()
    if count < MIN_JUDGED_LETTERS or others > count:
        return False
    return sum(latin[letter] for letter in _COMMON) < MIN_COMMON_SHARE * count
