"""The same request again: answered as the first time, by the caller's Idempotency-Key.

The key is written in the transaction that makes what was asked for, so there are both or neither.
Of requests that come at once the first writes it; the others wait for that transaction's end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from psycopg.errors import LockNotAvailable
from rest_framework.request import Request

from accounts.models import Tenant
from extraction.errors import InvalidOption
from jobs.errors import IdempotencyConflict, IdempotencyGone, IdempotencyInProgress
from jobs.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MOST_CHARACTERS = 255
PATIENCE_SECONDS = 5  # for the first request's transaction
SWEPT_AT_ONCE = 10_000

Made = TypeVar("Made")


class MadeMeanwhile(Exception):
    """Another request with the key was first: the caller's transaction is to be given up."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to have its effect once.

    ``route`` names the address; ``request`` is all that makes it another request, as JSON.
    """

    tenant: Tenant
    route: str
    key: str
    request: str


def asked(
    request: HttpRequest | Request, *, tenant: Tenant, route: str, content: Callable[[], Any]
) -> Once | None:
    """What the request's header asks for; None without one.

    ``content`` returns what makes it another request, in values that JSON has. Raises
    ``InvalidOption``.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not re.fullmatch(r"[\x20-\x7e]+", key):
        raise InvalidOption(f"{HEADER}: printable ASCII characters, at least one")
    if len(key) > MOST_CHARACTERS:
        raise InvalidOption(
            f"{HEADER}: too many characters", limit=MOST_CHARACTERS, actual=len(key)
        )
    return Once(tenant, route, key, json.dumps(content(), sort_keys=True))


def run_once(
    once: Once | None, make: Callable[[], Made], find: Callable[[UUID], Made | None]
) -> tuple[Made, int | None]:
    """What ``make`` makes, or made for the first request; in that case with its answer's status.

    ``make`` calls ``keep`` in its transaction; ``find`` gets what was made by its id. Raises
    ``IdempotencyConflict``, ``IdempotencyInProgress``, ``IdempotencyGone``, and what ``make`` does.
    """
    if once is None:
        return make(), None
    used = _used(once)
    if used is None:
        try:
            return make(), None
        except MadeMeanwhile:
            used = _used(once)
    if used is None:
        raise IdempotencyInProgress()  # the key's time was over just now
    found = find(used.made)
    if found is None:
        raise IdempotencyGone()
    return found, used.status


def keep(once: Once, made: UUID, status: int = 202) -> None:
    """Write the key, first of all in the transaction that makes ``made``.

    Raises ``MadeMeanwhile``, ``IdempotencyInProgress``.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
            cursor.execute(
                "INSERT INTO jobs_idempotencykey (tenant_id, route, key, fingerprint, made, status)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, route, key) DO NOTHING",
                [once.tenant.pk, once.route, once.key, _fingerprint(once), made, status],
            )
            first = cursor.rowcount == 1
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise IdempotencyInProgress() from error
        raise
    if not first:
        raise MadeMeanwhile()


def answered(once: Once, status: int) -> None:
    """Note the status that the first request was answered with, where it is not the usual one."""
    _rows(once).update(status=status)


def forget_old() -> int:
    """The sweeper's: remove the keys whose time is over; returns how many."""
    cutoff = Now() - timedelta(seconds=settings.IDEMPOTENCY_SECONDS)
    old = IdempotencyKey.objects.filter(created_at__lt=cutoff).order_by("created_at")
    with transaction.atomic():
        rows = old.select_for_update(skip_locked=True).values_list("pk", flat=True)
        return IdempotencyKey.objects.filter(pk__in=list(rows[:SWEPT_AT_ONCE])).delete()[0]


def _used(once: Once) -> IdempotencyKey | None:
    """The first request with the key. Raises ``IdempotencyConflict`` if it was another one."""
    used = _rows(once).first()
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if used and not any(
        constant_time_compare(used.fingerprint, _fingerprint(once, secret)) for secret in secrets
    ):
        raise IdempotencyConflict("Send another request with a key of its own.")
    return used


def _rows(once: Once) -> Any:
    rows = IdempotencyKey.objects.for_tenant(once.tenant)
    return rows.filter(route=once.route, key=once.key)


def _fingerprint(once: Once, secret: str | None = None) -> str:
    """A keyed hash, for a document's password is in the request."""
    return salted_hmac(
        "jobs.idempotency", once.request, secret=secret, algorithm="sha256"
    ).hexdigest()
