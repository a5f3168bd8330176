"""What allauth asks the site: how people sign in, and how their second factors are kept."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import MultiFernet
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.sealing import fernet

SEALED_FOR = ("accounts.second_factor", "secret")


class AccountAdapter(DefaultAccountAdapter):
    """Signing in has one more step at most, the second factor; nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come by invitation, or from an operator."""
        return False

    def get_login_stages(self) -> list[str]:
        """What stands between a proven identity and the session."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def is_safe_url(self, url: str | None) -> bool:
        """Whether one may be sent there after signing in: on this very host alone."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """As if there was no such account."""
        return redirect("login")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages have their own."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """None of allauth's."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and seeds of recovery codes, encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """The text under a key derived from SECRET_KEY."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text again; raises InvalidToken if its key is gone."""
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> MultiFernet:
    return fernet(*SEALED_FOR)
