"""The file by which a container's health check tells that a process lives."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from pytest_django import Settings
from rq import SimpleWorker

from jobs import alive, model_reports
from jobs.heartbeat import Heartbeat
from jobs.management.commands import sweep as sweep_command
from jobs.management.commands import worker as worker_command
from jobs.queue import pool_queue
from jobs.sending import Sender
from jobs.worker import WarmWorker
from learning.management.commands import trainer as trainer_command


@pytest.fixture
def sign(settings: Settings, tmp_path: Path) -> Path:
    """Where the file is to be."""
    path = tmp_path / "alive"
    settings.ALIVE_FILE = str(path)
    return path


def test_file_is_made_and_touched(sign: Path) -> None:
    alive.tell()
    os.utime(sign, (0, 0))
    alive.tell()
    assert time.time() - sign.stat().st_mtime < 60


def test_none_is_made_where_none_is_named_and_one_that_cannot_be_is_no_error(
    settings: Settings, tmp_path: Path
) -> None:
    settings.ALIVE_FILE = ""
    alive.tell()
    settings.ALIVE_FILE = str(tmp_path / "missing" / "alive")
    alive.tell()
    assert list(tmp_path.iterdir()) == []


def test_process_at_work_lives_though_the_database_is_away(sign: Path, settings: Settings) -> None:
    settings.HEARTBEAT_SECONDS = 0.01
    tried = threading.Event()

    class Beat(Heartbeat):
        def renew(self) -> None:
            tried.set()
            raise OperationalError("away")

    with Beat("a work"):
        assert tried.wait(10)
    assert sign.exists()


def test_waiting_worker_lives_with_redis_and_without(
    sign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimpleWorker, "heartbeat", lambda *args, **kwargs: None)
    worker = WarmWorker(pool_queue("cpu"), name="waits")
    worker.register_birth()
    worker._told = model_reports.of_this_process()
    worker.heartbeat()
    worker.register_death()
    assert sign.exists()
    sign.unlink()

    class Away:
        def answers(self) -> bool:
            return False

    monkeypatch.setattr(worker_command, "shared_redis", Away)
    monkeypatch.setattr(worker_command.tasks, "asked_to_end", lambda: False)
    monkeypatch.setattr(worker_command.Command, "_look", lambda *args: True)
    worker_command.Command()._work("cpu", burst=False)
    assert sign.exists()


def test_sweeper_lives(sign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to end by its handler, not by a signal, which would end the tests if it missed."""
    installed: dict[int, Any] = {}
    monkeypatch.setattr(sweep_command.signal, "signal", installed.__setitem__)
    monkeypatch.setattr(sweep_command.housekeeping, "start", lambda stop: [])
    monkeypatch.setattr(sweep_command, "sweep", lambda: installed[signal.SIGTERM]())
    call_command("sweep")
    assert sign.exists()


def test_sender_lives(sign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def claim(self: Sender) -> int:
        stop.set()
        return 0

    monkeypatch.setattr(Sender, "claim", claim)
    monkeypatch.setattr(Sender, "_prune", lambda self: None)
    Sender(1).run(stop)
    assert sign.exists()


def test_trainer_lives(sign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(ending: threading.Event) -> bool:
        ending.set()
        return False

    monkeypatch.setattr(trainer_command, "run_next", nothing)
    call_command("trainer")
    assert sign.exists()
