"""Requests that no client of ours sends: refused, never a 500."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.jobs.making import form_file
from tests.people import PASSWORD, Organisation

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token"


def test_login_with_a_charset_that_decodes_to_no_text_is_400(client: Client) -> None:
    part = '--B\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format("username", "a@b.de") + part.format("password", r"\ud800") + "--B--\r\n"
    for charset, status in (
        ("unicode_escape", 400),
        ("idna", 400),
        ("hex", 400),
        ("utf-8", 200),
        ("US-ASCII", 200),
        ("no-such", 200),  # Django reads it as UTF-8
    ):
        answer = client.generic(
            "POST", "/login", body, f"multipart/form-data; boundary=B; charset={charset}"
        )
        assert answer.status_code == status, charset


def test_cookie_with_nul_is_400(client: Client) -> None:
    client.cookies.load(r'sessionid="abcdefgh\000"')
    assert client.get("/login").status_code == 400


def test_json_nested_too_deeply_is_400(client: Client) -> None:
    answer = client.post(TOKEN, "[" * 100_000, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("path", ["/login", "/logout", "/switch-tenant", "/admin/login/"])
def test_file_over_the_limit_in_a_form_that_takes_none_is_400(
    acme: Organisation, settings: Settings, path: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/login")
    client.force_login(acme.owner)
    settings.LIMITS = replace(settings.LIMITS, max_bytes=1000)
    for size in (2_000, 200_000):
        assert client.post(path, {"file": form_file(b"x" * size)}).status_code == 400


def test_docs_answer_get_alone(client: Client) -> None:
    assert client.options("/api/v1/docs").status_code == 405
    assert client.get("/api/v1/docs").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "a@b.de", "email": "c@d.de", "password": "x"}',
        '{"email": "a@b.de", "password": NaN}',
        '{"email": "a@b.de", "password": -Infinity}',
        '{"email": "a@b.de", "password": 1e999}',
        '{"email": "a@b.de", "password": "\\u0000"}',
        '{"email": "a@b.de", "password": "\\ud800"}',
        '{"email": "a@b.de", "password": "\\uDFFF\\uD800"}',
        '{"email": "a@b.de", "password": "x", "\\u0000": 1}',
        '{"email": "a@b.de", "password": [[{"a": ["\\u0000"]}]]}',
        '{"email": "a@b.de", "password": ' + "9" * 5000 + "}",
        "[" * 64 + "1" + "]" * 64,
        '{"a":' * 64 + "1" + "}" * 64,
        '{"email": "a@b.de"',
        "\ufeff{}",
        "{} {}",
        "{'email': 1}",
    ],
)
def test_json_that_not_every_reader_reads_alike_is_400(client: Client, body: str) -> None:
    answer = client.post(TOKEN, body.encode(), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_many_names_of_which_the_last_comes_twice_cost_no_time(client: Client) -> None:
    """Who has not signed in may send them, too."""
    body = "{" + ",".join(f'"{number}":0' for number in range(50_000)) + ',"z":0,"z":0}'
    begun = time.process_time()
    answer = client.post("/api/v1/auth/token", body, content_type="application/json")
    assert time.process_time() - begun < 5, "each beside each would take a minute"
    assert answer.status_code == 400
    assert "'z' is given twice" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "ocr/jobs", {"content": "QUJD", "metadata": {"a": "\0"}}),
        ("post", "batches", {"urls": [{"url": "https://example.com/", "name": "a\0"}]}),
        ("put", "templates/acme", {"fields": [{"name": "iban", "label": "\0"}]}),
    ],
)
def test_text_with_nul_is_400_wherever_json_is_taken(
    acme: Organisation, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = getattr(acme.api(), method)(f"/api/v1/{path}", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_json_that_is_no_utf8_is_400(client: Client) -> None:
    for body in (b'{"email": "\xff"}', b"\xff\xfe{\0}\0", b"\0"):
        answer = client.post(TOKEN, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_whole_surrogate_pairs_and_63_levels_are_read(client: Client) -> None:
    for body in ('{"email": "\\ud83d\\ude00", "password": "x"}', "[" * 63 + "1" + "]" * 63):
        answer = client.post(TOKEN, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


@pytest.mark.parametrize(
    "email",
    ["owner@acme.e\u212bample", "o\u200bwner@acme.example", "owner@acme.example\u202e",
     "ＯWNER@acme.example", "\ufb00@acme.example", "owner@acme.example\r\nBcc: x@y.example",
     '"<script>"@acme.example'],
)  # fmt: skip
def test_address_that_only_looks_like_anothers_signs_nobody_in(
    acme: Organisation, email: str
) -> None:
    body = {"email": email, "password": PASSWORD}
    answer = Client().post(TOKEN, body, content_type="application/json")
    assert answer.status_code in (400, 401)
    page = Client().post("/login", {"username": email, "password": PASSWORD})
    assert page.status_code == 200, "the form again"
    assert "_auth_user_id" not in page.client.session
