"""Every answer of every route tells browsers what to refuse."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from jobs.models import Job
from ocrsite.browser_headers import NO_PAGE, POLICY
from tests.people import Organisation
from tests.test_isolation import ROUTES, address, clients, finished

__all__ = ["finished"]  # the fixture
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
PAGE = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def unsafe(answer: Any) -> list[str]:
    """What the answer's headers lack."""
    lacking = [name for name, value in ALWAYS.items() if answer.get(name) != value]
    if answer.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        lacking.append("Referrer-Policy")
    if "no-store" not in answer.get("Cache-Control", ""):
        lacking.append("Cache-Control")
    if "camera=()" not in answer.get("Permissions-Policy", ""):
        lacking.append("Permissions-Policy")
    policy = answer.get(POLICY, "")
    if answer.get("Content-Type", "").startswith("text/html") and "attachment" not in answer.get(
        "Content-Disposition", ""
    ):
        if set(policy.split("; ")) != PAGE:
            lacking.append(f"page's {POLICY}: {policy}")
    elif not {"default-src 'none'", "sandbox", "frame-ancestors 'none'"} <= set(policy.split("; ")):
        lacking.append(f"{POLICY}: {policy}")
    if "unsafe" in policy:
        lacking.append(policy)
    return lacking


@pytest.fixture
def served(acme: Organisation, finished: Job) -> dict[str, Any]:
    """The answer of every route and method to the owner, to nobody, and for an id that is not."""
    answers: dict[str, Any] = {}
    own = clients(acme)
    for kind, client in (("key", own["key"]), ("session", own["session"]), ("nobody", Client())):
        for route, row in ROUTES.items():
            if (kind == "key") != route.startswith("api/") and kind != "nobody":
                continue
            for method in sorted(row, key=lambda name: name == "delete"):
                for pk in (finished.pk, uuid.UUID(int=1)):
                    answer = getattr(client, method)(address(route, pk))
                    answers[f"{kind} {method} {address(route, pk)}"] = answer
                    answer.close()
    return answers


def test_every_route_answers_with_the_headers(served: dict[str, Any]) -> None:
    lacking = {name: missing for name, answer in served.items() if (missing := unsafe(answer))}
    assert lacking == {}
    statuses = {answer.status_code for answer in served.values()}
    assert {200, 302, 400, 401, 404} <= statuses
    assert not {status for status in statuses if status >= 500}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nothing/here", 404),
        ("get", "/api/v1/nothing", 404),
        ("put", "/logout", 405),
        ("get", "/login", 200),
        ("get", "/admin/", 302),
        ("get", "/api/v1/docs?script", 200),
    ],
)
def test_refusals_have_them_too(method: str, path: str, status: int) -> None:
    answer = getattr(Client(), method)(path)
    assert answer.status_code == status
    assert unsafe(answer) == []


def test_request_refused_before_django_looks_at_it_has_a_policy() -> None:
    client = Client()
    client.cookies.load(r'sessionid="abcdefgh\000"')
    answer = client.get("/login")
    assert (answer.status_code, set(answer[POLICY].split("; "))) == (400, PAGE)
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_probes_are_no_pages(path: str) -> None:
    answer = Client().get(path)
    assert (answer[POLICY], answer["X-Content-Type-Options"]) == (NO_PAGE, "nosniff")


def test_admin_has_the_policy_of_pages(acme: Organisation) -> None:
    acme.owner.is_staff = acme.owner.is_superuser = True
    acme.owner.save()
    client = Client()
    client.force_login(acme.owner)
    for path in ("/admin/", "/admin/accounts/tenant/", "/admin/accounts/tenant/add/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert unsafe(answer) == []


def test_documentation_of_the_api_has_nothing_inline() -> None:
    page = Client().get("/api/v1/docs").content.decode()
    assert re.findall(r"<style|<script(?![^>]* src=)| style=| on\w+=", page) == []
    assert len(re.findall(r"<script [^>]*src=", page)) == 3


def test_cookies_are_of_this_host_and_of_https_alone(
    settings: Settings, acme: Organisation
) -> None:
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-s", "__Host-c"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    assert client.get("/login").status_code == 301
    page = client.get("/login", secure=True)
    signed_in = client.post(
        "/login",
        {"username": acme.owner.email, "password": "correct horse battery staple"},
        secure=True,
    )
    assert signed_in.status_code == 302
    for answer, name in ((page, "__Host-c"), (signed_in, "__Host-s")):
        cookie = answer.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (
            True, True, "/", "",
        )  # fmt: skip
        assert cookie["samesite"] == "Lax"
        expected = "max-age=31536000; includeSubDomains; preload"
        assert answer["Strict-Transport-Security"] == expected
