"""Tells when a model writes the same over and over.

A page may rightly repeat itself: the dots of a leader, sixty empty cells, a sheet of labels. So
what counts is how long the repetition has gone on, by the length of what is repeated: ``LIMITS``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LONGEST = 512  # tokens of what is repeated; what is longer meets the cap of a page first

_PERIODS = np.arange(1, LONGEST + 1)
# Tokens written over again from which a repetition of each period is a loop: 256 for one token (a
# leader across a page is some 60), 512 for four (128 empty cells), 1,024 from sixteen on (64 rows
# of five empty cells each), and a long passage only when it is written for the fourth time.
LIMITS: npt.NDArray[np.int64] = np.maximum(
    3 * _PERIODS, np.minimum(256 * np.sqrt(_PERIODS), 1024).astype(np.int64)
)


@dataclass(frozen=True, slots=True)
class Loop:
    """The tokens from ``start`` on repeat with that ``period``; the first pass is the page's own,
    or as good as any."""

    start: int
    period: int


class LoopWatch:
    """Follows one row of tokens; exact for every period up to ``LONGEST``.

    For each period it counts for how many tokens the row has been equal to itself so long before:
    one comparison of arrays a token, some microseconds.
    """

    def __init__(self) -> None:
        self._written = np.zeros(1024, np.int64)
        self._count = 0
        self._run = np.zeros(LONGEST, np.int64)

    def add(self, token: int) -> Loop | None:
        """The loop that the row is in with this token, the shortest first."""
        past = self._written[max(0, self._count - LONGEST) : self._count][::-1]
        run = self._run[: len(past)]
        run += 1
        run *= past == token
        if self._count == len(self._written):
            self._written = np.concatenate([self._written, np.zeros_like(self._written)])
        self._written[self._count] = token
        self._count += 1
        looping = np.flatnonzero(self._run >= LIMITS)
        if not len(looping):
            return None
        period = int(looping[0]) + 1
        return Loop(self._count - int(self._run[period - 1]) - period, period)
