"""What is told only now and then, or some times a minute, however often it happens.

Each process remembers for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

MOST = 10_000  # things remembered; beyond that the oldest are forgotten, and told anew


class Seldom:
    """Lets each thing through once in so many seconds and counts what it holds back."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._told: dict[Hashable, tuple[float, int]] = {}  # until when, and held back since

    def due(self, thing: Hashable) -> int | None:
        """How often it was held back since it was last let through; None: hold it back."""
        now = time.monotonic()
        with self._lock:
            until, held = self._told.get(thing, (now, 0))
            if now < until:
                self._told[thing] = until, held + 1
                return None
            self._told.pop(thing, None)  # so that the newest stand last
            self._told[thing] = now + self.seconds, 0
            while len(self._told) > MOST:
                del self._told[next(iter(self._told))]
            return held

    def forget(self, thing: Hashable) -> None:
        """Let it through at once the next time."""
        with self._lock:
            self._told.pop(thing, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._told.clear()


class SomeAMinute:
    """Lets each thing through so many times in each minute."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._minute = 0
        self._let: dict[Hashable, int] = {}  # how often in this minute

    def let(self, thing: Hashable) -> bool:
        """Whether it is let through; beyond ``MOST`` things a minute, none that is new is."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._let = minute, {}
            times = self._let.get(thing, 0)
            if times >= self.most or (not times and len(self._let) >= MOST):
                return False
            self._let[thing] = times + 1
            return True
