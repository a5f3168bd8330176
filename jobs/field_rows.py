"""A job's fields for its page: each as it stands, why to look at it, and what was said of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from extraction.fields.review import Reason
from jobs import review
from jobs.models import FieldRevision, Job
from jobs.revisions import Key, State
from jobs.viewer import Problem


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person said of a field that was not taken: their text, and why not.

    ``may_force``: it is taken where they insist.
    """

    name: str
    document: int | None
    text: str
    problem: Problem
    may_force: bool


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field by its ``index`` on the page; ``said`` is what people said of it, newest first."""

    index: int
    state: State
    reasons: tuple[Reason, ...]
    said: tuple[FieldRevision, ...]
    refused: Refused | None = None
    asked: bool = False

    @property
    def shown(self) -> bool:
        """Whether it is told at once; of the many that are not there those required, or asked."""
        state = self.state
        return state.standing != "missing" or state.required or self.open

    @property
    def open(self) -> bool:
        """Whether its form is open."""
        return self.asked or self.refused is not None

    @property
    def place(self) -> str:
        """Its name in the page's address."""
        return f"field-{self.state.name}-{self.state.document or 0}"

    @property
    def part(self) -> str:
        """What it is called in picture and list."""
        return f"f{self.index}"

    @property
    def is_table(self) -> bool:
        """Whether it has rows of its own."""
        return self.state.kind == "table"

    @property
    def written(self) -> str:
        """What a correction begins with."""
        if self.refused:
            return self.refused.text
        return self.state.value.raw if self.state.value else ""


def field_rows(job: Job, refused: Refused | None = None, asked: str = "") -> list[FieldRow]:
    """The fields found or looked for in an ended job's document, in the order of the result.

    ``asked`` is the ``place`` of one that is to be told though it is not there.
    """
    states, reasons = review.state_of(job)
    why: dict[Key, list[Reason]] = defaultdict(list)
    for reason in reasons:
        why[reason.field, reason.document].append(reason)
    said: dict[Key, list[FieldRevision]] = defaultdict(list)
    for revision in FieldRevision.objects.filter(job=job).order_by("-version"):
        said[revision.name, revision.document].append(revision)
    rows = []
    for index, state in enumerate(states):
        key = (state.name, state.document)
        own = refused if refused and (refused.name, refused.document) == key else None
        row = FieldRow(index, state, tuple(why[key]), tuple(said[key]), own)
        rows.append(replace(row, asked=row.place == asked))
    return rows
