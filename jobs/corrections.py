"""What a person says of one field: read, placed on the page, and kept as its next version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import Http404

from accounts import audit
from accounts.tenancy import Actor
from extraction.errors import InvalidOption, InvalidValue
from extraction.fields import CATALOGUE
from extraction.fields.corrected import Given, as_written, normal_form
from extraction.fields.definition import Field
from extraction.fields.kinds import Writing
from extraction.fields.located import locate, stands_in
from extraction.fields.writing import writing_of
from extraction.formats.json_reading import page_from_dict
from extraction.laid_out import laid_out, placeless
from extraction.types import Box, FieldValue
from extraction.types import Page as ReadPage
from jobs import review, revisions
from jobs.errors import VersionConflict
from jobs.models import FieldRevision, Job, Page
from jobs.revisions import State, author_of

FIRST_PAGES = 10  # that tell how the document writes dates and numbers
EDGE = 1.0  # points by which a box may lie outside of its page


@dataclass(frozen=True, slots=True)
class Change:
    """What a person says: a text as written (``raw``), a normal form (``value``), or neither.

    Neither is that the field is not on the document, or with ``right`` that its value is right as
    it stands. ``version`` is the one they have seen. ``page`` (from 1) and ``box`` (points) are
    where it stands; ``force`` keeps a number whose check sum is wrong.
    """

    version: int
    raw: Any = None
    value: Any = None
    page: int | None = None
    box: Box | None = None
    comment: str = ""
    force: bool = False
    right: bool = False

    @property
    def absent(self) -> bool:
        """Whether the field is not on the document."""
        return not self.right and self.raw in (None, "") and self.value in (None, "")


def part_of(job: Job, document: int | None) -> int | None:
    """The part that is meant, checked; None where the file was not split.

    Raises ``InvalidOption``.
    """
    numbers = [part["number"] for part in job.documents]
    if numbers and document not in numbers:
        raise InvalidOption(f"document: say which of the file's, 1 to {len(numbers)}.")
    if not numbers and document is not None:
        raise InvalidOption("document: the file was not split.")
    return document


def field_of(job: Job, name: str, document: int | None) -> Field:
    """The field of that name: looked for, of the catalogue, or found.

    Raises Http404 where it is none of these.
    """
    for each in review.looked_for(job):
        for field in each.fields:
            if field.name == name and each.document == document:
                return field
    for field in CATALOGUE:
        if field.name == name:
            return replace(field, required=False)
    for rows in (job.field_values, job.revisions):
        told = rows.filter(name=name, document=document).values_list("label", "kind").first()
        if told:
            return Field(name, *told)
    raise Http404


def standing(job: Job, field: Field, document: int | None) -> State:
    """How that field stands now."""
    looked = [(document, [field])]
    return next(
        state
        for state in revisions.states(job, looked)
        if (state.name, state.document) == (field.name, document)
    )


def correct(
    job: Job,
    name: str,
    *,
    change: Change,
    actor: Actor,
    document: int | None = None,
    address: str | None = None,
) -> State:
    """Keep what a person says of a field; returns how it stands then.

    What is the same as before is a confirmation, once. Raises Http404, ``InvalidValue``,
    ``InvalidOption``, ``ResultNotReady``, ``NoResult``, ``ReviewTaken``, and ``VersionConflict``
    where the version seen is not the newest.
    """
    review.ready(job)
    document = part_of(job, document)
    field = field_of(job, name, document)
    seen = standing(job, field, document)
    if change.right and seen.value is None:
        raise InvalidValue("There is no value that could be right.")
    read = not change.absent and not change.right
    said = _read(job, field, document, change, seen.value) if read else None
    with transaction.atomic():
        job = review.locked(job)
        review.refuse_others(job, actor)
        now = standing(job, field, document)
        if change.version != now.version:
            raise VersionConflict("Look at its newest version.", actual=now.version)
        revision = _revision(job, now, said, change, actor)
        if revision is None:
            return now
        revision.save(force_insert=True)
        review.renew(job, actor)
        audit.record(
            actor=actor,
            tenant=job.tenant,
            action="field.correct",
            obj=job,
            before={"field": name, "document": document, "version": now.version},
            after={"version": revision.version, "action": str(revision.action)},
            address=address,
        )
        return standing(job, field, document)


class Saying(Enum):
    """What a person says of a field at a glance."""

    RIGHT = "right"  # it is right as it stands
    HOLDS = "holds"  # it holds this text
    ABSENT = "absent"  # it is not on the document


def say(
    job: Job,
    name: str,
    saying: Saying,
    *,
    text: str,
    version: int,
    force: bool,
    actor: Actor,
    document: int | None,
    address: str | None,
) -> State:
    """Keep it as ``correct`` does, and raise as it; ``InvalidValue`` where there is no text."""
    change = Change(version)
    if saying is Saying.HOLDS:
        if not text.strip():
            raise InvalidValue("Type what the field holds.")
        change = Change(version, raw=text, force=force)
    elif saying is Saying.RIGHT:
        change = Change(version, right=True)
    return correct(job, name, change=change, actor=actor, document=document, address=address)


@dataclass(frozen=True, slots=True)
class _Said:
    given: Given
    raw: str
    page: int | None
    box: Box | None
    grounded: bool | None


def _read(
    job: Job, field: Field, document: int | None, change: Change, before: FieldValue | None
) -> _Said:
    """The value in its normal form, with its place: the caller's, else where it is found."""
    blind: set[int] = set()
    writing = writing_of(list(islice(_pages(job, document, blind), FIRST_PAGES)))
    writing = _in_currency(writing, before)
    if change.value in (None, ""):
        given = as_written(field, change.raw, writing, force=change.force)
    else:
        given = normal_form(field, change.value, writing, force=change.force)
        if isinstance(change.raw, str) and change.raw.strip() and field.kind != "card":
            given = replace(given, raw=change.raw.strip())
    if change.page is not None:
        return _placed(job, field, document, change, given, writing)
    near = (before.page, before.box) if before and before.page and before.box else None
    place = locate(field.kind, given, _pages(job, document, blind), writing, near)
    if place is None:
        return _Said(given, given.raw, None, None, grounded=False)
    if place.page in blind:
        return _Said(given, place.raw, place.page, None, grounded=None)
    return _Said(given, place.raw, place.page, place.box, grounded=True)


def _placed(
    job: Job,
    field: Field,
    document: int | None,
    change: Change,
    given: Given,
    writing: Writing,
) -> _Said:
    """The value where the caller says that it stands; grounded if its words do stand there."""
    blind: set[int] = set()
    pages = _pages(job, document, blind)
    page = next((each for each in pages if each.number == change.page), None)
    if page is None:
        raise InvalidOption(f"page: page {change.page} was not read.")
    box, blank = change.box, page.number in blind
    if box is None:
        place = locate(field.kind, given, [page], writing)
        if blank:
            raw = place.raw if place else given.raw
            return _Said(given, raw, page.number, None, grounded=None)
        if place is None:
            return _Said(given, given.raw, page.number, None, grounded=False)
        return _Said(given, place.raw, page.number, place.box, grounded=True)
    x0, y0, x1, y1 = box
    inside = -EDGE <= x0 < x1 <= page.width + EDGE and -EDGE <= y0 < y1 <= page.height + EDGE
    if not inside:
        raise InvalidOption("box: left, top, right and bottom in points, within the page.")
    found = None if blank else stands_in(field.kind, given, page, box, writing)
    return _Said(given, given.raw, page.number, box, grounded=found)


def _pages(job: Job, document: int | None, blind: set[int]) -> Iterator[ReadPage]:
    """The pages that were read of the document, some at a time: there may be hundreds.

    Those whose text has no places get invented ones, and their numbers come into ``blind``.
    """
    rows = Page.objects.filter(job=job, failed=False).order_by("number")
    for part in job.documents:
        if part["number"] == document:
            rows = rows.filter(number__in=part["pages"])
    numbers = list(rows.values_list("number", flat=True))
    for start in range(0, len(numbers), FIRST_PAGES):
        some = rows.filter(number__in=numbers[start : start + FIRST_PAGES])
        for page in map(page_from_dict, some.values_list("content", flat=True)):
            if placeless(page):
                blind.add(page.number)
            yield from laid_out([page])


def _in_currency(writing: Writing, before: FieldValue | None) -> Writing:
    """How the document writes, an amount's currency as it was read before."""
    value = before.value if before else None
    if isinstance(value, dict) and value.get("currency"):
        return replace(writing, currency=value["currency"])
    return writing


def _revision(
    job: Job, now: State, said: _Said | None, change: Change, actor: Actor
) -> FieldRevision | None:
    """The field's next version, not saved; None where it says what a person has said already."""
    if change.right:
        told = now.value is None or (now.version and not change.comment)
        return None if told else review.confirmation(job, now, actor, change.comment)
    if said is None and now.standing == "absent":
        return None
    if said is not None and now.value is not None and _same(said, now.value, change):
        if now.version and not change.comment:
            return None
        return review.confirmation(job, now, actor, change.comment)
    revision = FieldRevision(
        job=job,
        name=now.name,
        label=now.label,
        kind=now.kind,
        document=now.document,
        version=now.version + 1,
        action=FieldRevision.Action.ABSENT,
        comment=change.comment,
        user=actor.user,
        api_key=actor.api_key,
        actor=author_of(actor),
    )
    if said is not None:
        revision.action = FieldRevision.Action.CORRECTED
        revision.raw, revision.value = said.raw, said.given.value
        revision.page, revision.grounded = said.page, said.grounded
        revision.box = [round(edge, 2) for edge in said.box] if said.box else None
        revision.checks, revision.notes = dict(said.given.checks), list(said.given.notes)
    return revision


def _same(said: _Said, value: FieldValue, change: Change) -> bool:
    """Whether the person says the value that is there, and not that it stands elsewhere."""
    if said.given.value != value.value:
        return False
    return change.page is None or (said.page == value.page and said.box in (None, value.box))
