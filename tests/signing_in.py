"""Signing in as people do: by the page, by the API, with an authenticator app."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from rest_framework.test import APIClient

from accounts import second_factor
from accounts.models import User
from tests.people import PASSWORD

TOKEN = "/api/v1/auth/token"


def by_page(email: str, password: str = PASSWORD, client: Client | None = None, **meta: Any) -> Any:
    """The answer to the sign-in page's form."""
    form = {"username": email, "password": password}
    return (client or Client()).post("/login", form, **meta)


def by_api(email: str, password: str = PASSWORD, otp: str | None = None, **meta: Any) -> Any:
    """The answer of the token endpoint."""
    body = {"email": email, "password": password} | ({"otp": otp} if otp is not None else {})
    return APIClient().post(TOKEN, body, **meta)


def refresh(token: str) -> Any:
    """The answer to trading a refresh token."""
    return APIClient().post(f"{TOKEN}/refresh", {"refresh": token})


def me(access: str) -> Any:
    """The answer to a call with an access token."""
    return APIClient().get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {access}")


def signed_in_long_ago(client: Client) -> None:
    """The client's session goes on, of a sign-in that is no longer fresh."""
    session = client.session
    session["device"] = {**session["device"], "at": "2026-01-01T00:00:00+00:00"}
    session.save()


class App:
    """An authenticator app, set up for a person; it shows a new code each time."""

    def __init__(self, user: User) -> None:
        self.secret = second_factor.new_secret()
        self.counter = int(time.time()) // 30 - 1  # of those admitted the first
        self.recovery = second_factor.switch_on(user, self.secret, self.code(), address=None)

    def code(self, counter: int | None = None) -> str:
        """What it shows in those 30 seconds; without, in the next of the three admitted ones."""
        if counter is None:
            counter, self.counter = self.counter, self.counter + 1
        return format_hotp_value(hotp_value(self.secret, counter))

    def wrong(self) -> str:
        """A code that it does not show."""
        shown = {self.code(int(time.time()) // 30 + n) for n in range(-3, 4)}
        return next(f"{n:06}" for n in range(10) if f"{n:06}" not in shown)
