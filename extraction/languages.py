"""The language of a text, of a page and of its blocks: py3langid, whose model is in its wheel.

The codes are BCP 47's, as the model knows 139 languages by their ISO 639 codes. How surely it is a
language depends on how much text there is; too little of it has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from extraction.types import Block, Language, Page

MOST_LETTERS = 2_000  # of a page, with spaces; more text says no more
MOST_OF_A_BLOCK = 400
FEWEST_LETTERS = 24  # below: no language
SURE = 0.7  # from which a language is believed
SURE_OF_MORE, MORE_LETTERS = 0.6, 60  # and that of so much text
SURE_OTHERWISE, FEWEST_OTHERWISE = 0.9, 40  # for a block in another language than its page
AS_THE_PAGE = 0.4  # for a block that may be in its page's language
NO_LANGUAGE = "zxx"  # ISO 639-2: numbers, codes
NO_TEXT = frozenset({"equation", "figure"})

_NO_WORD = frozenset("0123456789@/\\_")  # in numbers, addresses, codes: the same in all languages
# Languages which texts of business are hardly in and which short texts are mistaken for.
# fmt: off
SELDOM = frozenset({
    "ace", "an", "ary", "arz", "bcl", "crh", "eo", "ext", "fo", "fuv", "gcf", "gcr", "gom",
    "grc", "gug", "guw", "hbo", "ht", "jv", "kab", "kik", "la", "lb", "lij", "ltg", "nso",
    "oc", "pcm", "qu", "sa", "sdh", "se", "uzs", "vec", "vo", "wa", "wuu",
})
# fmt: on


def language_of(text: str, *, most: int = MOST_LETTERS) -> Language | None:
    """The language of a text, None where it has too little or it is not surely one."""
    found = _likeliest(text, most)
    return found if found and found.confidence >= _least(text[:most]) else None


def _least(text: str) -> float:
    return SURE if _letters(text) < MORE_LETTERS else SURE_OF_MORE


def with_languages(page: Page) -> Page:
    """The page with its language and those of its blocks.

    A block in the page's language is told by less text than one in another.
    """
    texts = (line.text for line in page.lines) if page.lines else _texts(page.blocks)
    own = language_of(_joined(texts, MOST_LETTERS))
    return replace(
        page,
        language=own,
        blocks=tuple(replace(block, language=_of_block(block, own)) for block in page.blocks),
    )


def _of_block(block: Block, page: Language | None) -> Language | None:
    if block.kind in NO_TEXT:
        return None
    found = _likeliest(block.text, MOST_OF_A_BLOCK)
    if found is None:
        return None
    if page is None:
        least = _least(block.text[:MOST_OF_A_BLOCK])
    elif found.code == page.code:
        least = AS_THE_PAGE
    elif _letters(block.text[:MOST_OF_A_BLOCK]) < FEWEST_OTHERWISE:
        return None
    else:
        least = SURE_OTHERWISE
    return found if found.confidence >= least else None


def _likeliest(text: str, most: int) -> Language | None:
    """The likeliest language, however unsure; None for too little text, or what is none."""
    words = " ".join(
        word.lower() if word.isupper() else word
        for word in text[:most].split()
        if _NO_WORD.isdisjoint(word)
    )
    if _letters(words) < FEWEST_LETTERS:
        return None
    ranked = [(code, share) for code, share in _identifier().rank(words) if code not in SELDOM]
    (code, share), total = ranked[0], sum(share for _, share in ranked)
    if code == NO_LANGUAGE or not total:
        return None
    return Language(code, round(min(share / total, 1.0), 4))


def _letters(text: str) -> int:
    """Letters; one of a script without spaces counts as four, for it says as much."""
    return sum(4 if "\u2e80" <= c <= "\ud7ff" else 1 for c in text if c.isalpha())


def _texts(blocks: Iterable[Block]) -> Iterable[str]:
    return (block.text for block in blocks if block.kind not in NO_TEXT)


def _joined(texts: Iterable[str], most: int) -> str:
    found: list[str] = []
    length = 0
    for text in texts:
        found.append(text[:most])
        length += len(found[-1]) + 1
        if length >= most:
            break
    return " ".join(found)


@cache
def _identifier() -> Any:
    """The model, once a process: about a second to load, 80 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
