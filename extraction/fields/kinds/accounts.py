"""Numbers of accounts: IBAN, BIC, payment cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from extraction.fields.kinds.checksums import DIGIT_FOR, LETTER_FOR, MENDED, compact
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

IBAN_START = re.compile(
    r"(?:(?<=IBAN)|(?<![A-Z0-9]))[A-Z0158]{2}[0-9OISBL]{2}(?=[ .-]?[A-Z0-9])", re.IGNORECASE
)
LONGEST_IBAN = 34 + 12  # with what stands between its groups
GROUPS = re.compile(r"[A-Z0-9]+(?:[ .-][A-Z0-9]+)*", re.IGNORECASE)
MISCOUNTED = 2  # characters too many or too few with which a number still is a wrong IBAN


def find_ibans(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """IBANs with a right check sum, and less surely those with a wrong one."""
    end = 0
    for match in IBAN_START.finditer(text):
        if match.start() < end:
            continue
        hit = _iban(text, match.start())
        if hit:
            end = hit.end
            yield hit


def _iban(text: str, start: int) -> Hit | None:
    from stdnum import iban

    groups = GROUPS.match(text, start, start + LONGEST_IBAN)
    country = _letters(text[start : start + 2].upper())
    pattern = _patterns().get(country)
    if not groups or not pattern:
        return None
    number = compact(groups[0])[: len(pattern)]
    end = _end(text, start, len(number))
    if text[end : end + 1].isalnum():
        return None  # it is longer
    if len(number) < len(pattern):
        missing = len(pattern) - len(number)
        looks = number[:2] == country and missing <= MISCOUNTED and number[2:].isdigit()
        return Hit(start, end, number, 0.4, {"checksum": False}) if looks else None
    if iban.is_valid(number):
        return Hit(start, end, number, 1.0, {"checksum": True})
    right = _mended(number, pattern)
    if right:
        return Hit(start, end, right, 0.8, {"checksum": True}, (MENDED,))
    digits = sum(character.isdigit() for character in number)
    if number[:2] == country and number[2:4].isdigit() and digits >= len(number) // 2:
        return Hit(start, end, number, 0.4, {"checksum": False})
    return None


@cache
def _patterns() -> dict[str, str]:
    """What an IBAN's characters are, by country: "n" digits, "a" letters, "c" either."""
    from stdnum import numdb

    registry = numdb.get("iban")
    patterns = {}
    for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            structure = registry.info(first + second)[0][1].get("bban", "")
            runs = re.findall(r"(\d+)!([nac])", structure)
            if runs:
                patterns[first + second] = "aann" + "".join(int(n) * kind for n, kind in runs)
    return patterns


def _letters(text: str) -> str:
    return "".join(LETTER_FOR.get(character, character) for character in text)


def _mended(number: str, pattern: str) -> str | None:
    """With digits for letters and the reverse, where the country's pattern says which it must be.

    Where it allows both, one letter may have been a digit; only one way may have a right check sum.
    """
    from stdnum import iban

    of_kind = {"n": DIGIT_FOR, "a": LETTER_FOR, "c": {}}
    base = "".join(
        of_kind[kind].get(character, character)
        for character, kind in zip(number, pattern, strict=True)
    )
    ways = {base}
    for index, kind in enumerate(pattern):
        if kind == "c" and base[index] in DIGIT_FOR:
            ways.add(base[:index] + DIGIT_FOR[base[index]] + base[index + 1 :])
    right = [way for way in ways - {number} if iban.is_valid(way)]
    return right[0] if len(right) == 1 else None


def _end(text: str, start: int, characters: int) -> int:
    """Where that many letters and digits from ``start`` on end."""
    for index in range(start, len(text)):
        characters -= text[index].isalnum()
        if not characters:
            return index + 1
    return len(text)


BIC = re.compile(r"(?<![A-Z0-9])[A-Z]{4} ?[A-Z]{2} ?[A-Z0-9]{2}(?: ?[A-Z0-9]{3})?(?![A-Z0-9])")


def find_bics(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Bank codes of a country that there is. Words may look the same, so only behind a label."""
    from extraction.fields.kinds.languages import country_of_code

    for match in BIC.finditer(text):
        code = compact(match[0])
        if country_of_code(code[4:6]):
            sure = any(c.isdigit() for c in code) or code.endswith("XXX") or code == text.strip()
            yield Hit(match.start(), match.end(), code, 0.9 if sure else 0.7)


CARD = re.compile(r"(?<![\w.,/-])(?:[0-9OISBl][ -]?){12,18}[0-9OISBl](?![\w/]|[.,]\d|[ -]\d)")
MASKED_CARD = re.compile(
    r"(?<![\w*•·#.])(?:\d{4}[ -]?|\d{6})?(?:[*xX•·#.]{2,12}+[ -]?){1,4}+(\d{4})(?!\d)"
)
# First digits and lengths of the cards there are.
ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12}|(?:5[06-9]|6)\d{11,18}|62\d{14,17}"
)
SHOWN = 4  # of a card's digits, the last


def find_cards(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Card numbers; all but the last four digits are masked, and those alone are where it stands.

    So the number itself goes nowhere but where the page's text goes.
    """
    from stdnum import luhn

    for match in CARD.finditer(text):
        read = compact(match[0])
        number = "".join(DIGIT_FOR.get(character, character) for character in read)
        if sum(character.isdigit() for character in read) < len(read) - 3:
            continue
        start = _last_digits(text, match.end())
        right = luhn.is_valid(number) and ISSUED.fullmatch(number) is not None
        certainty = (1.0 if number == read else 0.8) if right else 0.4
        notes = (MENDED,) if right and number != read else ()
        checks = {"checksum": luhn.is_valid(number)}
        if right or number == read:
            yield Hit(start, match.end(), _masked(number), certainty, checks, notes)
    for match in MASKED_CARD.finditer(text):
        if not any(mark in match[0] for mark in "*xX•·#") and match[0].count(".") < 4:
            continue
        yield Hit(match.start(1), match.end(), _masked("0" * 12 + match[1]), 0.9)


def _masked(number: str) -> str:
    return "*" * (len(number) - SHOWN) + number[-SHOWN:]


def _last_digits(text: str, end: int) -> int:
    """Where the last four characters of a number that ends there begin."""
    start, left = end, SHOWN
    while left:
        start -= 1
        left -= text[start].isalnum()
    return start
