"""jobs/job_sums.py, and the trigger that adds (jobs/migrations/0022_job_sums.py)"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from accounts.models import UsageRecord, UsageSum
from jobs import job_actions, job_sums, lifecycle
from jobs.errors import LeaseLost
from jobs.job_sums import Ended
from jobs.models import Job, JobSum, Status
from tests.accounts.billing import use
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.reviewing import read_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
FIRST, LAST = date(2020, 1, 1), date(2100, 1, 1)


def sums(acme: Organisation) -> dict[str, dict[str, Ended]]:
    return job_sums.ended(acme.tenant, FIRST, LAST, "day")


def test_what_ends_is_added_with_the_time_it_took(acme: Organisation) -> None:
    job = make_job(acme)
    assert not JobSum.objects.exists()
    run_job(str(job.pk))
    row = JobSum.objects.get()
    assert (row.tenant, row.engine, row.template) == (acme.tenant, job.engine, "")
    assert (row.ends, row.documents, row.pages, row.failed, row.reviews) == (1, 1, 1, 0, 0)
    job.refresh_from_db()
    assert job.finished_at is not None
    seconds = (job.finished_at - job.created_at).total_seconds()
    told = sums(acme)["whole"][""].within(1.0)
    assert told is not None
    assert max(seconds, 0.1) <= told * 1.001 <= max(seconds, 0.1) * 1.21


def test_a_review_and_the_template_are_told(acme: Organisation) -> None:
    job = read_job(acme)
    found = sums(acme)
    assert found["whole"][""].reviews == 1
    assert list(found["template"]) == [job.template.partition("@")[0]]


def test_the_sums_are_those_of_the_ledger(acme: Organisation, stranger: Organisation) -> None:
    for number in range(4):
        use(acme.tenant, number, date(2026, 11, 1), outcome="failed" if number == 3 else "partial")
    use(acme.tenant, 2, date(2026, 11, 2), cached=True, engine="rapidocr")
    use(stranger.tenant, 50, date(2026, 11, 2))
    use(acme.tenant, 0, date(2026, 11, 2), engine="training")  # no document
    names = ("pages", "cached", "failed")
    kept = UsageSum.objects.for_tenant(acme.tenant).aggregate(**{n: Sum(n) for n in names})
    whole = sums(acme)["whole"][""]
    assert {name: getattr(whole, name) for name in names} == kept
    assert (whole.ends, whole.documents) == (5, 5)
    by_day = sums(acme)["day"]
    assert {day: each.ends for day, each in by_day.items()} == {"2026-11-01": 4, "2026-11-02": 1}
    assert sums(acme)["engine"]["rapidocr"].cached == 1
    month = job_sums.ended(acme.tenant, FIRST, LAST, "month")["day"]
    assert list(month) == ["2026-11-01"]


def test_an_end_that_is_rolled_back_or_comes_twice_adds_nothing(acme: Organisation) -> None:
    task = claim(make_job(acme))

    def die() -> None:
        with transaction.atomic():
            lifecycle.cancelled(task)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert not JobSum.objects.exists()
    lifecycle.cancelled(task)
    with pytest.raises(LeaseLost):
        lifecycle.cancelled(task)
    assert JobSum.objects.get().ends == 1
    assert JobSum.objects.get().took == 0


def test_a_job_tried_again_ends_once_more_and_is_one_document(acme: Organisation) -> None:
    job = make_job(acme)
    lifecycle.cancelled(claim(job))
    job.refresh_from_db()
    job_actions.retry(job, actor=acme.actor, address=None)
    run_job(str(job.pk))
    assert Job.objects.get().status == Status.SUCCEEDED
    whole = sums(acme)["whole"][""]
    assert (whole.ends, whole.documents, whole.pages) == (2, 1, 1)


def test_they_stay_when_the_job_goes(acme: Organisation) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    before = sums(acme)
    Job.objects.get().delete()
    assert sums(acme) == before


def test_what_ended_before_is_added_up_by_the_migration(acme: Organisation) -> None:
    from importlib import import_module

    made = import_module("jobs.migrations.0022_job_sums")
    run_job(str(make_job(acme).pk))
    read_job(acme)
    use(acme.tenant, 7, date(2026, 11, 1), cached=True)
    before = sums(acme)
    JobSum.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(made.FILL)
    assert sums(acme) == before
    assert UsageRecord.objects.count() == 3


def test_shares_of_time_lie_within_their_step() -> None:
    def bound(step: int) -> float:
        return job_sums.FIRST * job_sums.GROWTH ** (step - 1)

    took = Ended(took={20: 90, 40: 10})
    middle, slow = took.within(0.5), took.within(0.95)
    assert middle is not None
    assert slow is not None
    assert bound(19) <= middle <= bound(20)
    assert bound(39) <= slow <= bound(40)
    assert Ended().within(0.5) is None


def test_a_span_ends_with_its_last_day(acme: Organisation) -> None:
    day = date(2026, 11, 10)
    for number in range(3):
        use(acme.tenant, 1, day + timedelta(days=number))
    found: dict[str, Any] = job_sums.ended(acme.tenant, day, day + timedelta(days=1), "day")
    assert found["whole"][""].ends == 2
