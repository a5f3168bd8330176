"""Failed sign-ins, counted in the database: django-axes calls this handler, wherever one signs in.

Counted are a person's failures from an address, and all failures from an address, known people or
not. Either number lets nobody in from there for LOGIN_LOCKOUT_SECONDS after the last failure; what
others try elsewhere does not keep a person out. While locked nothing is tried or counted, so that
the end does not move. Passwords and second factors count alike. Times are the database's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.audit import address_of, home_tenant, record
from accounts.limits import network_of
from accounts.models import User
from accounts.signin_errors import LoginLocked

NOWHERE = "0.0.0.0"  # noqa: S104  counts for callers without an address: a Unix socket

# A row that has not failed for the time of a lock-out begins anew. One that is full stays as it is.
_COUNT = """
INSERT INTO axes_accessattempt AS row (username, ip_address, user_agent, http_accept, path_info,
    get_data, post_data, failures_since_start, attempt_time)
VALUES (%(name)s, %(address)s, '', '', '', '', '', 1, clock_timestamp())
ON CONFLICT (username, ip_address, user_agent) DO UPDATE SET
    failures_since_start = CASE
        WHEN row.attempt_time > clock_timestamp() - make_interval(secs => %(seconds)s)
        THEN row.failures_since_start + 1 ELSE 1 END,
    attempt_time = clock_timestamp()
WHERE row.failures_since_start < %(limit)s
    OR row.attempt_time <= clock_timestamp() - make_interval(secs => %(seconds)s)
RETURNING row.failures_since_start
"""
_STANDING = """
SELECT username = %(name)s, failures_since_start,
    extract(epoch FROM attempt_time - clock_timestamp()) + %(seconds)s
FROM axes_accessattempt
WHERE ip_address = %(address)s
    AND attempt_time > clock_timestamp() - make_interval(secs => %(seconds)s)
ORDER BY attempt_time
"""

_FORGET = "DELETE FROM axes_accessattempt WHERE username = %(name)s AND ip_address = %(address)s"


class LoginThrottle(AxesDatabaseHandler):
    """The handler that AXES_HANDLER names; axes' own commands read and delete the same rows."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether these credentials may be tried at all."""
        wait = seconds_locked(request, _name_in(credentials or {}))
        if wait:
            lock(request, wait)
        return not wait

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Count it and say so in the audit log.

        The failure that fills a number is answered as all that come after it.
        """
        if getattr(request, "axes_locked_out", False):
            return
        name = _name_in(credentials)
        record(
            actor=name if "@" in name else "nobody",  # it may be a password in the wrong field
            tenant=None,
            action="login.fail",
            after={"factor": credentials["factor"]} if "factor" in credentials else None,
            address=address_of(request) if request is not None else None,
        )
        if request is None:
            return
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {**_key(request, name), "limit": settings.LOGIN_FAILURES})
        if not self.is_allowed(request, credentials):
            record(actor=name, tenant=None, action="login.lock", address=address_of(request))

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Forget the person's failures from there."""
        forget_failures(request, user.get_username())

    def user_logged_out(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Nothing to count."""


def seconds_locked(request: HttpRequest, name: str) -> int:
    """For how long nobody is let in by this name from the request's address; 0: not locked."""
    rows = _standing(request, name)
    waits = [left for own, count, left in rows if own and count >= settings.LOGIN_FAILURES]
    counted = sum(count for _, count, _ in rows)
    for _, count, left in rows:  # the oldest end first
        if counted < settings.LOGIN_ADDRESS_FAILURES:
            break
        waits.append(left)
        counted -= count
    return max((math.ceil(left) for left in waits), default=0)


def lock(request: HttpRequest, seconds: int) -> None:
    """Have the request answered as locked: by `lockout_response`, whatever its view says."""
    request.axes_locked_out = True  # type: ignore[attr-defined]
    request.login_locked_for = seconds  # type: ignore[attr-defined]


def raise_if_locked(request: HttpRequest) -> None:
    """Raises `LoginLocked` where `lock` was called for this request."""
    if getattr(request, "axes_locked_out", False):
        raise LoginLocked(getattr(request, "login_locked_for", settings.LOGIN_LOCKOUT_SECONDS))


def count_wrong_code(request: HttpRequest, name: str) -> None:
    """Count a wrong second factor, of which Django's authenticate() knows nothing."""
    credentials = {"username": name, "factor": "code"}
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)


def record_refusal(request: HttpRequest, reason: str) -> None:
    """Say in the audit log that single sign-on let nobody in; there is nothing to guess there."""
    after = {"factor": "single sign-on", "reason": reason[:200]}
    address = address_of(request)
    record(actor="nobody", tenant=None, action="login.fail", after=after, address=address)


def forget_failures(request: HttpRequest, name: str) -> None:
    """After a sign-in: the person's failures from there count no more."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, _key(request, name))


def let_in_again(user: User, *, actor: User, address: str | None) -> bool:
    """Forget the person's failures from wherever; False if there are none."""
    with transaction.atomic():
        name = _name_in({"username": user.email})
        forgotten, _ = AccessAttempt.objects.filter(username=name).delete()
        if forgotten:
            record(
                actor=actor,
                tenant=home_tenant(user),
                action="login.unlock",
                obj=user,
                address=address,
            )
    return bool(forgotten)


def lockout_response(
    request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """What axes' middleware answers: a page; the API has its own answer already."""
    if request.path.startswith("/api/") and response is not None:
        return response
    seconds = getattr(request, "login_locked_for", settings.LOGIN_LOCKOUT_SECONDS)
    minutes = math.ceil(seconds / 60)
    page = render(request, "accounts/locked.html", {"minutes": minutes}, status=429)
    page["Retry-After"] = str(seconds)
    page["Cache-Control"] = "no-store"
    return page


def counted_address(request: HttpRequest) -> str:
    """The address that failures count for: of IPv6 the /64, for a single host has all of it."""
    address = address_of(request)
    return network_of(address) if address else NOWHERE


def _name_in(credentials: Mapping[str, Any]) -> str:
    name = credentials.get("username") or credentials.get("email") or ""
    return str(name).replace("\0", "").strip().lower()[:255]


def _key(request: HttpRequest, name: str) -> dict[str, Any]:
    return {
        "name": _name_in({"username": name}),
        "address": counted_address(request),
        "seconds": settings.LOGIN_LOCKOUT_SECONDS,
    }


def _standing(request: HttpRequest, name: str) -> list[tuple[bool, int, float]]:
    """Whether it is this name's, failures and seconds left, of each name that failed from there."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, _key(request, name))
        return [(own, count, float(left)) for own, count, left in cursor.fetchall()]
