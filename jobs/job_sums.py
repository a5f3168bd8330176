"""Sums of an organisation's ended jobs over a span of days: templates, times, reviews.

Read off `JobSum`, which holds a row for each day, engine, template and step of time that occurs, so
that a year costs the same after a thousand jobs or a million.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Tenant

FIRST, GROWTH = 0.1, 1.2  # seconds at which the first step ends; each ends so much later
WHOLE, DAY, ENGINE, TEMPLATE = "whole", "day", "engine", "template"
_SUMS = """
SELECT
    CASE WHEN grouping(bucket) = 0 THEN 'day' WHEN grouping(engine) = 0 THEN 'engine'
        WHEN grouping(template) = 0 THEN 'template' ELSE 'whole' END,
    CASE WHEN grouping(bucket) = 0 THEN bucket::text WHEN grouping(engine) = 0 THEN engine
        WHEN grouping(template) = 0 THEN template ELSE '' END,
    took, sum(ends), sum(documents), sum(pages), sum(failed), sum(cancelled), sum(cached),
    sum(reviews)
FROM (
    SELECT *, date_trunc(%(unit)s, day::timestamp)::date AS bucket FROM jobs_jobsum
    WHERE tenant_id = %(tenant)s AND day >= %(first)s AND day <= %(last)s
        AND engine <> 'training'
) AS kept
GROUP BY GROUPING SETS ((bucket, took), (engine, took), (template, took), (took))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended; ``took`` is how many jobs were read within each step of time, by its number."""

    ends: int = 0
    documents: int = 0
    pages: int = 0
    failed: int = 0
    cancelled: int = 0
    cached: int = 0
    reviews: int = 0
    took: Mapping[int, int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Ends with a result of their own."""
        return self.ends - self.failed - self.cancelled - self.cached

    def within(self, share: float) -> float | None:
        """The seconds in which this share of the jobs was read, as the steps tell it; or None.

        A step is a fifth longer than the one before, which bounds the error.
        """
        timed = sorted(self.took.items())
        wanted = share * sum(count for _step, count in timed)
        passed = 0
        for step, count in timed:
            if count and passed + count >= wanted:
                return FIRST * GROWTH ** (step - 2 + (wanted - passed) / count)
            passed += count
        return None


def ended(tenant: Tenant, first: date, last: date, unit: str) -> dict[str, dict[str, Ended]]:
    """By DAY (the first of each ``unit``: "day", "week", "month"), ENGINE, TEMPLATE and WHOLE.

    Both days are in it; training runs, which the ledger has too, are not. The keys of each are
    dates as text, names, or "" alone. One query.
    """
    found: dict[str, dict[str, Ended]] = {kind: {} for kind in (WHOLE, DAY, ENGINE, TEMPLATE)}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"unit": unit, "tenant": tenant.pk, "first": first, "last": last})
        for kind, key, step, *counts in cursor.fetchall():
            found[kind][key] = _added(found[kind].get(key, Ended()), step, counts)
    return found


def _added(kept: Ended, step: int, counts: list[Any]) -> Ended:
    ends, documents, pages, failed, cancelled, cached, reviews = map(int, counts)
    return Ended(
        kept.ends + ends,
        kept.documents + documents,
        kept.pages + pages,
        kept.failed + failed,
        kept.cancelled + cancelled,
        kept.cached + cached,
        kept.reviews + reviews,
        {**kept.took, step: ends} if step else kept.took,
    )
