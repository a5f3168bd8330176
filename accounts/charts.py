"""Bar charts as numbers for an SVG that the server draws (templates/admin/_bars.html).

No script and no style attribute, so that they stand under a strict Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.numerals import numeral

WIDTH, HEIGHT = 900, 220
LEFT, BOTTOM, TOP = 70, 24, 10  # room for the numbers, the names, and nothing
# Told apart by eyes that see few colours, on light and dark (Okabe and Ito, 2008)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A")


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars above names; ``legend`` is of colours and what they stand for."""

    title: str
    width: int
    height: int
    blocks: tuple[Block, ...]
    names: tuple[Label, ...]
    numbers: tuple[Label, ...]
    legend: tuple[tuple[str, str], ...]


def stacked_bars(
    title: str,
    names: Sequence[str],
    series: Mapping[str, Sequence[int | float | Decimal]],
    *,
    unit: str = "",
) -> Chart:
    """A bar for each name, made of a block of each series; values below 0 are drawn as 0."""
    values = {key: [max(float(value), 0.0) for value in row] for key, row in series.items()}
    highest = max((sum(column) for column in zip(*values.values(), strict=True)), default=0.0)
    top = _round_up(highest)
    high, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / max(len(names), 1)
    blocks = []
    for index, name in enumerate(names):
        y = float(HEIGHT - BOTTOM)
        for number, (key, row) in enumerate(values.items()):
            if row[index]:
                tall = row[index] / top * high
                y -= tall
                blocks.append(
                    Block(
                        round(LEFT + index * step + step * 0.1, 1),
                        round(y, 1),
                        round(step * 0.8, 1),
                        round(max(tall, 0.5), 1),
                        COLOURS[number % len(COLOURS)],
                        f"{name}, {key}: {_number(row[index])} {unit}".rstrip(),
                    )
                )
    every = max(1, -(-len(names) // 12))
    return Chart(
        title,
        WIDTH,
        HEIGHT,
        tuple(blocks),
        tuple(
            Label(round(LEFT + (index + 0.5) * step, 1), HEIGHT - 7, name)
            for index, name in enumerate(names)
            if index % every == 0
        ),
        tuple(
            Label(LEFT - 6, round(HEIGHT - BOTTOM - share * high + 4, 1), _number(top * share))
            for share in (0, 0.5, 1)
        ),
        tuple((COLOURS[number % len(COLOURS)], key) for number, key in enumerate(values)),
    )


def _round_up(highest: float) -> float:
    """The next number that begins with 1, 2 or 5."""
    if highest <= 0:
        return 1.0
    size = 10.0 ** (len(str(int(highest))) - 1) if highest >= 1 else 0.01
    while True:
        for first in (1, 2, 5):
            if first * size >= highest:
                return first * size
        size *= 10


def _number(value: float) -> str:
    return numeral(value, ",.0f" if value == int(value) else ",.2f")
