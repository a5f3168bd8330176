"""A load on a web server from this process: requests as bytes, made once, over open connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

BOUNDARY = "boundary-of-a-benchmark"


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the status that its answer must have."""

    sent: bytes
    status: int


def call(
    method: str, url: str, *, key: str = "", body: bytes = b"", kind: str = "", status: int = 200
) -> Call:
    """The request as bytes; ``key`` is an API key."""
    parts = urlsplit(url)
    lines = [f"{method} {parts.path}{'?' if parts.query else ''}{parts.query} HTTP/1.1"]
    lines += [f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"Authorization: Bearer {key}"] if key else []
    return Call("\r\n".join([*lines, "", ""]).encode() + body, status)


def form(url: str, document: bytes, *, key: str = "", status: int, **fields: str) -> Call:
    """A request that sends a document and text fields as a form."""
    body = b""
    for name, value in fields.items():
        body += (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        ).encode()
    body += (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode()
    body += document + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return call("POST", url, key=key, body=body, kind=kind, status=status)


class Client:
    """One open connection; a call waits for its answer."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._socket: socket.socket | None = None

    def send(self, request: Call) -> bytes:
        """The answer's body; raises AssertionError for another status."""
        for attempt in (1, 2):
            try:
                if self._socket is None:
                    self._socket = socket.create_connection(self._address, timeout=60)
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket.sendall(request.sent)
                return self._answer(request)
            except ConnectionError:  # the server has closed it meanwhile
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def _answer(self, request: Call) -> bytes:
        assert self._socket is not None
        got = b""
        while b"\r\n\r\n" not in got:
            more = self._socket.recv(65_536)
            if not more:
                raise ConnectionError("closed")
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        headers = head.lower()
        size = int(headers.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < size:
            body += self._socket.recv(65_536)
        assert int(head[9:12]) == request.status, (head, body[:500])
        if b"connection: close" in headers:
            self.close()
        return body

    def timed(self, request: Call) -> float:
        """Seconds that the call takes."""
        begun = time.perf_counter()
        self.send(request)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def throughput(url: str, request: Call, *, clients: int, seconds: float) -> float:
    """Calls answered a second, by ``clients`` that each send the next one after the answer."""
    done, over = [0] * clients, time.perf_counter() + seconds

    def work(number: int) -> None:
        client = Client(url)
        while time.perf_counter() < over:
            client.send(request)
            done[number] += 1
        client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and lowest to highest quartile, as text."""
    ranked = sorted(values)
    middle, low, high = (
        ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))]
        for share in (0.5, 0.25, 0.75)
    )
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
