"""Invitations: made, sent again, withdrawn, and accepted by whoever holds the link.

A link carries 256 random bits; a keyed hash of them finds the row. It works once, until it expires,
is withdrawn or sent again, and only as long as who sent it may still invite to that role.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.http import Http404
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from accounts import audit, clock
from accounts.invitation_mail import send
from accounts.member_errors import (
    AlreadyInvited,
    AlreadyMember,
    InvitationClosed,
    TooManyInvitations,
)
from accounts.models import ApiKey, Invitation, Membership, Tenant, User
from accounts.permissions import Role, allowed_to_scopes
from accounts.row_security import unscoped
from accounts.seniority import MANAGE, locked, may_give, require_may_give
from accounts.tenancy import Actor, TenantQuerySet

MOST_OPEN = 500  # of an organisation


class State(models.TextChoices):
    """How an invitation stands; its link works only in the first of these."""

    OPEN = "open", gettext_noop("Open")
    EXPIRED = "expired", gettext_noop("Expired")
    VOID = "void", gettext_noop("Void, for who sent it may no longer invite")
    ACCEPTED = "accepted", gettext_noop("Accepted")
    REVOKED = "revoked", gettext_noop("Withdrawn")


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation with its fresh link; ``failure`` says why no e-mail carries it."""

    invitation: Invitation
    link: str
    failure: str


@dataclass(frozen=True, slots=True)
class Senders:
    """Who may invite to an organisation now, and the roles that they have; keys count as admins."""

    people: dict[UUID, str]
    keys: frozenset[UUID]

    def stand_for(self, invitation: Invitation) -> bool:
        """Whether who sent it might send it now."""
        if invitation.api_key_id is not None:
            return invitation.api_key_id in self.keys and may_give(Role.ADMIN, invitation.role)
        giver = self.people.get(invitation.invited_by_id) if invitation.invited_by_id else None
        return giver is not None and may_give(giver, invitation.role)


class LinkRefused(Exception):
    """The link opens nothing (any more); ``state`` is None where no invitation ever had it."""

    def __init__(self, state: State | None) -> None:
        super().__init__(state or "unknown")
        self.state = state


class WrongPerson(Exception):
    """The invitation is for another address than this account's."""


class AccountExists(Exception):
    """There is an account with the invitation's address: its owner has to sign in."""


def still_to_answer(tenant: Tenant) -> TenantQuerySet[Invitation]:
    """The invitations that are neither accepted nor withdrawn, newest first."""
    rows = Invitation.objects.for_tenant(tenant).filter(accepted_at=None, revoked_at=None)
    return rows.select_related("invited_by", "api_key")


def senders_of(tenant: Tenant) -> Senders:
    """By two queries, however many invitations there are."""
    members = Membership.objects.active().for_tenant(tenant).values_list("user_id", "role")
    used = Invitation.objects.for_tenant(tenant).values("api_key")
    keys = ApiKey.objects.live().for_tenant(tenant).filter(pk__in=used, tenant__is_active=True)
    return Senders(
        {user: role for user, role in members if may_give(role, Role.ADMIN)},
        frozenset(key.pk for key in keys if MANAGE in allowed_to_scopes(key.scopes)),
    )


def state_of(invitation: Invitation, senders: Senders, now: datetime) -> State:
    """How it stands."""
    if invitation.accepted_at is not None:
        return State.ACCEPTED
    if invitation.revoked_at is not None:
        return State.REVOKED
    if invitation.expires_at <= now:
        return State.EXPIRED
    return State.OPEN if senders.stand_for(invitation) else State.VOID


def invite(*, actor: Actor, email: str, role: str, address: str | None) -> Sent:
    """A new invitation, and its link on the way to the address; in no other transaction.

    Raises PermissionDenied, `RoleTooHigh`, `AlreadyMember`, `AlreadyInvited` (send that one again)
    or `TooManyInvitations`.
    """
    email, token = email.lower(), _new_token()
    with transaction.atomic():
        tenant = locked(actor.tenant)
        require_may_give(actor, role)
        if Membership.objects.for_tenant(tenant).filter(user__email=email).exists():
            raise AlreadyMember
        waiting = still_to_answer(tenant)
        if waiting.filter(email=email).exists():
            raise AlreadyInvited("This address has been invited already: send that one again.")
        if (count := waiting.count()) >= MOST_OPEN:
            raise TooManyInvitations(limit=MOST_OPEN, actual=count + 1)
        invitation = Invitation(tenant=tenant, email=email, role=role)
        _give_link(invitation, token, actor)
        invitation.save(force_insert=True)
        _record("invitation.create", invitation, actor, address)
    return _sent(invitation, token)


def resend(invitation: Invitation, *, actor: Actor, address: str | None) -> Sent:
    """A new link, good for the whole time again; the one before is dead.

    The actor now stands for it. In no other transaction. Raises PermissionDenied, `RoleTooHigh`
    or `InvitationClosed`.
    """
    token = _new_token()
    with transaction.atomic():
        tenant = locked(actor.tenant)
        invitation = _open(invitation, tenant)
        require_may_give(actor, invitation.role)
        _give_link(invitation, token, actor)
        invitation.save(update_fields=["hash", "sent_at", "expires_at", "invited_by", "api_key"])
        _record("invitation.resend", invitation, actor, address)
    return _sent(invitation, token)


def revoke(invitation: Invitation, *, actor: Actor, address: str | None) -> None:
    """Withdraw it. Raises PermissionDenied, `RoleTooHigh` or `InvitationClosed`."""
    with transaction.atomic():
        invitation = _open(invitation, locked(actor.tenant))
        require_may_give(actor, invitation.role)
        invitation.revoked_at = clock.now()
        invitation.save(update_fields=["revoked_at"])
        _record("invitation.revoke", invitation, actor, address)


@unscoped()
def look_at(token: str) -> Invitation:
    """The invitation that a link opens, of whichever organisation: the link is the credential.

    Raises `LinkRefused`.
    """
    return _usable(token, Invitation.objects.all())


@unscoped()
def accept(token: str, *, user: User, address: str | None) -> Membership:
    """The person's membership; one that they have already keeps its role.

    Of parallel calls one makes it. Raises `LinkRefused` or `WrongPerson`.
    """
    with transaction.atomic():
        invitation = _usable(token, Invitation.objects.select_for_update(of=("self",)))
        if user.email != invitation.email:
            raise WrongPerson
        return _join(invitation, user, address, new_account=False)


@unscoped()
def accept_as_new_person(
    token: str, *, name: str, password: str, address: str | None
) -> Membership:
    """A new account with the invitation's address, a member at once; ``password`` is validated.

    Raises `LinkRefused` or `AccountExists`.
    """
    try:
        with transaction.atomic():
            invitation = _usable(token, Invitation.objects.select_for_update(of=("self",)))
            user = User.objects.create_user(invitation.email, password, name=name)
            return _join(invitation, user, address, new_account=True)
    except IntegrityError as error:
        raise AccountExists from error


def _join(
    invitation: Invitation, user: User, address: str | None, *, new_account: bool
) -> Membership:
    tenant = invitation.tenant
    membership, _ = Membership.objects.select_related("tenant", "user").get_or_create(
        tenant=tenant, user=user, defaults={"role": invitation.role}
    )
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    audit.record(
        actor=user,
        tenant=tenant,
        action="invitation.accept",
        obj=invitation,
        after={"email": user.email, "role": membership.role, "new_account": new_account},
        address=address,
    )
    return membership


def _usable(token: str, rows: models.QuerySet[Invitation]) -> Invitation:
    hashes = [_hash(token, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    rows = rows.select_related("tenant", "invited_by").filter(hash__in=hashes)
    invitation = rows.first()
    if invitation is None:
        raise LinkRefused(None)
    state = state_of(invitation, senders_of(invitation.tenant), clock.now())
    if state != State.OPEN:
        raise LinkRefused(state)
    return invitation


def _open(invitation: Invitation, tenant: Tenant) -> Invitation:
    """The row as it is now, locked; raises `InvitationClosed`, and Http404 if it is gone."""
    rows = Invitation.objects.for_tenant(tenant).select_for_update()
    found = rows.filter(pk=invitation.pk).first()
    if found is None:
        raise Http404
    if found.accepted_at is not None or found.revoked_at is not None:
        raise InvitationClosed
    found.tenant = tenant
    return found


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _hash(token: str, secret: str | bytes) -> str:
    return salted_hmac("accounts.invitations", token, secret=secret, algorithm="sha256").hexdigest()


def _give_link(invitation: Invitation, token: str, actor: Actor) -> None:
    invitation.hash = _hash(token, settings.SECRET_KEY)
    invitation.sent_at = clock.now()
    invitation.expires_at = invitation.sent_at + timedelta(hours=settings.INVITATION_HOURS)
    invitation.invited_by, invitation.api_key = actor.user, actor.api_key


def _record(action: str, invitation: Invitation, actor: Actor, address: str | None) -> None:
    audit.record(
        actor=actor,
        tenant=invitation.tenant,
        action=action,
        obj=invitation,
        after={
            "email": invitation.email,
            "role": invitation.role,
            "expires_at": invitation.expires_at,
        },
        address=address,
    )


def _sent(invitation: Invitation, token: str) -> Sent:
    """Send the link; to be called when what was changed is committed."""
    link = settings.SITE_URL.rstrip("/") + reverse("invitation-page", args=[token])
    return Sent(invitation, link, send(invitation, link))
