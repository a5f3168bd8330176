"""The events of a batch, and waiting for its end."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.grants import grant_to
from accounts.keys import revoke_api_key
from jobs import batch_actions, batch_progress, blocking, listeners
from jobs.batch_progress import BatchKey, BatchProgress, BatchTold
from jobs.listener_loop import ListenerLoop
from jobs.listeners import Stream
from jobs.models import Batch
from tests.jobs.batching import URL, jobs_of, make_batch, run_all, send
from tests.jobs.making import PDF, run_job
from tests.jobs.test_listener_loop import connect, loop, read_all, read_until  # noqa: F401
from tests.listening import Connection, at_each_pause, events_in, web_server
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def key_of(batch: Batch) -> BatchKey:
    return BatchKey(batch.tenant_id, batch.pk)


def told(organisation: Organisation, batch: Batch, last: str = "") -> list[Any]:
    """All events that a listener is told, where each keeps its thread."""
    answer = organisation.api().get(f"{URL}/{batch.pk}/events", headers={"Last-Event-ID": last})
    assert answer.status_code == 200
    return events_in(answer.getvalue())


def test_progress_is_told_as_documents_end_and_at_last_the_end(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(acme.api(), {"1.pdf": PDF, "2.pdf": PDF, "3.txt": b"text", "4.pdf": PDF})
    batch = Batch.objects.get()
    rest = [str(job.pk) for job in jobs_of(batch)]
    at_each_pause(monkeypatch, blocking, lambda _: run_job(rest.pop(0)))
    events = told(acme, batch)
    assert [(event.name, event.data["documents"]) for event in events] == [
        ("progress", {"total": 4, "refused": 1, "queued": 3}),
        ("progress", {"total": 4, "refused": 1, "queued": 2, "succeeded": 1}),
        ("progress", {"total": 4, "refused": 1, "queued": 1, "succeeded": 2}),
        ("batch.completed", {"total": 4, "refused": 1, "succeeded": 3}),
    ]
    assert events[1].data["pages"] == {"total": 1, "done": 1, "failed": 0}
    assert [event.data["status"] for event in events] == ["running"] * 3 + ["completed"]
    shown = acme.api().get(f"{URL}/{batch.pk}").json()
    assert {name: shown[name] for name in events[-1].data} == events[-1].data
    again = told(acme, batch, events[2].id)
    assert again == events[3:]
    last = acme.api().get(f"{URL}/{batch.pk}/events", headers={"Last-Event-ID": events[3].id})
    assert (last.status_code, last.content) == (204, b"")


def test_listener_that_comes_again_is_told_nothing_twice(
    acme: Organisation, settings: Settings
) -> None:
    batch = make_batch(acme, [PDF])
    settings.LISTEN_SECONDS, settings.LISTEN_TICK_SECONDS = 1.0, 0.05
    (first,) = told(acme, batch)
    assert told(acme, batch, first.id) == []
    assert told(acme, batch, "rubbish\t") == [first]
    run_all(batch)
    (end,) = told(acme, batch, first.id)
    assert (end.name, end.id) == ("batch.completed", "end")
    Batch.objects.update(completed_at=None)  # as after a retry
    assert [event.name for event in told(acme, batch, end.id)] == ["progress"]


def test_batch_that_is_cancelled_or_deleted_ends_its_listeners(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_batch(acme), make_batch(acme)
    empty = make_batch(acme, [PDF])

    def delete(batch: Batch) -> None:
        batch_actions.delete(batch, actor=acme.actor, address=None)

    with monkeypatch.context() as patched:
        patched.setattr(
            time, "sleep", lambda _: batch_actions.cancel(first, actor=acme.actor, address=None)
        )
        last = told(acme, first)[-1]
        assert (last.name, last.data["documents"]) == (
            "batch.completed", {"total": 3, "cancelled": 3}
        )  # fmt: skip
    jobs_of(empty)[0].delete()
    assert batch_progress.read([key_of(empty)], {})[key_of(empty)].documents == {}
    at_each_pause(monkeypatch, blocking, lambda _: delete(second))
    assert [event.name for event in told(acme, second)] == ["progress", "deleted"]


def test_batches_are_read_by_one_query_and_unchanged_ones_are_the_same(
    acme: Organisation, stranger: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys = [key_of(make_batch(acme)) for _ in range(3)]
    foreign = make_batch(stranger)
    missing = [BatchKey(acme.tenant.pk, foreign.pk), BatchKey(acme.tenant.pk, uuid4())]
    with django_assert_num_queries(1):
        first = batch_progress.read([*keys, *missing], {})
    assert set(first) == set(keys)
    run_job(str(jobs_of(Batch.objects.get(pk=keys[0].batch_id))[0].pk))
    second = batch_progress.read(keys, first)
    assert [second[key] is first[key] for key in keys] == [False, True, True]
    with django_assert_num_queries(1):
        ended = batch_progress.read_ended([*keys, *missing], {})
    assert ended == dict.fromkeys(keys, False)


def test_id_is_of_what_was_told() -> None:
    now = BatchProgress("running", {"queued": 2}, {"total": 0, "done": 0, "failed": 0})
    knows = BatchTold()
    (event,) = events_in(b"".join(knows.events(now)))
    assert list(BatchTold.of(event.id or "").events(now)) == []
    assert BatchTold.of("end").ended
    for rubbish in ("", "END", "12345678:", "end\n", "x" * 5000):
        assert BatchTold.of(rubbish) == BatchTold()


def test_loop_tells_many_listeners_by_the_same_queries(
    loop: ListenerLoop,  # noqa: F811
    acme: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch, other = make_batch(acme, [PDF]), make_batch(acme, [PDF])
    real, asked = batch_progress.read, []

    def read(keys: Any, before: Any) -> Any:
        asked.append(len(keys))
        return real(keys, before)

    grant = grant_to(acme.actor, "jobs:read")
    clients = [
        connect(loop, Stream(key_of(each), grant, BatchTold(), read, every=0.2))
        for each in (batch, batch, batch, other)
    ]
    for client in clients:
        read_until(client, b"event: progress")
    del asked[:]
    time.sleep(0.7)
    assert set(asked) == {2}
    assert len(asked) <= 5, "by its own beat"
    run_all(batch)
    for client in clients[:3]:
        assert b"event: batch.completed" in read_all(client)
    clients[3].close()


def test_listener_is_ended_when_its_key_is_revoked(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(acme, [PDF])
    monkeypatch.setattr(listeners, "RECHECK_SECONDS", 0)
    at_each_pause(monkeypatch, blocking, lambda _: revoke_api_key(acme.key, actor=None))
    assert [event.name for event in told(acme, batch)] == ["progress"]


def test_stranger_and_key_without_reading_hear_nothing(
    acme: Organisation, stranger: Organisation
) -> None:
    batch = make_batch(acme, [PDF])
    for suffix in ("/events", "?wait=1"):
        url = f"{URL}/{batch.pk}{suffix}"
        assert stranger.api().get(url).status_code == 404
        assert acme.api("jobs:write").get(url).status_code == 403


def test_waiting_is_over_at_the_end_or_with_its_time(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF])
    client, url = acme.api(), f"{URL}/{batch.pk}"
    begun = time.monotonic()
    assert client.get(f"{url}?wait=1").json()["status"] == "running"
    assert time.monotonic() - begun >= 1
    for wrong in ("61", "x", "-1"):
        assert client.get(f"{url}?wait={wrong}").json()["code"] == "invalid_option"

    def end() -> None:
        run_all(batch)
        connection.close()

    thread = threading.Timer(0.3, end)
    thread.start()
    assert client.get(f"{url}?wait=30").json()["status"] == "completed"
    thread.join()


def test_few_wait_where_each_keeps_a_thread(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(blocking, "waiting", slots)
    batch = make_batch(acme, [PDF])
    with slots:
        assert acme.api().get(f"{URL}/{batch.pk}?wait=30").json()["status"] == "running"
        answer = acme.api().get(f"{URL}/{batch.pk}/events")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def test_more_listen_and_wait_than_there_are_threads(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF])
    with web_server(threads=2) as server:
        streams = [Connection(server, f"{URL}/{batch.pk}/events", acme.raw_key) for _ in range(5)]
        waiting = [Connection(server, f"{URL}/{batch.pk}?wait=60", acme.raw_key) for _ in range(5)]
        for stream in streams:
            assert stream.status == 200
            stream.read_until(b"event: progress")
        run_all(batch)
        for stream in streams:
            assert stream.events()[-1].name == "batch.completed"
        for each in waiting:
            assert b'"status":"completed"' in each.read_all()
