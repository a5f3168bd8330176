"""For templates: times, shares, amounts and found values as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts.money import shown
from accounts.numerals import numeral
from extraction.fields import CATALOGUE
from jobs.labels import field_label
from jobs.models import FieldValue, Job
from jobs.review_words import to_look_at
from jobs.viewer import size

register = template.Library()


@register.filter
def ago(moment: datetime) -> str:
    """How long ago a moment was, or its date when that was more than a day ago."""
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < 60:
        return gettext("just now")
    if seconds < 3600:
        return gettext("%(count)d min ago") % {"count": seconds // 60}
    if seconds < 86_400:
        return gettext("%(count)d h ago") % {"count": seconds // 3600}
    return date_format(timezone.localtime(moment), "j M Y")


@register.filter
def exactly(moment: datetime) -> str:
    """A moment with its time zone: "22 Nov 2026, 14:05:09 UTC"."""
    return date_format(timezone.localtime(moment), "j M Y, H:i:s T")


@register.filter
def took(job: Job) -> str:
    """From start to end, "" where the job has not done both."""
    if not job.started_at or not job.finished_at:
        return ""
    return seconds((job.finished_at - job.started_at).total_seconds())


@register.filter
def seconds(value: float) -> str:
    """A length of time: "under 0.1 s", "0.8 s", "12 s", "3 min 5 s"."""
    if value < 0.1:
        return gettext("under 0.1 s")
    if value < 10:
        return f"{numeral(value, '.1f')} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def left(value: float) -> str:
    """An estimate of what is left, no finer than it is good: "some seconds left"."""
    if value < 45:
        return gettext("some seconds left")
    minutes = round(value / 60)
    if minutes < 90:
        return gettext("about %(count)d min left") % {"count": max(minutes, 1)}
    return gettext("about %(count)d h left") % {"count": round(minutes / 60)}


register.filter(size)
register.filter(to_look_at)


@register.filter
def percent(share: float | None) -> str:
    """A confidence from 0 to 1 as "98 %", rounded down so that only 1 is 100 %; "" for None."""
    return "" if share is None else f"{int(share * 100 + 1e-9)} %"


@register.filter
def decimals(number: float, places: int) -> str:
    """A number with so many decimals."""
    return numeral(number, f",.{places}f")


@register.filter
def rate(percent: Decimal) -> str:
    """A rate without zeros at its end: "19", "7.5"."""
    return numeral(percent.normalize(), "f")


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """An amount as `accounts.money.shown`."""
    return shown(amount, currency)


@register.filter
def field_value(value: Any) -> str:
    """A found value: text as it is, money with its currency, addresses in one line, else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "amount" in value:
        return f"{value['amount']} {value.get('currency') or ''}".strip()
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        return value["text"]
    return json.dumps(value, ensure_ascii=False)


@register.filter
def table_rows(found: FieldValue) -> list[list[str]]:
    """The rows of a table field as text, headings first, columns as in the catalogue."""
    rows = found.value or []
    given = dict.fromkeys(name for row in rows for name in row)
    known = {c.name: field_label(c) for f in CATALOGUE if f.name == found.name for c in f.columns}
    names = [*(name for name in known if name in given), *(n for n in given if n not in known)]
    headings = [known.get(name, name.replace("_", " ").capitalize()) for name in names]
    return [headings, *([field_value(row.get(name)) for name in names] for row in rows)]
