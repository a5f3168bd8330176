"""A web server as in production, on the tests' database, and connections that listen to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection, transaction
from django.db.models import F

from jobs.models import Job, Page, Status
from ocrsite.embedded import end_with_parent, free_port

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running Gunicorn with one process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server(
    *, threads: int, port: int = 0, log: IO[bytes] | None = None, **settings: str
) -> Iterator[Server]:
    """Gunicorn on the database of these tests, with ``threads`` for requests.

    ``log`` is where its standard error goes, None: where the tests' own goes.
    """
    port = port or free_port()
    address = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}"))
    env = {
        **os.environ,
        "DATABASE_URL": database,
        "BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "WEB_THREADS": str(threads),
        **settings,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py"]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stderr=log, preexec_fn=end_with_parent)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
                    break
            except OSError:
                assert process.poll() is None, "Gunicorn has ended"
                assert time.monotonic() < deadline, "Gunicorn does not answer"
                time.sleep(0.05)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(40)


@dataclass(frozen=True)
class Event:
    """A server-sent event."""

    name: str
    data: dict[str, Any]
    id: str | None


@dataclass
class Connection:
    """A request whose answer is read as it comes."""

    server: Server
    path: str
    key: str
    last_event_id: str = ""
    method: str = "GET"
    version: str = "1.1"
    received: bytes = b""
    socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
        lines = [
            f"{self.method} {self.path} HTTP/{self.version}",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self.key}",
            *([f"Last-Event-ID: {self.last_event_id}"] if self.last_event_id else []),
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    @property
    def status(self) -> int:
        """Of the answer; waits for its head."""
        return int(self.read_until(b"\r\n\r\n").split()[1])

    @property
    def head(self) -> str:
        """Status line and headers."""
        return self.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")[0].decode()

    def read_until(self, mark: bytes) -> bytes:
        """All that has been received, once it holds the mark."""
        while mark not in self.received:
            data = self.socket.recv(65_536)
            assert data, f"closed after {self.received!r}"
            self.received += data
        return self.received

    def read_all(self) -> bytes:
        """The body, when the server has closed the connection; chunks put together."""
        while data := self.socket.recv(65_536):
            self.received += data
        head, _, rest = self.received.partition(b"\r\n\r\n")
        if b"Transfer-Encoding: chunked" not in head:
            return rest
        body = b""
        while True:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if length == 0:
                assert rest == b"\r\n", "nothing after the last chunk"
                return body
            body, rest = body + rest[:length], rest[length + 2 :]

    def events(self) -> list[Event]:
        """All events, when the server has closed the connection."""
        return events_in(self.read_all())

    def close(self) -> None:
        self.socket.close()


def events_in(body: bytes) -> list[Event]:
    """The events of a stream that has ended."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append(Event(lines["event"], json.loads(lines["data"]), lines.get("id")))
    return found


def at_each_pause(
    patch: pytest.MonkeyPatch, module: ModuleType, act: Callable[[float], object], **other: Any
) -> None:
    """Have the module act where it would sleep; the threads of others sleep as ever.

    ``other`` are functions of ``time`` that it is to have instead, too.
    """
    patch.setattr(module, "time", SimpleNamespace(**{**vars(time), "sleep": act, **other}))


def start(job: Job, total: int) -> None:
    """The job is running, of so many pages."""
    Job.objects.filter(pk=job.pk).update(status=Status.RUNNING, pages_total=total)


def finish_pages(job: Job, *numbers: int, failed: bool = False) -> None:
    """These pages are finished, one commit each."""
    for number in numbers:
        with transaction.atomic():
            Job.objects.filter(pk=job.pk).update(
                pages_done=F("pages_done") + 1, pages_failed=F("pages_failed") + int(failed)
            )
            Page.objects.create(job=job, number=number, content={}, failed=failed)


def end(job: Job, status: Status = Status.SUCCEEDED) -> None:
    """The job has ended."""
    Job.objects.filter(pk=job.pk).update(status=status)
