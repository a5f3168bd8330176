"""Full-text search over a tenant's jobs: by file name, by the text that was read, by fields.

What a job is found by is written in the transaction that ends it, added to where a field is
corrected, and goes with its result. One that has not ended is found by its file's name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.functions import Left
from django.db.models.lookups import IsNull

from accounts.models import Tenant
from extraction import types
from extraction.formats.json_reading import page_from_dict
from extraction.formats.txt import page_text
from jobs import revisions, words
from jobs.models import ENDED, FieldRevision, Job, Page, SearchText, SearchWords, Status
from jobs.words import Run, Search

MOST_CHARACTERS = 2_000_000  # kept of a text
MOST_WAITING = 1000  # jobs that have not ended, found by their name
LOOKED_AT = 100_000  # characters of each text that is shown beside a job
_KEEP = """
    WITH kept AS (
        INSERT INTO jobs_searchtext (job_id, tenant_id, text) VALUES (%(job)s, %(tenant)s, %(text)s)
        ON CONFLICT (job_id) DO UPDATE SET text = EXCLUDED.text
    )
    INSERT INTO jobs_searchwords (job_id, words) VALUES (%(job)s, %(words)s::tsvector)
    ON CONFLICT (job_id) DO UPDATE SET words = EXCLUDED.words
"""
_ADD = """
    WITH kept AS (
        UPDATE jobs_searchtext SET text = left(text || %(text)s, %(most)s) WHERE job_id = %(job)s
    )
    UPDATE jobs_searchwords SET words = words || %(words)s::tsvector WHERE job_id = %(job)s
    AND length(words) < 20000
"""


def texts_of(document: types.Document) -> list[str]:
    """What a document is found by, beside its name: the text of its pages, and its fields."""
    return [*map(page_text, document.pages), _fields(document.fields)]


def keep(job: Job, texts: Iterable[str] | None = None) -> None:
    """Let an ended job be found by its file's name and these texts, instead of those before.

    None: by what is kept of its result.
    """
    told = _read(job) if texts is None else texts
    if job.run:
        told = [*told, _corrected(job)]
    clean = [_clean(text) for text in (job.file.name, *told)]
    text = "\n".join([" ".join(clean[0].split()), *filter(None, clean[1:])])
    _run(
        _KEEP,
        job=job.pk,
        tenant=job.tenant_id,
        text=text[:MOST_CHARACTERS],
        words=words.index_entry(job.tenant_id, clean),
    )


def add(job: Job, values: Iterable[Any]) -> None:
    """Let an ended job be found by these values too, which a person has given."""
    if told := _clean(_apart(values)):
        entry = words.index_entry(job.tenant_id, [told])
        _run(_ADD, job=job.pk, text=told, words=entry, most=MOST_CHARACTERS)


def found(jobs: QuerySet[Job], tenant: Tenant, search: Search) -> QuerySet[Job]:
    """Those of the tenant's jobs that the search finds."""
    if not search.ways:
        return jobs.none()
    dear = Func(F("pk"), function="jobs_words_read", output_field=BooleanField())
    by_words = SearchWords.objects.filter(
        IsNull(dear, False), words__matches=search.query(tenant.pk)
    ).values("pk")
    names = Q()
    for way in search.ways:
        named = Q()
        for term in way:
            contains = Q(file__name__icontains=term.text)
            named &= ~contains if term.without else contains
        names |= named
    unended = Job.objects.for_tenant(tenant).filter(status__in=(Status.QUEUED, Status.RUNNING))
    newest = unended.filter(names).order_by("-pk").values_list("pk", flat=True)
    named_so = list(newest[:MOST_WAITING])
    if not named_so:
        return jobs.filter(pk__in=by_words)
    # asked apart: joined to the words, neither would be found by its index
    waiting = Job.objects.filter(pk__in=named_so).order_by().values("pk")
    return jobs.filter(pk__in=by_words.union(waiting, all=True))


def excerpts(jobs: Sequence[Job], search: Search) -> Mapping[UUID, list[Run]]:
    """Of each of the jobs a line of its text with what was searched for, where it has some."""
    rows = SearchText.objects.filter(pk__in=[job.pk for job in jobs])
    texts = rows.annotate(begins=Left("text", LOOKED_AT)).values_list("pk", "begins")
    return {pk: words.excerpt(text.partition("\n")[2], search) for pk, text in texts if search.ways}


def missing() -> QuerySet[Job]:
    """Ended jobs with a result that cannot be found, for they ended before there was a search."""
    kept = Job.objects.filter(status__in=ENDED, stored_bytes__gt=0)
    return kept.exclude(pk__in=SearchWords.objects.values("pk"))


def _read(job: Job) -> Iterator[str]:
    """The texts of a job's result, by its rows."""
    pages = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    any_page = False
    for content in pages.iterator(50):
        any_page = True
        yield page_text(page_from_dict(content))
    if any_page:
        yield _fields(revisions.values_of(job))


def _corrected(job: Job) -> str:
    """What people said of the fields before the job was tried again."""
    rows = FieldRevision.objects.filter(job=job).values_list("raw", "value")
    return _apart(value for row in rows for value in row)


def _fields(fields: Iterable[types.FieldValue]) -> str:
    return _apart(value for field in fields for value in (field.raw, field.value))


def _apart(values: Iterable[Any]) -> str:
    """Values after a form feed each, so that no line is shown that goes from one into another."""
    told = dict.fromkeys(filter(None, map(_plain, values)))
    return "".join(f"\f{value}" for value in told)


def _plain(value: Any) -> str:
    """A value's words: of a list or an object those in it."""
    if isinstance(value, Mapping):
        return " ".join(filter(None, map(_plain, value.values())))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(filter(None, map(_plain, value)))
    return "" if value is None or isinstance(value, bool) else str(value)


def _clean(text: str) -> str:
    """The text as PostgreSQL takes it, letters and their accents in one sign."""
    whole = text.replace("\x00", "").encode(errors="ignore").decode()
    return whole if whole.isascii() else unicodedata.normalize("NFC", whole)


def _run(statement: str, **params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
