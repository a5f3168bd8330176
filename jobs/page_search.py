"""Searching in a job's document: the pages that have a text, and its places on one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection

from jobs.models import Job

MOST = 200  # characters of what is searched

# Each page's text is its lines, or its blocks where a model wrote it without lines
_PAGES = """
    SELECT number, (length(text) - length(replace(text, %(find)s, ''))) / length(%(find)s)
    FROM (
        SELECT number, lower(coalesce(
            (SELECT string_agg(part->>'text', ' ' ORDER BY place)
             FROM jsonb_array_elements(content->'lines') WITH ORDINALITY AS line (part, place)),
            (SELECT string_agg(part->>'text', ' ' ORDER BY place)
             FROM jsonb_array_elements(content->'blocks') WITH ORDINALITY AS block (part, place)),
            ''
        )) AS text
        FROM jobs_page WHERE job_id = %(job)s
    ) AS page
    WHERE position(%(find)s IN text) > 0 ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text, from its first character to before ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The pages that have what was searched, each with how often, by number."""

    pages: dict[int, int]

    @property
    def total(self) -> int:
        """All places on all pages."""
        return sum(self.pages.values())


def asked(text: str) -> str:
    """What is searched, of what a person typed: without needless spaces, "" for nothing."""
    return " ".join(text.replace("\x00", "").split())[:MOST].strip()


def find(job: Job, text: str) -> Hits:
    """The pages that have the text, whether in small or capital letters; one query."""
    if not text:
        return Hits({})
    with connection.cursor() as cursor:
        cursor.execute(_PAGES, {"find": text.lower(), "job": job.pk})
        return Hits(dict(cursor.fetchall()))


def spans(text: str, wanted: str) -> list[Span]:
    """The places of what is searched in a text, as ``find`` counts them."""
    if not wanted:
        return []
    pattern = r"\s+".join(re.escape(word) for word in wanted.split())
    return [Span(*match.span()) for match in re.finditer(pattern, text, re.IGNORECASE)]
