"""Counts for /metrics that take long, kept for a while: one outcome for all web processes.

Would each process keep its own, a counter went back whenever one answered that had counted earlier.
Prometheus takes that for a new beginning, so that rates, and the alerts made of them, were wrong.
"""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

QUICK_SECONDS = 0.1  # what is counted faster is counted at every scrape
KEPT_TIMES = 100  # as long as counting took is its outcome kept otherwise
KEPT_SECONDS = 60.0  # at most

_kept: dict[str, tuple[float, list[Any]]] = {}  # until when, and what; where there is one process


def counted(name: str, rows: QuerySet[Any, Any]) -> list[Any]:
    """The rows, as they were up to a minute ago where there are so many that counting takes long.

    So scraping takes a hundredth of a processor at most, or a count a minute. Of processes that
    share PROMETHEUS_MULTIPROC_DIR one counts, and the others wait for it.
    """
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        _kept[name] = _counted(*_kept.get(name, (0.0, [])), rows)
        return _kept[name][1]
    path = Path(settings.PROMETHEUS_MULTIPROC_DIR) / f"counted-{name}.json"
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = file.read()
        until, found = json.loads(before) if before else (0.0, [])
        until, found = _counted(until, found, rows)
        after = json.dumps([until, found], default=float)  # amounts too
        if until and after != before:
            file.truncate(0)
            file.write(after)
    return found


def _counted(until: float, found: list[Any], rows: QuerySet[Any, Any]) -> tuple[float, list[Any]]:
    """What is kept until then, or the rows; 0 where they need not be kept."""
    begun = time.time()
    if begun < until <= begun + KEPT_SECONDS:  # else the clock was put back
        return until, found
    found = list(rows)
    spent = time.time() - begun
    if spent < QUICK_SECONDS:
        return 0.0, found
    return begun + min(spent * KEPT_TIMES, KEPT_SECONDS), found
