"""Many connections that listen to jobs, on a live Gunicorn with two threads."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests
from django.core.files.storage import default_storage

from accounts.keys import create_api_key, revoke_api_key
from jobs import storage
from jobs.models import Job
from tests.jobs.making import PDF, make_job, run_job
from tests.listening import (
    Connection,
    Server,
    end,
    finish_pages,
    start,
    web_server,
)
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]
JOBS = "/api/v1/ocr/jobs"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    with web_server(threads=2, LISTEN_TICK_SECONDS="0.1", MAX_LISTENERS="60") as running:
        yield running


def names(connection: Connection) -> list[str]:
    """The events, shortly."""
    shown = []
    for event in connection.events():
        number = event.data.get("number")
        shown.append(event.name if number is None else f"{event.name} {number}")
    return shown


def test_more_listeners_than_threads_hear_everything_once_and_in_order(
    server: Server, acme: Organisation
) -> None:
    job = make_job(acme)
    listeners = [Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key) for _ in range(50)]
    assert {listener.status for listener in listeners} == {200}
    begun = time.monotonic()
    answer = requests.get(
        f"{server.url}{JOBS}/{job.pk}", headers={"X-API-Key": acme.raw_key}, timeout=5
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert time.monotonic() - begun < 2
    start(job, 4)
    for number in (2, 1, 4):
        finish_pages(job, number)
        time.sleep(0.15)
    finish_pages(job, 3, failed=True)
    end(job)
    for listener in listeners:
        told = listener.events()
        pages = [event.data for event in told if event.name == "page"]
        assert pages == [
            {"number": 2, "failed": False},
            {"number": 1, "failed": False},
            {"number": 4, "failed": False},
            {"number": 3, "failed": True},
        ]
        place = told[0].data.pop("queue", None)  # none where it was claimed at that moment
        assert place is None or (place["position"], place["eta_seconds"]) == (0, None)
        assert told[0].data == {
            "status": "queued",
            "pages": {"total": None, "done": 0, "failed": 0},
        }
        assert [event.name for event in told].count("end") == 1
        assert (told[-1].name, told[-1].data) == (
            "end",
            {"status": "succeeded", "pages": {"total": 4, "done": 4, "failed": 1}},
        )
        done = [event.data["pages"]["done"] for event in told if event.name != "page"]
        assert done == sorted(done)


def test_answer_is_a_stream_that_no_proxy_keeps_back(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    listener = Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key)
    head = listener.head.lower()
    for line in (
        "http/1.1 200 ok",
        "connection: close",
        "transfer-encoding: chunked",
        "content-type: text/event-stream; charset=utf-8",
        "cache-control: no-cache, no-store",
        "x-accel-buffering: no",
        "x-content-type-options: nosniff",
    ):
        assert line in head
    assert "content-length" not in head
    end(job)
    assert b"retry: " in listener.read_all()


def test_http_1_0_gets_the_stream_without_chunks(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    end(job)
    listener = Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key, version="1.0")
    assert [event.name for event in listener.events()] == ["end"]
    assert "chunked" not in listener.head


def test_head_is_answered_without_a_stream(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    for path in (f"{JOBS}/{job.pk}/events", f"{JOBS}/{job.pk}?wait=30"):
        answer = requests.head(
            server.url + path, headers={"X-API-Key": acme.raw_key, "Connection": "close"}, timeout=5
        )
        assert (answer.status_code, answer.content) == (200, b"")


def test_listener_that_comes_again_is_told_the_rest(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    start(job, 5)
    finish_pages(job, 1, 2, 4)
    path = f"{JOBS}/{job.pk}/events"
    first = Connection(server, path, acme.raw_key)
    first.read_until(b'"number": 2')
    first.close()  # in the middle of what it was told
    after_page_2 = next(
        line.removeprefix(b"id: ")
        for line in first.received.splitlines()
        if line.startswith(b"id: ") and line.endswith(b":1-2")
    )
    finish_pages(job, 3, 5)
    end(job)
    again = Connection(server, path, acme.raw_key, last_event_id=after_page_2.decode())
    told = again.events()
    assert [event.data.get("number") for event in told] == [3, 4, 5, None]
    assert told[-1].id == "end:1-5"
    last = Connection(server, path, acme.raw_key, last_event_id="end:1-5")
    assert last.status == 204, "browsers stop at that"


def test_job_that_is_deleted_ends_its_listeners(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    listener = Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key)
    waiter = Connection(server, f"{JOBS}/{job.pk}?wait=30", acme.raw_key)
    listener.read_until(b"event: status")
    Job.objects.filter(pk=job.pk).delete()
    assert names(listener) == ["status", "deleted"]
    assert waiter.status == 404
    assert json.loads(waiter.read_all())["code"] == "not_found"


def test_stranger_gets_404_key_without_reading_403_and_nobody_401(
    server: Server, acme: Organisation, stranger: Organisation
) -> None:
    job = make_job(acme)
    path = f"{server.url}{JOBS}/{job.pk}/events"
    answer = requests.get(
        path,
        headers={"X-API-Key": stranger.raw_key, "Accept": "text/event-stream"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"
    _, narrow = create_api_key(
        tenant=acme.tenant, name="narrow", scopes=["usage:read"], created_by=acme.owner
    )
    assert requests.get(path, headers={"X-API-Key": narrow}, timeout=5).status_code == 403
    assert requests.get(path, timeout=5).status_code == 401


def test_browsers_accept_nothing_but_events(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    end(job)
    answer = requests.get(
        f"{server.url}{JOBS}/{job.pk}/events",
        headers={"X-API-Key": acme.raw_key, "Accept": "text/event-stream"},
        timeout=5,
    )
    assert answer.status_code == 200
    assert "event: end" in answer.text


def test_more_wait_than_there_are_threads_and_are_answered_at_the_end(
    server: Server, acme: Organisation
) -> None:
    jobs = [make_job(acme) for _ in range(12)]
    waiters = [Connection(server, f"{JOBS}/{job.pk}?wait=30", acme.raw_key) for job in jobs]
    time.sleep(0.5)
    begun = time.monotonic()
    health = requests.get(f"{server.url}/api/v1/health", timeout=5)
    assert (health.status_code, time.monotonic() - begun < 2) == (200, True)
    for job in jobs:
        end(job)
    for job, waiter in zip(jobs, waiters, strict=True):
        body = json.loads(waiter.read_all())
        assert (waiter.status, body["id"], body["status"]) == (200, str(job.pk), "succeeded")
        assert body["links"]["self"] == f"http://127.0.0.1{JOBS}/{job.pk}"
        assert "Content-Type: application/json" in waiter.head
        assert "Connection: close" in waiter.head
    assert time.monotonic() - begun < 5


def test_waiting_is_over_when_its_time_is(server: Server, acme: Organisation) -> None:
    job = make_job(acme)
    begun = time.monotonic()
    waiter = Connection(server, f"{JOBS}/{job.pk}?wait=1", acme.raw_key)
    assert json.loads(waiter.read_all())["status"] == "queued"
    assert 0.9 < time.monotonic() - begun < 3


def test_submitting_waits_without_a_thread(server: Server, acme: Organisation) -> None:
    def submit(_: int) -> requests.Response:
        return requests.post(
            f"{server.url}{JOBS}?wait=30",
            headers={"X-API-Key": acme.raw_key},
            files={"file": ("a.pdf", PDF)},
            timeout=40,
        )

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(submit, number) for number in range(6)]
        deadline = time.monotonic() + 20
        while Job.objects.count() < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        for pk in list(Job.objects.values_list("pk", flat=True)):
            run_job(str(pk))
        for answer in answers:
            assert answer.result().status_code == 200
            assert answer.result().json()["status"] == "succeeded"


def test_submitting_that_waits_in_vain_is_202_with_the_address(
    server: Server, acme: Organisation
) -> None:
    answer = requests.post(
        f"{server.url}{JOBS}?wait=1",
        headers={"X-API-Key": acme.raw_key},
        files={"file": ("a.pdf", PDF)},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["Location"].endswith(answer.json()["id"])


def test_revoked_key_gets_no_answer_to_what_it_waited_for(
    server: Server, acme: Organisation
) -> None:
    job = make_job(acme)
    waiter = Connection(server, f"{JOBS}/{job.pk}?wait=30", acme.raw_key)
    time.sleep(0.3)
    revoke_api_key(acme.key, actor=None)
    end(job)
    assert (waiter.status, json.loads(waiter.read_all())["code"]) == (401, "not_authenticated")


def test_listeners_beyond_the_bound_are_told_to_come_again(
    server: Server, acme: Organisation
) -> None:
    job = make_job(acme)
    path = f"{JOBS}/{job.pk}/events"
    listeners = []
    for _ in range(60):
        listeners.append(Connection(server, path, acme.raw_key))
        listeners[-1].read_until(b"event: status")
    further = requests.get(server.url + path, headers={"X-API-Key": acme.raw_key}, timeout=5)
    assert (further.status_code, further.json()["code"]) == (503, "busy")
    assert int(further.headers["Retry-After"]) > 0
    waited = requests.get(
        f"{server.url}{JOBS}/{job.pk}?wait=30", headers={"X-API-Key": acme.raw_key}, timeout=5
    )
    assert waited.json()["status"] == "queued", "at once"
    for listener in listeners:
        listener.close()
    deadline = time.monotonic() + 5  # those that leave are noticed
    while Connection(server, path, acme.raw_key).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Connection(server, path, acme.raw_key).status == 200


def test_clients_that_do_not_close_keep_nobody_waiting(server: Server) -> None:
    held = []
    for _ in range(10):
        held.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        held[-1].sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for client in held:
        received = b""
        while data := client.recv(4096):  # the end comes at once: the server has closed its half
            received += data
        assert received.startswith(b"HTTP/1.1 200")
    begun = time.monotonic()
    assert requests.get(f"{server.url}/health/live", timeout=30).status_code == 200
    assert time.monotonic() - begun < 1.5
    time.sleep(2.5)
    held[0].sendall(b"x")
    time.sleep(0.1)
    with pytest.raises(OSError):  # closed for good
        held[0].sendall(b"x")


@pytest.mark.parametrize("ending", ["sigterm", "max_requests"])
def test_server_that_stops_ends_its_listeners(acme: Organisation, ending: str) -> None:
    job = make_job(acme)
    recycling = "--max-requests 40 --max-requests-jitter 0"
    with web_server(threads=2, GUNICORN_CMD_ARGS=recycling) as server:
        (worker,) = psutil.Process(server.process.pid).children()
        listeners = [Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key) for _ in range(8)]
        for listener in listeners:
            listener.read_until(b"event: status")
        waiters = [Connection(server, f"{JOBS}/{job.pk}?wait=50", acme.raw_key) for _ in range(8)]
        time.sleep(0.5)
        begun = time.monotonic()
        if ending == "sigterm":
            server.process.send_signal(signal.SIGTERM)
        else:
            for _ in range(40):
                requests.get(f"{server.url}/health/live", timeout=30)
        for listener in listeners:
            assert names(listener) == ["status"]  # and the last chunk: see read_all
        for waiter in waiters:
            assert json.loads(waiter.read_all())["status"] == "queued"
        psutil.wait_procs([worker], timeout=10)
        assert not worker.is_running()
        assert time.monotonic() - begun < 30
        if ending == "sigterm":
            assert server.process.wait(10) == 0


def test_process_whose_master_is_killed_lets_go_of_the_port(acme: Organisation) -> None:
    """Whatever kept-alive clients go on asking: the next master needs it."""
    job = make_job(acme)
    with web_server(threads=2) as server:
        (worker,) = psutil.Process(server.process.pid).children()
        listener = Connection(server, f"{JOBS}/{job.pk}/events", acme.raw_key)
        listener.read_until(b"event: status")
        session = requests.Session()
        assert session.get(f"{server.url}/health/live", timeout=30).status_code == 200
        server.process.kill()
        begun = time.monotonic()
        while worker.is_running() and time.monotonic() - begun < 20:
            with contextlib.suppress(requests.ConnectionError):
                session.get(f"{server.url}/health/live", timeout=2)
            time.sleep(0.2)
        assert time.monotonic() - begun < 20
        assert names(listener) == ["status"]


def test_client_that_leaves_amid_a_result_of_zero_hours_leaves_it(
    server: Server, acme: Organisation
) -> None:
    large = 30_000_000  # bytes: more than the buffers of both ends hold
    job = make_job(acme, outputs=("pdf",))
    Job.objects.filter(pk=job.pk).update(retention_hours=0)
    run_job(str(job.pk))
    job.refresh_from_db()
    key = storage.pdf_key(job.tenant_id, job.pk, job.attempt)
    storage.put(key, bytes(large))
    path = f"{JOBS}/{job.pk}/result.pdf"
    leaves = Connection(server, path, acme.raw_key)
    assert leaves.status == 200
    leaves.close()
    time.sleep(0.3)
    job.refresh_from_db()
    assert (job.status, job.delivered_at) == ("succeeded", None)
    assert len(Connection(server, path, acme.raw_key, version="1.0").read_all()) == large
    until = time.monotonic() + 10
    while default_storage.exists(key) and time.monotonic() < until:
        time.sleep(0.02)
    job.refresh_from_db()
    assert (job.status, default_storage.exists(key)) == ("expired", False)
