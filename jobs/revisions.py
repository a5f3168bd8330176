"""The fields of a job as they stand now: what was read, and over it what people said since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from accounts.tenancy import Actor
from extraction import types
from extraction.fields.corrected import rechecked
from extraction.fields.definition import Field
from extraction.formats.json_reading import field_from_dict
from jobs.models import FieldRevision, FieldValue, Job

Key = tuple[str, int | None]  # a field's name, and the part of a split file that it is of
Standing = Literal["missing", "read", "corrected", "confirmed", "absent"]

NOT_IN_RESULT = {"id", "job", "position"}  # columns of a field value that are ours alone
COLUMNS = [f.name for f in FieldValue._meta.get_fields() if f.name not in NOT_IN_RESULT]
SAID = ("raw", "value", "page", "box", "grounded", "checks", "notes")  # of a value by a revision


@dataclass(frozen=True, slots=True)
class State:
    """A field as it stands. ``version`` counts what people said of it, 0 for nothing.

    ``value`` is None where it is missing or absent (a person said that it is not there).
    """

    name: str
    label: str
    kind: str
    document: int | None
    version: int
    standing: Standing
    required: bool
    value: types.FieldValue | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a field: as read (number 0), or as a person said."""

    number: int
    standing: Standing
    at: datetime | None
    by: str | None
    comment: str
    value: types.FieldValue | None


def author_of(actor: Actor) -> str:
    """Who acts, for people of the same tenant: an e-mail address or a key's name."""
    if actor.api_key is not None:
        return f"API key {actor.api_key.name}"
    return actor.user.email if actor.user is not None else ""


def latest(job: Job) -> dict[Key, FieldRevision]:
    """The newest revision of each field that has one."""
    rows = FieldRevision.objects.filter(job=job)
    newest = rows.order_by("name", "document", "-version").distinct("name", "document")
    return {(row.name, row.document): row for row in newest}


def current_rows(job: Job, said: Mapping[Key, FieldRevision] | None = None) -> list[FieldValue]:
    """The found fields, not to be saved: as read, as corrected since, without those not there.

    What was not found and a person has added comes last. ``said`` is ``latest(job)``.
    """
    said = latest(job) if said is None else said
    rows = list(FieldValue.objects.filter(job=job).order_by("position"))
    if not said:
        return rows
    known = {(row.name, row.document) for row in rows}
    added = sorted((row for key, row in said.items() if key not in known), key=lambda row: row.pk)
    position = rows[-1].position + 1 if rows else 0
    rows += [
        FieldValue(
            job=job, position=position + n, name=row.name, label=row.label, kind=row.kind,
            document=row.document,
        )
        for n, row in enumerate(added)
    ]  # fmt: skip
    now = []
    for row in rows:
        revision = said.get((row.name, row.document))
        if revision is None:
            now.append(row)
        elif revision.action != FieldRevision.Action.ABSENT:
            now.append(_overlaid(row, revision))
    return _rechecked(now)


def values_of(job: Job) -> tuple[types.FieldValue, ...]:
    """The fields of the job's result."""
    return tuple(_value(row) for row in current_rows(job))


def as_read(jobs: Sequence[Job]) -> dict[UUID, tuple[types.FieldValue, ...]]:
    """What was found in each of the jobs, whatever people said of it since; one query."""
    found: dict[UUID, list[types.FieldValue]] = {job.pk: [] for job in jobs}
    for row in FieldValue.objects.filter(job__in=jobs).order_by("job", "position"):
        found[row.job_id].append(_value(row))
    return {job_id: tuple(values) for job_id, values in found.items()}


def states(job: Job, looked_for: Sequence[tuple[int | None, Sequence[Field]]]) -> list[State]:
    """Every field that was found or looked for (in a part of a split file or in the whole).

    Found ones come in the order of the result, then those that are not there.
    """
    said = latest(job)
    required = {(field.name, part) for part, fields in looked_for for field in fields
                if field.required}  # fmt: skip
    found: dict[Key, State] = {}
    for row in current_rows(job, said):
        key = (row.name, row.document)
        revision = said.get(key)
        found[key] = State(
            *(row.name, row.label, row.kind, row.document),
            version=revision.version if revision else 0,
            standing=revision.action if revision else "read",  # type: ignore[arg-type]
            required=key in required,
            value=_value(row),
        )
    absent = {(row.name, row.document): (row.label, row.kind) for row in said.values()}
    sought = {
        (field.name, part): (field.label, field.kind)
        for part, fields in looked_for
        for field in fields
    }
    for key, (label, kind) in {**sought, **absent}.items():
        if key not in found:
            revision = said.get(key)
            found[key] = State(
                *(key[0], label, kind, key[1]),
                version=revision.version if revision else 0,
                standing="absent" if revision else "missing",
                required=key in required,
                value=None,
            )
    return list(found.values())


def history(job: Job, name: str, document: int | None) -> list[Version]:
    """All versions of a field, the first one as read."""
    row = FieldValue.objects.filter(job=job, name=name, document=document).first()
    value = _value(row) if row else None
    versions = [Version(0, "read" if row else "missing", job.finished_at, None, "", value)]
    for revision in FieldRevision.objects.filter(
        job=job, name=name, document=document
    ).order_by("version"):  # fmt: skip
        absent = revision.action == FieldRevision.Action.ABSENT
        blank = FieldValue(
            job=job, name=name, label=revision.label, kind=revision.kind, document=document
        )
        versions.append(
            Version(
                revision.version,
                revision.action,  # type: ignore[arg-type]
                revision.at,
                revision.actor,
                revision.comment,
                None if absent else _value(_overlaid(blank, revision)),
            )
        )
    return versions


def _overlaid(row: FieldValue, revision: FieldRevision) -> FieldValue:
    """The row with what the person said; a person is sure, and leaves no alternatives."""
    for column in SAID:
        setattr(row, column, getattr(revision, column))
    row.method, row.confidence, row.alternatives = revision.action, 1.0, []
    return row


def _rechecked(rows: list[FieldValue]) -> list[FieldValue]:
    """The rows with what the amounts of each document say of each other now."""
    for part in {row.document for row in rows}:
        own = [row for row in rows if row.document == part]
        for row, value in zip(own, rechecked([_value(row) for row in own]), strict=True):
            row.checks = dict(value.checks)
    return rows


def _value(row: FieldValue) -> types.FieldValue:
    data: Mapping[str, Any] = {column: getattr(row, column) for column in COLUMNS}
    return field_from_dict(data)
