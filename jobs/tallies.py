"""Every page that an engine has finished is counted, for the operators' metrics."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from extraction.engines.degraded import DEGRADED
from extraction.types import Page
from jobs.models import EngineTally
from jobs.models.engines import counted_as

__all__ = ["BOUNDS", "DEGRADED", "Tally", "count", "totals"]
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds a page
SHARDS = 16
_COUNT = """
INSERT INTO jobs_enginetally AS tally
    (engine, shard, read, degraded, failed, tokens, seconds, within)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (engine, shard) DO UPDATE SET
    read = tally.read + excluded.read,
    degraded = tally.degraded + excluded.degraded,
    failed = tally.failed + excluded.failed,
    tokens = tally.tokens + excluded.tokens,
    seconds = tally.seconds + excluded.seconds,
    within[%s] = tally.within[%s] + %s
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """What an engine has done; ``within`` are pages by how long they took, as in ``BOUNDS``."""

    engine: str
    read: int
    degraded: int
    failed: int
    tokens: int
    seconds: float
    within: tuple[int, ...]


def count(engine: str, page: Page) -> None:
    """Add a finished page, in the caller's transaction; one that was not decoded is none of its."""
    if not page.engine:
        return
    failed, degraded = page.error is not None, DEGRADED in page.warnings
    at = bisect_left(BOUNDS, page.seconds)
    within = [0] * (len(BOUNDS) + 1)
    if not failed:
        within[at] = 1
    row: list[str | int | float | list[int]] = [
        counted_as(engine),
        os.getpid() % SHARDS,
        int(not failed and not degraded),
        int(not failed and degraded),
        int(failed),
        page.tokens,
        0.0 if failed else page.seconds,
        within,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, (*row, at + 1, at + 1, int(not failed)))


def totals() -> list[Tally]:
    """Each engine's, by name."""
    found: dict[str, list[EngineTally]] = {}
    for row in EngineTally.objects.order_by("engine"):
        found.setdefault(row.engine, []).append(row)
    return [
        Tally(
            engine,
            sum(row.read for row in rows),
            sum(row.degraded for row in rows),
            sum(row.failed for row in rows),
            sum(row.tokens for row in rows),
            sum(row.seconds for row in rows),
            _added([row.within for row in rows]),
        )
        for engine, rows in found.items()
    ]


def _added(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))
