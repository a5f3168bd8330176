"""Whether a session or token is still in its owner's hands: asked before what cannot be undone."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

FRESH = timedelta(minutes=10)


def is_confirmed(request: HttpRequest, user: User, password: str) -> bool:
    """Whether this is the person's password; who has none must have signed in just now.

    Counted and audited as an attempt to sign in, so that guessing here is bounded too.
    """
    if user.has_usable_password():
        return authenticate(request, username=user.email, password=password) == user
    return user.last_login is not None and user.last_login > timezone.now() - FRESH
