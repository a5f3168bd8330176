"""One request to a server over HTTP/1.1, everything about it bounded, stopped from any thread.

By Python's own ``http.client``: no redirect is followed, no proxy of the environment used, nothing
unpacked, and what a server sends is never taken in whole before it is counted.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

PIECE = 65_536  # bytes read at a time


class Lost(OSError):
    """No answer, half of one, or none in time: the connection's fault or the server's."""


class TooMuch(ValueError):
    """The server sends more than an answer can be."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is; ``path`` is the beginning of all its addresses ("/v1"), "" for none."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def reading(cls, url: str) -> Address:
        """Raises ValueError for what is no http(s) URL, or has a password or query in it."""
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it must begin with http:// or https:// and name a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("it must have no user, password, query or fragment")
        usual = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname, parts.port or usual, parts.path.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: to connect, of silence, and for the whole exchange."""

    connect: float
    silence: float
    whole: float


class Exchange:
    """One POST and its answer. ``close`` may be called from any thread and ends it at once."""

    def __init__(self, address: Address, times: Times, most: int) -> None:
        """``most`` is how many bytes the answer may have."""
        self._times = times
        self._most = most
        self._path = address.path
        self._begun = time.monotonic()
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        if address.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                address.host, address.port, timeout=times.connect, context=_trusting()
            )
        else:
            self._connection = http.client.HTTPConnection(
                address.host, address.port, timeout=times.connect
            )

    @property
    def late(self) -> bool:
        """Whether it takes longer than all of it may; whoever sees that closes it."""
        return time.monotonic() - self._begun > self._times.whole

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Send the body; returns the answer once its head is there. Raises ``Lost``."""
        try:
            self._connection.connect()
            connected = self._connection.sock
            connected.settimeout(self._times.silence)
            self._socket = connected
            if self._closed.is_set():
                raise Lost("closed")
            self._connection.request("POST", self._path + path, body, dict(headers))
            response = self._connection.getresponse()
            if self._closed.is_set():  # it ended within the head, which http.client takes for all
                raise Lost("closed")
            return response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._lost(error) from error

    def pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """The answer's bytes as they come. Raises ``Lost``, and ``TooMuch`` beyond ``most``."""
        size = 0
        while True:
            try:
                piece = response.read1(PIECE)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._lost(error) from error
            if not piece:
                if response.length:  # of the bytes it has promised
                    raise Lost("the answer ends early")
                if self._closed.is_set():
                    raise self._lost(Lost("closed"))
                return
            size += len(piece)
            if size > self._most:
                raise TooMuch(f"the answer has more than {self._most:,} bytes")
            yield piece

    def close(self) -> None:
        """End it: whoever reads or writes is told so."""
        self._closed.set()
        if self._socket is not None:
            with suppress(OSError):  # of the plain socket, beneath TLS, which another thread uses
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def done(self) -> None:
        """Give up what it holds; for the thread that made it."""
        self.close()
        self._connection.close()

    def _lost(self, error: Exception) -> Lost:
        if self.late:
            return Lost(f"no end of the answer within {self._times.whole:g} seconds")
        if isinstance(error, TimeoutError):
            return Lost("no answer in time")
        return Lost(str(error) or type(error).__name__)


@cache
def _trusting() -> ssl.SSLContext:
    """Certificates that the system trusts, or those that SSL_CERT_FILE names; read once."""
    return ssl.create_default_context()
