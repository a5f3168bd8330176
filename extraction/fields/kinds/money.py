"""Amounts of money: a decimal number and an ISO 4217 currency as normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from extraction.fields.kinds.dates import find_dates
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
}  # fmt: skip
_CURRENCY = "|".join(
    [rf"\b{code}\b" for code in CURRENCIES]
    + [
        rf"(?<![^\W\d_]){re.escape(symbol)}(?![^\W\d_])"
        for symbol in sorted(SYMBOLS, key=len, reverse=True)
    ]
)
CURRENCY = re.compile(_CURRENCY)
MONEY = re.compile(
    rf"(?P<before>{_CURRENCY})?\s?(?P<sign>(?<!\w)[-(–])?\s?(?P<inner>{_CURRENCY})?\s?"
    r"(?<![\d.,/:])(?<!\w-)"
    r"(?P<number>\d{1,3}(?:[,.'’ \u00a0]\d{3})+(?:[.,]\d{1,2})?|\d+[.,]\d{1,2}|\d{1,7})"
    rf"(?![\d%/:]|[.,-]\d|\s?%)\)?\s?(?P<after>{_CURRENCY})?"
)


def find_money(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    dates = [(hit.start, hit.end) for hit in find_dates(text)]
    for match in MONEY.finditer(text):
        if any(match.start("number") < end and start < match.end() for start, end in dates):
            continue
        amount = decimal(match["number"])
        symbol = match["before"] or match["inner"] or match["after"]
        has_cents = bool(re.search(r"[.,]\d{2}$", match["number"]))
        inside = _beside_letters(text, match.start("number"), match.end("number"))
        if amount is None or (inside and not symbol and not has_cents):
            continue  # none, or a part of "AB123"
        if match["sign"] and (match["sign"] != "(" or ")" in match[0]):
            amount = -amount
        certainty = 1.0 if has_cents else 0.8 if symbol else 0.5
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        value = {"amount": f"{amount:.2f}", "currency": currency(symbol) if symbol else None}
        yield Hit(start, match.start() + len(match[0].rstrip()), value, certainty)


def _beside_letters(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isalpha() or text[end : end + 1].isalpha()


def currency(symbol: str) -> str:
    """The ISO 4217 code of a symbol or code; "$" alone counts as the US dollar."""
    return SYMBOLS.get(symbol, symbol)


def decimal(text: str) -> Decimal | None:
    """A number written with either decimal comma or point, and any thousands mark."""
    digits = re.sub(r"[ '’\u00a0]", "", text)
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and len(digits) - last - 1 <= 2:
        digits = re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :]
    else:
        digits = re.sub(r"[.,]", "", digits)
    return Decimal(digits) if digits.strip(".") else None
