"""Requests of attackers, over the whole API: refused with a reason, never a 500."""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import Job
from tests.examples import TEXTS, examples
from tests.jobs.making import PDF
from tests.people import Organisation
from tests.test_isolation import ROUTES, address, finished

__all__ = ["finished"]  # the fixture
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("files", "empty_queue", "no_names"),
]
CALLS = [
    (route, method)
    for route, row in ROUTES.items()
    for method in row
    if route.startswith("api/") and method != "delete"
]
NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308, 1e-320, True, False]
)
ODD = st.sampled_from(
    [
        "", " ", "0", "-1", "1e9", "null", "1-", "1-999999", "9" * 400, "x" * 5000, "a\x00b",
        "\ud800", "٣", "１２", "00000000-0000-0000-0000-000000000000", "2026-02-30", "{}",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "[" * 200, "%00", "../..", "a@b@c",
        "é" * 300, "ﬃ", "javascript:alert(1)", "http://[::1", "http://127.0.0.1:1/", "//x",
        "file:///etc/passwd",
    ]
)  # fmt: skip
HEADERS = ["Idempotency-Key", "Last-Event-ID", "If-Match", "Accept", "X-Forwarded-For"]
LEAVES = st.one_of(st.none(), NUMBERS, ODD, TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inside: st.one_of(
        st.lists(inside, max_size=4), st.dictionaries(st.one_of(ODD, TEXTS), inside, max_size=4)
    ),
    max_leaves=8,
)


@cache
def documented() -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """By path and method the names of the body's and the query's parameters."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    found = {}
    for path, row in document["paths"].items():
        for method, operation in row.items():
            body: set[str] = set()
            for content in operation.get("requestBody", {}).get("content", {}).values():
                body |= _names(document, content["schema"])
            query = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
            found[(path.lstrip("/"), method)] = (sorted(body), query)
    return found


def _names(document: Any, schema: Any) -> set[str]:
    if not schema:
        return set()
    if "$ref" in schema:
        return _names(document, document["components"]["schemas"][schema["$ref"].split("/")[-1]])
    names = set(schema.get("properties", {}))
    for inside in (*schema.get("properties", {}).values(), schema.get("items", {})):
        names |= _names(document, inside)
    return names


def names_for(route: str, method: str) -> tuple[list[str], list[str]]:
    """The names that the route's method knows."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    return documented().get((path, method), ([], []))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any, dict[str, Any], dict[str, str], bool]:
    """Route, method, body, query, headers, and whether the object named exists."""
    route, method = draw(st.sampled_from(CALLS))
    body_names, query_names = names_for(route, method)
    body: Any = draw(
        st.one_of(
            st.dictionaries(st.sampled_from(body_names), VALUES, max_size=4)
            if body_names
            else VALUES,
            VALUES,
        )
    )
    known = ["cursor", "page_size", "format", *query_names]
    query = draw(st.dictionaries(st.sampled_from(known), st.one_of(ODD, TEXTS), max_size=2))
    headers = draw(
        st.dictionaries(
            st.sampled_from(
                ["Idempotency-Key", "Last-Event-ID", "If-Match", "Accept", "X-Forwarded-For"]
            ),
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300),
            max_size=1,
        )
    )
    return route, method, body, query, headers, draw(st.booleans())


def sound(answer: Any) -> None:
    """Refused in the one shape, or answered."""
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"].startswith("application/problem+json"), answer
        told = answer.json()
        assert (told["status"], bool(told["code"])) == (answer.status_code, True)
    if answer.streaming:
        list(answer.streaming_content)


def _url_safe(text: str) -> str:
    return text.encode(errors="surrogatepass").decode("latin-1")


@pytest.mark.django_db(transaction=True)
def test_hostile_values_in_json_are_no_500(acme: Organisation, finished: Job) -> None:
    client = acme.api()

    @examples(120)
    @given(requests())
    def send(request: Any) -> None:
        route, method, body, query, headers, there = request
        url = address(route, finished.pk if there else uuid.UUID(int=1))
        query = {name: _url_safe(value) for name, value in query.items()}
        if method == "get":
            answer = client.get(url, query, headers=headers)
        else:
            text = json.dumps(body)  # with NUL and surrogates as escapes
            answer = getattr(client, method)(
                url, text, content_type="application/json", query_params=query, headers=headers
            )
        sound(answer)

    send()


@pytest.mark.django_db(transaction=True)
def test_hostile_values_in_forms_are_no_500(acme: Organisation, finished: Job) -> None:
    client = acme.api()
    routes = ["api/v1/ocr/jobs", "api/v1/classify", "api/v1/batches"]

    @examples(25)
    @given(st.sampled_from(routes), st.data())
    def send(route: str, data: st.DataObject) -> None:
        names = [name for name in names_for(route, "post")[0] if name not in ("url", "urls")]
        values = st.one_of(ODD, TEXTS, LEAVES.map(json.dumps))
        form = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
        where = "files" if route.endswith("batches") else "file"
        named = FILE.replace('"file"', f'"{where}"').format(data.draw(st.one_of(ODD, TEXTS)))
        parts = [part(named, PDF.decode("latin-1")).encode("utf-8", "surrogatepass")]
        for name, value in form.items():
            head = f'Content-Disposition: form-data; name="{name}"'
            parts.append(part(head, value).encode("utf-8", "surrogatepass"))
        body = b"".join([*parts, b"--B--\r\n"])
        sound(_post(client, f"/{route}", body, "multipart/form-data; boundary=B"))

    send()


def _post(client: Client, url: str, body: bytes, content_type: str) -> Any:
    return client.generic("POST", url, body, content_type)


def part(head: str, body: str = "x") -> str:
    """A part of a form."""
    return f"--B\r\n{head}\r\n\r\n{body}\r\n"


FILE = 'Content-Disposition: form-data; name="file"; filename="{}"'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=", "x"),
        ("multipart/form-data; boundary=" + "B" * 300, "x"),
        ("multipart/form-data; boundary=B", ""),
        ("multipart/form-data; boundary=B", "--B"),
        ("multipart/form-data; boundary=B", part(FILE.format("a.pdf"))),  # no end
        ("multipart/form-data; boundary=B", part(FILE.format("")) + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part(FILE.format("../../a.pdf")) + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part(FILE.format("a\\\"b\x01\x7f")) + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part(FILE.format("x" * 3000)) + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part("Content-Disposition: form-data") + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part("X: " + "y" * 20_000) + "--B--\r\n"),
        ("multipart/form-data; boundary=B", part(FILE.format("a")) * 3 + "--B--\r\n"),
        (
            "multipart/form-data; boundary=B",
            part(
                FILE.format("a") + "\r\nContent-Transfer-Encoding: base64", "!!!not base64"
            )
            + "--B--\r\n",
        ),
        (
            "multipart/form-data; boundary=B",
            part(FILE.format("a") + "\r\nContent-Type: multipart/mixed; boundary=C", "--C--")
            + "--B--\r\n",
        ),
        (
            "multipart/form-data; boundary=B",
            part(FILE.removesuffix('="{}"') + "*=UTF-8\'\'%FF%00") + "--B--\r\n",
        ),
        (
            "multipart/form-data; boundary=B",
            "".join(part(f'Content-Disposition: form-data; name="n{n}"') for n in range(1500))
            + "--B--\r\n",
        ),
        ("application/json; charset=utf-7", "{}"),
        ("application/json; charset=\"\xff\"", "{}"),
        ("application/x-www-form-urlencoded", "file=x"),
        ("application/xml", "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"),
        ("text/html", "<script>"),
        ("", "x"),
        ("/", "x"),
        (";;;", "x"),
    ],
)  # fmt: skip
def test_broken_bodies_are_refused(acme: Organisation, content_type: str, body: str) -> None:
    client = acme.api()
    for route in ("ocr/jobs", "batches", "templates"):
        answer = _post(client, f"/api/v1/{route}", body.encode("latin-1"), content_type)
        assert 400 <= answer.status_code < 500, answer
        sound(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer \xff\xfe", "Bearer a b", "Bearer " + "x" * 60_000, "Basic Og==",
     "Bearer eyJhbGciOiJub25lIn0.e30.", "bearer x", "\x01", "Bearer ocrs_" + "0" * 37, "Token x"],
)  # fmt: skip
def test_broken_credentials_are_401(authorization: str) -> None:
    answer = Client().get("/api/v1/ocr/jobs", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/ocr/jobs/0", "/api/v1/ocr/jobs/" + "9" * 500, "/api/v1/ocr/jobs/%00",
        "/api/v1/ocr/jobs/{job}/pages/99999999999999999999", "/api/v1/ocr/jobs/{job}/pages/-1",
        "/api/v1/ocr/jobs/{job}/pages/2147483648", "/api/v1/ocr/jobs/{job}/result.%0d%0aX",
        "/api/v1/ocr/jobs/{job}/fields/%F0%9F%98%80", "/api/v1/templates/%ff%fe",
        "/api/v1/templates/..%2f..%2fx", "/api/v1/links/%00", "/api/v1/links/" + "a:" * 3000,
        "/api/v1/batches/{job}/export.exe", "/api/v1/ocr/jobs/{{job}}", "/api/v1/%2e%2e/admin",
        "//api/v1/ocr/jobs", "/api/v1/ocr/jobs/{job}/",
        "/jobs/{job}/pages/99999999999999999999.jpg",
    ],
)  # fmt: skip
def test_addresses_that_name_nothing_are_404(acme: Organisation, finished: Job, path: str) -> None:
    client = Client()
    client.force_login(acme.owner)
    key = {"Authorization": f"Bearer {acme.raw_key}"} if path.startswith("/api/") else {}
    answer = client.get(path.replace("{job}", str(finished.pk)), headers=key)
    assert answer.status_code in (400, 404, 405)
