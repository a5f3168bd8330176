"""The span of days that the analytics page is about, and the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

CUSTOM = "custom"
PERIODS = (
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("weeks", _("13 weeks")),
    ("month", _("This month")),
    ("last-month", _("Last month")),
    ("year", _("12 months")),
)
MOST_DAYS = 731
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
DAYS_BY_DAY, DAYS_BY_WEEK = 45, 200  # above, a bar is a week or a month


@dataclass(frozen=True, slots=True)
class Period:
    """Days of UTC, both ends in it; ``unit`` is what one bar of a chart stands for."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, up to the first."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def unit(self) -> str:
        """ "day", "week" or "month": so that a chart has a few dozen bars."""
        if self.days <= DAYS_BY_DAY:
            return "day"
        return "week" if self.days <= DAYS_BY_WEEK else "month"

    @property
    def buckets(self) -> list[date]:
        """The first day of each unit that has a day in it; weeks begin on Monday."""
        found = [self.bucket_of(self.first)]
        while (following := _next(found[-1], self.unit)) <= self.last:
            found.append(following)
        return found

    def bucket_of(self, day: date) -> date:
        """The first day of the unit in which the day lies."""
        if self.unit == "day":
            return day
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1)


class PeriodForm(forms.Form):
    """Which days: one of PERIODS, or a first and a last one."""

    period = forms.ChoiceField(choices=[*PERIODS, (CUSTOM, CUSTOM)], required=False)
    first = forms.DateField(
        label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """The days in order, and not too many."""
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if data.get("period") != CUSTOM or self.errors:
            return data
        if first is None or last is None:
            self.add_error(None, _("Choose a first and a last day."))
        elif first > last:
            self.add_error("last", _("The last day comes before the first."))
        elif first < EARLIEST or last > LATEST:
            self.add_error("first", _("Choose days from 2000 to 2099."))
        elif (last - first).days >= MOST_DAYS:
            self.add_error("first", _("Choose at most two years."))
        return data

    def chosen(self, today: date) -> tuple[str, Period]:
        """What a valid form asks for, and its name; the last 30 days if it says nothing."""
        name = self.cleaned_data.get("period") or "30"
        if name == CUSTOM:
            return name, Period(self.cleaned_data["first"], self.cleaned_data["last"])
        return name, preset(name, today)


def preset(name: str, today: date) -> Period:
    """One of PERIODS, of this day."""
    month = today.replace(day=1)
    if name == "month":
        return Period(month, today)
    if name == "weeks":  # whole weeks and months, so that no bar is short but the last
        return Period(today - timedelta(days=today.weekday() + 84), today)
    if name == "year":
        return Period((month - timedelta(days=320)).replace(day=1), today)
    if name == "last-month":
        last = month - timedelta(days=1)
        return Period(last.replace(day=1), last)
    return Period(today - timedelta(days=int(name) - 1), today)


def _next(day: date, unit: str) -> date:
    if unit == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1 if unit == "day" else 7)
