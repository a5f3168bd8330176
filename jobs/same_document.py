"""The same document again: its result is taken over, or waited for while another job reads it.

What is the same is told by a key over the organisation, the file, the options, and everything of
ours that a result depends on. Of the jobs with one key that are on their way, one does the work
(the first) and the others wait for it with no task of their own: ``same_as`` names it. They get
its result when it has succeeded, else one of them takes its place. Who chooses or replaces a first
one holds the key's lock, so there are never two that know nothing of each other.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from prometheus_client import Counter

from accounts import request_ids
from accounts.identifiers import first_since
from accounts.models import Tenant
from extraction.code_revision import code_revision
from extraction.errors import ExtractionError
from extraction.formats import FORMATS
from extraction.options import Options
from jobs import result_cache
from jobs.errors import LeaseLost
from jobs.models import Job, Status

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 5
ON_THE_WAY = (Status.QUEUED, Status.RUNNING)
_LOCK = "SELECT pg_advisory_xact_lock(%s)"
SETTLING_SECONDS = 1.0  # a sweep, for what crashes left
# Without the tenant, whose id is in the key, and without an order: for either PostgreSQL may look
# through all that waits
_AT_WORK = """
    SELECT id FROM jobs_job
    WHERE cache_key = %s AND same_as_id IS NULL
      AND status IN ('queued', 'running') AND NOT cancel_requested
"""
LOOKUPS = Counter("ocrsite_cache_lookups", "Documents looked for among those read", ["result"])


@dataclass(frozen=True, slots=True)
class Statistics:
    """What became of an organisation's jobs since a moment, of those not deleted.

    ``hits`` have another job's result, ``misses`` were read, ``waiting`` wait for another job;
    ``pages`` were neither read nor billed.
    """

    since: datetime
    hits: int
    misses: int
    waiting: int
    pages: int


def key_of(
    tenant: Tenant,
    sha256: str,
    options: Options,
    template_version: int | None,
    templates_state: str,
    engine_revision: str,
) -> UUID | None:
    """What documents and options have in common that give the same result; None: not to be shared.

    ``engine_revision`` is what the engine's results depend on. A keyed hash, for passwords are in
    it.
    """
    if not settings.RESULT_CACHE_SECONDS:
        return None
    wanted = options.by_name()
    wanted["outputs"] = sorted(name for name in options.outputs if FORMATS[name].render is None)
    if depends_on_templates(options):
        wanted["templates"] = templates_state
    depends = [
        str(tenant.pk),
        sha256,
        wanted,
        template_version,
        engine_revision,
        code_revision(),
        repr(settings.LIMITS),
    ]
    text = json.dumps(depends, sort_keys=True)
    return UUID(bytes=salted_hmac("jobs.same_document", text, algorithm="sha256").digest()[:16])


def depends_on_templates(options: Options) -> bool:
    """Whether the document tells which template is used."""
    return not options.template and not options.fields


def first_of(tenant: Tenant, key: UUID, known: UUID | None) -> Job | None:
    """The job that has the result, or is about to, held so that it stays as it is; else None.

    ``known`` is what ``result_cache`` told. Inside a transaction, until whose end nobody else
    chooses for this key.
    """
    _lock(key)
    with connection.cursor() as cursor:
        cursor.execute(_AT_WORK, [key])
        candidates = sorted(pk for (pk,) in cursor.fetchall())[:1]
    if known:
        candidates.insert(0, known)
    lately = Now() - timedelta(seconds=settings.RESULT_CACHE_SECONDS)
    usable = Q(status=Status.SUCCEEDED, finished_at__gt=lately) & (
        Q(expires_at=None) | Q(expires_at__gt=Now())
    ) | Q(status__in=ON_THE_WAY, cancel_requested=False)
    for pk in candidates:
        _hold(pk)  # it may have ended until it is held
        jobs = Job.objects.for_tenant(tenant).filter(cache_key=key, same_as=None, pk=pk)
        if first := jobs.filter(usable).first():
            return first
    return None


def firsts_of(tenant: Tenant, known: Mapping[UUID, UUID | None], priority: int) -> dict[UUID, Job]:
    """What ``first_of`` says of each key, those on their way made as urgent as that.

    To be called before the transaction holds anything that is locked after jobs. The keys' own
    locks are taken in one order, or two batches of the same documents would wait for each other.
    """
    from jobs import claims  # that module imports this one

    firsts = {}
    for key in sorted(known, key=lock_number):
        if first := first_of(tenant, key, known[key]):
            firsts[key] = first
            if not first.ended:
                claims.hurry(first, priority)
    return firsts


def place(job: Job, first: Job | None, *, later: bool = False) -> None:
    """Give a new job what it came for: the result of ``first`` or a place behind it.

    One without ``first`` has its task already. ``later``, for one of a batch, it waits in any case,
    until all jobs of the batch are there: ``settle_soon`` is to be called after the commit.
    """
    from jobs import claims  # that module imports this one

    if job.cache_key is not None:
        result = "miss" if first is None else "hit" if first.ended else "shared"
        transaction.on_commit(LOOKUPS.labels(result).inc)
        if first is None:
            notice = partial(result_cache.notice, job.tenant_id, job.cache_key, job.pk)
            transaction.on_commit(notice)
    if first is None:
        return
    if not first.ended:
        claims.hurry(first, job.priority)
    elif not later and not _take_over(job, first):
        Job.objects.filter(pk=job.pk).update(same_as=None)
        job.refresh_from_db()
        claims.make_ready(job)


def after_end(job: Job) -> None:
    """To be called in the transaction that ends or deletes a job: see to those that wait for it."""
    if job.cache_key is not None and job.same_as_id is None:  # nobody waits for one that waits
        tell = partial(_ended, job.tenant_id, job.cache_key, job.pk)
        transaction.on_commit(tell, robust=True)


def _ended(tenant_id: UUID, key: UUID, job_id: UUID) -> None:
    succeeded = Job.objects.filter(pk=job_id, status=Status.SUCCEEDED, same_as=None).exists()
    if succeeded:
        result_cache.remember(tenant_id, key, job_id)
    elif result_cache.recall(tenant_id, key) == job_id:
        result_cache.forget(tenant_id, key)
    settle(job_id)


def settle(first_id: UUID, until: float = inf) -> int:
    """See to the jobs that wait for one that has ended or is gone; returns how many ended.

    Each is ended in a transaction of its own. What fails here, or has not begun at that moment of
    ``time.monotonic``, the sweeper does again.
    """
    ended = 0
    waiting = Job.objects.filter(same_as=first_id, status=Status.QUEUED).order_by("pk")
    for job in waiting.select_related("tenant", "file"):
        if time.monotonic() >= until:
            return ended
        key = job.cache_key or job.pk
        with transaction.atomic():
            _lock(key)
            _hold(first_id)
            first = Job.objects.filter(pk=first_id).first()
            if first is not None and not first.ended:
                return ended
            if first is None or first.status != Status.SUCCEEDED or not _take_over(job, first):
                _replace(first_id, key)
                return ended
            ended += 1
    return ended


def settle_soon(first_ids: Iterable[UUID]) -> None:
    """As ``settle``, for jobs that have ended, while a caller waits: SETTLE_SECONDS at most."""
    until = time.monotonic() + SETTLE_SECONDS
    for first_id in first_ids:
        try:
            settle(first_id, until)
        except Exception as error:  # what was submitted stays so, and the sweeper tries again
            logger.warning("jobs wait for the result of %s: %s", first_id, error)


def settle_left() -> int:
    """The sweeper's: as ``settle``, for whatever has ended and was not seen to.

    Not begun any more after ``SETTLING_SECONDS``: the sweeper has dead workers to look for.
    """
    until = time.monotonic() + SETTLING_SECONDS
    at_work = Job.objects.filter(pk=OuterRef("same_as_id"), status__in=ON_THE_WAY)
    left = Job.objects.filter(status=Status.QUEUED, same_as__isnull=False).exclude(Exists(at_work))
    firsts = left.order_by("same_as_id").distinct("same_as_id").values_list("same_as_id", flat=True)
    ended = 0
    for first_id in firsts[:100]:
        if time.monotonic() > until:
            break
        try:
            with request_ids.of_job(first_id):
                ended += settle(first_id)
        except ExtractionError as error:
            logger.warning("jobs wait for the result of %s: %s", first_id, error)
    return ended


def statistics(tenant: Tenant) -> Statistics:
    """Of the last 24 hours."""
    since = timezone.now() - timedelta(hours=24)
    jobs = Job.objects.for_tenant(tenant).filter(pk__gte=first_since(since))
    counts = jobs.exclude(cache_key=None).aggregate(
        hits=Count("pk", filter=Q(cached=True)),
        misses=Count("pk", filter=Q(same_as=None)),
        waiting=Count("pk", filter=Q(same_as__isnull=False, status=Status.QUEUED)),
        pages=Sum("pages_done", filter=Q(cached=True), default=0),
    )
    return Statistics(since=since, **counts)


def _take_over(job: Job, first: Job) -> bool:
    """End the job with the result of ``first``; False where files of that one are missing."""
    from jobs import lifecycle  # that module imports this one

    try:
        lifecycle.finish_as(job, first)
    except FileNotFoundError as error:
        logger.error("job %s is read anew, of %s a file is gone: %s", job.pk, first.pk, error)
        return False
    except LeaseLost:
        pass  # it was cancelled or deleted
    return True


def _replace(first_id: UUID, key: UUID) -> None:
    """Let one of those that wait for ``first_id`` do the work, and the others wait for that one."""
    from jobs import claims  # that module imports this one

    waiting = Job.objects.filter(same_as=first_id, status=Status.QUEUED)
    at_work = Job.objects.filter(cache_key=key, same_as=None, cancel_requested=False)
    on_the_way = at_work.filter(status__in=ON_THE_WAY).order_by()
    first = min(on_the_way, key=lambda job: job.pk, default=None)
    if first is None:
        first = waiting.order_by("priority", "pk").select_for_update(of=("self",)).first()
        if first is None:
            return  # all of them were cancelled or deleted meanwhile
        Job.objects.filter(pk=first.pk).update(same_as=None)
        claims.make_ready(first)
    waiting.update(same_as=first)


def _lock(key: UUID) -> None:
    """Until the transaction's end nobody else has the key's lock."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [lock_number(key)])


def lock_number(key: UUID) -> int:
    """The key's advisory lock, as ``pg_advisory_xact_lock`` takes it."""
    return int.from_bytes(key.bytes[:8], signed=True)


def _hold(job_id: UUID) -> None:
    """Until the transaction's end the job is not changed or deleted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM jobs_job WHERE id = %s FOR SHARE", [job_id])
