"""Workers that end when nothing comes, and the machines that are woken when something does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command
from pytest_django import Settings

from jobs import pauses, queue, tasks, waking
from jobs.management.commands import worker as worker_command
from jobs.models import Job, Status
from jobs.worker import WarmWorker
from tests.engines import FakeEngine
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "forgetful"),
]


class Keeper:
    """Who has the machines: its answers by path, and what it was asked, with which token."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, int] = {}
        keeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                keeper.asked.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(keeper.answers.get(self.path, 200))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Nothing is known of earlier looks."""
    yield
    waking._asked.clear()
    waking._waited.clear()


@pytest.fixture
def keeper(settings: Settings) -> Iterator[Keeper]:
    """Of two machines for the CPU and one with a GPU."""
    made = Keeper()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.WAKE_WORKERS = [
        f"{pool}={made.address}/{name}/start"
        for pool, name in (("cpu", "one"), ("cpu", "two"), ("gpu", "big"))
    ]
    settings.WAKE_TOKEN = "secret"
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """So long after that a machine may be asked again."""
    monkeypatch.setattr(waking, "AGAIN_SECONDS", 0)


def test_a_worker_ends_after_so_long_without_work(
    acme: Organisation, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.worker.LISTEN_SECONDS", 1)
    monkeypatch.setattr(worker_command, "_warm", lambda pool: None)
    made = [make_job(acme) for _ in range(2)]
    call_command("worker", "--idle-seconds", "1")
    assert Job.objects.filter(status=Status.SUCCEEDED).count() == len(made)


def test_a_worker_without_redis_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def answers(self) -> bool:
            return False

    monkeypatch.setattr(worker_command, "shared_redis", Away)
    monkeypatch.setattr(worker_command, "_warm", lambda pool: None)
    looked = []

    def look(self: worker_command.Command, pool: str) -> bool:
        looked.append(pool)
        return False

    monkeypatch.setattr(worker_command.Command, "_look", look)
    call_command("worker", "--idle-seconds", "0.1")
    assert set(looked) == {"cpu"}


def test_who_has_work_in_hand_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        busy = True

    monkeypatch.setattr(tasks, "_worked", 0.0)
    assert tasks.idle_seconds() > 0
    monkeypatch.setattr(tasks, "hands", Busy())
    assert tasks.idle_seconds() == 0
    monkeypatch.setattr(tasks, "hands", None)
    tasks.begin_idling()
    assert tasks.idle_seconds() < 60


def test_nothing_is_woken_where_nothing_waits_or_is_held_back(
    acme: Organisation, keeper: Keeper
) -> None:
    assert waking.wake() == 0
    make_job(acme)
    pauses.Pause.objects.create(pool="cpu", reason="")
    assert waking.wake() == 0
    assert keeper.asked == []


def test_as_many_machines_are_woken_as_there_is_work_for(
    acme: Organisation, keeper: Keeper
) -> None:
    make_job(acme)
    assert waking.wake() == 1
    assert keeper.asked == [("/one/start", "Bearer secret")]
    assert waking.wake() == 0, "it is on its way"
    make_job(acme)
    assert waking.wake() == 1
    assert keeper.paths == ["/one/start", "/two/start"]
    assert waking.wake() == 0


def test_one_that_is_refused_has_another_tried_and_is_asked_again(
    acme: Organisation, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.answers["/one/start"] = 412
    make_job(acme)
    assert waking.wake() == 2
    assert keeper.paths == ["/one/start", "/two/start"]
    later(monkeypatch)
    assert waking.wake() == 2


def test_a_keeper_that_is_away_harms_nothing(acme: Organisation, settings: Settings) -> None:
    settings.WAKE_WORKERS = ["cpu=http://127.0.0.1:1/start"]
    make_job(acme)
    assert waking.wake() == 1


def test_workers_that_live_are_given_a_look_to_take_what_waits(
    acme: Organisation, keeper: Keeper
) -> None:
    WarmWorker(queue.pool_queue("cpu"), name="lives").register_birth()
    make_job(acme)
    assert waking.wake() == 0
    assert waking.wake() == 2, "nobody has taken it; which of them lives nobody says"


def test_addresses_are_checked() -> None:
    assert waking.sleepers(["io=https://api.example.com/v1/machines/7/start"]) == (
        waking.Sleeper("io", "https://api.example.com/v1/machines/7/start"),
    )
    for wrong in ("https://api.example.com/start", "tpu=https://api.example.com/start",
                  "cpu=file:///etc/passwd", "cpu=", ""):  # fmt: skip
        with pytest.raises(ValueError):
            waking.sleepers([wrong])
