"""What people do with many jobs at once: each as if it were done alone, and told of alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.http import Http404

from accounts.tenancy import Actor
from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs import job_actions, queue
from jobs.models import Job

SECONDS = 20  # of one request; the next one goes on
AT_ONCE = 100  # jobs read together


@dataclass(frozen=True, slots=True)
class Refused:
    """A job for which it was not done, and why."""

    job: UUID
    name: str
    failure: Failure


@dataclass(slots=True)
class Outcome:
    """How many it was done for, for which it was not, and those whose turn has not come."""

    done: int = 0
    refused: list[Refused] = field(default_factory=list)
    left: list[UUID] = field(default_factory=list)


def _cancel(job: Job, actor: Actor, address: str | None) -> None:
    job_actions.cancel(job, actor=actor, address=address)


def _retry(job: Job, actor: Actor, address: str | None) -> None:
    queue.refuse_when_full(queue.pool_of(job.engine))
    job_actions.retry(job, actor=actor, address=address)


def _delete(job: Job, actor: Actor, address: str | None) -> None:
    job_actions.delete(job, actor=actor, address=address)


ACTIONS: Mapping[str, Callable[[Job, Actor, str | None], None]] = {
    "cancel": _cancel,
    "retry": _retry,
    "delete": _delete,
}
NEEDS = {"cancel": "jobs:cancel", "retry": "jobs:write", "delete": "jobs:write",
         "download": "jobs:read"}  # fmt: skip


def run(name: str, ids: Sequence[UUID], *, actor: Actor, address: str | None) -> Outcome:
    """Do one of ``ACTIONS`` with those of the ids that are the tenant's jobs, in their order.

    One that is gone by then counts as done where it was to be deleted, and is left out else.
    """
    outcome, until = Outcome(), time.monotonic() + SECONDS
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        rows = Job.objects.for_tenant(actor.tenant).select_related("file", "tenant")
        found = rows.in_bulk(some)
        for number, job_id in enumerate(some, start=begin):
            if time.monotonic() > until:
                outcome.left = list(ids[number:])
                return outcome
            job = found.get(job_id)
            try:
                if job is not None:
                    ACTIONS[name](job, actor, address)
                    outcome.done += 1
            except ExtractionError as error:
                assert job is not None
                outcome.refused.append(Refused(job.pk, job.file.name, error.failure()))
            except Http404:
                outcome.done += name == "delete"
    return outcome
