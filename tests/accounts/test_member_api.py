"""accounts/member_api.py: members and invitations through the API"""

from __future__ import annotations

import smtplib
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.keys import create_api_key
from accounts.models import AuditEntry, Invitation, Membership, User
from accounts.permissions import SCOPES, Role
from accounts.rates import Rates
from tests.accounts.inviting import invited
from tests.people import PASSWORD, Organisation

MEMBERS = "/api/v1/members"
INVITATIONS = "/api/v1/invitations"
NEW = {"email": "New@Acme.example", "role": "member"}


def signed_in(person: User, tenant: str = "acme") -> APIClient:
    """A client with an access token of this person."""
    client = APIClient()
    tokens = client.post(
        "/api/v1/auth/token", {"email": person.email, "password": PASSWORD, "tenant": tenant}
    ).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    client.refresh = tokens["refresh"]  # type: ignore[attr-defined]
    return client


def role_of(person: User) -> str | None:
    return Membership.objects.filter(user=person).values_list("role", flat=True).first()


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_members_are_listed_and_shown(acme: Organisation, stranger: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    rows = signed_in(viewer).get(MEMBERS).json()["results"]
    assert [(row["id"], row["email"], row["role"]) for row in rows] == [
        (str(acme.owner.pk), "owner@acme.example", "owner"),
        (str(viewer.pk), "viewer@acme.example", "viewer"),
    ]
    shown = acme.api().get(f"{MEMBERS}/{acme.owner.pk}").json()
    assert set(shown) == {"id", "email", "name", "role", "active", "joined_at", "api_keys"}
    assert [key["prefix"] for key in shown["api_keys"]] == [acme.key.prefix]
    assert set(shown["api_keys"][0]) == {"id", "name", "prefix", "expires_at", "last_used_at"}
    refused = signed_in(viewer).get(f"{MEMBERS}/{acme.owner.pk}")
    assert problem(refused) == (403, "permission_denied"), "who may not manage sees no keys"


def test_lists_are_paged_and_keep_their_number_of_queries(acme: Organisation) -> None:
    api = acme.api()

    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(url).status_code == 200
        return len(captured)

    invited(acme, "0@acme.example")
    api.get(MEMBERS)  # the key's use is noted once a minute
    few = [queries(MEMBERS), queries(INVITATIONS)]
    for number in range(1, 31):
        person = User.objects.create_user(f"m{number}@acme.example")
        Membership.objects.create(tenant=acme.tenant, user=person, role=Role.VIEWER)
        invited(acme, f"{number}@acme.example", actor=acme.actor if number % 2 else None)
    assert [queries(MEMBERS), queries(INVITATIONS)] == few
    for url, count in ((MEMBERS, 31), (INVITATIONS, 31)):
        seen, following = [], f"{url}?page_size=10"
        while following:
            page = api.get(following).json()
            seen += [row["id"] for row in page["results"]]
            following = page["next"]
        assert len(seen) == len(set(seen)) == count
        assert seen == sorted(seen, reverse=url == INVITATIONS)


@pytest.mark.parametrize("scope", sorted(SCOPES.keys() - {"admin"}))
def test_keys_of_other_scopes_see_and_change_nobody(acme: Organisation, scope: str) -> None:
    viewer, made, api = acme.join(Role.VIEWER), invited(acme), acme.api(scope)
    one, pending = f"{MEMBERS}/{viewer.pk}", f"{INVITATIONS}/{made.invitation.pk}"
    for answer in (
        api.get(MEMBERS),
        api.get(one),
        api.patch(one, {"role": "admin"}),
        api.delete(one),
        api.get(INVITATIONS),
        api.post(INVITATIONS, NEW),
        api.delete(pending),
        api.post(f"{pending}/resend"),
    ):
        assert problem(answer) == (403, "permission_denied")
    assert (role_of(viewer), Invitation.objects.get().revoked_at) == ("viewer", None)


def test_role_is_changed_and_nothing_else(acme: Organisation, stranger: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    body = {
        "role": "reviewer",
        "id": str(stranger.owner.pk),
        "user": str(stranger.owner.pk),
        "tenant": str(stranger.tenant.pk),
        "email": "x@stranger.example",
        "is_staff": True,
    }
    answer = acme.api().patch(f"{MEMBERS}/{viewer.pk}", body)
    assert (answer.status_code, answer.json()["role"]) == (200, "reviewer")
    row = Membership.objects.get(user=viewer)
    assert (row.tenant, row.role, row.user.email) == (acme.tenant, "reviewer", viewer.email)
    assert not row.user.is_staff
    wrongs: list[Any] = [{}, {"role": "operator"}, {"role": None}, {"role": ["owner"]}, []]
    for wrong in wrongs:
        assert problem(acme.api().patch(f"{MEMBERS}/{viewer.pk}", wrong)) == (400, "invalid_option")
    assert role_of(viewer) == "reviewer"


def test_admin_and_key_do_not_reach_above_themselves(acme: Organisation) -> None:
    admin = acme.join(Role.ADMIN)
    for api in (signed_in(admin), acme.api("admin")):
        for answer in (
            api.patch(f"{MEMBERS}/{admin.pk}", {"role": "owner"}),
            api.patch(f"{MEMBERS}/{acme.owner.pk}", {"role": "viewer"}),
            api.delete(f"{MEMBERS}/{acme.owner.pk}"),
            api.post(INVITATIONS, {**NEW, "role": "owner"}),
        ):
            assert problem(answer) == (403, "role_too_high")
        body = {"member": str(admin.pk), "password": PASSWORD}
        assert problem(api.post(f"{MEMBERS}/transfer", body)) == (403, "permission_denied")
    assert (role_of(acme.owner), role_of(admin)) == ("owner", "admin")
    assert not Invitation.objects.exists()


def test_changed_role_and_removal_hold_from_the_next_request(acme: Organisation) -> None:
    admin = acme.join(Role.ADMIN)
    token, owner = signed_in(admin), signed_in(acme.owner)
    assert token.get(INVITATIONS).status_code == 200
    owner.patch(f"{MEMBERS}/{admin.pk}", {"role": "viewer"})
    assert problem(token.get(INVITATIONS)) == (403, "permission_denied")
    assert token.get("/api/v1/auth/me").json()["role"] == "viewer"
    assert owner.delete(f"{MEMBERS}/{admin.pk}").status_code == 204
    assert problem(token.get(MEMBERS)) == (401, "not_authenticated")
    refreshed = APIClient().post(
        "/api/v1/auth/token/refresh",
        {"refresh": token.refresh},  # type: ignore[attr-defined]
    )
    assert problem(refreshed) == (401, "not_authenticated")


def test_refresh_token_for_another_organisation_goes_on(
    acme: Organisation, stranger: Organisation
) -> None:
    admin = acme.join(Role.ADMIN)
    Membership.objects.create(tenant=stranger.tenant, user=admin, role=Role.VIEWER)
    other: Any = signed_in(admin, "stranger")
    acme.api().delete(f"{MEMBERS}/{admin.pk}")
    answer = APIClient().post("/api/v1/auth/token/refresh", {"refresh": other.refresh})
    assert answer.json()["tenant"]["slug"] == "stranger"
    assert [row["slug"] for row in other.get("/api/v1/auth/me").json()["tenants"]] == ["stranger"]


def test_leaving_through_the_api(acme: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    assert signed_in(viewer).post(f"{MEMBERS}/leave").status_code == 204
    assert role_of(viewer) is None
    assert problem(signed_in(acme.owner).post(f"{MEMBERS}/leave")) == (409, "last_owner")
    assert problem(acme.api().post(f"{MEMBERS}/leave")) == (409, "not_a_person")
    assert role_of(acme.owner) == "owner"


def test_transfer_through_the_api_needs_the_owners_password(
    acme: Organisation, stranger: Organisation
) -> None:
    admin, owner = acme.join(Role.ADMIN), signed_in(acme.owner)
    body = {"member": str(admin.pk), "password": "wrong"}
    assert problem(owner.post(f"{MEMBERS}/transfer", body)) == (403, "password_wrong")
    assert AuditEntry.objects.get(action="login.fail").actor == "owner@acme.example"
    foreign = owner.post(
        f"{MEMBERS}/transfer", {"member": str(stranger.owner.pk), "password": PASSWORD}
    )
    missing = owner.post(f"{MEMBERS}/transfer", {"member": str(uuid.uuid4()), "password": PASSWORD})
    assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert role_of(acme.owner) == "owner"
    answer = owner.post(f"{MEMBERS}/transfer", {**body, "password": PASSWORD})
    assert (answer.status_code, answer.json()["role"]) == (200, "owner")
    assert (role_of(acme.owner), role_of(admin)) == ("admin", "owner")
    assert problem(owner.post(f"{MEMBERS}/transfer", body)) == (403, "permission_denied")


def test_guesses_at_handing_over_lock_the_person_out_of_the_api_too(acme: Organisation) -> None:
    admin, owner = acme.join(Role.ADMIN), signed_in(acme.owner)
    body = {"member": str(admin.pk), "password": "wrong"}
    answers = [problem(owner.post(f"{MEMBERS}/transfer", body)) for _ in range(5)]
    assert answers == [(403, "password_wrong")] * 4 + [(429, "login_locked")]
    locked = owner.post(f"{MEMBERS}/transfer", {**body, "password": PASSWORD})
    assert problem(locked) == (429, "login_locked")
    assert int(locked["Retry-After"]) > 890
    assert role_of(acme.owner) == "owner"


def test_invitation_is_made_and_its_link_shown_once_where_no_mail_is_sent(
    acme: Organisation, stranger: Organisation, settings: Settings
) -> None:
    settings.SITE_URL = "https://ocr.example/"
    body = {
        **NEW,
        "tenant": str(stranger.tenant.pk),
        "id": str(uuid.uuid4()),
        "hash": "x",
        "accepted_at": "2026-01-01T00:00:00Z",
        "expires_at": "2099-01-01T00:00:00Z",
        "invited_by": str(stranger.owner.pk),
    }
    answer = acme.api().post(INVITATIONS, body)
    made, row = answer.json(), Invitation.objects.get()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert answer["Location"] == f"http://testserver{INVITATIONS}/{row.pk}"
    assert (row.tenant, row.email, row.role) == (acme.tenant, "new@acme.example", "member")
    assert (row.api_key, row.invited_by, row.accepted_at) == (acme.key, None, None)
    assert (row.expires_at - row.sent_at).days == 3
    shown = acme.api().get(f"{INVITATIONS}/{row.pk}").json()
    assert {**shown, "sent": made["sent"], "link": made["link"]} == made
    assert (shown["status"], shown["invited_by"]) == ("open", str(acme.key))
    assert row.hash not in answer.content.decode()
    assert made["sent"] is False
    link = made["link"].removeprefix("https://ocr.example")
    assert APIClient().get(link).status_code == 200
    assert link not in str(shown)


def test_link_is_shown_where_the_mail_server_fails(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: Any, **kwargs: Any) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    settings.EMAIL_URL, settings.SITE_URL = "smtp://mail.example", "https://ocr.example"
    settings.ALLOWED_HOSTS = ["*"]
    monkeypatch.setattr("accounts.invitation_mail.send_mail", down)
    made = acme.api().post(INVITATIONS, NEW, HTTP_HOST="evil.example").json()
    assert made["sent"] is False
    assert made["link"].startswith("https://ocr.example/invitations/")
    again = acme.api().post(f"{INVITATIONS}/{made['id']}/resend").json()
    assert (again["sent"], again["link"] == made["link"]) == (False, False)
    assert again["link"].startswith("https://ocr.example/invitations/")


@pytest.mark.django_db(transaction=True)
def test_link_is_in_the_answer_only_where_no_mail_went_out(
    acme: Organisation, settings: Settings, mailoutbox: list[Any]
) -> None:
    api = acme.api()
    made = api.post(INVITATIONS, NEW).json()
    assert made["sent"] is False
    assert made["link"].startswith(f"{settings.SITE_URL}/invitations/")
    settings.EMAIL_URL = "smtp://mail.example"
    again = api.post(f"{INVITATIONS}/{made['id']}/resend")
    assert (again.status_code, again.json()["sent"], again.json()["link"]) == (200, True, None)
    (message,) = mailoutbox
    link = next(line for line in message.body.splitlines() if "/invitations/" in line)
    assert APIClient().get(link.partition("8000")[2]).status_code == 200
    assert APIClient().get(made["link"]).status_code == 404, "the first link is dead"


def test_invitation_refusals(acme: Organisation) -> None:
    api = acme.api()
    emails: list[Any] = ["", "x", "a@b.example\nBcc: c@d.example", "x" * 250 + "@b.example", None]
    for email in emails:
        wrong = {**NEW, "email": email}
        assert problem(api.post(INVITATIONS, wrong)) == (400, "invalid_option")
    assert problem(api.post(INVITATIONS, {**NEW, "role": "operator"})) == (400, "invalid_option")
    api.post(INVITATIONS, NEW)
    assert problem(api.post(INVITATIONS, NEW)) == (409, "already_invited")
    body = {**NEW, "email": "OWNER@acme.example"}
    assert problem(api.post(INVITATIONS, body)) == (409, "already_member")
    one = f"{INVITATIONS}/{Invitation.objects.get().pk}"
    assert api.delete(one).status_code == 204
    assert problem(api.delete(one)) == (409, "invitation_closed")
    assert problem(api.post(f"{one}/resend")) == (409, "invitation_closed")
    assert api.get(one).json()["status"] == "revoked"


def test_refusal_names_its_title_and_limit(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.invitations.MOST_OPEN", 0)
    body = acme.api().post(INVITATIONS, NEW).json()
    assert (body["code"], body["limit"], body["actual"]) == ("too_many_invitations", 0, 1)
    assert body["title"] == "The organisation has as many open invitations as allowed"


def test_sending_invitations_is_limited(acme: Organisation, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "invite": Rates(2, 100, 100, 100)}
    _, raw = create_api_key(tenant=acme.tenant, name="b", scopes=["admin"], created_by=None)
    other = APIClient(HTTP_X_API_KEY=raw)
    made = acme.api().post(INVITATIONS, NEW).json()
    assert acme.api().post(f"{INVITATIONS}/{made['id']}/resend").status_code == 200
    answer = other.post(INVITATIONS, {**NEW, "email": "2@acme.example"})
    assert problem(answer) == (429, "rate_limited")
    assert Invitation.objects.count() == 1
