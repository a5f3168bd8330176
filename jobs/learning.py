"""What the confirmed documents of a tenant teach one of its templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.tenancy import Actor
from extraction.fields.lessons import Confirmed, Gain, Lessons, Right
from extraction.formats.json_reading import page_from_dict
from extraction.settling import settle
from jobs import review, templates
from jobs.bench import one_of_few
from jobs.errors import NothingToLearn
from jobs.models import FieldTemplate, FieldTemplateVersion, Job, Page, Review

LEAST_DOCUMENTS = 2
MOST_DOCUMENTS = 50  # the newest
MOST_PAGES = 5  # of a document, the first ones


@dataclass(frozen=True, slots=True)
class Learned:
    """The newest version of the template after learning, and what was measured.

    ``gains`` are by field, over ``documents`` confirmed ones; ``fields`` are the names of those
    that learned: a field that would have been found worse for it stays as it was.
    """

    version: FieldTemplateVersion
    documents: int
    gains: dict[str, Gain]
    fields: tuple[str, ...]


def learn(
    *, row: FieldTemplate, jobs: Sequence[UUID], actor: Actor, address: str | None = None
) -> Learned:
    """Teach a template by confirmed documents, as its next version.

    They are the newest that were read with the template, and those of ``jobs``, whatever they were
    read with; of a file that was split none. Each is then read without anything learned and by
    what the others teach. What the template had learned before is replaced; nothing else of it
    changes, so that restoring an earlier version takes it back. Raises ``NothingToLearn`` with
    fewer than two documents, ``VersionConflict`` where somebody changed the template meanwhile.
    """
    newest = row.versions.get(number=row.version)
    template = templates.parsed(newest)
    documents = [_confirmed(job) for job in _jobs(row, jobs)]
    if len(documents) < LEAST_DOCUMENTS:
        raise NothingToLearn(
            "Confirm the fields of some documents read with this template first.",
            limit=LEAST_DOCUMENTS,
            actual=len(documents),
        )
    with one_of_few():
        lessons = Lessons(template.fields, documents)
        gains = lessons.gains()
        taught = lessons.learned()
    fields = tuple(
        field if _no_worse(gains.get(field.name)) else replace(field, learned=())
        for field in taught
    )
    values = sum(gain.values for gain in gains.values())
    before, after = (
        sum(getattr(gain, when) for gain in gains.values()) for when in ("before", "after")
    )
    version, _ = templates.replace(
        tenant=row.tenant,
        actor=actor,
        template=replace(template, fields=fields),
        expected=newest.number,
        note=f"Learned from {len(documents)} documents: {before} to {after} of {values} values",
        action="template.learn",
        address=address,
    )
    names = tuple(field.name for field in fields if field.learned)
    return Learned(version, len(documents), gains, names)


def _no_worse(gain: Gain | None) -> bool:
    return gain is None or gain.after >= gain.before


def _jobs(row: FieldTemplate, wanted: Sequence[UUID]) -> list[Job]:
    """The confirmed jobs to learn from, the oldest first."""
    confirmed = Review.objects.for_tenant(row.tenant).filter(status=Review.Status.CONFIRMED)
    own = confirmed.filter(job__template_version__template=row)
    chosen = (own | confirmed.filter(job__in=wanted)).filter(job__documents=[])
    newest = chosen.select_related("job__tenant").order_by("-confirmed_at")[:MOST_DOCUMENTS]
    return [each.job for each in newest][::-1]


def _confirmed(job: Job) -> Confirmed:
    """The job's pages, and what people left as right."""
    rows = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    pages = settle([page_from_dict(content) for content in rows[:MOST_PAGES]], strip=False)
    states, _ = review.state_of(job)
    right: dict[str, Right | None] = {}
    for state in states:
        if state.value is not None:
            right[state.name] = Right(state.value.value, state.value.page, state.value.box)
        elif state.standing == "absent":
            right[state.name] = None
    return Confirmed(pages, right)
