"""accounts/invitation_views.py: what a link shows, by who opens it"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import invitations, members, signin
from accounts.models import AuditEntry, Invitation, Membership, User
from accounts.permissions import Role
from accounts.rates import Rates
from accounts.tenancy import member_actor
from tests.accounts.inviting import Invited, invited
from tests.people import PASSWORD, Organisation

NEW = {"name": "Ann", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def made(acme: Organisation) -> Invited:
    return invited(acme, role=Role.REVIEWER)


def html(answer: Any) -> str:
    text: str = answer.content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


def members_of(acme: Organisation) -> dict[str, str]:
    rows = Membership.objects.for_tenant(acme.tenant).values_list("user__email", "role")
    return dict(rows)


def test_new_person_makes_an_account_and_is_signed_in(
    client: Client, acme: Organisation, made: Invited
) -> None:
    shown = client.get(made.path)
    assert "no-store" in shown["Cache-Control"]
    assert "owner@acme.example invites <strong>new@acme.example</strong>" in html(shown)
    assert members_of(acme) == {"owner@acme.example": "owner"}, "looking changes nothing"
    answer = client.post(made.path, NEW)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert members_of(acme)["new@acme.example"] == "reviewer"
    person = User.objects.get(email="new@acme.example")
    assert (person.name, person.check_password(PASSWORD)) == ("Ann", True)
    assert not person.is_staff and not person.is_superuser
    page = html(client.get("/jobs"))
    assert "You have joined Acme as reviewer." in page
    actions = AuditEntry.objects.filter(user=person).order_by("id")
    assert list(actions.values_list("action", flat=True)) == ["invitation.accept", "session.login"]
    assert (
        Client().post("/login", {"username": person.email, "password": PASSWORD}).status_code == 302
    )


def test_new_person_comes_in_as_by_the_other_ways(
    client: Client, acme: Organisation, made: Invited, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def open_session(request: Any, user: User, *, next_url: str | None) -> Any:
        asked.append((user.email, next_url))
        return signin.open_session(request, user, next_url=next_url)

    monkeypatch.setattr("accounts.invitation_views.open_session", open_session)
    client.post(made.path, {**NEW, "name": "An\u200bn\u202e"})
    assert asked == [("new@acme.example", "/")]
    assert client.session["tenant_id"] == str(acme.tenant.pk)
    assert User.objects.get(email="new@acme.example").name == "Ann"


def test_address_role_and_rights_of_a_new_person_are_the_invitations(
    client: Client, acme: Organisation, stranger: Organisation, made: Invited
) -> None:
    more = {
        "email": "other@acme.example",
        "role": "owner",
        "tenant": str(stranger.tenant.pk),
        "is_staff": "on",
        "is_superuser": "1",
    }
    client.post(made.path, {**NEW, **more})
    assert members_of(acme) == {"owner@acme.example": "owner", "new@acme.example": "reviewer"}
    assert members_of(stranger) == {"owner@stranger.example": "owner"}
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"password": "", "again": ""}, "password", "required"),
        ({"password": "short", "again": "short"}, "password", "too short"),
        ({"password": "password1", "again": "password1"}, "password", "too common"),
        ({"password": "new@acme.example", "again": "new@acme.example"}, "password", "similar"),
        ({"password": PASSWORD, "again": "other"}, "again", "differ"),
        ({**NEW, "name": "x" * 201}, "name", "at most 200"),
        ({**NEW, "name": "\u0958" * 200}, "name", "at most 200"),
    ],
)
def test_what_is_wrong_with_an_account_is_said_beside_the_field(
    client: Client,
    acme: Organisation,
    made: Invited,
    fields: dict[str, str],
    field: str,
    words: str,
) -> None:
    answer = client.post(made.path, fields)
    assert answer.status_code == 400
    assert words in " ".join(answer.context["form"].errors[field])
    assert PASSWORD not in html(answer)
    assert "new@acme.example" not in members_of(acme)
    assert invitations.look_at(made.token) == made.invitation


def test_person_signed_in_with_the_address_joins_with_one_click(
    client: Client, acme: Organisation, stranger: Organisation
) -> None:
    made = invited(acme, stranger.owner.email)
    client.force_login(stranger.owner)
    assert ">Join</button>" in html(client.get(made.path))
    assert client.post(made.path).status_code == 302
    assert members_of(acme)["owner@stranger.example"] == "member"
    assert "You have joined Acme as member." in html(client.get("/jobs"))
    assert client.session["tenant_id"] == str(acme.tenant.pk), "the pages show the new one"


def test_person_who_belonged_nowhere_joins(client: Client, acme: Organisation) -> None:
    person = User.objects.create_user("lonely@site.example", PASSWORD)
    made = invited(acme, person.email)
    client.force_login(person)
    client.post(made.path)
    assert client.get("/jobs").status_code == 200


def test_person_signed_in_with_another_address_is_told_so(
    client: Client, acme: Organisation, stranger: Organisation, made: Invited
) -> None:
    client.force_login(stranger.owner)
    page = html(client.get(made.path))
    assert "You are signed in as owner@stranger.example." in page
    assert ">Join</button>" not in page
    assert client.post(made.path, NEW).status_code == 409
    assert members_of(acme) == {"owner@acme.example": "owner"}
    answer = client.post("/logout", {"next": made.path})
    assert answer["Location"] == made.path
    assert "Make an account and join" in html(client.get(made.path))


def test_person_with_an_account_signs_in_and_comes_back(
    client: Client, acme: Organisation, stranger: Organisation
) -> None:
    made = invited(acme, stranger.owner.email)
    page = html(client.get(made.path))
    (link,) = re.findall(r'href="(/login\?next=[^"]+)"', page)
    assert 'name="password"' not in page
    answer = client.post(made.path, NEW)
    assert answer.status_code == 409
    assert stranger.owner.check_password(PASSWORD), "the account is as it was"
    credentials = {"username": stranger.owner.email, "password": PASSWORD}
    answer = client.post(link, credentials)
    assert answer["Location"] == made.path
    assert ">Join</button>" in html(client.get(made.path))


def test_account_that_is_switched_off_does_not_join(
    client: Client, acme: Organisation, stranger: Organisation
) -> None:
    made = invited(acme, stranger.owner.email)
    User.objects.filter(pk=stranger.owner.pk).update(is_active=False)
    assert "is switched off" in html(client.get(made.path))
    assert client.post(made.path, NEW).status_code == 409
    assert members_of(acme) == {"owner@acme.example": "owner"}


def test_dead_links_answer_as_those_that_never_were(
    client: Client, acme: Organisation, made: Invited
) -> None:
    used, withdrawn, expired, void = (
        invited(acme, f"{name}@acme.example", actor=actor)
        for name, actor in (("u", None), ("w", None), ("e", None), ("v", acme.actor))
    )
    Client().post(used.path, NEW)
    invitations.revoke(withdrawn.invitation, actor=acme.member, address=None)
    Invitation.objects.filter(pk=expired.invitation.pk).update(
        expires_at=timezone.now() - timedelta(minutes=1)
    )
    acme.key.delete()
    for method in ("get", "post"):
        pages = {}
        for name, path in (
            ("never", "/invitations/" + "x" * 43),
            ("used", used.path),
            ("withdrawn", withdrawn.path),
            ("expired", expired.path),
            ("void", void.path),
        ):
            answer = getattr(client, method)(path, NEW if method == "post" else {})
            assert answer.status_code == 404
            text = html(answer)
            assert "This link opens no invitation" in text
            assert "acme" not in text.lower(), "no name and no address"
            pages[name] = text
        assert "Its time is over." in pages["expired"]
        assert "It has been used." in pages["used"]
        assert "It has been used." not in pages["never"]
    assert "e@acme.example" not in members_of(acme)


def test_link_of_a_removed_sender_opens_nothing(client: Client, acme: Organisation) -> None:
    row = Membership.objects.select_related("user", "tenant").get(user=acme.join(Role.ADMIN))
    made = invited(acme, actor=member_actor(row))
    members.remove(row, actor=acme.member, address=None)
    assert client.post(made.path, NEW).status_code == 404
    assert "new@acme.example" not in members_of(acme)


def test_forms_need_their_csrf_token(acme: Organisation, made: Invited) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get(made.path)
    assert strict.post(made.path, NEW).status_code == 403
    assert "new@acme.example" not in members_of(acme)


def test_link_answers_get_and_post_alone(client: Client, made: Invited) -> None:
    for method in ("put", "patch", "delete", "options", "head"):
        assert getattr(client, method)(made.path).status_code == 405


def test_tries_are_counted_by_address(made: Invited, settings: Settings) -> None:
    client = Client(REMOTE_ADDR="203.0.113.78")
    settings.RATES = {**settings.RATES, "token": Rates(2, 9, 9, 9), "public": Rates(1, 9, 9, 9)}
    path = "/invitations/" + "x" * 43
    assert [client.post(path, NEW).status_code for _ in range(3)] == [404, 404, 429]
    assert [client.get(path).status_code for _ in range(2)] == [404, 429]
    refused = client.get(path)
    assert int(refused["Retry-After"]) > 0
    assert "Too much in a short time" in refused.content.decode()
