"""How engines have done for an organisation: by the pages read, and by what people confirmed.

Told from the rows that are kept: what retention or people have removed counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.identifiers import first_since
from accounts.models import Tenant
from jobs.models import Job

MOST_PAGES = 200_000  # the newest
MOST_FIELDS = 200_000
Z = 1.96  # of a 95 % interval

# Where the engine's model failed and OCR read the page, the revision is that of the OCR.
_PAGES = """
WITH page AS (
    SELECT job.engine, page.revision, page.seconds, page.confidence, page.failed, page.degraded,
        page.tokens
    FROM ({jobs}) AS job JOIN jobs_page AS page ON page.job_id = job.id
    WHERE page.engine <> ''
    ORDER BY job.id DESC LIMIT {most}
)
SELECT engine, CASE WHEN grouping(revision) = 1 THEN NULL ELSE revision END,
    count(*),
    count(*) FILTER (WHERE failed),
    count(*) FILTER (WHERE degraded AND NOT failed),
    coalesce(sum(seconds) FILTER (WHERE NOT failed), 0),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE NOT failed),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE NOT failed),
    sum(tokens),
    sum(seconds) FILTER (WHERE tokens > 0),
    avg(confidence) FILTER (WHERE NOT failed AND NOT degraded)
FROM page GROUP BY GROUPING SETS ((engine), (engine, revision))
ORDER BY engine, 3 DESC, 2
"""
# A person's last word on each field, beside what was read. The revision is that of the page that
# the value stood on, else of the job's first page.
_FIELDS = """
WITH said AS (
    SELECT DISTINCT ON (job.id, revision.name, revision.document)
        job.id, job.engine, revision.name, revision.document, revision.action, revision.value
    FROM ({jobs}) AS job JOIN jobs_fieldrevision AS revision ON revision.job_id = job.id
    ORDER BY job.id DESC, revision.name, revision.document, revision.version DESC
    LIMIT {most}
), told AS (
    SELECT said.engine, said.name,
        coalesce((
            SELECT page.revision FROM jobs_page AS page WHERE page.job_id = said.id
            ORDER BY page.number = read.page DESC NULLS LAST, page.number LIMIT 1
        ), '') AS revision,
        CASE WHEN said.action = 'absent' THEN read.id IS NULL
            ELSE read.id IS NOT NULL AND read.value = said.value END AS is_right
    FROM said LEFT JOIN LATERAL (
        SELECT id, page, value FROM jobs_fieldvalue AS read
        WHERE read.job_id = said.id AND read.name = said.name
            AND read.document IS NOT DISTINCT FROM said.document
        ORDER BY position LIMIT 1
    ) AS read ON true
)
SELECT engine, revision, CASE WHEN grouping(name) = 1 THEN NULL ELSE name END,
    count(*), count(*) FILTER (WHERE is_right)
FROM told GROUP BY GROUPING SETS ((engine, revision), (engine, revision, name))
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What an engine did. Times are seconds a page, of pages that did not fail, exact.

    Of ``pages`` some ``failed``, and of some OCR took the place of the engine's model
    (``degraded``). Pages that could not even be decoded are no engine's. ``tokens_a_second`` is of
    the pages that a model wrote, ``confidence`` the mean of what the engine read itself.
    """

    pages: int
    failed: int
    degraded: int
    seconds: float
    p50: float | None
    p95: float | None
    tokens: int
    tokens_a_second: float | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class OfRevision:
    """A part of an engine's pages: those that one revision of its models read."""

    revision: str
    done: Done


@dataclass(frozen=True, slots=True)
class OfEngine:
    """An engine's pages, and the same by what read them, the most used first."""

    engine: str
    done: Done
    revisions: tuple[OfRevision, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """Of ``fields`` that people confirmed or corrected, how many were read ``right``.

    ``low`` and ``high`` bound the share that is to be expected, with 95 % confidence.
    """

    fields: int
    right: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A revision of an engine on the leaderboard; ``by_field`` by the fields' names."""

    engine: str
    revision: str
    overall: Right
    by_field: Mapping[str, Right]


def models(tenant: Tenant, begin: datetime, end: datetime) -> list[OfEngine]:
    """The engines of the jobs submitted from ``begin`` to before ``end``; one query.

    Of more than ``MOST_PAGES`` pages the newest jobs' count. A result taken over from another job
    was not read again and is left out.
    """
    rows = _rows(_PAGES, _jobs(tenant, begin, end).filter(cached=False), MOST_PAGES)
    whole: dict[str, Done] = {}
    parts: dict[str, list[OfRevision]] = {}
    for engine, revision, *numbers in rows:
        if revision is None:
            whole[engine] = _done(*numbers)
        else:
            parts.setdefault(engine, []).append(OfRevision(revision, _done(*numbers)))
    return [OfEngine(engine, done, tuple(parts[engine])) for engine, done in whole.items()]


def leaderboard(tenant: Tenant, begin: datetime, end: datetime) -> list[Ranked]:
    """Engines by how often what they read is what people left as right; one query.

    Of the fields, in jobs submitted from ``begin`` to before ``end``, that people confirmed,
    corrected or said to be absent. The best first, by the lower bound, so that few fields do not
    win. Engines have seen different documents: a comparison shows them the same.
    """
    whole: dict[tuple[str, str], Right] = {}
    fields: dict[tuple[str, str], dict[str, Right]] = {}
    for engine, revision, name, count, right in _rows(
        _FIELDS, _jobs(tenant, begin, end), MOST_FIELDS
    ):
        if name is None:
            whole[engine, revision] = scored(count, right)
        else:
            fields.setdefault((engine, revision), {})[name] = scored(count, right)
    ranked = [
        Ranked(*key, overall, dict(sorted(fields[key].items()))) for key, overall in whole.items()
    ]
    return sorted(ranked, key=lambda row: (-row.overall.low, row.engine, row.revision))


def scored(count: int, right: int) -> Right:
    """The share with its 95 % interval by Wilson (1927), which holds for few and for all right."""
    share = right / count
    middle = share + Z * Z / (2 * count)
    spread = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    whole = 1 + Z * Z / count
    return Right(
        count,
        right,
        round(share, 4),
        round(max(0.0, (middle - spread) / whole), 4),
        round(min(1.0, (middle + spread) / whole), 4),
    )


def _jobs(tenant: Tenant, begin: datetime, end: datetime) -> QuerySet[Job]:
    """By ids, which tell the moment: an index of the organisation's jobs has them in order."""
    jobs = Job.objects.for_tenant(tenant)
    return jobs.filter(pk__gte=first_since(begin), pk__lt=first_since(end))


def _rows(sql: str, jobs: QuerySet[Job], most: int) -> list[tuple[Any, ...]]:
    inner, params = jobs.order_by().values("id", "engine").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(jobs=inner, most=most), params)
        return list(cursor.fetchall())


def _done(
    pages: int,
    failed: int,
    degraded: int,
    seconds: float,
    p50: float | None,
    p95: float | None,
    tokens: int,
    writing: float | None,
    confidence: float | None,
) -> Done:
    def rounded(value: float | None, digits: int = 3) -> float | None:
        return None if value is None else round(value, digits)

    rate = tokens / writing if writing else None
    return Done(
        pages,
        failed,
        degraded,
        round(seconds, 3),
        rounded(p50),
        rounded(p95),
        tokens,
        rounded(rate, 2),
        rounded(confidence, 4),
    )
