"""What is at an address that is not the site's: told in words, never taken for its answer."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest

from ocrsite_client import ApiError, Client, ServerFault, WrongAddress
from ocrsite_client.cli import main
from ocrsite_client.login import login_file
from tests.client.sites import Awaited

PAGE = "<!doctype html><title>Sign in</title>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


def site(
    status: int, headers: dict[str, str], body: str = "", url: str = "http://ocr.example"
) -> Client:
    """A client of what answers so."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "ocr.example"  # the key goes nowhere else
        return httpx2.Response(status, headers=headers, content=body.encode())

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return Client(url, "ocrs_x", retry_seconds=0, http=http)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://ocr.example/api/v1/ocr/jobs/1", "use https://ocr.example"),
        ("//ocr.example/in/api/v1/ocr/jobs/1/?a=b", "use http://ocr.example/in"),
        ("/login?next=/api/v1/ocr/jobs/1", "sends on to http://ocr.example/login: is the"),
        ("/api/v1/ocr/jobs/1/", "sends on to http://ocr.example/api/v1/ocr/jobs/1/: is the"),
        ("https://sso.example/?secret=1#2", "sends on to https://sso.example/: is the address"),
        ("http://[", "answers {status} with text/html, not as an OCRSite does"),
    ],
)
def test_redirect_is_an_error_that_tells_the_address(status: int, location: str, told: str) -> None:
    with site(status, {"Location": location, **HTML}) as client:
        with pytest.raises(WrongAddress) as raised:
            client.delete("1")
        assert told.format(status=status) in str(raised.value)
        assert "secret" not in str(raised.value)
        with pytest.raises(WrongAddress):
            client.submit(b"%PDF-")


def test_redirect_without_an_address_is_one_too() -> None:
    with site(304, {}) as client, pytest.raises(WrongAddress, match="answers 304 with nothing"):
        client.me()


@pytest.mark.parametrize(
    ("headers", "body"),
    [(HTML, PAGE), ({"Content-Type": "text/plain"}, "ok"), (JSON, "{"), ({}, ""), (JSON, "")],
)
def test_answer_that_is_no_json_is_told(headers: dict[str, str], body: str) -> None:
    with site(200, headers, body) as client, pytest.raises(WrongAddress) as raised:
        client.me()
    kind = headers.get("Content-Type", "nothing").split(";")[0]
    assert str(raised.value) == (
        f"http://ocr.example/api/v1/auth/me answers 200 with {kind}, not as an OCRSite does: "
        "is the address right?"
    )


def test_page_of_somebody_else_is_no_result_no_file_and_no_deletion(tmp_path: Any) -> None:
    with site(200, HTML, PAGE) as client:
        for call in (
            lambda: client.text("1"),
            lambda: client.download("1", tmp_path / "a.json"),
            lambda: client.delete("1"),
            lambda: next(client.events("1")),
        ):
            with pytest.raises(WrongAddress):
                call()
        assert client.text("1", "html") == PAGE  # which a result may be
    assert [*tmp_path.iterdir()] == []


def test_answer_without_a_body_is_nobodys_page() -> None:
    with site(204, HTML) as client:  # as the site's own web framework says of no body at all
        client.delete("1")
        assert list(client.events("1")) == []


def test_error_that_is_not_the_sites_is_told_as_such() -> None:
    with site(404, HTML, PAGE) as client, pytest.raises(ApiError) as refused:
        client.me()
    assert refused.value.code == "http_404"
    assert "answers 404 with text/html, not as an OCRSite does" in refused.value.detail
    away = site(503, {"Content-Type": "text/plain"}, "no upstream")
    with away as client, pytest.raises(ServerFault, match="http_503"):
        client.health()


def test_asynchronous_client_says_the_same() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(301, headers={"Location": f"https://ocr.example{request.url.path}"})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = Awaited("http://ocr.example", "ocrs_x", http=http)
    try:
        with pytest.raises(WrongAddress, match=r"use https://ocr\.example$"):
            client.cancel("1")
    finally:
        client.close()


ANSWERS = {
    "moved": (308, {"Location": "https://ocr.example/api/v1/auth/me"}, ""),
    "page": (200, HTML, PAGE),
    "other": (200, JSON, json.dumps({"ok": True})),
    "list": (200, JSON, "[]"),
}


class Other(BaseHTTPRequestHandler):
    """Answers as ``ANSWERS`` says by the first part of the path."""

    def do_GET(self) -> None:
        status, headers, body = ANSWERS[self.path.split("/")[1]]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: Any) -> None:
        """To nobody."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of what is no OCRSite."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, args=[0.01]).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("moved", "sends to another address: use https://ocr.example\n"),
        ("page", "answers 200 with text/html, not as an OCRSite does: is the address right?"),
        ("other", "does not answer as an OCRSite does: is the address right?"),
        ("list", "does not answer as an OCRSite does: is the address right?"),
    ],
)
def test_login_elsewhere_is_wrong_use(
    path: str, told: str, elsewhere: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ocrs_secret\n"))
    assert main(["login", f"{elsewhere}/{path}"]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "ocrs_secret" not in said.err
    assert said.out == ""
    assert not login_file().exists()
