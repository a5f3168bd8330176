"""Jobs of a batch that end at once: the batch ends once, whoever comes last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import AuditEntry
from jobs import batch_actions, job_actions, lifecycle
from jobs.errors import DocumentCrashedWorker
from jobs.models import Batch, Delivery, Job, Task
from jobs.sweep import sweep
from tests.jobs.batching import jobs_of, make_batch, run_all
from tests.jobs.hooking import hook
from tests.jobs.making import PDF, claim
from tests.jobs.test_review_races import at_once
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 12
# Starts its job of each batch, then ends it as soon as the test lets go of the batch's lock
ENDS = """
import sys
import django
django.setup()
from accounts.row_security import process_sees_everything
process_sees_everything()
from django.db import connection
from jobs import claims, job_actions, lifecycle
from jobs.errors import DocumentCrashedWorker
from jobs.models import Task
tasks = [claims.claim(Task.objects.get(job=pk).pk, worker="test") for pk in sys.argv[2:]]
print("ready", flush=True)
for number, task in enumerate(tasks):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [number])
    if sys.argv[1] == "fails":
        lifecycle.fail(task, DocumentCrashedWorker())
    else:
        lifecycle.cancelled(task)
"""


# Ends its job, the last one of a batch, and is killed before or after the commit
KILLED = """
import os
import sys
import django
django.setup()
from accounts.row_security import process_sees_everything
process_sees_everything()
from jobs import batches, claims, lifecycle
from jobs.errors import DocumentCrashedWorker
from jobs.models import Task
told = batches._completed
def tell(batch):
    told(batch)
    if sys.argv[1] == "before":
        os.kill(os.getpid(), 9)
batches._completed = tell
task = claims.claim(Task.objects.get(job=sys.argv[2]).pk, worker="test")
lifecycle.fail(task, DocumentCrashedWorker())
os.kill(os.getpid(), 9)
"""


def on_this_database() -> dict[str, str]:
    """The environment of a process that works on the tests' database."""
    url = os.environ["DATABASE_URL"].split("?", 1)
    head = url[0].rsplit("/", 1)[0]
    name = settings.DATABASES["default"]["NAME"]
    return os.environ | {"DATABASE_URL": "?".join([f"{head}/{name}", *url[1:]])}


def ends() -> list[str]:
    """The batches whose end was noted."""
    rows = AuditEntry.objects.filter(action="batch.end").order_by("pk")
    return list(rows.values_list("object_id", flat=True))


def test_two_processes_ending_the_last_jobs_at_once_complete_each_batch_once(
    acme: Organisation,
) -> None:
    made = [make_batch(acme, [PDF, PDF]) for _ in range(ROUNDS)]
    with connection.cursor() as cursor:
        for number in range(ROUNDS):
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", ENDS, how, *(str(jobs_of(b)[place].pk) for b in made)],
                cwd=ROOT, env=on_this_database(), stdout=subprocess.PIPE, text=True,
            )
            for place, how in enumerate(("fails", "cancels"))
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for number in range(ROUNDS):
            time.sleep(0.1)  # until both wait at the lock
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
        assert [worker.wait(60) for worker in workers] == [0, 0]
    assert sorted(ends()) == sorted(str(batch.pk) for batch in made)
    assert not Batch.objects.filter(completed_at=None).exists()
    assert not Job.objects.exclude(status__in=("failed", "cancelled")).exists()


def test_job_that_ends_second_waits_and_sees_the_first_ones_end(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF, PDF])
    first, second = (claim(job) for job in jobs_of(batch))
    begun = Event()

    def end_second() -> None:
        begun.wait(10)
        lifecycle.cancelled(second)
        connection.close()

    thread = Thread(target=end_second)
    thread.start()
    with transaction.atomic():
        lifecycle.cancelled(first)
        begun.set()
        thread.join(0.5)
        assert thread.is_alive(), "waits for the lock"
    thread.join(10)
    assert ends() == [str(batch.pk)]


def test_cancelling_deleting_and_ending_at_once_ends_once_and_locks_nobody_out(
    acme: Organisation,
) -> None:
    for _ in range(6):
        batch = make_batch(acme, [PDF] * 4)
        jobs = jobs_of(batch)
        task = claim(jobs[0])
        ended = at_once(
            lambda task=task: lifecycle.cancelled(task),  # type: ignore[misc]
            lambda batch=batch: batch_actions.cancel(batch, actor=acme.actor, address=None),  # type: ignore[misc]
            lambda job=jobs[1]: job_actions.delete(job, actor=acme.actor, address=None),  # type: ignore[misc]
            lambda job=jobs[2]: job_actions.cancel(job, actor=acme.actor, address=None),  # type: ignore[misc]
        )
        assert ended[:3] == ["done"] * 3
        assert ended[3] in ("done", "already_ended")
        assert ends().count(str(batch.pk)) == 1


def test_retrying_one_while_the_last_other_ends_leaves_the_batch_open(acme: Organisation) -> None:
    for _ in range(8):
        batch = make_batch(acme, [PDF, PDF])
        failed, last = (claim(job) for job in jobs_of(batch))
        lifecycle.fail(failed, DocumentCrashedWorker())
        ended = at_once(
            lambda task=last: lifecycle.cancelled(task),  # type: ignore[misc]
            lambda job=failed.job: job_actions.retry(job, actor=acme.actor, address=None),  # type: ignore[misc]
        )
        assert ended == ["done", "done"]
        assert Batch.objects.get(pk=batch.pk).completed_at is None


def test_deleting_a_batch_twice_at_once_leaves_nothing(acme: Organisation, files: Path) -> None:
    for _ in range(4):
        batch = make_batch(acme, [PDF] * 4)
        calls = [
            lambda batch=batch: batch_actions.delete(batch, actor=acme.actor, address=None)
        ] * 2
        ended = at_once(*calls)
        assert "done" in ended
        assert set(ended) <= {"done", "not_found"}
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert ends() == []


@pytest.mark.parametrize(("when", "told"), [("before", 0), ("after", 1)])
def test_end_is_told_once_whenever_its_worker_is_killed(
    acme: Organisation, when: str, told: int
) -> None:
    hook(acme, "https://8.8.8.8/", "batch.completed")
    batch = make_batch(acme, [PDF, PDF])
    first, last = jobs_of(batch)
    lifecycle.cancelled(claim(first))
    command = [sys.executable, "-c", KILLED, when, str(last.pk)]
    killed = subprocess.run(command, cwd=ROOT, env=on_this_database(), timeout=60)
    assert killed.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10  # until the database has noticed
    while connection_count() > 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert Delivery.objects.count() == told
    assert (Batch.objects.get().completed_at is not None) == bool(told)
    Task.objects.update(lease_until=Now() - timedelta(seconds=1))
    sweep()
    run_all(batch)
    sweep()
    (delivery,) = Delivery.objects.all()
    assert (delivery.event, ends()) == ("batch.completed", [str(batch.pk)])
    assert Batch.objects.get().completed_at is not None


def connection_count() -> int:
    """How many are connected to this database and within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])
