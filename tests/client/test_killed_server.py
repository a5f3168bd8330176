"""A web server that is killed while a client waits, and started again where it was."""

from __future__ import annotations

import signal
import threading
from typing import Any

import httpx2
import psutil
import pytest

from ocrsite.embedded import free_port
from ocrsite_client import Client
from tests.jobs.making import make_job, run_job
from tests.listening import Server, web_server
from tests.people import Organisation
from tests.processes import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]


def kill(server: Server) -> None:
    """SIGKILL to all of its processes at once."""
    master = psutil.Process(server.process.pid)
    for each in [master, *master.children(recursive=True)]:
        each.send_signal(signal.SIGKILL)
    server.process.wait()


def test_waiting_and_listening_go_on_when_a_killed_server_is_back(acme: Organisation) -> None:
    job = make_job(acme, engine="text-layer")
    port = free_port()
    asked: list[str] = []
    heard: list[str] = []
    found: dict[str, Any] = {}

    def client() -> Client:
        hooks = {"request": [lambda request: asked.append(str(request.url))]}
        http = httpx2.Client(event_hooks=hooks)
        return Client(f"http://127.0.0.1:{port}", acme.raw_key, http=http)

    def waiting() -> None:
        with client() as site:
            found["job"] = site.wait(str(job.pk))

    def listening() -> None:
        with client() as site:
            heard.extend(event.name for event in site.events(str(job.pk)))

    threads = [threading.Thread(target=each) for each in (waiting, listening)]
    with web_server(threads=2, port=port, LISTEN_TICK_SECONDS="0.1") as server:
        for thread in threads:
            thread.start()
        until(lambda: heard and _held(server, 2))
        before = len(asked)
        kill(server)
        until(lambda: len(asked) >= before + 2)  # both have noticed, and come again in vain
    assert found == {}
    with web_server(threads=2, port=port, LISTEN_TICK_SECONDS="0.1"):
        run_job(str(job.pk))
        for thread in threads:
            thread.join(60)
    assert found["job"].status == "succeeded"
    assert heard[0] == "status"
    assert heard[-2:] == ["page", "end"]
    assert heard.count("page") == 1


def _held(server: Server, connections: int) -> bool:
    """Whether the server has so many connections open."""
    master = psutil.Process(server.process.pid)
    open_ones = [
        each
        for process in [master, *master.children(recursive=True)]
        for each in process.net_connections("tcp")
        if each.status == psutil.CONN_ESTABLISHED and each.laddr.port == server.port
    ]
    return len(open_ones) >= connections
