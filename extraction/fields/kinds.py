"""Kinds of values: find them in a line of text, check them, bring them to their normal form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """A value in a text: where it stands, its normal form, and how surely it is of its kind."""

    start: int
    end: int
    value: Any
    certainty: float


def find(kind: str, text: str) -> list[Hit]:
    """The values of that kind in the text, from left to right. ``kind`` is a key of ``KINDS``."""
    return list(KINDS[kind](text))


# Dates --------------------------------------------------------------------------------------

LANGUAGES = ["en", "de", "fr", "es", "it", "pl", "ms", "nl", "pt"]
NUMERIC_DATE = re.compile(r"(?<![\d.,/-])(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{2,4})(?!\d)")
_MONTH = r"[^\W\d_]{3,12}"
NAMED_DATE = re.compile(
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?[\s./-]{{0,2}}(?:de\s)?{_MONTH}\.?"
    rf"[\s,./-]{{0,3}}(?:de\s)?(?:\d{{4}}|'?\d{{2}})(?!\d)"
    rf"|(?<!\w){_MONTH}\.?\s{{0,2}}\d{{1,2}}(?:st|nd|rd|th)?\s?,?\s{{0,2}}\d{{4}}(?!\d)",
    re.IGNORECASE,
)
FIRST_YEAR, LAST_YEAR = 1970, 2099


def _dates(text: str) -> Iterator[Hit]:
    hits = []
    for match in NUMERIC_DATE.finditer(text):
        day = _numeric_date(match[1], match[3], match[4])
        if day:
            hits.append(Hit(match.start(), match.end(), day.isoformat(), 1.0))
    for match in NAMED_DATE.finditer(text):
        named = _named_date(match[0])
        if named:
            hits.append(Hit(match.start(), match.end(), named.isoformat(), 1.0))
    yield from sorted(hits, key=lambda hit: hit.start)


def _numeric_date(first: str, second: str, third: str) -> date | None:
    """Year first where it has four digits; else day first, unless only month first is a date."""
    if len(first) == 4:
        return _date(int(first), int(second), int(third))
    if len(first) > 2 or len(third) == 3:
        return None
    year = int(third) if len(third) == 4 else _full_year(int(third))
    return _date(year, int(second), int(first)) or _date(year, int(first), int(second))


def _full_year(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def _date(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _named_date(text: str) -> date | None:
    import dateparser  # type: ignore[import-untyped]  # slow: only where a month has a name

    settings = {
        "DATE_ORDER": "DMY",
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
    }
    cleaned = re.sub(r"\s+", " ", text.replace("'", "")).strip()
    found = dateparser.parse(cleaned, languages=LANGUAGES, settings=settings)
    return _date(found.year, found.month, found.day) if found else None


# Money --------------------------------------------------------------------------------------

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


def _money(text: str) -> Iterator[Hit]:
    dates = [(hit.start, hit.end) for hit in _dates(text)]
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


# Numbers with a check -----------------------------------------------------------------------

IBAN_START = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?=[A-Z0-9 ])", re.IGNORECASE)
VAT_START = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[A-Z]?(?=[ .-]?[0-9A-Z])", re.IGNORECASE)
PART_END = re.compile(r"(?<=[A-Z0-9])(?![A-Z0-9])", re.IGNORECASE)


def _ibans(text: str) -> Iterator[Hit]:
    from stdnum import iban

    for match in IBAN_START.finditer(text):
        for end in _ends(text, match.start(), 34 + 12):
            if iban.is_valid(text[match.start() : end]):
                value = iban.compact(text[match.start() : end])
                yield Hit(match.start(), end, value, 1.0)
                break


def _vat_numbers(text: str) -> Iterator[Hit]:
    from stdnum.ch import vat as swiss
    from stdnum.eu import vat as european
    from stdnum.gb import vat as british

    for match in VAT_START.finditer(text):
        for end in _ends(text, match.start(), 20):
            part = text[match.start() : end]
            checks = {"GB": british, "CH": swiss}.get(part[:2].upper(), european)
            if checks.is_valid(part):
                value = re.sub(r"[^A-Z0-9]", "", part.upper())
                yield Hit(match.start(), end, value, 1.0)
                return
    # Other countries' numbers, believed only behind a label.
    for hit in _ids(text):
        if sum(character.isdigit() for character in hit.value) >= 6:
            yield Hit(hit.start, hit.end, hit.value, 0.6)


def _ends(text: str, start: int, longest: int) -> list[int]:
    """Where a number beginning at ``start`` may end, the longest first."""
    piece = text[start : start + longest]
    return [start + m.start() for m in PART_END.finditer(piece) if m.start() > 4][::-1]


# Words --------------------------------------------------------------------------------------

ID = re.compile(r"(?<![\w/#-])#?[A-Z0-9][\w/.*-]*", re.IGNORECASE)


def _ids(text: str) -> Iterator[Hit]:
    """Words with a digit; dates, amounts and percentages are no identifiers."""
    for match in ID.finditer(text):
        word = match[0].rstrip(".-/*")
        digits = sum(character.isdigit() for character in word)
        if not digits or len(word) < 2 or re.fullmatch(r"\d+[.,]\d{2}", word):
            continue
        if NUMERIC_DATE.fullmatch(word) or text[match.end() : match.end() + 1] == "%":
            continue
        certainty = 1.0 if digits >= 3 else 0.6
        yield Hit(match.start(), match.start() + len(word), word, certainty)


COMPANY = re.compile(
    r"(?<!\w)(?:GmbH(?: & Co\.? ?KG)?|(?-i:AG|KG|UG|SA|NV|BV|AB|SL|SAS|SRL|SpA|SARL|Oy)|e\.K\.|"
    r"Ltd|Limited|LLC|Inc|Corp|Corporation|PLC|LLP|S\.A\.(?:R\.L\.|S\.)?|S\.L\.U?|S\.p\.A|"
    r"S\.r\.l|B\.V|N\.V|Sp\. ?z ?o\. ?o|Sdn\.? ?Bhd|S/B|Bhd|Pte\.? Ltd|Pty\.? Ltd|A/S)\.?(?!\w)",
    re.IGNORECASE,
)
REGISTRATION = re.compile(r"[\s(\[]*(?:reg\.?|no\.?|co\.?|\W)*\d[\w\s./-]*\W*$", re.IGNORECASE)


def _text(text: str) -> Iterator[Hit]:
    stripped = text.strip(" :;,-–#")
    if sum(character.isalpha() for character in stripped) >= 2:
        start = text.index(stripped)
        yield Hit(start, start + len(stripped), stripped, 0.8)


def _companies(text: str) -> Iterator[Hit]:
    """A name up to its legal form, or without the registration number that often follows it."""
    for hit in _text(text):
        form = COMPANY.search(hit.value)
        if form and form.start() > 2:
            name = hit.value[: form.end()]
        else:
            name = REGISTRATION.sub("", hit.value).rstrip(" ,;:-(")
        if sum(character.isalpha() for character in name) >= 3:
            yield Hit(hit.start, hit.start + len(name), name, hit.certainty)


KINDS: dict[str, Callable[[str], Iterator[Hit]]] = {
    "date": _dates,
    "money": _money,
    "iban": _ibans,
    "vat": _vat_numbers,
    "id": _ids,
    "company": _companies,
    "text": _text,
}
