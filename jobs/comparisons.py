"""Comparisons: one document read by several engines, each in an ordinary job, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Avg, Q, Sum
from django.http import Http404

from accounts import audit
from accounts.identifiers import uuid7
from accounts.tenancy import Actor
from accounts.usage import costs_of
from extraction.comparison import MOST_PAGES, Reading, Texts, compare
from extraction.errors import InvalidOption
from extraction.field_agreement import Agreement, Found, agreement
from extraction.fields import CATALOGUE
from extraction.formats.json_reading import block_from_dict
from extraction.formats.txt import page_text
from extraction.options import Options
from extraction.types import Page as ReadPage
from jobs import (
    idempotency,
    job_actions,
    review,
    revisions,
    same_document,
    submit,
    templates,
)
from jobs.bench import one_of_few
from jobs.idempotency import Once
from jobs.models import ComparedJob, Comparison, Job, Page, Priority, Status
from jobs.uploads import Upload

FEWEST, MOST = 2, 5  # engines of a comparison
RUNNING, COMPLETED = "running", "completed"
STATUSES = (RUNNING, COMPLETED)  # of a comparison
DELETED = "deleted"  # the status of an engine whose job is gone
STATES = [*Status.values, DELETED]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the caller knows to be right: values by the field's name, and the text."""

    fields: Mapping[str, Any]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one engine did. ``seconds`` are the engine's, of all pages read, and a page's on average.

    ``cost`` is what was billed, by currency; nothing for a result that was there (``cached``).
    ``degraded`` are the pages that OCR read where the engine's model failed.
    """

    engine: str
    job: Job | None
    status: str
    seconds: float
    seconds_a_page: float | None
    cost: Mapping[str, Decimal]
    confidence: float | None
    degraded: tuple[int, ...]
    tokens: int
    revisions: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.job is None or self.job.ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engines read, text by text and field by field."""

    texts: Texts
    fields: Agreement


def submit_comparison(
    *,
    actor: Actor,
    upload: Upload,
    engines: Sequence[str],
    options: Options,
    truth: Truth,
    metadata: dict[str, Any] | None = None,
    priority: Priority = Priority.NORMAL,
    cache: bool | None = None,
    retention_hours: int | None = None,
    once: Once | None = None,
    address: str | None = None,
) -> Comparison:
    """Keep the file once for each engine, and queue a job for each, all in one transaction.

    Each counts against quotas and is billed as any other job, and where the same document has been
    read by that engine already it takes over that result, unless ``cache`` is off (None: as the
    organisation says). Raises as ``submit.order``, ``submit.keep`` and ``submit.create``,
    ``InvalidOption`` where results would go with their first delivery, and with ``once`` what
    ``idempotency.keep`` does.
    """
    if cache is None:
        cache = actor.tenant.default_cache
    orders = [
        submit.order(
            actor=actor,
            # the whole text is compared, whatever the organisation usually has left out
            options=replace(options, engine=engine, split=False, strip_furniture=False, outputs=()),
            metadata=metadata,
            priority=priority,
            retention_hours=retention_hours,
            address=address,
        )
        for engine in engines
    ]
    if orders[0].retention_hours == 0:
        raise InvalidOption(
            "retention_hours: results that go with their first delivery cannot be compared; "
            "give 1 or more."
        )
    comparison = Comparison(
        id=uuid7(),
        tenant=actor.tenant,
        created_by=actor.user,
        api_key=actor.api_key,
        truth=dict(truth.fields),
        truth_text=truth.text,
    )
    with submit.taken_back_on_failure(orders[0]) as kept:
        kept.append(submit.keep(actor.tenant, upload))
        for _ in orders[1:]:
            kept.append(submit.keep_again(kept[0]))
        comparison.name = kept[0].name
        state = templates.state_of(actor.tenant) if cache else ""
        same = [
            submit.same_as(order, file, state) if cache else None
            for order, file in zip(orders, kept, strict=True)
        ]
        with transaction.atomic():
            if once:
                idempotency.keep(once, comparison.pk)
            known = {each.key: each.known for each in same if each}
            firsts = same_document.firsts_of(actor.tenant, known, priority)
            comparison.save(force_insert=True)
            for position, (order, file, each) in enumerate(zip(orders, kept, same, strict=True), 1):
                key = each.key if each else None
                first = firsts.get(key) if key else None
                job = submit.create(order, file, key=key, first=first, later=True)
                ComparedJob.objects.create(
                    comparison=comparison, position=position, engine=job.engine, job=job
                )
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="compare.submit",
                obj=comparison,
                after={"sha256": kept[0].sha256, "engines": list(engines)},
                address=address,
            )
    same_document.settle_soon(first.pk for first in firsts.values() if first.ended)
    return comparison


def delete(comparison: Comparison, *, actor: Actor, address: str | None) -> None:
    """Remove it with its jobs, their results and files.

    Raises ``StorageUnavailable`` where a file cannot be removed: it then stays, to be deleted
    again.
    """
    with transaction.atomic():
        if not Comparison.objects.select_for_update().filter(pk=comparison.pk).exists():
            raise Http404()
        audit.record(
            actor=actor,
            tenant=comparison.tenant,
            action="compare.delete",
            obj=comparison,
            address=address,
        )
    for job in jobs_of(comparison):
        with suppress(Http404):  # deleted by another request
            job_actions.delete(job, actor=actor, address=address)
    comparison.delete()


def jobs_of(comparison: Comparison) -> list[Job]:
    """Its jobs that are still there, in the order of the engines."""
    return [part.job for part in parts_of(comparison) if part.job is not None]


def parts_of(comparison: Comparison) -> list[ComparedJob]:
    """Its engines with their jobs; one query, none where they were looked up before."""
    cache = getattr(comparison, "_prefetched_objects_cache", {})
    if "parts" in cache:
        return list(comparison.parts.all())
    return list(comparison.parts.select_related("job__file", "job__tenant"))


def status_of(comparison: Comparison) -> str:
    """ "running" until all of its jobs have ended, whatever became of them, then "completed"."""
    return COMPLETED if all(job.ended for job in jobs_of(comparison)) else RUNNING


def standings(comparison: Comparison) -> list[Standing]:
    """How each engine did so far; two queries more."""
    parts = parts_of(comparison)
    jobs = [part.job for part in parts if part.job is not None]
    read = Q(failed=False)
    rows = (
        Page.objects.filter(job__in=jobs)
        .order_by()
        .values("job")
        .annotate(
            spent=Sum("seconds", filter=read, default=0.0),
            mean=Avg("seconds", filter=read),
            sure=Avg("confidence", filter=read),
            written=Sum("tokens", default=0),
            instead=ArrayAgg("number", filter=Q(degraded=True), default=[]),
            by=ArrayAgg("revision", filter=read & ~Q(revision=""), distinct=True, default=[]),
        )
    )
    pages = {row["job"]: row for row in rows}
    costs = costs_of(comparison.tenant, [job.pk for job in jobs])
    return [_standing(part, pages, costs) for part in parts]


def _standing(
    part: ComparedJob,
    pages: Mapping[UUID, Mapping[str, Any]],
    costs: Mapping[UUID, Mapping[str, Decimal]],
) -> Standing:
    job = part.job
    row = pages.get(job.pk, {}) if job else {}
    mean, sure = row.get("mean"), row.get("sure")
    return Standing(
        engine=part.engine,
        job=job,
        status=str(job.status) if job else DELETED,
        seconds=round(row.get("spent", 0.0), 3),
        seconds_a_page=None if mean is None else round(mean, 3),
        cost=costs.get(job.pk, {}) if job else {},
        confidence=None if sure is None else round(sure, 4),
        degraded=tuple(sorted(row.get("instead", ()))),
        tokens=row.get("written", 0),
        revisions=tuple(row.get("by", ())),
    )


def outcome(comparison: Comparison) -> Outcome | None:
    """Texts and fields side by side; None before all jobs have ended.

    Fields are as read, whatever people corrected since. Raises ``Busy`` where too many ask at once.
    """
    if status_of(comparison) != COMPLETED:
        return None
    with one_of_few():
        return Outcome(
            compare(readings(comparison), comparison.truth_text or None), _fields(comparison)
        )


def readings(comparison: Comparison, page: int | None = None) -> list[Reading]:
    """The text that each engine read, of all pages or one; those whose job is gone are missing."""
    found = []
    for part in parts_of(comparison):
        if part.job is None or part.job.status == Status.EXPIRED:
            continue
        rows = Page.objects.filter(job=part.job, failed=False).order_by("number")
        if page is not None:
            rows = rows.filter(number=page)
        # one more than are compared, so that what is left out is known to be
        contents = rows.values_list("number", "content__blocks")[: MOST_PAGES + 1]
        texts = {
            number: page_text(ReadPage(number, blocks=tuple(map(block_from_dict, blocks or ()))))
            for number, blocks in contents
        }
        found.append(Reading(part.engine, texts))
    return found


def _fields(comparison: Comparison) -> Agreement:
    parts = [(part.engine, part.job) for part in parts_of(comparison)]
    jobs = [job for _, job in parts if job is not None]
    values = revisions.as_read(jobs)
    known = {field.name: field for field in CATALOGUE}
    for job in jobs:
        for each in review.looked_for(job):
            known |= {field.name: field for field in each.fields}
    having = {job.pk for job in jobs if job.status in (Status.SUCCEEDED, Status.PARTIAL)}
    return agreement(
        [Found(name, values[job.pk] if job and job.pk in having else None) for name, job in parts],
        comparison.truth,
        known,
    )
