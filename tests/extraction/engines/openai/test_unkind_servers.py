"""extraction/engines/openai: servers that answer nonsense, or not at all, and the way to them."""

from __future__ import annotations

import logging
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extraction.engines import Watch
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.engines.openai import connection
from extraction.errors import Cancelled, EngineUnavailable
from tests.certificates import self_signed
from tests.chat_server import (
    Call,
    ChatServer,
    Handler,
    chat_server,
    chunk,
    refuses,
    sends,
    waits,
    writes,
)
from tests.extraction.engines.openai.asking import KEY, ROW, engine, page, standing


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (sends(b"<html>Welcome</html>", "text/html"), "it is 'text/html'"),
        (sends(b"data: {nonsense\n\n"), "no JSON"),
        (sends(b"data: " + b"[" * 100_000 + b"\n\n"), "no JSON"),
        (sends(b"data: 17\n\n"), "no object"),
        (sends(b'data: {"choices": 3}\n\n'), "no choices"),
        (sends(b'data: {"choices": [{"delta": {"content": [1]}}]}\n\n'), "no text"),
        (sends(b"{}", "application/json"), "no choices"),
        (sends(b"data: " + b"x" * 60_000, repeat=100_000), "an event is too long"),
        (sends(b"data: x\n" * 9000, repeat=100_000), "an event is too long"),
        (sends(b'{"choices": "' + b"x" * 99_999, "application/json", repeat=10**6), "4,000,000"),
        (sends(b": nothing, again and again\n" * 1000, repeat=10**6), "9,000,000 bytes"),
        (sends(b'data: {"choices":[]}\n\n' * 1000, repeat=10**6), "9,000,000 bytes"),
        (refuses(204), "answers 204"),
    ],
)  # fmt: skip
def test_server_that_answers_nonsense_or_without_end_is_left(
    server: ChatServer, reply: Any, told: str
) -> None:
    server.script(reply)
    reader = engine(server.url, replace(ROW, max_tokens=4000))
    with pytest.raises(EngineUnavailable, match=told):
        reader.read([page()])
    assert len(server.calls) == 1
    assert standing(reader) == ("closed", 1)


def test_error_in_the_middle_of_an_answer_is_the_servers(server: ChatServer) -> None:
    def reply(handler: Handler, call: Call) -> None:
        handler.head(200, "text/event-stream")
        handler.event(chunk("half"))
        handler.event({"error": {"message": f"CUDA out of memory {KEY}"}})

    server.script(reply)
    reader = engine(server.url)
    with pytest.raises(EngineUnavailable, match=r"CUDA out of memory \*\*\*"):
        reader.read([page()])
    assert standing(reader) == ("closed", 3)


def test_silence_has_a_bound(server: ChatServer) -> None:
    server.script(waits(30))
    reader = engine(server.url, read_seconds=0.3, retries=0)
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match="no answer in time"):
        reader.read([page()])
    assert time.monotonic() - begun < 15  # half the silence
    assert standing(reader) == ("closed", 1)


@pytest.mark.parametrize("kind", ["body", "head"])
def test_answer_that_trickles_has_a_bound(server: ChatServer, kind: str) -> None:
    """Each byte comes before the silence is too long."""

    def reply(handler: Handler, call: Call) -> None:
        if kind == "body":
            handler.head(200, "text/event-stream")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    server.script(reply)
    reader = engine(server.url, read_seconds=0.3)
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match=r"within 1\.5 seconds"):
        reader.read([page()])
    assert time.monotonic() - begun > 1.4
    assert len(server.calls) == 1


def test_proxies_of_the_environment_are_not_used(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert engine(server.url).read([page()])[0].markup == "read"
        assert proxy.calls == []


def test_server_over_tls_is_asked_where_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with chat_server(tls=context) as server:
        assert server.url.startswith("https://localhost:")
        reader = engine(server.url, retries=0)
        with pytest.raises(EngineUnavailable, match="certificate verify failed"):
            reader.read([page()])
        assert server.calls == []
        connection._trusting.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert reader.read([page()])[0].markup == "read"
        server.script(writes(*["word "] * 2000, pause=0.02))
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            reader.read([page()], Watch(stop=lambda: time.monotonic() - begun > 0.2))
        assert time.monotonic() - begun < 20  # the answer would take 40
        until = time.monotonic() + 20
        while not server.left and time.monotonic() < until:
            time.sleep(0.02)
        assert len(server.left) == 1
    connection._trusting.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://host/v1", "host:8000", "http://", "http://me:pass@host/v1", "http://host/?a=b",
        "http://host:notaport", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="OPENAI_URL is not usable"):
        engine(url)


def test_address_is_taken_apart() -> None:
    reading = connection.Address.reading
    assert reading("http://gpu:8000/v1/") == connection.Address("http", "gpu", 8000, "/v1")
    assert reading("https://gpu") == connection.Address("https", "gpu", 443, "")
    assert reading("http://[::1]:80/a/b") == connection.Address("http", "::1", 80, "/a/b")


def test_key_is_in_no_log_and_no_representation(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(refuses(500, {"error": f"{KEY} failed"}), writes("read"))
    reader = engine(server.url)
    reader.read([page()])
    assert "*** failed" in caplog.text
    configuration = Configuration(openai=OpenAIServer(server.url, "tiny", ROW, key=KEY))
    assert KEY not in caplog.text + repr(configuration) + repr(vars(reader))
