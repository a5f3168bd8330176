"""How a batch stands: its documents, its progress, and that its end is noted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Now

from accounts import audit
from jobs import webhooks
from jobs.errors import Expired
from jobs.models import ENDED, Batch, Job, Status

REFUSED = "refused"  # the status of a document that became no job


@dataclass(frozen=True, slots=True)
class Progress:
    """Documents by status, and pages; ``pages_total`` counts the documents opened so far."""

    documents: Mapping[str, int]
    pages_total: int
    pages_done: int
    pages_failed: int


@dataclass(frozen=True, slots=True)
class Item:
    """A document of a batch: its job, or why there is none."""

    position: int
    name: str
    status: str
    job: Job | None
    error: Mapping[str, Any] | None


def progress(batches: Sequence[Batch]) -> dict[UUID, Progress]:
    """The progress of each of the batches, by id, in one query."""
    rows = (
        Job.objects.filter(batch__in=batches)
        .order_by()
        .values("batch", "status")
        .annotate(
            jobs=Count("pk"),
            total=Coalesce(Sum("pages_total"), 0),
            done=Sum("pages_done"),
            failed=Sum("pages_failed"),
        )
    )
    of_batch: dict[UUID, list[Mapping[str, Any]]] = {batch.pk: [] for batch in batches}
    for row in rows:
        of_batch[row["batch"]].append(row)
    return {
        batch.pk: Progress(
            {row["status"]: row["jobs"] for row in of_batch[batch.pk]}
            | ({REFUSED: len(batch.refused)} if batch.refused else {}),
            *(sum(row[key] for row in of_batch[batch.pk]) for key in ("total", "done", "failed")),
        )
        for batch in batches
    }


def items(batch: Batch) -> list[Item]:
    """The batch's documents in their order; deleted jobs are missing."""
    jobs = Job.objects.filter(batch=batch).select_related("file", "tenant")
    found = [item_of(job, job.batch_position or 0) for job in jobs]
    return sorted(found + _refused(batch), key=lambda item: item.position)


def _refused(batch: Batch) -> list[Item]:
    """What became no job of it."""
    return [
        Item(row["position"], row["name"], REFUSED, None, row["error"]) for row in batch.refused
    ]


def items_after(batch: Batch, *, after: int, most: int, status: str = "") -> list[Item]:
    """So many of its documents behind that place, in their order; those of a status where named."""
    jobs = Job.objects.filter(batch=batch, batch_position__gt=after).select_related("file")
    if status:
        jobs = jobs.filter(status=status)
    found = [
        item_of(job, job.batch_position or 0) for job in jobs.order_by("batch_position")[:most]
    ]
    if status in ("", REFUSED):
        found += [item for item in _refused(batch) if item.position > after]
    return sorted(found, key=lambda item: item.position)[:most]


def item_of(job: Job, position: int) -> Item:
    """A job as a document among others; needs its ``file``."""
    return Item(position, job.file.name, job.status, job, _error(job))


def _error(job: Job) -> Mapping[str, Any] | None:
    """Why there is no result of it, or not all: also that it was removed."""
    return asdict(Expired().failure()) if job.status == Status.EXPIRED else job.error


def job_ended(job: Job) -> None:
    """To be called in the transaction in which a job ends or is deleted: perhaps its batch ends.

    The batch's row is locked before the other jobs are looked at. Of two jobs that end at once the
    second then waits for the first one's commit and sees its end.
    """
    batch = _locked(job)
    if batch is None or batch.completed_at is not None:
        return
    if Job.objects.filter(batch=batch).exclude(status__in=ENDED).exists():
        return
    if Batch.objects.filter(pk=batch.pk, completed_at=None).update(completed_at=Now()):
        _completed(batch)


def job_reopened(job: Job) -> None:
    """To be called in the transaction in which an ended job is queued again: so is its batch."""
    if batch := _locked(job):
        Batch.objects.filter(pk=batch.pk).update(completed_at=None, cancel_requested=False)


def _locked(job: Job) -> Batch | None:
    """The job's batch, if it has one, with its row locked until the transaction ends."""
    if job.batch_id is None:
        return None
    rows = Batch.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    return rows.filter(pk=job.batch_id).first()


def _completed(batch: Batch) -> None:
    """Tell that the batch has ended, in the transaction that ended it."""
    documents = dict(progress([batch])[batch.pk].documents)
    audit.record(actor=None, tenant=batch.tenant, action="batch.end", obj=batch, after=documents)
    data = {"id": batch.pk, "name": batch.name, "metadata": batch.metadata, "documents": documents}
    webhooks.notify(batch.tenant, "batch.completed", data)
