"""How long files and results stay, and their removal when that time has passed.

The time is settled when a job is submitted and runs from its end. A job of 0 hours keeps its result
until it has been delivered once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts import request_ids
from accounts.models import Tenant
from extraction.errors import InvalidOption
from jobs import metering, removal, same_document, storage
from jobs.errors import StorageUnavailable
from jobs.models import ENDED, KEPT, Job, Status

logger = logging.getLogger(__name__)

MAX_HOURS = 87_600  # ten years
AT_ONCE = 10_000  # jobs looked up together


def hours_for(tenant: Tenant, asked: int | None) -> int | None:
    """How long a new job's files and result stay; None until somebody deletes them.

    What was asked for, else the organisation's time, else the installation's; the plan's is the
    most. Raises ``InvalidOption`` where more was asked for.
    """
    most = tenant.plan.retention_hours if tenant.plan is not None else None
    limit = MAX_HOURS if most is None else min(most, MAX_HOURS)
    if asked is not None:
        if not 0 <= asked <= limit:
            raise InvalidOption(
                "retention_hours: files and results are not kept for longer here.",
                limit=limit,
                actual=asked,
            )
        return asked
    usual = tenant.retention_hours
    if usual is None:
        usual = settings.RETENTION_HOURS
    return most if usual is None or (most is not None and usual > most) else usual


def ends_at(job: Job) -> Any:
    """When the time of a job that ends now is over, for its row; None for never."""
    hours = settings.UNFETCHED_HOURS if job.retention_hours == 0 else job.retention_hours
    return None if hours is None else Now() + timedelta(hours=hours)


def expire(job_id: UUID) -> bool:
    """Remove the files and the result of a job whose time has passed; its row stays, emptied.

    It first becomes ``expired``, so that nobody is given what is about to go; counters, rows and
    receipt follow when the files are gone. A crash in between leaves it due, and whoever comes next
    goes on. False where there is nothing to do, or somebody else has the row. Raises
    ``StorageUnavailable``.
    """
    with transaction.atomic():
        job = _due().select_for_update(of=("self",), skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return False
        if job.status != Status.EXPIRED:
            Job.objects.filter(pk=job.pk).update(status=Status.EXPIRED)
            same_document.after_end(job)
    with transaction.atomic():
        rows = _due().select_for_update(of=("self",), skip_locked=True)
        job = rows.filter(pk=job_id).select_related("tenant", "file").first()
        if job is None:
            return False
        removed = removal.contents(job)
        removal.remove_files(job)  # before the locks that the organisation's other jobs wait for
        removal.receipt(job, removed, action="job.expire", reason=_reason(job))
        removal.empty(job)
        metering.add_storage(job.tenant, -job.stored_bytes)
    return True


def sweep(stop: Callable[[], bool] = lambda: False) -> int:
    """Remove what is due, oldest first, until ``stop``; returns of how many jobs.

    Safe in any number of processes: each takes rows that no other has. One whose files cannot be
    removed is left for the next sweep, and the storage away ends this one.
    """
    removed = 0
    while some := _remove_some(stop):
        removed += some
    if removed:
        logger.info("retention: the files and results of %d jobs were removed", removed)
    return removed


def _remove_some(stop: Callable[[], bool]) -> int:
    """Remove up to ``AT_ONCE`` jobs' files and results; returns of how many it did."""
    removed = 0
    for job_id in list(_due().order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE]):
        if stop():
            break
        with request_ids.of_job(job_id):
            try:
                removed += expire(job_id)
            except StorageUnavailable:
                logger.error("job %s is due, but its files cannot be removed", job_id)
                if not storage.available():
                    break
    return removed


def _due() -> QuerySet[Job]:
    """The jobs of which something is left that should not be."""
    return Job.objects.filter(status__in=ENDED, expires_at__lte=Now(), stored_bytes__gt=0)


def _reason(job: Job) -> str:
    if job.retention_hours != 0:
        return "retention"
    return "delivered" if job.delivered_at else "unfetched"


class DeliveredOnce(StreamingHttpResponse):
    """A result that is removed when all of it has been sent.

    The server asks for more after the last part only when it could hand that over; a connection
    that breaks before leaves the result where it is.
    """

    def __init__(self, job: Job, response: HttpResponse | FileResponse) -> None:
        self.job = job
        self.sent = False
        self.whole = response
        super().__init__(self._parts(), status=response.status_code, headers=response.headers)
        if isinstance(response, HttpResponse):
            self["Content-Length"] = str(len(response.content))

    def _parts(self) -> Iterator[bytes]:
        yield from self.whole
        self.sent = True

    def close(self) -> None:
        """Called by the server when the answer is over, however it ended."""
        try:
            if self.sent:
                delivered([self.job.pk])
        finally:
            self.whole.close()
            super().close()


def delivering(job: Job, response: HttpResponseBase, method: str | None) -> HttpResponseBase:
    """The answer with a job's result; of a job of 0 hours one that removes the result once sent."""
    if job.retention_hours != 0 or method != "GET":
        return response
    assert isinstance(response, HttpResponse | FileResponse)
    return DeliveredOnce(job, response)


def delivered(job_ids: Iterable[UUID]) -> None:
    """Note that results have been sent whole; remove those that go with their first delivery.

    Where that fails the sweeper does it.
    """
    kept = Job.objects.filter(status__in=KEPT, retention_hours=0, delivered_at=None)
    for job_id in job_ids:
        request_ids.about(job_id)
        try:
            if kept.filter(pk=job_id).update(delivered_at=Now(), expires_at=Now()):
                expire(job_id)
        except Exception:
            logger.exception("job %s: its delivered result is left to the sweeper", job_id)
