"""Templates tried on pages read already, and made from them: no OCR, nothing is stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from extraction.classify import classify, fields_for
from extraction.errors import InvalidOption
from extraction.fields import CATALOGUE
from extraction.fields.match import find
from extraction.fields.proposals import labelled, proposed
from extraction.fields.templates import REQUIRED, Template, template_to_dict
from extraction.finding import Wanted, find_wanted
from extraction.formats.json_reading import classification_from_dict, page_from_dict, part_from_dict
from extraction.settling import settle
from extraction.types import Classification, FieldValue, Page, Part
from jobs import results
from jobs.errors import Busy, NoResult
from jobs.models import Job
from jobs.models import Page as PageRow
from jobs.templates import read_template

MAX_PAGES = 50  # of a job, the first ones
MAX_WORK = 2_000  # fields times pages: fewer pages for templates of many fields
AT_ONCE = 2  # in one process, whose other threads have to serve everybody else
WAIT_SECONDS = 20.0
_running = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Missing:
    """A required field that was not found; ``document`` is the part's number in a split file."""

    name: str
    label: str
    document: int | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a template finds on the first ``pages`` pages read of a job, ``left_out`` more left."""

    template: str
    pages: int
    left_out: int
    fields: tuple[FieldValue, ...]
    missing: tuple[Missing, ...]


def try_template(job: Job, template: Template) -> Tried:
    """Look for the template's fields on the job's pages, as a job with it would.

    Raises ``ResultNotReady``, ``Expired``, ``NoResult``, and ``Busy`` where too many do so at once.
    """
    with one_of_few():
        pages, parts, left_out = _read(job, MAX_WORK // len(template.fields))
        found = find_wanted(pages, _what(job, pages), parts, Wanted(template=template))
    documents: list[int | None] = [part.number for part in parts]
    there = {(value.name, value.document) for value in found.fields}
    return Tried(
        template=str(template),
        pages=len(pages),
        left_out=left_out,
        fields=found.fields,
        missing=tuple(
            Missing(field.name, field.label, number)
            for number in documents or [None]
            for field in template.fields
            if field.required and (field.name, number) not in there
        ),
    )


def propose(job: Job, name: str) -> Template:
    """A template made from the job's document, of a split file from the first one.

    It has the fields of its type that were found, those of the catalogue that a label on it names,
    and own ones for labels that nothing covers. Raises as ``try_template``, ``InvalidOption`` where
    no field at all was found, and ``InvalidTemplate`` for a name that cannot be one.
    """
    with one_of_few():
        pages, parts, _ = _read(job, MAX_PAGES)
        if parts:
            pages = tuple(page for page in pages if page.number in parts[0].pages)
        what = parts[0].classification if parts else _what(job, pages)
        if what is None:
            raise NoResult("There is no text on the pages.")
        pairs = labelled(pages)
        usual = {field.name for field in fields_for(what)}
        usual |= {name for pair in pairs for name in pair.fields}
        wanted = tuple(field for field in CATALOGUE if field.name in usual)
        values = find(pages, wanted)
        own = proposed(pairs, values)
    required = REQUIRED.get(what.kind, ())
    known = {field.name: field for field in wanted}
    fields = [replace(known[value.name], required=value.name in required) for value in values]
    if not fields and not own:
        raise InvalidOption("No field was found on these pages: there is nothing to begin with.")
    issuer = next((value.raw for value in values if value.name == "issuer_name"), "")
    template = Template(
        name=name,
        label=what.label if what.kind != "other" else name,
        fields=(*fields, *own),
        document_type=what.kind if what.kind != "other" else "",
        issuers=(issuer,) if issuer.isprintable() and 0 < len(issuer) <= 100 else (),
    )
    return read_template(template_to_dict(template))


@contextmanager
def one_of_few() -> Iterator[None]:
    """For what takes a processor for a while: a few at once in this process. Raises ``Busy``."""
    if not _running.acquire(timeout=WAIT_SECONDS):
        raise Busy(limit=AT_ONCE)
    try:
        yield
    finally:
        _running.release()


def _read(job: Job, most: int) -> tuple[tuple[Page, ...], tuple[Part, ...], int]:
    """The job's first pages, the parts wholly in them, and how many pages are left out."""
    results.ready(job)
    rows = PageRow.objects.filter(job=job).order_by("number")
    contents = list(rows.values_list("content", flat=True)[: min(most, MAX_PAGES)])
    if not contents:
        raise NoResult(f"The job is {job.status}, and no page was read.")
    pages = settle(
        tuple(page_from_dict(content) for content in contents),
        strip=bool(job.options.get("strip_furniture")),
    )
    numbers = {page.number for page in pages}
    parts = tuple(part for part in map(part_from_dict, job.documents) if numbers >= set(part.pages))
    return pages, parts, rows.count() - len(pages)


def _what(job: Job, pages: tuple[Page, ...]) -> Classification | None:
    """What the document is; told anew where the job was cancelled before its end."""
    known = classification_from_dict(job.classification)
    if known is None and any(page.lines for page in pages):
        return classify(pages)
    return known
