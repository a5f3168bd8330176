"""Whether a session or token is still in its owner's hands: asked before what cannot be undone."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import SESSION_KEY, authenticate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import login_throttle
from accounts.models import User
from accounts.sessions import DEVICE

FRESH = timedelta(minutes=10)


def is_confirmed(request: HttpRequest, user: User, password: str) -> bool:
    """Whether this is the person's password; who has none must just have signed in, here.

    Counted and audited as an attempt to sign in, so that guessing here is bounded too. Raises
    `LoginLocked` without having tried the password.
    """
    if user.has_usable_password():
        found = authenticate(request, username=user.email, password=password)
        login_throttle.raise_if_locked(request)
        return found == user
    signed_in_at = parse_datetime(request.session.get(DEVICE, {}).get("at", ""))
    return (
        request.session.get(SESSION_KEY) == str(user.pk)
        and signed_in_at is not None
        and signed_in_at > timezone.now() - FRESH
    )


def what_to_do(user: User) -> str:
    """What to tell a person who is not confirmed."""
    if user.has_usable_password():
        return _("This is not your password.")
    return _("You have no password here: sign out and in again, and come back within 10 minutes.")
