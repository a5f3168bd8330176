"""The loss of a run as numbers for an SVG that the server draws: no script, no style attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from accounts.numerals import numeral

WIDTH, HEIGHT = 440, 180
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 24  # room for the numbers


@dataclass(frozen=True, slots=True)
class Tick:
    """A number beside the curve, at its height."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """``points`` as of an SVG's polyline; the first and last step below it."""

    points: str
    ticks: tuple[Tick, ...]
    first: int
    last: int
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def curve(losses: Sequence[tuple[int, float]], steps: int) -> Curve | None:
    """The curve over all ``steps``, from 0 up; None before there are two points."""
    if len(losses) < 2:
        return None
    highest = max(loss for _, loss in losses) or 1.0
    first, last = losses[0][0], max(steps, losses[-1][0])
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def y(loss: float) -> float:
        return round(TOP + down * (1 - loss / highest), 1)

    points = " ".join(
        f"{round(LEFT + across * (step - first) / max(last - first, 1), 1)},{y(loss)}"
        for step, loss in losses
    )
    ticks = tuple(Tick(y(part), numeral(part, ".3g")) for part in (0.0, highest / 2, highest))
    words = gettext(
        "Loss from %(from)s at step %(first)d to %(to)s at step %(now)d of %(last)d"
    ) % {
        "from": numeral(losses[0][1], ".3g"),
        "first": first,
        "to": numeral(losses[-1][1], ".3g"),
        "now": losses[-1][0],
        "last": last,
    }
    return Curve(points, ticks, first, last, words)
