"""Refused sign-ins: raised wherever one signs in, answered by the API as they are.

Their codes are in docs/errors.md; pages have words of their own.
"""

from __future__ import annotations

from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    PermissionDenied,
    Throttled,
    ValidationError,
)


class WrongCredentials(AuthenticationFailed):
    """No active person has this address and password: one answer, whichever of them is wrong."""

    default_detail = "No active account has these credentials."


class CodeMissing(AuthenticationFailed):
    """Address and password are right, and a second factor is set up."""

    default_detail = "Send a code of your authenticator app, or a recovery code, as otp."


class CodeWrong(AuthenticationFailed):
    """The second factor is wrong, was used before, or none is set up."""

    default_detail = "The code is wrong, or was used before."


class SecondFactorRequired(PermissionDenied):
    """The organisation asks its members for a second factor, and this one has none."""

    default_detail = (
        "Your organisation asks for a second factor. Sign in on the web and set one up."
    )


class NoSuchMembership(ValidationError):
    """The person is no active member of that tenant, or of any; they have proved who they are."""

    def __init__(self) -> None:
        super().__init__({"tenant": ["You are not a member of this or any active organisation."]})


class LoginLocked(Throttled):
    """After too many failures nothing is tried for ``wait`` seconds, whether or not the name is
    known."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        APIException.__init__(self, f"There were too many failed sign-ins. Try again in {span}.")
        self.wait = seconds


CODES: dict[type[APIException], tuple[str, str]] = {  # code and title of each
    CodeMissing: ("otp_required", "A second factor is required"),
    CodeWrong: ("otp_wrong", "The second factor is wrong"),
    SecondFactorRequired: ("second_factor_required", "A second factor must be set up"),
    LoginLocked: ("login_locked", "Too many failed sign-ins"),
}
