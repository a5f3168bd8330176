"""Numbers and percentages: written with decimal comma or point, and any thousands mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

# A number's digits. Thousands in groups of three, or as in India: 1,23,456.
DIGITS = (
    r"\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,2})?"
)
MINUS = r"\-–−"  # within brackets of a pattern
NUMBER = re.compile(
    rf"(?<![\w.,/:])(?<!\d-)(?P<sign>[{MINUS}(])?\s?(?<![\d.,/:])(?P<number>{DIGITS}|\d{{1,12}}[.,]\d{{1,6}}|"
    rf"\d{{1,12}})(?![\d/:]|[.,-]\d)(?P<behind>\)|[{MINUS}](?!\w))?"
)
PERCENT = re.compile(
    r"\s?(?:%|‰|(?:percent|per cent|prozent|pour ?cent|por ciento|per ?cento|procent|peratus|"
    r"por cento|v\.?\s?H\.)(?!\w))",
    re.IGNORECASE,
)
AMBIGUOUS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")


def find_numbers(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Numbers that stand alone; surer without letters around them."""
    alone = not any(character.isalpha() for character in text)
    for match, value, notes in _numbers(text, writing):
        if not PERCENT.match(text, match.end()):
            yield Hit(match.start(), match.end(), value, 1.0 if alone else 0.8, notes=notes)


def find_percentages(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Numbers before a percent sign or word, and less surely those that stand alone."""
    for match, value, notes in _numbers(text, writing):
        sign = PERCENT.match(text, match.end())
        if sign:
            if "‰" in sign[0]:
                value = plain_decimal(Decimal(value) / 10)
            yield Hit(match.start(), sign.end(), value, 1.0, notes=notes)
        elif (
            abs(Decimal(value)) <= 100 and not text[match.end() : match.end() + 2].strip().isalnum()
        ):
            yield Hit(match.start(), match.end(), value, 0.5, notes=notes)


def _numbers(text: str, writing: Writing) -> Iterator[tuple[re.Match[str], str, tuple[str, ...]]]:
    for match in NUMBER.finditer(text):
        number, notes = read_decimal(match["number"], writing.decimal_mark)
        if is_negative(match["sign"], match["behind"]):
            number = -number
        yield match, plain_decimal(number), notes


def is_negative(sign: str | None, behind: str | None) -> bool:
    """Whether the mark before a number, or that behind it, makes it negative."""
    if sign == "(":
        return behind == ")"
    return bool(sign) or (behind or ")") != ")"


def read_decimal(text: str, mark: str | None = None) -> tuple[Decimal, tuple[str, ...]]:
    """A number, and notes of what had to be decided.

    ``mark`` is the document's decimal mark: it tells 1.234 from 1,234. Where it is not known, three
    digits behind the only mark are thousands.
    """
    digits = re.sub(r"[ '’\u00a0\u202f]", "", text)
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return Decimal(digits), ()
    notes: tuple[str, ...] = ()
    whole = len(digits) - last - 1 == 3 and digits.count(digits[last]) > 1
    if AMBIGUOUS.fullmatch(text):
        whole = digits[last] != mark
        if mark is None:
            notes = ("thousands_assumed",)
        else:
            notes = ("thousands_by_document",) if whole else ("decimals_by_document",)
    before = re.sub(r"[.,]", "", digits[:last]) or "0"
    return Decimal(before + ("" if whole else ".") + digits[last + 1 :]), notes


def plain_decimal(number: Decimal) -> str:
    """The number without exponent and needless zeros: "19.5", "1200"."""
    return f"{number.normalize() + 0:f}"
