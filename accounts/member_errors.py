"""The expected failures of members and invitations: DRF's family, with our codes and titles."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_noop as _
from rest_framework.exceptions import APIException


class MemberRefusal(APIException):
    """Nothing was changed. ``title`` is for people, ``default_code`` for programs."""

    status_code = 409
    title: ClassVar[str]

    def __init__(
        self, detail: str = "", *, limit: int | None = None, actual: int | None = None
    ) -> None:
        super().__init__(detail or f"{self.title}.")
        self.limit = limit
        self.actual = actual


class LastOwner(MemberRefusal):
    default_code = "last_owner"
    title = _("The organisation would be left without an owner")


class RoleTooHigh(MemberRefusal):
    status_code = 403
    default_code = "role_too_high"
    title = _("Only an owner may give, change or take away an owner's role")


class NotAPerson(MemberRefusal):
    default_code = "not_a_person"
    title = _("An API key is no member, and can neither leave nor take over")


class PasswordWrong(MemberRefusal):
    status_code = 403
    default_code = "password_wrong"
    title = _("This is not your password")


class AlreadyMember(MemberRefusal):
    default_code = "already_member"
    title = _("This person is a member already")


class AlreadyInvited(MemberRefusal):
    default_code = "already_invited"
    title = _("This address has been invited already")


class InvitationClosed(MemberRefusal):
    default_code = "invitation_closed"
    title = _("The invitation was accepted or withdrawn")


class TooManyInvitations(MemberRefusal):
    status_code = 422
    default_code = "too_many_invitations"
    title = _("The organisation has as many open invitations as allowed")
