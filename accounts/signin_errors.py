"""Refused sign-ins, as the API answers them; their codes are in docs/errors.md."""

from __future__ import annotations

from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    PermissionDenied,
    Throttled,
)


class CodeMissing(AuthenticationFailed):
    """Address and password are right, and a second factor is set up."""

    default_detail = "Send a code of your authenticator app, or a recovery code, as otp."


class CodeWrong(AuthenticationFailed):
    """The second factor is not."""

    default_detail = "The code is wrong, or was used before."


class SecondFactorRequired(PermissionDenied):
    """The organisation asks its members for a second factor, and this one has none."""

    default_detail = (
        "Your organisation asks for a second factor. Sign in on the web and set one up."
    )


class LoginLocked(Throttled):
    """After too many failures; nothing was tried."""

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
