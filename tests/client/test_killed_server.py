"""A web server that is killed while a client waits, and started again where it was."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from typing import Any

import httpx2
import psutil
import pytest

from ocrsite.embedded import free_port
from ocrsite_client import AsyncClient, Client, Job, mcp_server
from ocrsite_client.cli.documents import follow
from ocrsite_client.cli.showing import Progress
from ocrsite_client.folders import Folders
from tests.jobs.making import make_job, run_job
from tests.listening import Server, web_server
from tests.people import Organisation
from tests.processes import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


PATIENCE = 600  # a server may be long in starting here


class Reported:
    """What is told of an agent's progress is told nobody."""

    async def report_progress(self, *progress: Any) -> None:
        """As of a ``Context``."""


def kill(server: Server) -> None:
    """SIGKILL to all of its processes at once."""
    master = psutil.Process(server.process.pid)
    for each in [master, *master.children(recursive=True)]:
        each.send_signal(signal.SIGKILL)
    server.process.wait()


def test_waiting_and_listening_go_on_when_a_killed_server_is_back(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_server, "WAIT_SECONDS", PATIENCE)
    job = make_job(acme, engine="text-layer")
    url = f"http://127.0.0.1:{(port := free_port())}"
    asked: Counter[str] = Counter()
    heard: list[str] = []
    found: dict[str, Any] = {}

    def client(name: str) -> Client:
        http = httpx2.Client(event_hooks={"request": [lambda _: asked.update([name])]})
        return Client(url, acme.raw_key, retry_seconds=PATIENCE, http=http)

    def waiting() -> None:
        with client("waiting") as site:
            found["waiting"] = site.wait(str(job.pk))

    def listening() -> None:
        with client("listening") as site:
            heard.extend(event.name for event in site.events(str(job.pk)))

    def following() -> None:
        progress = Progress()
        progress.shown = True  # as on a terminal
        with client("following") as site:
            found["following"] = follow(site, site.job(str(job.pk)), progress, None)

    def serving() -> None:
        """As the server for agents does, which is asked by the job's id."""
        found["serving"] = asyncio.run(read_by_an_agent())

    async def read_by_an_agent() -> Job:
        async def note(_: httpx2.Request) -> None:
            asked.update(["serving"])

        http = httpx2.AsyncClient(event_hooks={"request": [note]})
        async with AsyncClient(url, acme.raw_key, retry_seconds=PATIENCE, http=http) as site:
            return await mcp_server._read(site, Folders([]), str(job.pk), {}, Reported())  # type: ignore[arg-type]

    ways = (waiting, listening, following, serving)
    threads = [threading.Thread(target=each) for each in ways]
    with web_server(threads=2, port=port, LISTEN_TICK_SECONDS="0.1") as server:
        for thread in threads:
            thread.start()
        until(lambda: heard and _held(server, len(ways)))
        before = asked.copy()
        kill(server)
        # all have noticed, and come again in vain
        until(lambda: all(asked[each.__name__] >= before[each.__name__] + 3 for each in ways))
    assert found == {}
    with web_server(threads=2, port=port, LISTEN_TICK_SECONDS="0.1"):
        run_job(str(job.pk))
        for thread in threads:
            thread.join(60)
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(
        ("waiting", "following", "serving"), "succeeded"
    )
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
