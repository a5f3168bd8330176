"""Amounts of money: a decimal number and an ISO 4217 currency as normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.currencies import CURRENCY, PATTERN, SHARED, currency
from extraction.fields.kinds.dates import find_dates
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing
from extraction.fields.kinds.numbers import DIGITS, MINUS, is_negative, read_decimal

__all__ = ["CURRENCY", "currency", "find_money"]

_WORDS = {
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pounds": "GBP",
    "ringgit": "MYR", "franken": "CHF", "zloty": "PLN", "złotych": "PLN", "rupees": "INR",
}  # fmt: skip
_WORD = rf"(?i:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![^\W\d_])"
MONEY = re.compile(
    rf"(?P<before>{PATTERN}|(?<![^\W\d_]){_WORD})?\s?(?P<sign>(?<!\w)[{MINUS}(])?\s?(?P<inner>{PATTERN})?\s?"
    r"(?<![\d.,/:])(?<!\w-)"
    rf"(?P<number>{DIGITS}|\d+[.,]\d{{1,2}}|\d{{1,7}})(?P<none>[.,](?:--?|–|—)(?!\d))?"
    rf"(?![\d%/:]|[.,-]\d|\s?%)(?P<behind>\)|[{MINUS}](?![\w{MINUS}]))?"
    rf"(?:\s?(?P<after>{PATTERN}|{_WORD})(?P<last>\)|[{MINUS}](?![\w{MINUS}]))?)?"
    r"(?:\s?(?P<side>(?:CR|DR|Cr|Dr)\.?)(?!\w))?"
)


def find_money(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Amounts from left to right; surest with cents, less with a currency alone.

    In statements, DR behind an amount makes it negative and CR does not; a note says so.
    """
    if not any(character.isdigit() for character in text):
        return
    dates = [(hit.start, hit.end) for hit in find_dates(text)]
    for match in MONEY.finditer(text):
        if any(match.start("number") < end and start < match.end() for start, end in dates):
            continue
        amount, notes = read_decimal(match["number"], writing.decimal_mark)
        symbol = match["before"] or match["inner"] or match["after"]
        has_cents = bool(re.search(r"[.,]\d{2}$", match["number"]) or match["none"])
        inside = _beside_letters(text, match.start("number"), match.end("number"))
        if inside and not symbol and not has_cents:
            continue  # a part of "AB123"
        side = (match["side"] or "").rstrip(".").upper()
        behind = match["behind"] or match["last"]
        if is_negative(match["sign"], behind if has_cents or behind == ")" else None):
            amount = -amount
        elif side:
            amount = -amount if side == "DR" else amount
            notes = (*notes, "debit" if side == "DR" else "credit")
        if symbol in SHARED:
            notes = (*notes, "currency_by_document" if writing.currency else "currency_assumed")
        certainty = 1.0 if has_cents else 0.8 if symbol else 0.5
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        value = {
            "amount": f"{amount:.{max(2, _decimals(amount))}f}",
            "currency": _currency(symbol, writing) if symbol else None,
        }
        end = match.start() + len(match[0].rstrip())
        yield Hit(start, end, value, certainty, notes=notes)


def _currency(symbol: str, writing: Writing) -> str:
    return _WORDS.get(symbol.lower()) or currency(symbol, writing)


def _decimals(amount: object) -> int:
    return len(str(amount).partition(".")[2])


def _beside_letters(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isalpha() or text[end : end + 1].isalpha()
