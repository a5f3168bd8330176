"""Browsers' sessions, kept with whose they are: the engine that SESSION_ENGINE names.

A person's sessions can so be listed and ended (accounts/signins.py): a session is its row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.audit import address_of

DEVICE = "device"  # in the session's data: where from and when somebody signed in
LAST_SEEN_STEP = timedelta(minutes=5)


class SessionStore(db.SessionStore):
    """Django's, in a table of ours."""

    last_seen_at: datetime | None = None  # as the row was read; None: nobody is signed in

    @classmethod
    def get_model_class(cls) -> Any:
        from accounts.models import Session  # the model's module is not loaded yet

        return Session

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]
        self.last_seen_at = row.last_seen_at if row is not None and row.user_id else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row, with what the data says of its owner."""
        row: Any = super().create_model_instance(data)
        device = data.get(DEVICE, {})
        row.user_id = data.get(SESSION_KEY)
        row.user_agent = device.get("user_agent", "")
        row.address = device.get("address")
        row.signed_in_at = parse_datetime(device["at"]) if "at" in device else None
        return row


def user_agent_of(request: HttpRequest) -> str:
    """What the browser or program says it is, as far as it is kept; anything may stand there."""
    return str(request.META.get("HTTP_USER_AGENT", "")).replace("\0", "")[:300]


@receiver(user_logged_in)
def _note_device(request: HttpRequest, **kwargs: Any) -> None:
    request.session[DEVICE] = {
        "user_agent": user_agent_of(request),
        "address": address_of(request),
        "at": timezone.now().isoformat(),
    }


class LastSeenMiddleware:
    """Notes when a session was last used, every few minutes, where it was read anyway."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        seen = getattr(request.session, "last_seen_at", None)
        now = timezone.now()
        if seen is not None and seen < now - LAST_SEEN_STEP:
            rows = SessionStore.get_model_class().objects
            key = request.session.session_key
            rows.filter(session_key=key, last_seen_at=seen).update(last_seen_at=now)
        return response
