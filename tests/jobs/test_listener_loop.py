"""The loop that serves listeners: what it does with slow, old, silent and unwelcome ones."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from pytest_django import Settings

from accounts.grants import grant_to
from accounts.keys import revoke_api_key
from accounts.permissions import Role
from accounts.tenancy import member_actor
from jobs import listener_loop, listeners, progress
from jobs.listener_loop import ListenerLoop
from jobs.listeners import Handover, Listener, Stream, Waiter
from jobs.models import Job
from jobs.progress import JobKey, Told
from tests.jobs.making import make_job
from tests.listening import end
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def loop(settings: Settings) -> Iterator[ListenerLoop]:
    settings.LISTEN_TICK_SECONDS = 0.05
    with ThreadPoolExecutor(2) as answers:
        serving = ListenerLoop(answers=answers, most=10)
        serving.start()
        yield serving
        serving.stop()


def stream(acme: Organisation, job: Job) -> Stream:
    return Stream(JobKey(job.tenant_id, job.pk), grant_to(acme.actor, "jobs:read"), Told.of(""))


def connect(loop: ListenerLoop, listener: Listener) -> socket.socket:
    """The client's end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    loop.add(ours, Handover(listener, "text/event-stream"), chunked=False)
    return theirs


def read_until(connected: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        data = connected.recv(65_536)
        assert data, received
        received += data
    return received


def read_all(connected: socket.socket) -> bytes:
    received = b""
    while data := connected.recv(65_536):
        received += data
    return received


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_silent_times_are_filled_with_comments(
    loop: ListenerLoop, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "KEEP_ALIVE_SECONDS", 0.1)
    client = connect(loop, stream(acme, make_job(acme)))
    assert b"event: status" in read_until(client, b"\n:\n\n")
    assert read_until(client, b":\n\n").startswith(b":\n\n")


def test_listener_is_closed_after_its_time(
    loop: ListenerLoop, acme: Organisation, settings: Settings
) -> None:
    settings.LISTEN_SECONDS = 1
    received = read_all(connect(loop, stream(acme, make_job(acme))))
    assert (received.count(b"event: "), b"event: end" in received) == (1, False)


def test_reader_that_takes_nothing_is_dropped_and_keeps_little(
    loop: ListenerLoop, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0

    class Watched(Stream):
        def look_after(self, now: float) -> None:
            nonlocal most
            assert self.transport is not None
            most = max(most, self.transport.get_write_buffer_size())
            super().look_after(now)

        def news(self, state: progress.Progress | None) -> bytes:
            self.told = Told()  # all of it new, at every look
            return super().news(state)

    pages = (1 << 501) - 2
    busy = progress.Progress("running", 500, 500, 0, finished=pages)

    def read(keys: Any, before: Any) -> Any:
        return dict.fromkeys(keys, busy)

    monkeypatch.setattr(progress, "read", read)
    monkeypatch.setattr(listeners, "SLOW_SECONDS", 0.5)
    job = make_job(acme)
    slow = Watched(JobKey(job.tenant_id, job.pk), grant_to(acme.actor, "jobs:read"), Told())
    client = connect(loop, slow)
    gone = threading.Event()
    monkeypatch.setattr(slow, "connection_lost", lambda exc: gone.set())
    assert gone.wait(10)
    assert 0 < most < 100_000
    client.close()


def test_reader_that_takes_a_pause_misses_nothing(
    loop: ListenerLoop, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = 450
    now = progress.Progress("succeeded", total, total, 0, finished=(1 << total + 1) - 2)
    monkeypatch.setattr(progress, "read", lambda keys, before: dict.fromkeys(keys, now))
    monkeypatch.setattr(progress, "MOST_PAGES", 50)
    monkeypatch.setattr(listener_loop, "SEND_BUFFER_BYTES", 2048)
    client = connect(loop, stream(acme, make_job(acme)))
    time.sleep(0.5)
    received = read_all(client)
    assert received.count(b"event: page") == total
    assert received.count(b"event: end") == 1


@pytest.mark.parametrize("how", ["key", "member"])
def test_listener_is_ended_when_it_may_not_listen_any_more(
    loop: ListenerLoop, acme: Organisation, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(listeners, "RECHECK_SECONDS", 0.2)
    job = make_job(acme)
    person = acme.join(Role.VIEWER)
    membership = person.memberships.get()
    by_key = stream(acme, job)
    by_membership = Stream(by_key.key, grant_to(member_actor(membership), "jobs:read"), Told())
    clients = {"key": connect(loop, by_key), "member": connect(loop, by_membership)}
    for client in clients.values():
        read_until(client, b"event: status")
    if how == "key":
        revoke_api_key(acme.key, actor=None)
    else:
        membership.delete()
    assert read_all(clients.pop(how)) == b""
    end(job)
    (other,) = clients.values()
    assert b"event: end" in read_all(other)


def test_listeners_outlast_an_absent_database(
    loop: ListenerLoop,
    acme: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, asked = progress.read, 0

    def read(keys: Any, before: Any) -> Any:
        nonlocal asked
        asked += 1
        if 1 < asked < 6:
            raise OperationalError("gone")
        return real(keys, before)

    monkeypatch.setattr(progress, "read", read)
    job = make_job(acme)
    client = connect(loop, stream(acme, job))
    read_until(client, b"event: status")
    end(job)
    assert b"event: end" in read_all(client)
    assert [record.message for record in caplog.records].count("no news for listeners: gone") == 1


def test_listeners_share_their_queries(
    loop: ListenerLoop, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = progress.read
    asked: list[int] = []

    def read(keys: Any, before: Any) -> Any:
        asked.append(len(keys))
        return real(keys, before)

    monkeypatch.setattr(progress, "read", read)
    clients = [connect(loop, stream(acme, make_job(acme))) for _ in range(8)]
    for client in clients:
        read_until(client, b"event: status")
    wait_for(lambda: asked[-1] == 8)
    del asked[:]
    time.sleep(0.5)
    assert set(asked) == {8}
    assert len(asked) <= 11


def test_listener_that_leaves_makes_room(loop: ListenerLoop, acme: Organisation) -> None:
    job = make_job(acme)
    clients = [connect(loop, stream(acme, job)) for _ in range(10)]
    wait_for(lambda: not loop.has_room)
    clients[0].close()
    wait_for(lambda: loop.has_room)


def test_answer_that_fails_closes_the_connection(
    loop: ListenerLoop, acme: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    def make() -> HttpResponse:
        raise RuntimeError("secret detail")

    job = make_job(acme)
    end(job)
    waiter = Waiter(JobKey(job.tenant_id, job.pk), grant_to(acme.actor, "jobs:read"), 30, make)
    assert read_all(connect(loop, waiter)) == b""
    assert [record.message for record in caplog.records] == ["a waiting request is dropped"]
