"""Currencies: ISO 4217 codes, their symbols and names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

CURRENCIES = re.findall(
    r"\w+",
    "AED AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP "
    "PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR",
)
SYMBOLS = {
    "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "S$": "SGD", "A$": "AUD", "C$": "CAD",
    "HK$": "HKD", "R$": "BRL", "RM": "MYR", "zł": "PLN", "zl": "PLN", "₹": "INR", "Rs": "INR",
    "Rs.": "INR", "¥": "JPY", "₩": "KRW", "₺": "TRY", "Kč": "CZK", "Fr.": "CHF", "kr": "SEK",
    "NZ$": "NZD", "SFr.": "CHF", "Ft": "HUF", "₽": "RUB", "฿": "THB", "₫": "VND", "₴": "UAH",
    "₪": "ILS",
}  # fmt: skip
# Symbols of several currencies: the document may tell which.
SHARED = {
    "$": {"USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"},
    "kr": {"SEK", "NOK", "DKK"},
    "¥": {"JPY", "CNY"},
}
_SYMBOLS = "|".join(re.escape(symbol) for symbol in sorted(SYMBOLS, key=len, reverse=True))
# What is around them stands outside: so the first letter tells of most that they are not there
PATTERN = rf"\b(?:{'|'.join(CURRENCIES)})\b|(?<![^\W\d_])(?:{_SYMBOLS})(?![^\W\d_])"
CURRENCY = re.compile(PATTERN)
WORD = re.compile(r"[^\W\d_]{2,20}")
MOST_WORDS = 3


def currency(symbol: str, writing: Writing = UNKNOWN) -> str:
    """The ISO 4217 code of a symbol or code; "$" alone counts as the US dollar."""
    if writing.currency in SHARED.get(symbol, ()):
        return str(writing.currency)
    return SYMBOLS.get(symbol, symbol)


def find_currencies(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Codes and symbols, else names: "Euro", "US dollars", "ringgit"; of names the first."""
    from extraction.fields.kinds.languages import currency_names, plain

    found = False
    for match in CURRENCY.finditer(text):
        found = True
        shared = match[0] in SHARED
        notes = ("currency_by_document" if writing.currency else "currency_assumed",)
        value = currency(match[0], writing)
        yield Hit(
            match.start(), match.end(), value, 0.8 if shared else 1.0, notes=notes if shared else ()
        )
    if found:
        return
    words = list(WORD.finditer(text))
    for index, first in enumerate(words):
        for last in reversed(words[index : index + MOST_WORDS]):
            code = currency_names().get(plain(text[first.start() : last.end()]))
            if code:
                yield Hit(first.start(), last.end(), code, 0.9)
                return
