"""Dates: in digits, or with the month's name; ISO 8601 as normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

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


def find_dates(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
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
