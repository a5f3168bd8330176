"""What an organisation has read over a period, beside the period before: figures, charts, tables.

All of it is read off sums (`jobs.job_sums`, `accounts.usage_sums`), never off jobs: five queries,
whatever there is. The tables are what the page shows and what its CSV holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import usage_sums
from accounts.models import Tenant
from accounts.usage_sums import Share
from jobs import analytics_charts, job_sums
from jobs.analytics_charts import Chart, Series
from jobs.analytics_periods import Period
from jobs.job_sums import DAY, ENGINE, TEMPLATE, WHOLE, Ended

# What a cell holds; how it is written for people is the filter ``cell``'s
TEXT, DATE, MONTH = "text", "date", "month"
COUNT, SHARE, SECONDS, MONEY = "count", "share", "seconds", "money"
TABLES = ("engine", "template", "day")
UNIT_TITLES = {
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week from"),
    "month": gettext_lazy("Month"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """``name`` heads it in the CSV, ``title`` on the page."""

    name: str
    title: Promise | str
    kind: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are shown and downloaded; the first column names each."""

    key: str
    title: Promise | str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number over the whole period, and what it was in the one before; None is none."""

    title: Promise | str
    kind: str
    now: Any
    before: Any
    currency: str = ""

    @property
    def change(self) -> float | None:
        """By which part it has grown; None where there is nothing to compare with."""
        if not self.before or self.now is None or self.kind == SHARE:
            return None
        return float(self.now) / float(self.before) - 1


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows of a period."""

    period: Period
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    empty: bool

    @property
    def unit(self) -> Promise:
        """What a bar stands for."""
        return UNIT_TITLES[self.period.unit]


def report(tenant: Tenant, period: Period) -> Report:
    """The period's; three queries."""
    now = job_sums.ended(tenant, period.first, period.last, period.unit)
    before = job_sums.ended(tenant, period.before.first, period.before.last, period.unit)
    span = usage_sums.Span(period.before.first, period.last, tenant.pk)
    shares = usage_sums.by_day_and_engine(span)
    current = [share for share in shares if share.key >= period.first]
    currencies = sorted({share.currency for share in shares if share.currency})
    whole, whole_before = now[WHOLE].get("", Ended()), before[WHOLE].get("", Ended())
    earlier = [share for share in shares if share.key < period.first]
    return Report(
        period,
        _figures(whole, whole_before, currencies, _costs(current), _costs(earlier)),
        _charts(period, now[DAY], current, currencies),
        _tables(period, now, current, currencies),
        empty=not whole.ends,
    )


def _costs(shares: Sequence[Share]) -> Mapping[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for share in shares:
        found[share.currency] += share.cost
    return found


def _figures(
    now: Ended,
    before: Ended,
    currencies: Sequence[str],
    cost: Mapping[str, Decimal],
    cost_before: Mapping[str, Decimal],
) -> tuple[Figure, ...]:
    return (
        Figure(_("Documents"), COUNT, now.documents, before.documents),
        Figure(_("Pages read"), COUNT, now.pages, before.pages),
        *(
            Figure(
                _("Cost of pages"),
                MONEY,
                cost.get(currency, Decimal()),
                cost_before.get(currency, Decimal()),
                currency,
            )
            for currency in currencies
        ),
        Figure(_("Failed"), SHARE, _share(now.failed, now), _share(before.failed, before)),
        Figure(_("Read before"), SHARE, _share(now.cached, now), _share(before.cached, before)),
        Figure(
            _("Sent to review"), SHARE, _share(now.reviews, now), _share(before.reviews, before)
        ),
        Figure(_("Half were done within"), SECONDS, now.within(0.5), before.within(0.5)),
        Figure(_("95 of 100 were done within"), SECONDS, now.within(0.95), before.within(0.95)),
    )


def _share(part: int, of: Ended) -> float | None:
    return part / of.ends if of.ends else None


def _charts(
    period: Period,
    by_bucket: Mapping[str, Ended],
    shares: Sequence[Share],
    currencies: Sequence[str],
) -> tuple[Chart, ...]:
    buckets = period.buckets
    names = [bucket_name(period, bucket) for bucket in buckets]
    ended = [by_bucket.get(bucket.isoformat(), Ended()) for bucket in buckets]
    charts = [
        analytics_charts.bars(
            "pages", _("Pages by engine"), COUNT, names, _by_engine(period, shares, "pages")
        ),
        analytics_charts.bars(
            "documents",
            _("Documents by what became of them"),
            COUNT,
            names,
            [
                Series(_("Read"), [each.read for each in ended]),
                Series(_("Read before"), [each.cached for each in ended]),
                Series(_("Failed"), [each.failed for each in ended]),
                Series(_("Cancelled"), [each.cancelled for each in ended]),
            ],
        ),
        analytics_charts.lines(
            "time",
            _("From sent to done"),
            SECONDS,
            names,
            [
                Series(_("Half were done within"), [each.within(0.5) for each in ended]),
                Series(_("95 of 100 were done within"), [each.within(0.95) for each in ended]),
            ],
        ),
    ]
    for currency in currencies:
        paid = [share for share in shares if share.currency == currency]
        title = _("Cost of pages by engine, %(currency)s") % {"currency": currency}
        series = _by_engine(period, paid, "cost")
        charts.append(analytics_charts.bars(f"cost-{currency}", title, MONEY, names, series))
    return tuple(charts)


def _by_engine(period: Period, shares: Sequence[Share], number: str) -> list[Series]:
    """A series for each engine that was used much, one for all others."""
    totals: dict[str, Any] = defaultdict(int)
    for share in shares:
        totals[share.name] += getattr(share, number)
    named, others = analytics_charts.most_used(totals)
    series_of = {**{name: name for name in named}, **dict.fromkeys(others, "")}
    added: dict[tuple[date, str], Any] = defaultdict(int)
    for share in shares:
        added[period.bucket_of(share.key), series_of[share.name]] += getattr(share, number)
    keys = [*named, *([""] if others else [])]
    return [
        Series(key or _("Others"), [added[bucket, key] for bucket in period.buckets])
        for key in keys
    ]


def _tables(
    period: Period,
    now: Mapping[str, Mapping[str, Ended]],
    shares: Sequence[Share],
    currencies: Sequence[str],
) -> tuple[Table, ...]:
    by_bucket: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    by_engine: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for share in shares:
        by_bucket[period.bucket_of(share.key), share.currency] += share.cost
        by_engine[share.name, share.currency] += share.cost
    cost = tuple(
        Column(f"cost_{currency}", _("Cost, %(currency)s") % {"currency": currency}, MONEY)
        for currency in currencies
    )
    engines = sorted(now[ENGINE].items(), key=lambda each: (-each[1].pages, each[0]))
    templates = sorted(now[TEMPLATE].items(), key=lambda each: (-each[1].pages, each[0]))
    return (
        Table(
            "engine",
            _("By engine"),
            (Column("engine", _("Engine"), TEXT), *_columns(), *cost),
            tuple(
                (name, *_cells(ended), *(by_engine[name, each] for each in currencies))
                for name, ended in engines
            ),
        ),
        Table(
            "template",
            _("By template"),
            (Column("template", _("Template"), TEXT), *_columns()),
            tuple((name or _("Without a template"), *_cells(ended)) for name, ended in templates),
        ),
        Table(
            "day",
            _("By time"),
            (
                Column(
                    period.unit, UNIT_TITLES[period.unit], MONTH if period.unit == "month" else DATE
                ),
                *_columns(),
                *cost,
            ),
            tuple(
                (bucket, *_cells(ended), *(by_bucket[bucket, each] for each in currencies))
                for bucket in reversed(period.buckets)
                if (ended := now[DAY].get(bucket.isoformat()))
            ),
        ),
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("documents", _("Documents"), COUNT),
        Column("pages", _("Pages"), COUNT),
        Column("failed", _("Failed"), COUNT),
        Column("read_before", _("Read before"), COUNT),
        Column("sent_to_review", _("Sent to review"), COUNT),
        Column("seconds_half", _("Half within"), SECONDS),
        Column("seconds_95", _("95 of 100 within"), SECONDS),
    )


def _cells(ended: Ended) -> tuple[Any, ...]:
    return (
        ended.documents,
        ended.pages,
        ended.failed,
        ended.cached,
        ended.reviews,
        ended.within(0.5),
        ended.within(0.95),
    )


def bucket_name(period: Period, bucket: date) -> str:
    """A bar's name: "12 Nov", or "Nov 2026" where it is a month."""
    return date_format(bucket, "M Y" if period.unit == "month" else "j M")
