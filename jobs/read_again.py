"""A job's document read once more, by another engine or for other fields, as a job of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction

from accounts.tenancy import Actor
from extraction.options import Options
from jobs import metering, results, same_document, submit, templates
from jobs.errors import Expired
from jobs.models import Job, Priority


def read_again(
    job: Job,
    *,
    actor: Actor,
    engine: str,
    template: str | None = None,
    pdf: bool | None = None,
    password: str = "",
    address: str | None,
) -> Job:
    """Queue a new job for the document that the job has kept; returns the new one.

    All that is not named is as in the job. It counts against quotas and is billed as any other, and
    is a copy of a result that is there, but for one of the same options: who asks for that wants it
    read anew. Raises ``Expired`` where the document is gone, and as ``submit.order``,
    ``submit.keep_again`` and ``submit.create``.
    """
    results.refuse_expired(job)
    before = options_of(job)
    options = replace(before, engine=engine, password=password)
    if template is not None:
        options = replace(options, template=template, fields=() if template else before.fields)
    if pdf is not None:
        options = replace(options, outputs=("pdf",) if pdf else ())
    placed = submit.order(
        actor=actor,
        options=options,
        metadata=job.metadata,
        priority=Priority(job.priority),
        retention_hours=_hours(job),
        address=address,
    )
    metering.refuse_beyond(actor.tenant, size=job.file.size)
    with submit.taken_back_on_failure(placed) as kept:
        try:
            kept.append(submit.keep_again(job.file))
        except FileNotFoundError as error:
            raise Expired() from error
        same = None
        if submit.shown(placed.options) != submit.shown(before):
            same = submit.same_as(placed, kept[0], templates.state_of(actor.tenant))
        with transaction.atomic():
            first = None
            if same:
                first = same_document.first_of(actor.tenant, same.key, same.known)
            return submit.create(placed, kept[0], key=same.key if same else None, first=first)


def options_of(job: Job) -> Options:
    """The options of a job, without its password, which is forgotten at its end."""
    told: dict[str, Any] = {
        **job.options,
        "fields": tuple(job.options.get("fields", ())),
        "outputs": tuple(job.options.get("outputs", ())),
    }
    return Options(**told)


def _hours(job: Job) -> int | None:
    """How long the job's result is kept, as far as the plan still allows; None for the usual."""
    plan = job.tenant.plan
    most = plan.retention_hours if plan is not None else None
    hours = job.retention_hours
    return hours if hours is None or most is None or hours <= most else None
