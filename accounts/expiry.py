"""Sign-ins whose time is over, removed: sessions, tokens, failures that count no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import QuerySet
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts import clock
from accounts.models import Session, TokenFamily

BATCH = 1000  # rows a statement


def remove_expired(stop: Callable[[], bool]) -> int:
    """Remove it, by the database's clock; how many rows. Ends early when ``stop`` says so."""
    now = clock.now()
    unlocked = now - timedelta(seconds=settings.LOGIN_LOCKOUT_SECONDS)
    over: tuple[QuerySet, ...] = (
        Session.objects.filter(expire_date__lte=now),
        OutstandingToken.objects.filter(expires_at__lte=now),
        TokenFamily.objects.filter(expires_at__lte=now),
        AccessAttempt.objects.filter(attempt_time__lte=unlocked),
    )
    return sum(_remove(rows, stop) for rows in over)


def _remove(rows: QuerySet, stop: Callable[[], bool]) -> int:
    removed = 0
    while not stop():
        keys = list(rows.order_by().values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        rows.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
