"""jobs/orphans.py, housekeeping.py: files that no row knows, and who looks for them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from jobs import housekeeping, orphans, retention, storage
from jobs.errors import StorageUnavailable
from jobs.housekeeping import Chore
from jobs.management.commands import sweep as command
from jobs.models import Job, Status
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]


def put(key: str, hours: float = 48) -> str:
    """A file of three bytes under that key, so many hours old."""
    storage.put(key, b"old")
    from django.core.files.storage import default_storage

    then = time.time() - hours * 3600
    os.utime(default_storage.path(key), (then, then))
    return key


def aged(files: Path, hours: float = 48) -> None:
    """Let all files be so many hours old."""
    then = time.time() - hours * 3600
    for path in files.rglob("*"):
        os.utime(path, (then, then))


def keys(files: Path) -> set[str]:
    """The keys of all files there are."""
    return {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}


def full(acme: Organisation) -> Job:
    """A job that has ended, with a picture and a searchable PDF."""
    job = make_job(acme, preview=True, outputs=("pdf",))
    run_job(str(job.pk))
    return Job.objects.get(pk=job.pk)


def test_orphans_go_and_nothing_else(acme: Organisation, files: Path) -> None:
    job, queued = full(acme), make_job(acme)
    tenant = acme.tenant.pk
    running = put(storage.preview_key(tenant, queued.pk, 1))  # its row comes with the page
    foreign = {put("lost+found"), put(f"{tenant}/notes/a.txt"), put("backup/uploads/1")}
    young = put(storage.upload_key(tenant, uuid4()), hours=23)
    known = keys(files) - foreign - {young}
    aged_orphans = {
        put(storage.upload_key(tenant, uuid4())),
        put(storage.preview_key(tenant, uuid4(), 1)),
        put(storage.preview_key(tenant, job.pk, 2)),  # the job has no such page
        put(storage.pdf_key(tenant, job.pk, job.attempt + 1)),
        put(storage.preview_key(uuid4(), job.pk, 1)),  # another tenant's folder
        put(f"{tenant}/uploads/.partial-{uuid4().hex}"),
    }
    for key in known:
        os.utime(files / key, (0, 0))
    told: list[tuple[str, str, int]] = []
    listed = orphans.look(found=lambda *finding: told.append(finding))
    assert {key for what, key, _ in told if what == "orphan"} == aged_orphans
    assert {key for what, key, _ in told if what == "foreign"} == foreign
    assert (listed.files, listed.known, listed.orphan_bytes) == (15, len(known), 18)
    assert listed.removed == 0 and keys(files) > aged_orphans
    assert orphans.look(delete=True).removed == 6
    assert keys(files) == known | foreign | {young} and running in known


def test_files_of_an_expired_job_that_came_late_are_orphans(
    acme: Organisation, files: Path
) -> None:
    job = full(acme)
    Job.objects.filter(pk=job.pk).update(status=Status.EXPIRED)
    aged(files)
    assert orphans.look(delete=True).removed == 3
    assert keys(files) == set()


def test_wrong_database_does_not_empty_the_storage(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "FEW", 2)
    kept = {put(storage.upload_key(acme.tenant.pk, uuid4())) for _ in range(3)}
    done = orphans.look(delete=True)
    assert (done.stopped, done.removed, keys(files)) == (True, 0, kept)
    with pytest.raises(CommandError, match="right database"):
        call_command("orphans", "--delete", stdout=StringIO())
    assert keys(files) == kept
    out = StringIO()
    call_command("orphans", "--delete", "--force", stdout=out)
    assert "3 files, 0 known; 3 orphans of 9 bytes, 3 removed; 0 not ours" in out.getvalue()
    assert keys(files) == set()


def test_command_lists_and_takes_an_age(acme: Organisation, files: Path) -> None:
    key = put(storage.upload_key(acme.tenant.pk, uuid4()), hours=2)
    out = StringIO()
    call_command("orphans", stdout=out)
    assert "0 orphans" in out.getvalue()
    call_command("orphans", "--older-than", "1", stdout=out)
    assert f"orphan\t{key}\t3" in out.getvalue()
    assert keys(files) == {key}


def test_storage_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise StorageUnavailable()

    monkeypatch.setattr(storage, "pages", away)
    with pytest.raises(CommandError, match="not available"):
        call_command("orphans", stdout=StringIO())


def test_pass_that_is_told_to_stop_removes_nothing(acme: Organisation, files: Path) -> None:
    key = put(storage.upload_key(acme.tenant.pk, uuid4()))
    housekeeping.remove_orphans(lambda: True)
    assert keys(files) == {key}
    housekeeping.remove_orphans(lambda: False)
    assert keys(files) == set()


def test_chores_are_in_their_order(settings: Settings) -> None:
    assert [(each.name, each.seconds) for each in housekeeping.chores()] == [
        ("departures", 10), ("retention", 300), ("orphans", 86_400), ("audit retention", 3600),
        ("sign-ins", 3600),
    ]  # fmt: skip
    settings.ORPHAN_SWEEP_HOURS = 0
    assert [each.name for each in housekeeping.chores()] == [
        "departures", "retention", "audit retention", "sign-ins",
    ]  # fmt: skip


def test_chore_that_fails_does_not_end_the_others() -> None:
    stop, done = threading.Event(), []

    def fails(error: Exception) -> Callable[[Callable[[], bool]], None]:
        def run(told: Callable[[], bool]) -> None:
            done.append(str(error))
            raise error

        return run

    def ends(told: Callable[[], bool]) -> None:
        if done.count("last") == 2:
            stop.set()
        done.append("last")

    faults = (OperationalError("database"), StorageUnavailable("storage"), OSError("bug"))
    todo = [Chore(str(error), 0.01, fails(error)) for error in faults]
    thread = threading.Thread(
        target=housekeeping.look_after, args=(stop, (*todo, Chore("last", 0.01, ends)), 0.0)
    )
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert min(done.count(name) for name in ("database", "storage", "bug", "last")) >= 2


@pytest.mark.alone
def test_long_removal_does_not_hold_up_the_sweeper(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    begun, over, rounds = threading.Event(), threading.Event(), []

    def removes_for_long(stop: Callable[[], bool]) -> int:
        begun.set()
        over.wait(20)
        return 0

    def ends_leases() -> None:
        assert begun.wait(10)
        rounds.append(over.is_set())
        if len(rounds) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    settings.SWEEP_SECONDS = 0.01
    monkeypatch.setattr(housekeeping, "FIRST_SECONDS", 0)
    monkeypatch.setattr(retention, "sweep", removes_for_long)
    monkeypatch.setattr(command, "sweep", ends_leases)
    monkeypatch.setattr(command, "STOP_SECONDS", 0.01)
    try:
        call_command("sweep")
    finally:
        over.set()
    assert rounds == [False] * 3
