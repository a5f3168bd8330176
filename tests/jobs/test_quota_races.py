"""Many at one quota at once, and killed on the way: never one too many, never a wrong counter."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import quota_counters, quotas
from accounts.models import Plan, QuotaUse, Reservation, ThresholdNotice, UsageRecord
from jobs import claims, job_actions, lifecycle, metering
from jobs.models import Job, StoredFile, Task
from jobs.reconciliation import differences, repair
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.test_review_races import at_once
from tests.people import Organisation
from tests.processes import process, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]

SUBMITS = """
import sys
from accounts.models import ApiKey
from accounts.tenancy import key_actor
from extraction.options import Options
from jobs.errors import QuotaExceeded
from jobs.submit import submit_job
from extraction.formats.json import page_to_dict
from extraction.types import Page as Read
from tests.jobs.making import claim, upload

actor = key_actor(ApiKey.objects.select_related("tenant__plan").get(pk=sys.argv_key))
print("ready", flush=True)
input()
for _ in range(sys.argv_times):
    try:
        with upload() as received:
            submit_job(actor=actor, upload=received, options=Options())
        print("made", flush=True)
    except QuotaExceeded as error:
        print(error.code, flush=True)
"""
LIVES = """
import random, sys
from accounts.models import ApiKey
from accounts.tenancy import key_actor
from extraction.options import Options
from jobs import claims, job_actions, lifecycle
from jobs.models import Job, Page
from jobs.errors import AlreadyEnded, LeaseLost, QuotaExceeded
from jobs.submit import submit_job
from extraction.formats.json import page_to_dict
from extraction.types import Page as Read
from tests.jobs.making import claim, upload

actor = key_actor(ApiKey.objects.select_related("tenant__plan").get(pk=sys.argv_key))
print("ready", flush=True)
while True:
    try:
        with upload() as received:
            job = submit_job(actor=actor, upload=received, options=Options())
        what = random.randrange(4)
        if what == 0:
            job_actions.cancel(job, actor=actor, address=None)
            continue
        task = claim(job)
        claims.opened(task, page_count=9, numbers=range(random.randrange(1, 4)))
        empty = page_to_dict(Read(1, 595, 842))
        Page.objects.create(job=job, number=1, engine="fake", seconds=0.1, content=empty)
        if what == 1:
            lifecycle.cancelled(task)
        if what == 2:
            lifecycle.fail(task, QuotaExceeded("x", limit=1, actual=2))
        if what == 3:
            job_actions.delete(job, actor=actor, address=None)
    except (QuotaExceeded, LeaseLost, AlreadyEnded):
        pass
"""


def of(code: str, organisation: Organisation, times: int = 0) -> subprocess.Popen[str]:
    """The code, acting for the organisation."""
    given = f"import sys; sys.argv_key = {str(organisation.key.pk)!r}; sys.argv_times = {times}\n"
    return process(given + code)


def plan(organisation: Organisation, **limits: int) -> None:
    """Give the organisation a plan of these limits."""
    tenant = organisation.tenant
    tenant.plan = Plan.objects.create(name=f"of-{tenant.slug}", title="Small", **limits)
    tenant.save(update_fields=["plan"])
    organisation.key.tenant = tenant


@pytest.mark.parametrize("limits", [{"pages_per_day": 7}, {"open_jobs": 7}])
def test_of_threads_at_once_as_many_are_admitted_as_fit(
    acme: Organisation, limits: dict[str, int]
) -> None:
    plan(acme, **limits)
    ended = at_once(*[lambda: make_job(acme)] * 24)
    assert sorted(ended) == ["done"] * 7 + ["quota_exceeded"] * 17
    assert Job.objects.count() == Reservation.objects.count() == StoredFile.objects.count() == 7
    assert differences() == []


def test_counters_of_a_new_day_are_made_without_a_deadlock(acme: Organisation) -> None:
    """One waits for a counter, having seen no new ones; then another sees them all."""
    tenant, today = acme.tenant, datetime.now(UTC).date()
    old = [quota_counters.month_period(today), quota_counters.OPEN, quota_counters.STORAGE]
    new = [quota_counters.cost_period(today), quota_counters.day_period(today)]
    quota_counters.make_counters(tenant.pk, old)

    def reserved() -> None:
        with transaction.atomic():
            quotas.reserve(tenant, job_id=uuid4(), engine="auto")

    failed: list[Exception] = []

    with transaction.atomic():
        QuotaUse.objects.select_for_update().get(tenant=tenant, period=quota_counters.OPEN)
        threads = [
            begun(reserved, failed),
            begun(lambda: quota_counters.make_counters(tenant.pk, new), failed),
            begun(reserved, failed),
        ]
    for thread in threads:
        thread.join()
    assert failed == []
    assert QuotaUse.objects.get(tenant=tenant, period=quota_counters.OPEN).used == 2


def begun(call: Callable[[], object], failed: list[Exception]) -> Thread:
    """A thread at the call that has ended, or waits for a lock."""
    waiting = waiters()

    def run() -> None:
        try:
            call()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    until(lambda: waiters() > waiting or not thread.is_alive())
    return thread


def waiters() -> int:
    """How many connections to this database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept in a transaction else
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.slow
def test_of_processes_at_once_as_many_are_admitted_as_fit(acme: Organisation) -> None:
    plan(acme, pages_per_month=50)
    running = [of(SUBMITS, acme, times=25) for _ in range(4)]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    told = [each.communicate("\n", timeout=120)[0].split() for each in running]
    lines = [line for lines in told for line in lines]
    assert (lines.count("made"), lines.count("quota_exceeded")) == (50, 50)
    assert sum("made" in lines for lines in told) > 1, "more than one of them got some"
    assert Job.objects.count() == 50
    assert differences() == []


def test_processes_that_end_one_job_at_once_bill_it_once(acme: Organisation) -> None:
    for _ in range(5):
        job = make_job(acme)
        run = claim(job)
        ended = at_once(
            lambda run=run: lifecycle.cancelled(run),  # type: ignore[misc]
            lambda run=run: lifecycle.cancelled(run),  # type: ignore[misc]
            lambda job=job: job_actions.delete(job, actor=acme.actor, address=None),  # type: ignore[misc]
        )
        assert ended[2] == "done"
        assert UsageRecord.objects.filter(job_id=job.pk).count() == 1
    assert differences() == []
    assert not Reservation.objects.exists()


def test_thresholds_are_told_once_by_jobs_that_end_at_once(acme: Organisation) -> None:
    plan(acme, pages_per_day=8)
    jobs = [make_job(acme) for _ in range(8)]
    at_once(*(lambda job=job: run_job(str(job.pk)) for job in jobs))
    percents = ThresholdNotice.objects.order_by("percent").values_list("percent", flat=True)
    assert list(percents) == [50, 80, 100]
    assert differences() == []


def test_opening_and_submitting_at_once_stay_within_the_quota(acme: Organisation) -> None:
    plan(acme, pages_per_day=20)
    held = [claim(make_job(acme)) for _ in range(6)]
    opens = [
        lambda task=task: claims.opened(task, page_count=5, numbers=range(1, 6)) for task in held
    ]
    ended = at_once(*opens, *[lambda: make_job(acme)] * 6)
    day = QuotaUse.objects.get(period__startswith="day:")
    assert 16 <= day.reserved <= 20
    assert ended.count("quota_exceeded") >= 3
    assert differences() == []


def test_killed_between_reserving_and_the_commit_nothing_is_kept(acme: Organisation) -> None:
    plan(acme, open_jobs=1)
    code = """
from django.db import transaction
from jobs import submit
create = submit.create
def slow(*args, **what):
    with transaction.atomic():
        job = create(*args, **what)
        print("reserved", flush=True)
        input()
        return job
submit.create = slow
"""
    killed = of(code + SUBMITS, acme, times=1)
    assert killed.stdin is not None and killed.stdout is not None
    killed.stdin.write("\n")
    killed.stdin.flush()
    assert [killed.stdout.readline() for _ in range(2)] == ["ready\n", "reserved\n"]
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    make_job(acme)  # waits until the database has noticed
    assert (Job.objects.count(), Reservation.objects.count()) == (1, 1)
    assert differences() == []


def test_killed_between_the_bill_and_the_commit_the_job_is_billed_once(acme: Organisation) -> None:
    job = make_job(acme)
    code = """
from accounts import quotas
from jobs import claims, job_actions, lifecycle
from jobs.models import Job, Page
from extraction.formats.json import page_to_dict
from extraction.types import Page as Read
def never(*args, **what):
    print("billed", flush=True)
    input()
quotas.settle = never
task = claims.start("cpu", worker="w")
empty = page_to_dict(Read(1, 595, 842))
Page.objects.create(job=task.job, number=1, engine="fake", seconds=0.1, content=empty)
lifecycle.cancelled(task)
"""
    killed = of(code, acme)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "billed\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    assert UsageRecord.objects.count() == 0
    task = Task.objects.select_related("job__tenant").get(job=job)
    lifecycle.cancelled(task)
    row = UsageRecord.objects.get()
    assert (row.job_id, row.pages) == (job.pk, 1)
    assert not Reservation.objects.exists()
    assert differences() == []


@pytest.mark.slow
def test_processes_killed_at_random_leave_no_difference(acme: Organisation) -> None:
    chance = random.Random(5)
    plan(acme, pages_per_day=100_000, open_jobs=1_000)
    kills = 0
    for _ in range(4):
        running = [of(LIVES, acme) for _ in range(2)]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.5, 1.5))
        assert differences() == [], "none even while they work"
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.wait(10)
            kills += 1
    deadline = time.monotonic() + 20
    while connections_of_others() and time.monotonic() < deadline:
        time.sleep(0.1)  # until the database has noticed
    assert kills == 8
    assert differences() == []
    assert UsageRecord.objects.count() > 20
    jobs = set(Job.objects.filter(status__in=("queued", "running")).values_list("pk", flat=True))
    assert set(Reservation.objects.values_list("pk", flat=True)) == jobs
    ended = set(Job.objects.exclude(pk__in=jobs).values_list("pk", flat=True))
    billed = set(UsageRecord.objects.values_list("job_id", flat=True))
    assert ended <= billed
    assert not billed & jobs


def connections_of_others() -> int:
    """Other connections to the tests' database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept in a transaction else
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_two_repairs_at_once_repair_once(acme: Organisation) -> None:
    make_job(acme)
    QuotaUse.objects.filter(period="storage").delete()
    QuotaUse.objects.filter(period="open").update(used=5)
    at_once(*[repair] * 4)
    assert differences() == []


def test_same_submission_is_not_reserved_twice(acme: Organisation) -> None:
    job = make_job(acme)
    before = list(QuotaUse.objects.order_by("pk").values())
    with pytest.raises(IntegrityError), transaction.atomic():
        metering.reserve(job)
    assert list(QuotaUse.objects.order_by("pk").values()) == before
    assert quotas.end(uuid4()) is None


def test_repair_and_the_end_of_a_job_do_not_wait_for_each_other(acme: Organisation) -> None:
    """A job that ends holds the included pages' counter and comes to the others after it."""
    make_job(acme)
    month = f"{datetime.now(UTC):%Y-%m}"
    periods = [f"included:{month}", quota_counters.cost_period(datetime.now(UTC).date())]
    quota_counters.make_counters(acme.tenant.pk, periods)
    QuotaUse.objects.filter(period="open").update(used=5)
    failed: list[Exception] = []

    with transaction.atomic():
        list(QuotaUse.objects.select_for_update().filter(period=periods[0]))
        thread = begun(repair, failed)
        assert thread.is_alive(), "the repair waits for nobody"
        quota_counters.change(acme.tenant.pk, [quota_counters.Change(periods[1], used=0)])
    thread.join()
    assert failed == differences() == []
