"""A document as its reviewer sees it: fields in the order of looking, each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from django.conf import settings

from accounts.tenancy import Actor
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.review import BY_A_PERSON
from extraction.types import FieldValue
from jobs import review, review_words, revisions
from jobs.models import FieldRevision, Job, Review
from jobs.review import LookedFor
from jobs.review_grid import Grid, grid_of
from jobs.review_places import Sheet, Spot, crop_of, sheets_of
from jobs.revisions import Key, State

MOST_CHOICES = 9  # a key each
LONG = frozenset({"text", "address"})  # kinds that may have several lines

Group = Literal["check", "sure", "missing"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Another value that was read."""

    number: int
    text: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Said:
    """What was read at first (``by`` is ""), or what somebody said then."""

    standing: str
    text: str
    by: str
    at: datetime | None
    comment: str
    version: int


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its value as ``text`` to be edited, and its normal form where that says more.

    ``problem`` is what was wrong with what has just been sent, ``may_force`` that it can be kept.
    """

    state: State
    field: Field
    group: Group
    doubtful: bool
    why: tuple[str, ...]
    text: str
    reads: str
    spot: Spot | None
    choices: tuple[Choice, ...]
    said: tuple[Said, ...]
    grid: Grid | None
    problem: str = ""
    may_force: bool = False

    @property
    def key(self) -> str:
        """Its name on the page."""
        return f"{self.state.name}-{self.state.document or 0}"

    @property
    def long(self) -> bool:
        """Whether the value may have several lines."""
        return self.state.kind in LONG

    @property
    def page(self) -> int | None:
        """The page that it is on, also where nothing tells where."""
        return self.state.value.page if self.state.value else None


@dataclass(frozen=True, slots=True)
class Desk:
    """A document with all that is said of it; ``version`` is what confirming names."""

    job: Job
    review: Review | None
    version: int
    rows: tuple[Row, ...]
    sheets: tuple[Sheet, ...]
    sums: tuple[str, ...]
    mine: bool
    others: str  # who else has it, "" for nobody

    @property
    def editable(self) -> bool:
        """Whether the person may change it now: it is theirs, or needs no review any more."""
        return self.mine or (not self.others and not self.waits)

    @property
    def waits(self) -> bool:
        """Whether its review is open."""
        return self.review is not None and self.review.status == Review.Status.OPEN

    @property
    def to_check(self) -> tuple[Row, ...]:
        return self._of("check")

    @property
    def sure(self) -> tuple[Row, ...]:
        return self._of("sure")

    @property
    def missing(self) -> tuple[Row, ...]:
        return self._of("missing")

    @property
    def left(self) -> int:
        """Fields that are still to be looked at."""
        return sum(row.doubtful for row in self.rows)

    @property
    def pages(self) -> str:
        """The pages for the script, as JSON."""
        return json.dumps(
            [[each.number, each.width, each.height, each.image] for each in self.sheets]
        )

    def _of(self, group: Group) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.group == group)


def desk_of(job: Job, actor: Actor, *, add: str = "", all_columns: bool = False) -> Desk:
    """The document as it stands; ``add`` is a field of the catalogue to be shown as well.

    Raises as ``review.ready``. ``job`` has its review and the review's holders loaded.
    """
    review.ready(job)
    version = review.version_of(job)  # before the fields: they are as new or newer
    looked = [*review.looked_for(job), *_added(add)]
    states, left = review.state_of(job, looked)
    row: Any = getattr(job, "review", None)
    asked = {(each["field"], each["document"]) for each in (row.reasons if row else ())}
    sheets = sheets_of(job)
    maker = _Maker(
        looked={
            (field.name, each.document): (field, each) for each in looked for field in each.fields
        },
        sheets={each.number: each for each in sheets},
        said=_said(job),
        all_columns=all_columns,
    )
    rows = []
    for state in states:
        key = (state.name, state.document)
        reasons = [each for each in left if (each.field, each.document) == key]
        if key in asked or reasons:
            group: Group = "check"
        else:
            group = "sure" if state.value is not None or state.version else "missing"
        if state.name == add:
            group = "check"
        rows.append(maker.row(state, reasons, group))
    taken = row is not None and row.stage == "taken"
    mine = taken and review.is_held_by(row, actor)
    return Desk(
        job=job,
        review=row,
        version=version,
        rows=tuple(rows),
        sheets=sheets,
        sums=_sums(states),
        mine=mine,
        others=(review.holder_of(row) or "?") if taken and not mine else "",
    )


def with_problem(desk: Desk, row: Row, problem: str, *, may_force: bool = False) -> Desk:
    """The document with one of its rows (by key) as it was sent, and what is wrong with that."""
    told = replace(row, problem=problem, may_force=may_force)
    return replace(desk, rows=tuple(told if each.key == row.key else each for each in desk.rows))


def addable(desk: Desk) -> list[Field]:
    """The fields of the catalogue that are not shown; none for a file that was split."""
    if desk.job.documents:
        return []
    shown = {row.state.name for row in desk.rows}
    return [field for field in CATALOGUE if field.name not in shown]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes rows; ``looked`` is what was looked for, ``said`` what people said, by field."""

    looked: Mapping[Key, tuple[Field, LookedFor]]
    sheets: Mapping[int, Sheet]
    said: Mapping[Key, tuple[Said, ...]]
    all_columns: bool

    def row(self, state: State, reasons: Sequence[Any], group: Group) -> Row:
        field, least = self._field(state)
        value = state.value
        text = "" if value is None else (value.raw or review_words.shown_value(value.value))
        reads = review_words.shown_value(value.value) if value else ""
        table = state.kind == "table"
        why = [review_words.reason_in_words(each, value, least) for each in reasons]
        if value is not None and value.method in BY_A_PERSON:  # no reason any more, and yet so
            why = review_words.failed_in_words(value, but={"sum"})  # told of all of them together
        return Row(
            state=state,
            field=field,
            group=group,
            doubtful=bool(reasons),
            why=tuple(why),
            text=text,
            reads="" if table or reads == text else reads,
            spot=self._spot(value),
            choices=tuple(
                Choice(number, other.raw, other.confidence)
                for number, other in enumerate(value.alternatives[:MOST_CHOICES], 1)
            )
            if value and not table
            else (),
            said=self.said.get((state.name, state.document), ()),
            grid=grid_of(field, value, all_columns=self.all_columns) if table else None,
        )

    def _field(self, state: State) -> tuple[Field, float]:
        found = self.looked.get((state.name, state.document))
        if found:
            field, looked = found
            return field, looked.threshold if field.threshold is None else field.threshold
        known = next((each for each in CATALOGUE if each.name == state.name), None)
        field = known or Field(state.name, state.label, state.kind)
        return field, settings.REVIEW_THRESHOLD

    def _spot(self, value: FieldValue | None) -> Spot | None:
        sheet = self.sheets.get(value.page or 0) if value else None
        if value is None or value.box is None or sheet is None:
            return None
        return Spot(sheet, value.box, crop_of(value.box, sheet.width, sheet.height))


def _added(name: str) -> list[LookedFor]:
    found = [replace(each, required=False) for each in CATALOGUE if each.name == name]
    return [LookedFor(None, tuple(found), settings.REVIEW_THRESHOLD)] if found else []


def _said(job: Job) -> dict[Key, tuple[Said, ...]]:
    """What was said of each field that anything was said of, the newest first."""
    told: dict[Key, list[Said]] = {}
    for row in FieldRevision.objects.filter(job=job).order_by("-version", "-pk"):
        text = row.raw or review_words.shown_value(row.value)
        if row.kind == "table":
            text = ""
        told.setdefault((row.name, row.document), []).append(
            Said(row.action, text, row.actor, row.at, row.comment, row.version)
        )
    if not told:
        return {}
    for value in revisions.as_read([job])[job.pk]:
        if (value.name, value.document) in told:
            text = "" if value.kind == "table" else value.raw
            first = Said("read", text, "", job.finished_at, "", 0)
            told[(value.name, value.document)].append(first)
    return {key: tuple(each) for key, each in told.items()}


def _sums(states: Iterable[State]) -> tuple[str, ...]:
    """What does not add up, document by document."""
    by_part: dict[int | None, list[FieldValue]] = {}
    for state in states:
        if state.value is not None:
            by_part.setdefault(state.document, []).append(state.value)
    told = (review_words.sum_in_words(values) for values in by_part.values())
    return tuple(text for text in told if text)
