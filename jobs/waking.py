"""Machines with workers that have gone to sleep, woken when work waits.

A worker with ``--idle-seconds`` ends by itself, and its machine with it. What starts it again is an
address of whoever keeps the machine (Fly.io's Machines API, say). ``WAKE_WORKERS`` has one for each
machine, behind its pool, and the sweeper posts to as many as would do what waits: at once where no
worker of the pool lives, else where tasks waited at the last look too, so that nobody has taken
them. To post to a machine that runs does no harm; one that does not come is asked again.
"""

from __future__ import annotations

import logging
import math
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings

from jobs import queue
from jobs.hands import AT_ONCE
from jobs.live_workers import live_workers

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 5
AGAIN_SECONDS = 20  # a machine has to start, and its worker to load its engine
ADDRESS = re.compile(r"https?://[^\s/]+/\S*")

# address -> when it was last posted to, and whether it comes
_asked: dict[str, tuple[float, bool]] = {}
_waited: dict[str, int] = {}  # pool -> tasks that waited at the last look


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A machine with a worker of ``pool``, which a POST to ``address`` starts."""

    pool: str
    address: str


def sleepers(given: Sequence[str]) -> tuple[Sleeper, ...]:
    """As ``WAKE_WORKERS`` has them: cpu=https://...; raises ValueError where one is none."""
    found = []
    for each in given:
        pool, _, address = each.partition("=")
        if pool not in queue.POOLS or not ADDRESS.fullmatch(address):
            raise ValueError(f"{pool}=... is no pool with the address of a machine")
        found.append(Sleeper(pool, address))
    return tuple(found)


def wake(stop: Callable[[], bool] = lambda: False) -> int:
    """Post to machines of each pool where work waits; returns how many were asked."""
    machines = sleepers(settings.WAKE_WORKERS)
    alive = Counter(worker.pool for worker in live_workers() or [])
    asked = 0
    for pool in dict.fromkeys(machine.pool for machine in machines):
        tasks = queue.ready(pool, len(machines) * AT_ONCE[pool])
        left = min(tasks, _waited.get(pool, 0)) if alive[pool] else tasks
        _waited[pool] = tasks
        # machines that run are among those posted to, and count for the workers that live
        wanted = -(-left // AT_ONCE[pool]) + alive[pool] if left else 0
        for machine in machines:
            if wanted <= 0 or stop():
                break
            if machine.pool != pool:
                continue
            when, comes = _asked.get(machine.address, (-math.inf, False))
            if time.monotonic() - when >= AGAIN_SECONDS:
                comes = _started(machine)
                _asked[machine.address] = time.monotonic(), comes
                asked += 1
            wanted -= comes
    return asked


def _started(machine: Sleeper) -> bool:
    """Whether its keeper says that it starts. One that runs is refused: another is tried."""
    # sleepers() lets http and https pass
    request = urllib.request.Request(machine.address, data=b"", method="POST")  # noqa: S310
    if settings.WAKE_TOKEN:
        request.add_header("Authorization", f"Bearer {settings.WAKE_TOKEN}")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
            logger.info("a machine of %s workers was woken", machine.pool)
            return True
    except urllib.error.HTTPError as error:
        logger.warning("a machine of %s workers was not woken: %d", machine.pool, error.code)
    except (OSError, ValueError) as error:
        logger.warning("a machine of %s workers was not woken: %s", machine.pool, error)
    return False
