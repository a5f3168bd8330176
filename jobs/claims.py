"""A worker's claims on tasks: taken, renewed, shared, and the pages kept under them.

With jobs/lifecycle.py and jobs/job_actions.py the only writer of jobs' status, page counts and
tasks. Every change is a conditional UPDATE whose row count is checked. A worker's writes carry the
attempt number that its task was given at its start: after the task has gone to another worker, or
the job has ended or been deleted, they change nothing and raise ``LeaseLost``. Times are the
database's. Locks are taken in this order: the job, its tasks, the organisation's quota, the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import OperationalError, connection, transaction
from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, Now
from psycopg.errors import LockNotAvailable

from extraction import types
from extraction.formats.json import entities_to_list, page_to_dict
from extraction.formats.json_reading import page_from_dict
from jobs import (
    metering,
    queue,
    removal,
    storage,
    tallies,
    webhooks,
)
from jobs.errors import LeaseLost
from jobs.models import Job, Page, Status, Task

T = TypeVar("T")

LOCK_SECONDS = 1  # that who looks after many tasks waits for one whose job is being changed


def held(task: Task) -> QuerySet[Task]:
    """The task's row, if it is still this attempt's."""
    return Task.objects.filter(pk=task.pk, attempt=task.attempt, state=Task.State.RUNNING)


def lease() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def lock(job_id: UUID) -> None:
    """Hold the job's row until the transaction ends, if it is still there."""
    Job.objects.select_for_update(of=("self",)).filter(pk=job_id).values_list("pk").first()


def make_ready(job: Job) -> None:
    """Write what is to be done of a job, and wake a worker after the commit."""
    task = first_task(job)
    task.save(force_insert=True)
    queue.ring_after_commit(task.pool)


def first_task(job: Job) -> Task:
    """All that is to be done of a job, still to be inserted."""
    pool = queue.pool_of(job.engine)
    return Task(job=job, tenant_id=job.tenant_id, pool=pool, priority=job.priority)


def hurry(job: Job, priority: int) -> None:
    """Let what is left to do of a job be as urgent as that; its row is held."""
    Task.objects.filter(job=job, priority__gt=priority).update(priority=priority)


def start(pool: str, *, worker: str) -> Task | None:
    """Give this worker the task whose turn it is; None if nothing waits for it."""
    without: list[UUID] = []
    while True:
        with transaction.atomic():
            found = queue.next_task(pool, without)
            if found is None:
                return None
            task = soon(partial(claim, found, worker=worker))
            if task is not None:
                queue.mark_turn(task)
                return task
            without.append(found)


def soon(act: Callable[[], T]) -> T | None:
    """What ``act`` returns; undone, and None, where a row is held for longer than a moment."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            done = act()
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
            return done
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def claim(task_id: UUID, *, worker: str) -> Task | None:
    """Claim a waiting task for this worker; None if it is not there to be claimed."""
    with transaction.atomic():
        rows = Job.objects.select_for_update(of=("self",))
        job = rows.filter(tasks=task_id, status__in=(Status.QUEUED, Status.RUNNING)).first()
        if job is None:
            return None
        attempt = job.attempt + 1
        claimed = Task.objects.filter(pk=task_id, state=Task.State.WAITING).update(
            state=Task.State.RUNNING,
            attempt=attempt,
            worker=worker,
            lease_until=lease(),
            taken_at=Now(),
            tokens=None,
        )
        if not claimed:
            return None
        Job.objects.filter(pk=job.pk).update(
            status=Status.RUNNING, attempt=attempt, started_at=Coalesce("started_at", Now())
        )
        task = Task.objects.select_related("job__tenant", "job__file").get(pk=task_id)
        if attempt == 1:
            webhooks.job_event(task.job, "job.started")
        return task


def renew(task: Task, tokens: Mapping[int, int] | None = None) -> bool:
    """Keep the lease; returns whether it was still ours.

    ``tokens`` are those written so far of the pages that a model is at, by number; None: unchanged.
    """
    news = {} if tokens is None else {"tokens": {str(page): n for page, n in tokens.items()}}
    return held(task).update(lease_until=lease(), **news) == 1


def should_go_on(task: Task) -> bool:
    """Whether the task is still this attempt's and nobody has asked to cancel its job."""
    return held(task).filter(job__cancel_requested=False).exists()


def opened(task: Task, *, page_count: int, numbers: Sequence[int]) -> tuple[int, ...]:
    """Note how many pages the file has; returns which of the chosen ``numbers`` to read now.

    Those are the task's own, without the ones that have been read. A task that has none yet takes
    the first ``PAGES_A_TASK`` of them; the rest becomes tasks for other workers. Raises
    ``LeaseLost``, and ``QuotaExceeded`` where they are more than the organisation may read.
    """
    job = task.job
    with transaction.atomic():
        known = Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(
            page_count=page_count, pages_total=len(numbers)
        )
        if not known or not held(task).exists():
            raise LeaseLost()
        read = set(Page.objects.filter(job=job).values_list("number", flat=True))
        if task.numbers is None:
            metering.adjust(job, pages=len(numbers))
            left = [number for number in numbers if number not in read]
            shares = _shares(left, settings.PAGES_A_TASK)
            task.numbers = shares[0]
            held(task).update(numbers=task.numbers)
            Task.objects.bulk_create(
                Task(
                    job=job,
                    tenant_id=job.tenant_id,
                    pool=task.pool,
                    priority=task.priority,
                    numbers=share,
                )
                for share in shares[1:]
            )
            if shares[1:]:
                queue.ring_after_commit(task.pool, len(shares) - 1)
        return tuple(number for number in task.numbers if number not in read)


def _shares(numbers: Sequence[int], size: int) -> list[list[int]]:
    """The numbers in shares of ``size``, the last one up to half as large again; at least one."""
    shares = [list(numbers[at : at + size]) for at in range(0, len(numbers), size)] or [[]]
    if len(shares) > 1 and len(shares[-1]) <= size // 2:
        last = shares.pop()
        shares[-1] += last
    return shares


def page_done(task: Task, page: types.Page, preview: bytes | None) -> None:
    """Keep a finished page. Raises ``LeaseLost``, ``StorageUnavailable``."""
    job = task.job
    key = ""
    if preview:
        key = storage.preview_key(job.tenant_id, job.pk, page.number)
        storage.put(key, preview)
    failed = page.error is not None
    with transaction.atomic():
        counted = Job.objects.filter(pk=job.pk, status=Status.RUNNING).update(
            pages_done=F("pages_done") + 1, pages_failed=F("pages_failed") + int(failed)
        )
        if not counted or not held(task).update(lease_until=lease(), crashes=0):
            if key and not removal.keeps_files(job):
                storage.delete([key])  # nobody else would remove it
            raise LeaseLost()
        Page.objects.create(
            job=job,
            number=page.number,
            engine=page.engine,
            revision=page.revision,
            seconds=page.seconds,
            confidence=page.confidence,
            content=page_to_dict(page),
            failed=failed,
            degraded=tallies.DEGRADED in page.warnings,
            tokens=page.tokens,
            preview_key=key,
            preview_bytes=len(preview or b""),
        )
        webhooks.page_finished(job, page)
        tallies.count(job.engine, page)  # last, for others wait for its row


def last_one(task: Task) -> bool:
    """End a task whose pages are done; True if it was its job's last, which then makes the result.

    The last one stays in the same hands, with no pages left and the job's highest attempt number.
    Raises ``LeaseLost``.
    """
    with transaction.atomic():
        lock(task.job_id)
        if Task.objects.filter(job_id=task.job_id).exclude(pk=task.pk).exists():
            if not held(task).delete()[0]:
                raise LeaseLost()
            return False
        newest = Job.objects.values_list("attempt", flat=True).filter(pk=task.job_id).first()
        attempt = task.attempt if newest == task.attempt else (newest or 0) + 1
        if not held(task).update(numbers=[], attempt=attempt, lease_until=lease()):
            raise LeaseLost()
        Job.objects.filter(pk=task.job_id).update(attempt=attempt)
    task.numbers = []
    task.attempt = task.job.attempt = attempt
    return True


def finished_pages(job: Job) -> list[types.Page]:
    """The pages kept so far, by number."""
    rows = Page.objects.filter(job=job).order_by("number").values_list("content", flat=True)
    return [page_from_dict(content) for content in rows]


_ENTITIES = Value(["entities"], output_field=ArrayField(TextField()))


def retold(task: Task, before: Sequence[types.Page], after: Sequence[types.Page]) -> None:
    """Keep the entities of pages on which the whole document has told others. Raises
    ``LeaseLost``."""
    known = {page.number: page.entities for page in before}
    changed = [page for page in after if page.entities != known.get(page.number)]
    if not changed:
        return
    with transaction.atomic():
        lock(task.job_id)
        if not held(task).exists():
            raise LeaseLost()
        for page in changed:
            entities = Value(entities_to_list(page), output_field=JSONField())
            content = Func(F("content"), _ENTITIES, entities, function="jsonb_set")
            Page.objects.filter(job_id=task.job_id, number=page.number).update(content=content)
