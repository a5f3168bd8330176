"""accounts/refusals.py, seldom.py: refused calls in the audit log, and how many of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import refusals, seldom
from accounts.keys import revoke_api_key
from accounts.models import ApiKey, AuditEntry, Tenant, User
from accounts.permissions import Role
from accounts.seldom import Seldom
from tests.people import PASSWORD, Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time that `Seldom` sees."""
    now = [1000.0]
    monkeypatch.setattr(seldom.time, "monotonic", lambda: now[0])
    refusals.told.clear()
    yield now
    refusals.told.clear()


def refused(action: str = "access.refuse") -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def test_key_without_the_scope_is_noted(acme: Organisation) -> None:
    client = acme.api("jobs:read")
    url = "/api/v1/webhooks/01a21bde-2929-793a-8c41-0bfdc1681525/rotate"
    assert client.post(url, HTTP_X_REQUEST_ID="call-1").status_code == 403
    (entry,) = refused()
    assert (entry.tenant, entry.actor[-8:]) == (acme.tenant, "(narrow)")
    assert entry.api_key is not None
    assert entry.after == {"method": "POST", "route": "api/v1/webhooks/<uuid:pk>/rotate"}
    assert (entry.address, entry.request_id) == ("127.0.0.1", "call-1")


def test_member_without_the_right_is_noted_on_api_and_pages(acme: Organisation) -> None:
    person = acme.join(Role.VIEWER)
    api = APIClient()
    issued = api.post("/api/v1/auth/token", {"email": person.email, "password": PASSWORD})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.json()['access']}")
    assert api.get("/api/v1/webhooks").status_code == 403
    page = Client()
    page.force_login(person)
    assert page.get("/organisation/audit").status_code == 403
    assert [(entry.user, entry.tenant, entry.after) for entry in refused()] == [
        (person, acme.tenant, {"method": "GET", "route": "api/v1/webhooks"}),
        (person, acme.tenant, {"method": "GET", "route": "organisation/audit"}),
    ]


def test_operator_who_may_not_is_noted(db: None) -> None:
    person = User.objects.create_user("staff@example.com", PASSWORD, is_staff=True)
    page = Client()
    page.force_login(person)
    assert page.get("/admin/accounts/user/").status_code == 403
    (entry,) = refused()
    assert (entry.user, entry.tenant) == (person, None)
    assert entry.after == {"method": "GET", "route": "admin/accounts/user/"}


def test_nobody_and_foreign_objects_leave_no_entry(
    acme: Organisation, stranger: Organisation
) -> None:
    assert APIClient().get("/api/v1/webhooks").status_code == 401
    assert Client().get("/organisation/audit").status_code == 302
    url = f"/api/v1/webhooks/{acme.tenant.pk}"
    assert stranger.api().get(url).status_code == 404
    wrong = APIClient()
    wrong.credentials(HTTP_X_API_KEY=acme.raw_key[:-1] + "0")
    assert wrong.get("/api/v1/auth/me").status_code == 401
    assert Client(enforce_csrf_checks=True).post("/login").status_code == 403
    assert refused() == refused("key.refuse") == []


@pytest.mark.parametrize(
    ("close", "reason"),
    [
        (lambda key: revoke_api_key(key, actor=None), "This API key has been revoked."),
        (
            lambda key: ApiKey.objects.filter(pk=key.pk).update(
                expires_at=timezone.now() - timedelta(seconds=1)
            ),
            "This API key has expired.",
        ),
        (
            lambda key: Tenant.objects.filter(pk=key.tenant_id).update(is_active=False),
            "The organisation of this API key is not active.",
        ),
    ],
)
def test_key_that_no_longer_opens_is_noted(close: Any, reason: str, acme: Organisation) -> None:
    close(acme.key)
    assert acme.api().get("/api/v1/auth/me").status_code == 401
    (entry,) = refused("key.refuse")
    assert (entry.tenant, entry.api_key, entry.user) == (acme.tenant, None, None)
    assert (entry.actor, entry.object_id) == (str(acme.key), str(acme.key.pk))
    assert (entry.after, entry.address) == ({"reason": reason}, "127.0.0.1")


def test_flood_of_refusals_leaves_an_entry_a_minute_with_their_number(
    acme: Organisation, clock: list[float]
) -> None:
    client = acme.api("jobs:read")
    for _ in range(30):
        assert client.get("/api/v1/webhooks").status_code == 403
    client.get("/api/v1/audit")
    client.post("/api/v1/webhooks")
    assert len(refused()) == 3, "one for each route and method"
    clock[0] += 61
    client.get("/api/v1/webhooks")
    told = [entry.after or {} for entry in refused()]
    assert [
        (each["method"], each.get("more")) for each in told if each["route"] == "api/v1/webhooks"
    ] == [("GET", None), ("POST", None), ("GET", 29)]


def test_flood_with_a_revoked_key_leaves_an_entry_a_minute(
    acme: Organisation, clock: list[float]
) -> None:
    revoke_api_key(acme.key, actor=None)
    for _ in range(20):
        assert acme.api().get("/api/v1/auth/me").status_code == 401
    clock[0] += 61
    acme.api().get("/api/v1/auth/me")
    told = [entry.after or {} for entry in refused("key.refuse")]
    assert [each.get("more") for each in told] == [None, 19]


def test_refusal_stands_where_it_cannot_be_noted(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**kwargs: Any) -> None:
        raise OperationalError("away")

    client = acme.api("jobs:read")
    monkeypatch.setattr("accounts.audit.record", away)
    assert client.get("/api/v1/webhooks").status_code == 403


def test_seldom_forgets_the_oldest_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seldom, "MOST", 3)
    told = Seldom(60)
    assert [told.due(thing) for thing in "abc"] == [0, 0, 0]
    assert told.due("a") is None
    assert told.due("d") == 0
    assert [told.due("b"), told.due("a")] == [None, 0]
    told.forget("b")
    assert told.due("b") == 0
