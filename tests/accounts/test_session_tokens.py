"""Tokens for pages that call the API: whose they are, for how long, and what ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Membership, Session, TokenFamily
from accounts.permissions import Role
from accounts.signins import sign_ins_of
from tests.people import PASSWORD, Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner's."""
    client = Client()
    client.force_login(acme.owner)
    return client


def token(client: Client) -> str:
    answer = client.post("/console/token")
    assert answer.status_code == 200
    return str(answer.json()["access"])


def me(raw: str) -> Any:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return client.get("/api/v1/auth/me")


def test_token_speaks_for_the_person_in_the_sessions_tenant(
    browser: Client, acme: Organisation
) -> None:
    answer = browser.post("/console/token")
    assert answer.json().keys() == {"access", "expires_in"}
    assert answer.json()["expires_in"] == 600
    assert answer.headers["Cache-Control"] == "private, no-store"
    told = me(answer.json()["access"]).json()
    assert (told["tenant"]["slug"], told["user"]["email"]) == ("acme", acme.owner.email)


def test_a_session_has_one_family_and_one_entry(browser: Client, acme: Organisation) -> None:
    first, second = token(browser), token(browser)
    assert first != second
    assert TokenFamily.objects.count() == 1
    assert AuditEntry.objects.filter(action="token.console", tenant=acme.tenant).count() == 1
    assert me(first).status_code == me(second).status_code == 200


def test_tokens_are_no_sign_in_of_their_own(browser: Client, acme: Organisation) -> None:
    token(browser)
    kinds = [each.kind for each in sign_ins_of(acme.owner, session_key=None)]
    assert kinds == ["browser"]


def test_other_sites_get_none(acme: Organisation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(acme.owner)
    assert client.post("/console/token").status_code == 403
    assert client.get("/console/token").status_code == 405
    assert not TokenFamily.objects.exists()


def test_a_cookie_alone_opens_nothing_of_the_api(browser: Client) -> None:
    token(browser)
    assert browser.get("/api/v1/auth/me").status_code == 401
    assert browser.post("/api/v1/ocr/jobs").status_code == 401


def test_signing_out_ends_it(browser: Client) -> None:
    raw = token(browser)
    browser.post("/logout")
    assert me(raw).json()["code"] == "not_authenticated"


def test_ending_the_session_elsewhere_ends_it(browser: Client, acme: Organisation) -> None:
    raw = token(browser)
    Session.objects.filter(user=acme.owner).delete()
    assert me(raw).status_code == 401


def test_a_session_past_its_time_ends_it(browser: Client) -> None:
    raw = token(browser)
    session = Session.objects.get()
    session.expire_date -= timedelta(days=1)
    session.save(update_fields=["expire_date"])
    assert me(raw).status_code == 401


def test_a_new_password_ends_it(browser: Client, acme: Organisation) -> None:
    raw = token(browser)
    acme.owner.set_password(f"{PASSWORD} new")
    acme.owner.save(update_fields=["password"])
    assert me(raw).status_code == 401


def test_a_changed_role_holds_at_the_next_call(acme: Organisation) -> None:
    person = acme.join(Role.ADMIN)
    client = Client()
    client.force_login(person)
    raw = token(client)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    assert api.get("/api/v1/keys").status_code == 200
    Membership.objects.filter(user=person).update(role=Role.VIEWER)
    assert api.get("/api/v1/keys").status_code == 403


def test_it_cannot_be_traded_for_a_longer_one(browser: Client) -> None:
    answer = APIClient().post("/api/v1/auth/token/refresh", {"refresh": token(browser)})
    assert answer.status_code == 401


def test_it_does_not_open_another_tenant(
    browser: Client, acme: Organisation, stranger: Organisation
) -> None:
    raw = token(browser)
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.OWNER)
    assert me(raw).json()["tenant"]["slug"] == "acme"
    browser.post("/switch-tenant", {"tenant": str(stranger.tenant.pk)})
    assert me(token(browser)).json()["tenant"]["slug"] == stranger.tenant.slug
    assert me(raw).json()["tenant"]["slug"] == "acme"
