"""The same document by many at once: one reads it, whoever comes or goes meanwhile."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from accounts.models import UsageRecord
from jobs import job_actions, same_document, tasks
from jobs.models import Job, Page, Status, Task
from jobs.reconciliation import differences
from jobs.sweep import sweep
from tests.engines import FakeEngine
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.test_review_races import at_once
from tests.jobs.test_same_document import cache_on  # noqa: F401
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "cache_on"),
]
MANY = 20


def work() -> None:
    """Do whatever waits, as workers would, until nothing does."""
    for _ in range(3 * MANY):
        sweep()
        while tasks.run_next("cpu"):
            pass
        if not Job.objects.filter(status__in=("queued", "running")).exists():
            return


def stored(folder: Path) -> int:
    """How many files there are."""
    return sum(path.is_file() for path in folder.rglob("*"))


def test_of_many_at_once_one_is_read(
    acme: Organisation, files: Path, fake_engine: FakeEngine
) -> None:
    assert at_once(*[lambda: make_job(acme, preview=True)] * MANY) == ["done"] * MANY
    assert Job.objects.filter(same_as=None).count() == 1
    work()
    assert fake_engine.read_pages == [1]
    jobs = list(Job.objects.all())
    assert [job.status for job in jobs] == ["succeeded"] * MANY
    assert sum(job.cached for job in jobs) == MANY - 1
    (billed,) = UsageRecord.objects.filter(pages__gt=0)
    assert (billed.pages, [job.pk for job in jobs if not job.cached]) == (1, [billed.job_id])
    assert Page.objects.count() == MANY


def test_each_of_two_organisations_reads_it_once(
    acme: Organisation, stranger: Organisation, fake_engine: FakeEngine
) -> None:
    calls = [partial(make_job, who) for who in (acme, stranger) * 5]
    assert at_once(*calls) == ["done"] * 10
    work()
    assert fake_engine.read_pages == [1, 1]
    assert sorted(row.tenant.slug for row in UsageRecord.objects.filter(pages__gt=0)) == [
        "acme",
        "stranger",
    ]


@pytest.mark.parametrize("number", range(5))
def test_sent_while_the_first_ends(acme: Organisation, number: int) -> None:
    """Whatever comes first, each gets a result and none is left behind."""
    first = make_job(acme)
    running = claim(first)

    def end() -> None:
        tasks.run_task(running)

    assert at_once(end, *[lambda: make_job(acme)] * 6) == ["done"] * 7
    same_document.settle_left()
    now = list(Job.objects.all())
    assert [job.status for job in now] == ["succeeded"] * 7
    assert [job.pk for job in now if not job.cached] == [first.pk]
    assert UsageRecord.objects.filter(pages__gt=0).count() == 1


@pytest.mark.parametrize("number", range(5))
def test_sent_while_the_first_is_deleted(acme: Organisation, files: Path, number: int) -> None:
    first = make_job(acme, preview=True)
    if number % 2:
        run_job(str(first.pk))
    waiting = make_job(acme, preview=True)

    def delete() -> None:
        job_actions.delete(first, actor=acme.actor, address=None)

    assert at_once(delete, *[lambda: make_job(acme, preview=True)] * 6) == ["done"] * 7
    work()
    now = list(Job.objects.all())
    assert len(now) == 7
    assert {job.status for job in now} == {"succeeded"}
    assert waiting in now
    assert Page.objects.count() == 7
    assert stored(files) == 14


@pytest.mark.parametrize("number", range(3))
def test_all_come_and_go_at_once(acme: Organisation, files: Path, number: int) -> None:
    jobs = [make_job(acme) for _ in range(8)]

    def cancel(job: Job) -> Any:
        return lambda: job_actions.cancel(job, actor=acme.actor, address=None)

    def delete(job: Job) -> Any:
        return lambda: job_actions.delete(job, actor=acme.actor, address=None)

    gone = [cancel(jobs[0]), delete(jobs[1]), cancel(jobs[2]), delete(jobs[3])]
    at_once(*gone, *[lambda: make_job(acme)] * 4)
    work()
    now = list(Job.objects.exclude(status=Status.CANCELLED))
    assert {job.status for job in now} == {"succeeded"}
    assert len(now) == 8
    assert not Task.objects.exists()
    assert (
        UsageRecord.objects.filter(pages__gt=0).count() == sum(not job.cached for job in now) == 1
    )
    assert differences() == [], "the quotas' counters say what the rows say"
