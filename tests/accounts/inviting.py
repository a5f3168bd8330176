"""Invitations for tests."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import invitations
from accounts.models import Invitation
from accounts.permissions import Role
from accounts.tenancy import Actor
from tests.people import Organisation


@dataclass(frozen=True)
class Invited:
    """An invitation and what its link is made of."""

    invitation: Invitation
    token: str

    @property
    def path(self) -> str:
        return f"/invitations/{self.token}"


def invited(
    organisation: Organisation,
    email: str = "new@acme.example",
    role: str = Role.MEMBER,
    actor: Actor | None = None,
) -> Invited:
    """An open invitation, by the owner unless another actor is given."""
    sent = invitations.invite(
        actor=actor or organisation.member, email=email, role=role, address=None
    )
    return Invited(sent.invitation, sent.link.partition("/invitations/")[2])
