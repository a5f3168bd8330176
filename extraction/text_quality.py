"""Tells whether a PDF page's own text can be trusted to say what the page shows."""

from __future__ import annotations

import re
import unicodedata

MIN_CHARACTERS = 16
MAX_BAD_SHARE = 0.05
MIN_LETTER_SHARE = 0.3
SCAN_IMAGE_SHARE = 0.5
SCAN_MIN_CHARACTERS = 200

# Private use, surrogates, unassigned, control.
_BAD_CATEGORIES = frozenset({"Co", "Cs", "Cn", "Cc"})
_LEADERS = re.compile(
    r"([._\-·…–—=*~])\1{2,}"
)  # dots to a page number, rules drawn with underscores


def is_sound(
    text: str, *, hidden_characters: int = 0, image_share: float = 0.0, only_text: bool = False
) -> bool:
    """Whether ``text``, the page's visible text, can stand for the page without reading its pixels.

    ``hidden_characters`` counts the characters that no reader sees (old OCR under a scan, mostly);
    ``image_share`` is the part of the page's area covered by images, 0 to 1; ``only_text`` says
    that nothing else is painted on the page, so that even a single word is all there is.

    Not sound are: too little text; text without known Unicode values (a font whose mapping is
    lost); more hidden text than visible; a few words, a stamp or a page number, on a page that is
    mostly image.
    """
    characters = [character for character in _LEADERS.sub(r"\1", text) if not character.isspace()]
    count = len(characters)
    if count < (1 if only_text else MIN_CHARACTERS) or hidden_characters > count:
        return False
    if image_share >= SCAN_IMAGE_SHARE and count < SCAN_MIN_CHARACTERS:
        return False
    categories = [unicodedata.category(character) for character in characters]
    bad = characters.count("\ufffd") + sum(category in _BAD_CATEGORIES for category in categories)
    letters = sum(category[0] in "LNM" for category in categories)
    return bad <= MAX_BAD_SHARE * count and letters >= MIN_LETTER_SHARE * count
