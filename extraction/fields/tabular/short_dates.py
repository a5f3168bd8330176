"""Dates without a year, as "03.02." in a bank statement: the year that other dates tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from extraction.fields.kinds import Writing
from extraction.fields.kinds.dates import find_dates
from extraction.fields.kinds.languages import months, plain
from extraction.types import Page

MOST_LINES = 400  # looked at for dates
NUMERIC = re.compile(r"(\d{1,2})\s?[./-]\s?(\d{1,2})\.?")
NAMED = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s./-]*(?P<month>[^\W\d_]{3,12})\.?"
    r"|(?P<month2>[^\W\d_]{3,12})\.?\s?(?P<day2>\d{1,2})(?:st|nd|rd|th)?"
)


class Calendar:
    """The dates that a document is known to be about."""

    def __init__(self, pages: Sequence[Page], found: Iterable[str], writing: Writing) -> None:
        """``found`` are dates of fields already found, ISO 8601; without any, all on the pages."""
        self._pages, self._writing = pages, writing
        self._known = [date.fromisoformat(day) for day in found]

    def date_of(self, text: str) -> str | None:
        """The date, ISO 8601, of a text that is nothing but a day and a month; None if it is not.

        Of the years it may be, the one that brings it nearest to a date that is known.
        """
        day_month = self._day_and_month(text.strip())
        if day_month is None:
            return None
        if not self._known:
            self._known = self._on_pages() or [date.min]
        if self._known == [date.min]:
            return None
        day, month = day_month
        years = {known.year + step for known in self._known for step in (-1, 0, 1)}
        likely = [found for year in years if (found := _date(year, month, day))]
        nearest = min(
            likely, key=lambda one: min(abs((one - known).days) for known in self._known),
            default=None,
        )  # fmt: skip
        return nearest.isoformat() if nearest else None

    def _day_and_month(self, text: str) -> tuple[int, int] | None:
        if match := NUMERIC.fullmatch(text):
            first, second = int(match[1]), int(match[2])
            month_first = self._writing.day_first is False or second > 12
            return (second, first) if month_first else (first, second)
        if match := NAMED.fullmatch(text):
            month = months().get(plain(match["month"] or match["month2"]))
            return (int(match["day"] or match["day2"]), month) if month else None
        return None

    def _on_pages(self) -> list[date]:
        lines = [line.text for page in self._pages for line in page.lines][:MOST_LINES]
        return [
            date.fromisoformat(hit.value)
            for text in lines
            for hit in find_dates(text, self._writing)
        ]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
