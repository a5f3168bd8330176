"""Refusals in the audit log: who tried what they may not, and keys that no longer open.

An entry a minute, process, caller and address of the site at most: the next one tells in ``more``
how many were refused in between. So nobody fills the log by being refused; a counter counts all.
Callers whom we do not know leave no entry, failed sign-ins apart (accounts/audit.py).
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import Error, transaction
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from prometheus_client import Counter
from rest_framework.request import Request

from accounts import audit
from accounts.models import ApiKey, User
from accounts.seldom import Seldom
from accounts.tenancy import Actor, session_actor

logger = logging.getLogger(__name__)
REFUSALS = Counter("ocrsite_refused", "Calls refused to known callers", ["reason"])
told = Seldom(60)


def not_allowed(request: HttpRequest | Request) -> None:
    """Note that the caller's role or scopes do not allow this request (403)."""
    actor = _known(request)
    if actor is None:
        return
    REFUSALS.labels("permission").inc()
    route, method = _route(request), request.method or ""
    more = told.due((actor.pk, route, method))
    if more is None:
        return
    _record(
        actor=actor,
        tenant=actor.tenant if isinstance(actor, Actor) else None,
        action="access.refuse",
        after={"method": method, "route": route, **({"more": more} if more else {})},
        address=audit.address_of(request),
    )


def key_refused(key: ApiKey, reason: str, request: HttpRequest | Request) -> None:
    """Note that a key which is ours was sent and not let in, and why."""
    REFUSALS.labels("key").inc()
    more = told.due((key.pk, reason))
    if more is None:
        return
    _record(
        actor=str(key),
        tenant=key.tenant,
        action="key.refuse",
        obj=key,
        after={"reason": reason, **({"more": more} if more else {})},
        address=audit.address_of(request),
    )


def _record(**entry: Any) -> None:
    """Add the entry; where that fails the refusal stands all the same."""
    try:
        with transaction.atomic():
            audit.record(**entry)
    except Error as error:
        logger.error("a refusal is missing in the audit log: %s", error)


def _known(request: HttpRequest | Request) -> Actor | User | None:
    """Who was refused, where that is known. Asks for no authentication."""
    if isinstance(request, Request):
        user: Any = getattr(request, "_user", None)
        return user if isinstance(user, Actor) else None
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return session_actor(request) or user


def _route(request: HttpRequest | Request) -> str:
    """The address by its pattern: without ids and names."""
    try:
        return (request.resolver_match or resolve(request.path_info)).route[:200]
    except Resolver404:
        return ""
