"""An organisation's last calls of the API: who asked what, and how it was answered.

For people who write programs, not for evidence: kept in Redis, without bodies, and lost with it.
Each kind of outcome has a list of its own, so that a program that asks every second does not push
out the one call that failed. Calls with a key that is ours but not let in are there too, in a list
of their own and some a minute for each key: who holds an old key fills nothing else. Of keys that
we do not know nothing is written. A request only remembers its call; a thread writes what has
gathered a moment later, many in one round trip. So no answer waits for Redis, and where that is
away nothing is written.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import redis
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.audit import address_of
from accounts.models import ApiKey, Membership, Tenant
from accounts.seldom import SomeAMinute
from accounts.shared_redis import shared_redis
from accounts.tenancy import Actor, key_actor

API = "/api/"
SECONDS_KEPT = 7 * 86_400
MOST_OF_A_PATH = 300  # characters
MOST_REFUSED = 20  # calls a minute, process and key, of keys that are not let in
MOST_WAITING = 2_000  # calls of a process; beyond that the oldest are not written
PAUSE_SECONDS = 0.2

# How calls end, each kind with its own list
KINDS: Mapping[str, Promise] = {
    "done": _("Done"),
    "refused": _("Refused (4xx)"),
    "limited": _("Over the rate limit (429)"),
    "failed": _("Failed on our side (5xx)"),
    "shut_out": _("Key not let in"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call; ``at`` is microseconds since 1970, when it came. ``caller`` is a key or a person.

    ``path`` has no query. An address with free text in it (a signed link) is told by its pattern.
    """

    at: int
    method: str
    path: str
    status: int
    milliseconds: int
    caller: str
    by_key: bool
    address: str
    request_id: str
    code: str  # of the error, "" where there is none
    shut_out: bool = False  # with a key that is revoked, over, replaced or out of its place

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        if self.shut_out:
            return "shut_out"
        if self.status == 429:
            return "limited"
        if self.status >= 500:
            return "failed"
        return "refused" if self.status >= 400 else "done"

    @property
    def moment(self) -> datetime:
        """When it came."""
        return datetime.fromtimestamp(self.at / 1e6, UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: all of these that are given. ``path`` is a part of method and address."""

    kind: str = ""
    caller: str = ""
    path: str = ""
    before: int | None = None  # came earlier than that

    def has(self, call: Call) -> bool:
        """Whether this is one of them."""
        return (
            (not self.caller or call.caller == self.caller)
            and self.path.lower() in f"{call.method} {call.path}".lower()
            and (self.before is None or call.at < self.before)
        )


class RecentCallsMiddleware:
    """Notes the calls that known callers make of the API, and how they were answered.

    A view says of a key that it does not let in (accounts/authentication.py) by ``refused_key``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not (settings.CALLS_KEPT and request.path.startswith(API)):
            return self.get_response(request)
        begun, at = time.perf_counter(), time.time_ns() // 1000
        response = self.get_response(request)
        spent = round((time.perf_counter() - begun) * 1000)
        actor = getattr(request, "user", None)
        key: ApiKey | None = getattr(request, "refused_key", None)
        if type(actor) is Actor:  # isinstance would read the session of who has none
            note(actor.tenant.pk, _call(request, response, actor, at, spent))
        elif key is not None and _some.let(key.pk):
            told = _call(request, response, key_actor(key), at, spent)
            note(key.tenant_id, replace(told, shut_out=True))
        return response


class Notebook:
    """Calls of this process that are still to be written, the newest ``MOST_WAITING``."""

    def __init__(self) -> None:
        self._after_fork()
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # another thread may have held it
        self._waiting: deque[tuple[str, Call]] = deque(maxlen=MOST_WAITING)
        self._writer: threading.Thread | None = None

    def add(self, key: str, call: Call) -> None:
        """To be written to that list within ``PAUSE_SECONDS``."""
        self._waiting.append((key, call))
        with self._lock:
            if self._writer is None or not self._writer.is_alive():
                writer = threading.Thread(target=self._write_on, name="recent-calls", daemon=True)
                try:
                    writer.start()
                except RuntimeError:  # the process ends, or has no thread left
                    return
                self._writer = writer

    def write(self) -> None:
        """Write what waits, in one round trip; what Redis does not take is lost."""
        lists: dict[str, list[str]] = {}
        while self._waiting:
            try:
                key, call = self._waiting.popleft()
            except IndexError:  # another thread was quicker
                break
            lists.setdefault(key, []).append(json.dumps(astuple(call), separators=(",", ":")))
        if not lists:
            return
        with suppress(redis.RedisError), shared_redis().asked() as client:
            pipe = client.pipeline(transaction=False)
            for key, entries in lists.items():
                pipe.lpush(key, *entries)
                pipe.ltrim(key, 0, settings.CALLS_KEPT - 1)
                pipe.expire(key, SECONDS_KEPT)
            pipe.execute()

    def _write_on(self) -> None:
        """The thread's work; it ends when nothing waits."""
        while True:
            time.sleep(PAUSE_SECONDS)
            self.write()
            with self._lock:
                if not self._waiting:
                    self._writer = None
                    return


_notebook = Notebook()
_some = SomeAMinute(MOST_REFUSED)


def note(tenant: UUID, call: Call) -> None:
    """Add the call to the organisation's; the oldest beyond the bound go."""
    _notebook.add(_key(tenant, call.kind), call)


def calls(tenant: Tenant, wanted: Wanted) -> list[Call] | None:
    """The organisation's calls that are wanted, newest first; None where Redis does not answer."""
    _notebook.write()  # this process's own; others follow within a moment
    kinds = [wanted.kind] if wanted.kind else list(KINDS)
    try:
        with shared_redis().asked() as client:
            pipe = client.pipeline(transaction=False)
            for kind in kinds:
                pipe.lrange(_key(tenant.pk, kind), 0, -1)
            lists: Sequence[Iterable[bytes]] = pipe.execute()
    except redis.RedisError:
        return None
    oldest = time.time_ns() // 1000 - SECONDS_KEPT * 1_000_000
    found = [call for entries in lists for call in map(_read, entries) if call is not None]
    kept = [call for call in found if call.at > oldest and wanted.has(call)]
    return sorted(kept, key=lambda call: -call.at)


def leaf(found: Sequence[Call], most: int) -> tuple[Sequence[Call], int | None]:
    """The first ``most`` of them, and ``before`` for the next ones: None where there are none.

    What came in the same microsecond stays together, so that none is lost between two leaves.
    """
    end = most
    while 0 < end < len(found) and found[end].at == found[end - 1].at:
        end += 1
    return found[:end], found[end - 1].at if end < len(found) else None


def names_of(tenant: Tenant, found: Sequence[Call], *, asked: str = "") -> dict[str, str]:
    """Keys and people by id, those that called and the one asked for; two queries.

    Who has left the organisation has no name.
    """
    ids = {UUID(call.caller) for call in found}
    with suppress(ValueError):
        ids.add(UUID(asked))
    keys = ApiKey.objects.for_tenant(tenant).filter(pk__in=ids)
    people = Membership.objects.for_tenant(tenant).filter(user__in=ids).select_related("user")
    known = {str(key.pk): key.name for key in keys}
    return known | {str(row.user_id): row.user.email for row in people}


def _key(tenant: UUID, kind: str) -> str:
    return f"{tenant}:calls:{kind}"  # under the tenant's id, with which it goes


def _call(
    request: HttpRequest, response: HttpResponseBase, actor: Actor, at: int, milliseconds: int
) -> Call:
    data = getattr(response, "data", None) if response.status_code >= 400 else None
    return Call(
        at=at,
        method=request.method or "",
        path=_path(request),
        status=response.status_code,
        milliseconds=milliseconds,
        caller=str(actor.pk),
        by_key=actor.api_key is not None,
        address=address_of(request) or "",
        request_id=getattr(request, "request_id", ""),
        code=str(data.get("code", "")) if isinstance(data, dict) else "",
    )


def _path(request: HttpRequest) -> str:
    match = request.resolver_match
    route = f"/{match.route}" if match else ""
    if "<str:" in route:
        return re.sub(r"<\w+:(\w+)>", r"{\1}", route)[:MOST_OF_A_PATH]
    return request.path[:MOST_OF_A_PATH]


def _read(entry: bytes) -> Call | None:
    """The call; None for one that another version has written."""
    try:
        call = Call(*json.loads(entry))
        return call if isinstance(call.at, int) and isinstance(call.status, int) else None
    except (ValueError, TypeError):
        return None
