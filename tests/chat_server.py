"""A server on this machine that speaks OpenAI's chat completions, and misbehaves as it is told."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

from extraction.types import Pixels

DONE = "[DONE]"  # the last event of a stream


@dataclass(frozen=True)
class Call:
    """A request as it came; ``at`` by the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def picture(self) -> tuple[str, Pixels]:
        """The type of the page's picture, and its pixels (RGB)."""
        url = self.body["messages"][0]["content"][0]["image_url"]["url"]
        kind, _, encoded = url.removeprefix("data:").partition(";base64,")
        data = np.frombuffer(base64.b64decode(encoded, validate=True), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert pixels is not None
        return kind, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


class Handler(BaseHTTPRequestHandler):
    """One request; a ``Reply`` writes what it likes."""

    protocol_version = "HTTP/1.1"
    open = True  # to the client; no longer once it may have read the end

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.close_connection = True
        server: Any = self.server
        server.owner.answer(self, Call(self.path, dict(self.headers), body, time.monotonic()))

    def log_message(self, *args: Any) -> None:
        """Nothing."""

    def head(self, status: int, kind: str, **headers: str) -> None:
        """The head of an answer whose end is the connection's."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def ended(self) -> None:
        """Count it no more as open: the client may ask the next as soon as it has the last byte."""
        server: Any = self.server
        if self.open:
            self.open = False
            server.owner.ended()

    def event(self, value: Any) -> None:
        """One event of a stream, sent at once."""
        text = value if isinstance(value, str) else json.dumps(value)
        if text == DONE:
            self.ended()
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()


Reply = Callable[[Handler, Call], None]


class ChatServer:
    """Answers the n-th request with the n-th reply, and all later ones with the last."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.replies: list[Reply] = [writes("read")]
        self.at_once = 0
        self.most_at_once = 0
        self.left: list[float] = []  # when clients have gone before the end
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/v1"
        if tls is not None:
            self.url = f"https://localhost:{self.port}/v1"
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    def script(self, *replies: Reply) -> None:
        """What it answers from the next request on."""
        with self._lock:
            self.calls.clear()
            self.replies = list(replies)

    def answer(self, handler: Handler, call: Call) -> None:
        """Answer one request."""
        with self._lock:
            reply = self.replies[min(len(self.calls), len(self.replies) - 1)]
            self.calls.append(call)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            reply(handler, call)
        except OSError:
            self.left.append(time.monotonic())
        finally:
            handler.ended()

    def ended(self) -> None:
        """One request is open no more."""
        with self._lock:
            self.at_once -= 1

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def chat_server(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[ChatServer]:
    """A server that runs while the block does."""
    server = ChatServer(port, tls)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a stream."""
    delta = {} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


def writes(
    *parts: str,
    finish: str = "stop",
    logprobs: Sequence[float] = (),
    tokens: int | None = None,
    pause: float = 0,
    done: bool = True,
) -> Reply:
    """A stream of these parts, a token each; ``tokens`` is what it says of their number."""

    def reply(handler: Handler, call: Call) -> None:
        handler.head(200, "text/event-stream; charset=utf-8")
        handler.event(
            {"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]}
        )
        for index, part in enumerate(parts):
            time.sleep(pause)
            more: dict[str, Any] = {}
            if logprobs:
                scored = {"token": part, "logprob": logprobs[index], "top_logprobs": []}
                more["logprobs"] = {"content": [scored]}
            handler.event(chunk(part, **more))
        handler.event(chunk(None, finish))
        if tokens is not None:
            handler.event({"choices": [], "usage": {"completion_tokens": tokens}})
        if done:
            handler.event(DONE)

    return reply


def refuses(status: int, body: Any = None, **headers: str) -> Reply:
    """An answer with that status; ``Retry_After`` is a header."""

    def reply(handler: Handler, call: Call) -> None:
        handler.head(status, "application/json", **headers)
        handler.wfile.write(
            json.dumps({"error": {"message": "no"}} if body is None else body).encode()
        )

    return reply


def sends(data: bytes, kind: str = "text/event-stream", repeat: int = 1) -> Reply:
    """These bytes as the answer's body, ``repeat`` times."""

    def reply(handler: Handler, call: Call) -> None:
        handler.head(200, kind)
        for _ in range(repeat):
            handler.wfile.write(data)

    return reply


def breaks(handler: Handler, call: Call) -> None:
    """The connection ends without an answer."""


def waits(seconds: float) -> Reply:
    """Nothing for so long, then the connection ends."""

    def reply(handler: Handler, call: Call) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.02)
            handler.connection.setblocking(False)
            try:
                if handler.connection.recv(1) == b"":
                    raise BrokenPipeError
            except BlockingIOError:
                pass

    return reply
