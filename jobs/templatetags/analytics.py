"""For the analytics page: its numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.numerals import numeral
from jobs.analytics import COUNT, MONEY, MONTH, SECONDS, SHARE
from jobs.templatetags.measures import seconds

register = template.Library()
NONE = "–"


@register.filter
def cell(value: Any, kind: str) -> str:
    """The value by what it is (``jobs.analytics``)."""
    if value is None:
        return NONE
    if kind == COUNT:
        return numeral(value, ",.0f" if value == int(value) else ",.1f")
    if kind == SHARE:
        return f"{numeral(100 * value, '.1f')} %"
    if kind == MONEY:
        return numeral(value, ",.2f")
    if kind == SECONDS:
        return "0 s" if value == 0 else length(value)
    if isinstance(value, date):
        return date_format(value, "M Y" if kind == MONTH else "j M Y")
    return str(value)


@register.filter
def length(value: float) -> str:
    """A length of time, in hours too: "2 h 5 min"."""
    minutes = round(value / 60)
    if minutes < 60:
        return seconds(value)
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def exact_length(value: float | Decimal) -> str:
    """A length of time that somebody has set, without what is 0 of it: "30 s", "2.5 s", "2 h"."""
    minutes, rest = divmod(Decimal(str(value)), 60)
    hours, minutes = divmod(minutes, 60)
    numbers = (
        (f"{hours:.0f}", "h"),
        (f"{minutes:.0f}", "min"),
        (numeral(rest.normalize(), "f"), "s"),
    )
    parts = [f"{number} {unit}" for number, unit in numbers if number.strip("0.,")]
    return " ".join(parts) or "0 s"


@register.filter
def in_percent(value: float | Decimal | None) -> str:
    """A share in percent, as exactly as it is known: "99.95 %"."""
    if value is None:
        return NONE
    decimals = len(f"{value:.3f}".rstrip("0").partition(".")[2])
    return f"{numeral(value, f'.{decimals}f')} %"


@register.filter
def growth(change: float) -> str:
    """ "+12 %", "−3 %", "±0 %"; without a number where it is tenfold and more."""
    part = round(100 * change)
    if part >= 1000:
        return _("ten times and more")
    return f"{'+' if part > 0 else '−' if part < 0 else '±'}{abs(part)} %"


@register.filter
def at(columns: Sequence[Any], index: int) -> Any:
    """The one at that place."""
    return columns[index]
