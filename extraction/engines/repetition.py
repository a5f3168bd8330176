"""Tells when a model's text writes the same over and over.

A page may rightly repeat itself: the dots of a leader, the empty cells of a table, a sheet of equal
labels. So what counts is how long it has gone on, by the length of what is repeated.
"""

from __future__ import annotations

import math

LONGEST = 2000  # characters of what is repeated; what is longer meets the cap of a page first
PROBE = 24  # the last characters, by which places are found where the text was the same before
PLACES = 64  # of these, the nearest, that are looked at


def limit(period: int) -> int:
    """Characters written over again from which a repetition of that period is a loop.

    500 for one character (a leader across a page has some 150), 4,000 from 64 on (70 rows of five
    empty cells each), and a long passage only when it is written for the fourth time.
    """
    return max(3 * period, min(int(500 * math.sqrt(period)), 4000))


def looped(text: str) -> int:
    """The period, in characters, of the loop that ``text`` ends in; 0 for none.

    A look costs some microseconds, so that it can be taken again and again while a text grows.
    """
    end = len(text)
    probe = text[-PROBE:]
    at = end - len(probe)
    for _ in range(PLACES):
        at = text.rfind(probe, 0, at + len(probe) - 1)
        period = end - len(probe) - at
        if at < 0 or period > LONGEST:
            return 0
        again = limit(period)
        if end >= again + period and text[end - again :] == text[end - again - period : -period]:
            return period
    return 0
