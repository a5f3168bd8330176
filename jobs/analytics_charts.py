"""Charts of the analytics page: numbers for an SVG that is stretched to the width there is.

Drawn by templates/jobs/_chart.html: bars and lines in the SVG, texts around it, so that these stay
readable on a phone; colours are the stylesheet's. Every chart has its table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise

STEP, HEIGHT = 10.0, 100.0  # the width of a bar's place and all of the height, in the SVG's units
GAP = 1.5  # on both sides of a bar
LABELS = 5  # below a chart, at most
COLOURS = 6  # that the stylesheet has; what comes later is one series
NICE = (1, 2, 4, 6, 8)  # times a power of ten: what may stand at the top, half of it whole
Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of number along the chart; None where there is none."""

    name: str
    values: Sequence[Number | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of series ``colour`` (from 1), and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    bucket: str
    series: str
    value: Number


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one series that follow each other, as SVG wants them."""

    points: str
    colour: int


@dataclass(frozen=True, slots=True)
class Chart:
    """``kind`` says what its numbers are: one of those of the filter ``cell``.

    ``scale`` is what stands at its top, middle and foot; ``names`` are below, "" where not shown.
    """

    key: str
    title: Promise | str
    kind: str
    width: float
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    scale: tuple[Number, Number, Number]
    names: tuple[str, ...]
    buckets: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def rows(self) -> list[tuple[str, list[Any]]]:
        """The table behind it: each bucket with a number of each series."""
        return [
            (name, [each.values[index] for each in self.series])
            for index, name in enumerate(self.buckets)
        ]


def bars(
    key: str, title: Promise | str, kind: str, buckets: Sequence[str], series: Sequence[Series]
) -> Chart:
    """A bar for each bucket, of a piece for each series."""
    high = [sum(float(each.values[at] or 0) for each in series) for at in range(len(buckets))]
    top = _top(max(high, default=0))
    drawn = []
    for at, bucket in enumerate(buckets):
        y = HEIGHT
        for colour, each in enumerate(series, 1):
            value = each.values[at]
            if value:
                tall = float(value) / top * HEIGHT
                y -= tall
                x = at * STEP + GAP
                width = STEP - 2 * GAP
                drawn.append(
                    Bar(x, round(y, 2), width, round(tall, 2), colour, bucket, each.name, value)
                )
    return _chart(key, title, kind, buckets, series, top, bars_=tuple(drawn))


def lines(
    key: str, title: Promise | str, kind: str, buckets: Sequence[str], series: Sequence[Series]
) -> Chart:
    """A line for each series, broken where there is no number."""
    known = [float(value) for each in series for value in each.values if value is not None]
    top = _top(max(known, default=0))
    drawn = [
        Line(_points(run, top), colour)
        for colour, each in enumerate(series, 1)
        for run in _runs(each.values)
    ]
    return _chart(key, title, kind, buckets, series, top, lines_=tuple(drawn))


def most_used(totals: Mapping[str, Number]) -> tuple[list[str], list[str]]:
    """The names with the largest numbers, which have a colour each, and the others."""
    names = sorted(totals, key=lambda name: (-totals[name], name))
    if len(names) <= COLOURS:
        return names, []
    return names[: COLOURS - 1], names[COLOURS - 1 :]


def _top(highest: float) -> float:
    """The next nice number, from 2 on."""
    if highest <= 2:
        return 2.0
    size = 10.0 ** int(math.log10(highest))
    return next(first * size for first in (*NICE, 10) if first * size >= highest)


def _runs(values: Sequence[Number | None]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((at, float(value)))
    return [run for run in found if run]


def _points(run: list[tuple[int, float]], top: float) -> str:
    places = [((at + 0.5) * STEP, HEIGHT - value / top * HEIGHT) for at, value in run]
    if len(places) == 1:  # alone it is a dash
        (x, y) = places[0]
        places = [(x - STEP / 4, y), (x + STEP / 4, y)]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in places)


def _chart(
    key: str,
    title: Promise | str,
    kind: str,
    buckets: Sequence[str],
    series: Sequence[Series],
    top: float,
    *,
    bars_: tuple[Bar, ...] = (),
    lines_: tuple[Line, ...] = (),
) -> Chart:
    every = max(1, -(-len(buckets) // LABELS))
    names = tuple(
        name if at % every == (every // 2 if every > 1 else 0) else ""
        for at, name in enumerate(buckets)
    )
    scale = (top, top / 2, 0)
    width = max(len(buckets), 1) * STEP
    return Chart(
        key, title, kind, width, bars_, lines_, scale, names, tuple(buckets), tuple(series)
    )
