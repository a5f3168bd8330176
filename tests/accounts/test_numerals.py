"""accounts/numerals.py and ocrsite/formats: numbers and dates as each language writes them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import override

from accounts.money import shown
from accounts.numerals import numeral
from ocrsite.formats.de.formats import DATES


def test_numbers_are_written_as_the_language_does() -> None:
    with override("en"):
        assert (numeral(1234.5, ",.2f"), numeral(1200)) == ("1,234.50", "1,200")
    with override("de"):
        assert (numeral(1234.5, ",.2f"), numeral(1200)) == ("1.234,50", "1.200")
        assert shown(Decimal("1234.5"), "EUR") == "1.234,50 EUR"


def test_dates_have_their_german_form() -> None:
    with override("de"):
        assert date_format(date(2026, 11, 28), "j M Y") == "28. Nov. 2026"
        assert date_format(date(2026, 3, 1), "j F Y") == "1. März 2026"


def test_every_date_of_the_pages_has_its_german_form() -> None:
    used = set()
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        if "admin" not in path.parts:
            used |= set(re.findall(r'\|date:"([^"]*\bj\b[^"]*|d M[^"]*)"', path.read_text()))
    assert used <= DATES.keys()
