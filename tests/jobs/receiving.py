"""A receiver of webhooks on loopback that does as it is told, and keeps what it was sent."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answering(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, after: float = 0
) -> Behaviour:
    """Answers so, after some seconds."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(after)
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Answers 200 with a body that has no end."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"x" * 65_536)


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """``behaviours`` by path; one without is answered 200. ``released`` ends what hangs."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    connections: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def hanging(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers nothing until released."""
        self.released.wait(60)

    def dripping(self, handler: BaseHTTPRequestHandler) -> None:
        """Sends a head without end, byte by byte."""
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
            while not self.released.wait(0.05):
                handler.wfile.write(b"a")

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [each.path for each in self.received]


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver for the length of the block."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.received.append(Received(self.path, headers, body))
            with suppress(OSError):
                told.behaviours.get(self.path.split("?")[0], answering(200, b"thanks"))(self)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *args: object) -> None:
            """Nothing: clients go away as they like."""

        def get_request(self) -> tuple[object, object]:  # type: ignore[override]
            told.connections += 1
            return super().get_request()

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
