"""Dates: in digits, or with the month's name; ISO 8601 as normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

NUMERIC_DATE = re.compile(r"(?<![\d.,/-])(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{2,4})(?!\d)")
# Without marks: 20240517, or in the boxes of a form 17 05 2024.
BARE_DATE = re.compile(
    r"(?<![\w.,/-])(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\w.,/-])"
    r"|(?<![\w.,/-])(?<!\d )(?P<first>[0-3]\d) (?P<second>[0-3]\d) (?P<third>(?:19|20)\d{2})"
    r"(?![\w.,/-]| \d)"
)
_MONTH = r"[^\W\d_]{3,12}"
_YEAR = r"(?:\d{4}|['’]?\d{2})(?!\d)"
NAMED_DATE = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°|ª)?[\s./-]{{0,2}}(?:(?:de|of)\s)?"
    rf"(?P<month>{_MONTH})\.?(?:\s?/\s?{_MONTH}\.?)?[\s,./-]{{0,3}}(?:del?\s)?(?P<year>{_YEAR})"
    rf"|(?<!\w)(?P<month2>{_MONTH})\.?\s{{0,2}}(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s?,?\s{{0,2}}"
    r"(?P<year2>\d{4})(?!\d)"
    rf"|(?<!\d)(?P<year3>\d{{4}})[\s.-](?P<month3>{_MONTH})[\s.-](?P<day3>\d{{1,2}})(?!\d)",
    re.IGNORECASE,
)
FIRST_YEAR, LAST_YEAR = 1900, 2099
THIS_CENTURY = 70  # two digits below it are a year of the 2000s
UNSURE_FROM = 40  # two digits from it may be of either century


def find_dates(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Dates from left to right; notes say how day and month, or the century, were told."""
    hits = []
    for match in NUMERIC_DATE.finditer(text):
        hits += _hit(match, *_numeric_date(match[1], match[3], match[4], writing), 1.0)
    for match in BARE_DATE.finditer(text):
        if match["year"]:
            day = _date(int(match["year"]), int(match["month"]), int(match["day"]))
            hits += _hit(match, day, (), 0.7)
        else:
            found = _numeric_date(match["first"], match["second"], match["third"], writing)
            hits += _hit(match, *found, 0.7)
    if any(character.isdigit() for character in text):
        hits += _named_dates(text)
    yield from sorted(hits, key=lambda hit: hit.start)


def _hit(
    match: re.Match[str], day: date | None, notes: tuple[str, ...], certainty: float
) -> list[Hit]:
    if not day:
        return []
    return [Hit(match.start(), match.end(), day.isoformat(), certainty, notes=notes)]


def _numeric_date(
    first: str, second: str, third: str, writing: Writing
) -> tuple[date | None, tuple[str, ...]]:
    """Year first where it has four digits; else as the document writes, where both are dates."""
    if len(first) == 4:
        return _date(int(first), int(second), int(third)), ()
    if len(first) > 2 or len(third) == 3:
        return None, ()
    year, notes = _full_year(third)
    day_first = _date(year, int(second), int(first))
    month_first = _date(year, int(first), int(second))
    if not day_first or not month_first or day_first == month_first:
        return day_first or month_first, notes
    if writing.day_first is None:
        return day_first, (*notes, "day_first_assumed")
    if writing.day_first:
        return day_first, (*notes, "day_first_by_document")
    return month_first, (*notes, "month_first_by_document")


def _full_year(written: str) -> tuple[int, tuple[str, ...]]:
    year = int(written)
    if len(written) == 4:
        return year, ()
    century = 2000 if year < THIS_CENTURY else 1900
    return century + year, ("century_assumed",) if year >= UNSURE_FROM else ()


def _date(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _named_dates(text: str) -> Iterator[Hit]:
    position = 0
    while match := NAMED_DATE.search(text, position):
        found = _hit(match, *_named_date(match), 1.0)
        yield from found
        # The day of a date may have been taken for the year of none: "2 bottles 12 May 2018".
        position = match.end() if found else match.start() + 1


def _named_date(match: re.Match[str]) -> tuple[date | None, tuple[str, ...]]:
    from extraction.fields.kinds.languages import months, plain

    month = match["month"] or match["month2"] or match["month3"]
    number = months().get(plain(month))
    if number is None:
        return None, ()
    day = match["day"] or match["day2"] or match["day3"]
    year, notes = _full_year((match["year"] or match["year2"] or match["year3"]).strip("'’"))
    return _date(year, number, int(day)), notes
