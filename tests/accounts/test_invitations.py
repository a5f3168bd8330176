"""accounts/invitations.py, accounts/invitation_mail.py: links that work once"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import invitations, members
from accounts.invitation_mail import NONE_SENT, NOT_SENT, inert, letter
from accounts.invitations import (
    AccountExists,
    LinkRefused,
    State,
    WrongPerson,
    senders_of,
    state_of,
    still_to_answer,
)
from accounts.keys import create_api_key, revoke_api_key
from accounts.member_errors import (
    AlreadyInvited,
    AlreadyMember,
    InvitationClosed,
    RoleTooHigh,
    TooManyInvitations,
)
from accounts.models import AuditEntry, Invitation, Membership, Tenant, User
from accounts.permissions import Role
from accounts.tenancy import key_actor, member_actor
from tests.accounts.inviting import invited
from tests.people import PASSWORD, Organisation

AUDITED = {"email": "new@acme.example", "role": "member"}


def accept(token: str, user: User) -> Membership:
    return invitations.accept(token, user=user, address="192.0.2.1")


def accept_new(token: str, name: str = "Ann") -> Membership:
    return invitations.accept_as_new_person(token, name=name, password=PASSWORD, address=None)


def refused(token: str) -> State | None:
    """Why the link opens nothing; that it changes nothing."""
    people, before = User.objects.count(), Membership.objects.count()
    with pytest.raises(LinkRefused) as looked:
        invitations.look_at(token)
    with pytest.raises(LinkRefused) as accepted:
        accept_new(token)
    assert looked.value.state == accepted.value.state
    assert (User.objects.count(), Membership.objects.count()) == (people, before)
    return looked.value.state


def change(invitation: Invitation, **fields: Any) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(**fields)


def test_invitation_is_kept_without_its_link(acme: Organisation) -> None:
    made = invited(acme, "New@ACME.example")
    row = Invitation.objects.values().get()
    assert (row["email"], row["role"], row["tenant_id"]) == (
        "new@acme.example",
        "member",
        acme.tenant.pk,
    )
    assert row["expires_at"] - row["sent_at"] == timedelta(hours=72)
    assert len(made.token) == 43
    assert made.token not in str(list(Invitation.objects.values()))
    assert made.token not in str(list(AuditEntry.objects.values()))
    entry = AuditEntry.objects.get(action="invitation.create")
    assert (entry.tenant, entry.actor) == (acme.tenant, "owner@acme.example")
    assert entry.after is not None
    assert entry.after.items() >= AUDITED.items()


def test_new_person_joins_with_the_role_once(acme: Organisation) -> None:
    made = invited(acme)
    joined = accept_new(made.token)
    assert (joined.tenant, joined.role) == (acme.tenant, "member")
    assert (joined.user.email, joined.user.name) == ("new@acme.example", "Ann")
    assert joined.user.check_password(PASSWORD)
    entry = AuditEntry.objects.get(action="invitation.accept")
    assert (entry.user, entry.object_id) == (joined.user, str(made.invitation.pk))
    assert entry.after == {**AUDITED, "new_account": True}
    assert refused(made.token) == State.ACCEPTED


def test_person_with_an_account_joins(acme: Organisation, stranger: Organisation) -> None:
    made = invited(acme, stranger.owner.email, Role.ADMIN)
    joined = accept(made.token, stranger.owner)
    assert (joined.tenant, joined.user, joined.role) == (acme.tenant, stranger.owner, "admin")
    assert AuditEntry.objects.get(action="invitation.accept").after == {
        "email": "owner@stranger.example",
        "role": "admin",
        "new_account": False,
    }


def test_link_is_for_its_address_alone(acme: Organisation, stranger: Organisation) -> None:
    made = invited(acme)
    with pytest.raises(WrongPerson):
        accept(made.token, stranger.owner)
    assert not Membership.objects.filter(tenant=acme.tenant, user=stranger.owner).exists()
    assert invitations.look_at(made.token) == made.invitation


def test_account_made_meanwhile_has_to_sign_in(acme: Organisation) -> None:
    made = invited(acme)
    person = User.objects.create_user("new@acme.example", "another password")
    with pytest.raises(AccountExists):
        accept_new(made.token)
    person.refresh_from_db()
    assert person.check_password("another password")
    assert accept(made.token, person).role == "member"


def test_member_added_meanwhile_keeps_the_role(acme: Organisation) -> None:
    made = invited(acme, role=Role.ADMIN)
    person = User.objects.create_user("new@acme.example", PASSWORD)
    Membership.objects.create(tenant=acme.tenant, user=person, role=Role.VIEWER)
    assert accept(made.token, person).role == "viewer"
    assert refused(made.token) == State.ACCEPTED


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\x00", "ä" * 43, "x" * 5000])
def test_link_that_nobody_was_sent_opens_nothing(acme: Organisation, token: str) -> None:
    invited(acme)
    assert refused(token) is None


def test_link_opens_nothing_after_its_time(acme: Organisation) -> None:
    made = invited(acme)
    change(made.invitation, expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(made.token) == State.EXPIRED


def test_resending_makes_a_new_link_and_kills_the_old(acme: Organisation) -> None:
    made = invited(acme)
    change(made.invitation, expires_at=timezone.now() - timedelta(days=9))
    admin = member_actor(
        Membership.objects.select_related("user", "tenant").get(user=acme.join(Role.ADMIN))
    )
    sent = invitations.resend(made.invitation, actor=admin, address=None)
    assert sent.invitation.pk == made.invitation.pk
    assert refused(made.token) is None
    row = Invitation.objects.get()
    assert row.expires_at > timezone.now() + timedelta(hours=71)
    assert row.invited_by == admin.user
    assert AuditEntry.objects.get(action="invitation.resend").actor == "admin@acme.example"
    assert accept_new(sent.link.rpartition("/")[2]).role == "member"


def test_withdrawn_invitation_is_dead(acme: Organisation) -> None:
    made = invited(acme)
    invitations.revoke(made.invitation, actor=acme.member, address=None)
    assert refused(made.token) == State.REVOKED
    assert AuditEntry.objects.get(action="invitation.revoke").after is not None
    with pytest.raises(InvitationClosed):
        invitations.revoke(made.invitation, actor=acme.member, address=None)
    with pytest.raises(InvitationClosed):
        invitations.resend(made.invitation, actor=acme.member, address=None)
    assert refused(made.token) == State.REVOKED
    invited(acme)  # the address is free again


def test_accepted_invitation_cannot_be_withdrawn_or_sent_again(acme: Organisation) -> None:
    made = invited(acme)
    accept_new(made.token)
    for again in (invitations.revoke, invitations.resend):
        with pytest.raises(InvitationClosed):
            again(made.invitation, actor=acme.member, address=None)
    assert Membership.objects.filter(user__email="new@acme.example").count() == 1


def test_members_and_invited_people_are_not_invited_again(
    acme: Organisation, stranger: Organisation
) -> None:
    with pytest.raises(AlreadyMember):
        invited(acme, "Owner@acme.example")
    invited(acme)
    with pytest.raises(AlreadyInvited):
        invited(acme, "NEW@acme.example")
    invited(stranger)  # another organisation's invitations do not count
    assert Invitation.objects.count() == 2


def test_open_invitations_are_bounded(
    acme: Organisation, stranger: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    invited(stranger)
    first = invited(acme, "1@acme.example")
    invited(acme, "2@acme.example")
    with pytest.raises(TooManyInvitations) as error:
        invited(acme, "3@acme.example")
    assert (error.value.limit, error.value.actual) == (2, 3)
    invitations.revoke(first.invitation, actor=acme.member, address=None)
    invited(acme, "3@acme.example")


def test_admin_and_key_invite_to_every_role_but_the_owners(acme: Organisation) -> None:
    row = Membership.objects.select_related("user", "tenant").get(user=acme.join(Role.ADMIN))
    owners = invited(acme, "o@acme.example", Role.OWNER)
    for number, actor in enumerate((member_actor(row), acme.actor)):
        for role in (Role.ADMIN, Role.MEMBER, Role.REVIEWER, Role.VIEWER):
            made = invited(acme, f"{role}{number}@acme.example", role, actor)
            assert accept_new(made.token).role == role
        with pytest.raises(RoleTooHigh):
            invited(acme, "x@acme.example", Role.OWNER, actor)
        with pytest.raises(RoleTooHigh):
            invitations.resend(owners.invitation, actor=actor, address=None)
        with pytest.raises(RoleTooHigh):
            invitations.revoke(owners.invitation, actor=actor, address=None)
    assert accept_new(owners.token).role == "owner"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_others_invite_nobody(acme: Organisation, role: Role) -> None:
    row = Membership.objects.select_related("user", "tenant").get(user=acme.join(role))
    with pytest.raises(PermissionDenied):
        invited(acme, actor=member_actor(row), role=Role.VIEWER)
    assert not Invitation.objects.exists()


def _remove(acme: Organisation, admin: Membership) -> None:
    members.remove(admin, actor=acme.member, address=None)


def _demote(acme: Organisation, admin: Membership) -> None:
    members.change_role(admin, role=Role.MEMBER, actor=acme.member, address=None)


def _switch_off(acme: Organisation, admin: Membership) -> None:
    User.objects.filter(pk=admin.user_id).update(is_active=False)


def _delete(acme: Organisation, admin: Membership) -> None:
    admin.user.delete()


@pytest.mark.parametrize("end", [_remove, _demote, _switch_off, _delete])
def test_invitation_is_void_when_its_sender_may_not_invite_any_more(
    acme: Organisation, end: Callable[[Organisation, Membership], None]
) -> None:
    row = Membership.objects.select_related("user", "tenant").get(user=acme.join(Role.ADMIN))
    made, other = invited(acme, actor=member_actor(row)), invited(acme, "other@acme.example")
    end(acme, row)
    assert refused(made.token) == State.VOID
    assert invitations.look_at(other.token) == other.invitation
    again = invitations.resend(made.invitation, actor=acme.member, address=None)
    assert accept_new(again.link.rpartition("/")[2]).role == "member"


def test_owners_invitation_to_owner_is_void_when_they_have_handed_over(acme: Organisation) -> None:
    heir = Membership.objects.select_related("user").get(user=acme.join(Role.ADMIN))
    owner, admin = invited(acme, "o@acme.example", Role.OWNER), invited(acme, role=Role.ADMIN)
    members.transfer(heir, actor=acme.member, address=None)
    assert refused(owner.token) == State.VOID
    assert accept_new(admin.token).role == "admin"


def test_keys_invitation_is_void_when_the_key_is_revoked(acme: Organisation) -> None:
    key, _ = create_api_key(tenant=acme.tenant, name="k", scopes=["admin"], created_by=acme.owner)
    made, other = (
        invited(acme, actor=key_actor(key)),
        invited(acme, "2@b.example", actor=acme.actor),
    )
    assert invitations.look_at(made.token) == made.invitation
    revoke_api_key(key, actor=acme.member)
    assert refused(made.token) == State.VOID
    assert invitations.look_at(other.token) == other.invitation


def test_organisation_that_is_switched_off_takes_nobody(acme: Organisation) -> None:
    made, of_key = invited(acme), invited(acme, "k@acme.example", actor=acme.actor)
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_active=False)
    assert refused(made.token) == State.VOID
    assert refused(of_key.token) == State.VOID


def test_open_link_survives_a_new_secret_key_while_rotating(
    acme: Organisation, settings: Settings
) -> None:
    made = invited(acme)
    settings.SECRET_KEY, old = (
        "another key for tests, fifty or more characters long",
        settings.SECRET_KEY,
    )
    assert refused(made.token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert accept_new(made.token).role == "member"


def test_states_of_many_cost_no_query_each(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        invited(acme, f"{number}@acme.example", actor=acme.actor if number % 2 else acme.member)
    with django_assert_num_queries(3):
        senders, now = senders_of(acme.tenant), timezone.now()
        states = {state_of(row, senders, now) for row in still_to_answer(acme.tenant)}
    assert states == {State.OPEN}


# The e-mail


@pytest.fixture
def by_mail(settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    settings.SITE_URL = "https://ocr.example/"


@pytest.mark.usefixtures("by_mail")
def test_link_is_sent(acme: Organisation) -> None:
    User.objects.filter(pk=acme.owner.pk).update(name="Ann Owner")
    acme.owner.refresh_from_db()
    made = invited(acme, role=Role.REVIEWER)
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["new@acme.example"], "Invitation to Acme")
    assert f"\nhttps://ocr.example{made.path}\n" in message.body
    assert "Ann Owner (owner@acme.example) invites new@acme.example" in message.body
    assert "as reviewer" in message.body
    assert "within 72 hours" in message.body
    assert message.content_subtype == "plain"
    assert not getattr(message, "alternatives", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("by_mail")
def test_link_is_sent_when_the_invitation_is_committed(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(*args: Any, **kwargs: Any) -> None:
        seen.append(transaction.get_connection().in_atomic_block)

    monkeypatch.setattr("accounts.invitation_mail.send_mail", look)
    made = invited(acme)
    invitations.resend(made.invitation, actor=acme.member, address=None)
    assert seen == [False, False]


def test_what_became_of_the_mail_is_told(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invite(email: str) -> str:
        return invitations.invite(
            actor=acme.member, email=email, role="viewer", address=None
        ).failure

    assert invite("1@acme.example") == NONE_SENT
    settings.EMAIL_URL = "smtp://mail.example"
    assert invite("2@acme.example") == ""

    def down(*args: Any, **kwargs: Any) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr("accounts.invitation_mail.send_mail", down)
    assert invite("3@acme.example") == NOT_SENT
    assert Invitation.objects.count() == 3
    assert [message.to for message in mail.outbox] == [["2@acme.example"]]


HOSTILE = [
    "Acme\r\nBcc: all@acme.example",
    "Acme\nSubject: x\n\n<script>alert(1)</script>",
    "Acme\u2028\u2029\x85\x0b\x00next",
    "\u202eemca\u200b\u2066",
    "https://evil.example/win www.evil.example evil.example a@evil.example",
    "A" * 200,
    "<b>Acme</b> {{ 7*7 }} %s %(x)s {0}",
    "Größe 東京 😀",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_inert_in_the_mail(acme: Organisation, name: str) -> None:
    acme.tenant.name, acme.owner.name = name, name
    made = invited(acme)
    made.invitation.tenant, made.invitation.invited_by = acme.tenant, acme.owner
    link = "https://ocr.example/invitations/x"
    subject, text = letter(made.invitation, link)
    message = mail.EmailMessage(subject, text, "a@b.example", ["new@acme.example"])
    parsed = message.message()
    assert set(parsed.keys()) == {
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To",
        "Date", "Message-ID",
    }  # fmt: skip
    assert parsed.get_content_type() == "text/plain"
    assert "\n" not in subject and len(subject) <= 100
    body = text.replace(link, "")
    assert "://" not in body and "evil.example" not in body
    assert text.count("\n") == letter_lines(acme)
    assert not {"\u202e", "\u200b", "\u2066", "\x00", "\x85", "\u2028"} & set(subject + text)


def letter_lines(acme: Organisation) -> int:
    plain = Invitation(tenant=Tenant(name="x"), email="x@y.example", role="member")
    return letter(plain, "link")[1].count("\n")


def test_harmless_names_stay_as_they_are() -> None:
    for name in ("Acme & Sons", "Müller GmbH", "東京 <b>", 'O\'Neil "x"', "Dr. No"):
        assert inert(name) == name


# Races


def race(attempts: list[Callable[[], Any]]) -> list[str]:
    barrier, came_to = Barrier(len(attempts)), []

    def run(attempt: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            attempt()
            came_to.append("done")
        except (LinkRefused, AccountExists, InvitationClosed, AlreadyInvited) as error:
            came_to.append(type(error).__name__)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(came_to)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_acceptances_one_makes_the_membership(acme: Organisation) -> None:
    made = invited(acme)
    came_to = race([lambda: accept_new(made.token) for _ in range(6)])
    assert came_to == ["LinkRefused"] * 5 + ["done"]
    assert Membership.objects.filter(user__email="new@acme.example").count() == 1
    assert AuditEntry.objects.filter(action="invitation.accept").count() == 1
    person = User.objects.create_user("two@acme.example", PASSWORD)
    other = invited(acme, person.email)
    came_to = race([lambda: accept(other.token, person) for _ in range(6)])
    assert came_to == ["LinkRefused"] * 5 + ["done"]
    assert AuditEntry.objects.filter(action="invitation.accept").count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_acceptance_and_withdrawal_at_once_one_wins(acme: Organisation) -> None:
    for number in range(4):
        made = invited(acme, f"{number}@acme.example")
        came_to = race(
            [
                lambda m=made: accept_new(m.token),  # type: ignore[misc]
                lambda m=made: invitations.revoke(m.invitation, actor=acme.member, address=None),  # type: ignore[misc]
            ]
        )
        row = Invitation.objects.get(pk=made.invitation.pk)
        member = Membership.objects.filter(user__email=row.email).exists()
        assert came_to.count("done") == 1
        assert (row.accepted_at is not None, row.revoked_at is not None) == (member, not member)


@pytest.mark.django_db(transaction=True)
def test_of_parallel_invitations_of_an_address_one_is_made(acme: Organisation) -> None:
    came_to = race([lambda: invited(acme) for _ in range(6)])
    assert came_to == ["AlreadyInvited"] * 5 + ["done"]
    assert Invitation.objects.count() == 1
