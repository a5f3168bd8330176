"""How a password is checked: Django's way, between two looks at the throttle."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User


class PasswordBackend(AxesStandaloneBackend, ModelBackend):
    """The one backend, for pages, admin and API."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The person; None if name or password is wrong, which costs a hash in either case.

        Raises axes' PermissionDenied while locked. Of guesses sent at once none is told to be
        right after the others have filled the number. Without a request, so by our own code,
        nothing is limited.
        """
        if request is not None:
            super().authenticate(request, username, password, **kwargs)
        user: Any = ModelBackend.authenticate(self, request, username, password)
        if user is not None and request is not None:
            super().authenticate(request, username, password, **kwargs)
        return user
