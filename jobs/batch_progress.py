"""How far a batch is, and the events that tell it; without memory, as jobs/progress.py is."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from jobs.batches import REFUSED
from jobs.models import Batch
from jobs.progress import END, event

EVENT_ID = re.compile(rf"[0-9a-f]{{8}}|{END}")
# In one statement, so that counts and end are of one moment
_ROWS = """
    SELECT batch.id, batch.tenant_id, batch.completed_at IS NOT NULL, batch.cancel_requested,
        jsonb_array_length(batch.refused), job.status, count(job.id),
        coalesce(sum(job.pages_total), 0), coalesce(sum(job.pages_done), 0),
        coalesce(sum(job.pages_failed), 0)
    FROM jobs_batch batch LEFT JOIN jobs_job job ON job.batch_id = batch.id
    WHERE batch.id = ANY(%s) GROUP BY batch.id, job.status ORDER BY batch.id, job.status
"""


class BatchKey(NamedTuple):
    """A batch that its listener may see; both ids are asked for, so that no other tenant's fits."""

    tenant_id: UUID
    batch_id: UUID


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch as its listeners see it; the data of its events, named as in the batch's JSON."""

    status: str
    documents: Mapping[str, int]
    pages: Mapping[str, int]

    @property
    def ended(self) -> bool:
        """Whether all its documents have ended."""
        return self.status == Batch.COMPLETED

    @property
    def data(self) -> dict[str, Any]:
        """What is told."""
        total = sum(self.documents.values())
        return {
            "status": self.status,
            "documents": {"total": total, **self.documents},
            "pages": dict(self.pages),
        }


def read(
    keys: Collection[BatchKey], before: Mapping[BatchKey, BatchProgress]
) -> dict[BatchKey, BatchProgress]:
    """The batches as they are now, by one query; those deleted are missing.

    One that is as ``before`` is that very object.
    """
    wanted = {key.batch_id: key for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [list(wanted)])
        rows = cursor.fetchall()
    now: dict[BatchKey, BatchProgress] = {}
    for batch_id, tenant_id, completed, cancelled, refused, status, jobs, *pages in rows:
        key = wanted[batch_id]
        if key.tenant_id != tenant_id:
            continue
        old = now.get(key)
        documents = dict(old.documents) if old else {REFUSED: refused} if refused else {}
        if status is not None:  # else all of its jobs are deleted
            documents[status] = jobs
        total = old.pages if old else {"total": 0, "done": 0, "failed": 0}
        now[key] = BatchProgress(
            Batch.status_of(completed=completed, cancelled=cancelled),
            documents,
            {name: total[name] + int(more) for name, more in zip(total, pages, strict=True)},
        )
    return {key: before[key] if before.get(key) == state else state for key, state in now.items()}


def read_ended(keys: Collection[BatchKey], before: Mapping[BatchKey, bool]) -> dict[BatchKey, bool]:
    """Whether each batch has ended, by one query; those deleted are missing."""
    wanted = {key.batch_id: key for key in keys}
    rows = Batch.objects.filter(pk__in=wanted).values_list("pk", "tenant_id", "completed_at")
    return {
        wanted[pk]: completed_at is not None
        for pk, tenant_id, completed_at in rows
        if wanted[pk].tenant_id == tenant_id
    }


@dataclass(slots=True)
class BatchTold:
    """What a listener knows, and the ``id`` of its events: a digest of what it was told last."""

    last: str = ""

    @classmethod
    def of(cls, last_event_id: str) -> BatchTold:
        """What a listener says it was told last; nothing where that cannot be read."""
        return cls(last_event_id if EVENT_ID.fullmatch(last_event_id) else "")

    @property
    def ended(self) -> bool:
        """Whether the end has been told."""
        return self.last == END

    def events(self, progress: BatchProgress) -> Iterator[bytes]:
        """What is new, noted as told."""
        digest = END if progress.ended else f"{zlib.crc32(json.dumps(progress.data).encode()):08x}"
        if digest != self.last:
            self.last = digest
            yield event("batch.completed" if progress.ended else "progress", progress.data, digest)
