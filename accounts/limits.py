"""Rate limits: whose calls are counted together, how many they may be, and what a refusal says.

The numbers are in the settings: ``RATES`` by group of endpoints, which plans replace. A view's
``rates`` names the group of each of its methods, beside ``actions``. A call counts for the key or
person and for their organisation; without credentials, for the address it comes from.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from prometheus_client import Counter
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request

from accounts.audit import address_of
from accounts.counting import Counts, Reading, RedisCounts, Subject
from accounts.models import Plan
from accounts.rates import SECONDS, Rates
from accounts.shared_redis import SharedRedis, shared_redis
from accounts.tenancy import actor_of

BASE = "submit"  # the group that a plan's numbers are for
# What most views say: reading is cheap, and a program that waits does it often
USUAL: Mapping[str, str] = {
    "get": "read",
    "post": "change",
    "put": "change",
    "patch": "change",
    "delete": "change",
}
REFUSALS = Counter("ocrsite_rate_limited", "Calls refused by rate limits", ["group"])


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a counted or refused call leaves its caller: in ``reading``, the tightest one."""

    group: str
    reading: Reading
    admitted: bool
    now: int  # seconds since 1970, by the clock that counts

    @property
    def remaining(self) -> int:
        """Calls that would be admitted now."""
        return max(self.reading.limit - self.reading.used - self.admitted, 0)

    @property
    def reset(self) -> int:
        """Seconds until one more call has room; after a refusal, until one is admitted."""
        return max(1, math.ceil(self.reading.reset / 1000))


class RateLimited(Throttled):
    """The call was refused and nothing was counted; ``limit`` and ``actual`` are calls."""

    def __init__(self, standing: Standing) -> None:
        reading = standing.reading
        span = "at one moment" if reading.name == "burst" else f"in one {reading.name}"
        calls = "call is" if reading.limit == 1 else "calls are"
        APIException.__init__(
            self,
            f"{reading.limit:,} {calls} allowed {span} ({standing.group}); "
            f"the next one in {standing.reset:,} seconds.",
        )
        self.wait = standing.reset
        self.limit = reading.limit
        self.actual = reading.used + 1


def admit(request: HttpRequest | Request, group: str) -> None:
    """Count a call in the group, before anything is done for it. Raises ``RateLimited``.

    Where it stands is kept for `accounts.throttling.RateHeadersMiddleware`.
    """
    counted = _counts(shared_redis()).count(_subjects(request, group))
    full = [reading for reading in counted.readings if reading.full]
    if full:  # the one that takes longest to let a call in
        tightest = max(full, key=lambda reading: reading.reset)
    else:
        tightest = min(counted.readings, key=lambda each: (each.limit - each.used, -each.reset))
    standing = Standing(group, tightest, not full, counted.now // 1000)
    inner: Any = request._request if isinstance(request, Request) else request
    inner.rate_standing = standing
    if full:
        REFUSALS.labels(group).inc()
        raise RateLimited(standing)


def rates_of(group: str, plan: Plan | None) -> Rates:
    """What an organisation with this plan may call in the group.

    A plan's numbers are those of ``BASE``. The other groups grow with them in proportion and never
    shrink: who may submit more has more to read, who may submit little may still read it.
    """
    usual, base = settings.RATES[group], settings.RATES[BASE]
    if plan is None:
        return usual
    given = (plan.calls_per_minute, plan.calls_per_hour, plan.calls_per_day, plan.burst)
    return Rates(
        *(
            number
            if chosen is None
            else chosen
            if group == BASE
            else max(number, number * chosen // first)
            for number, first, chosen in zip(usual.numbers, base.numbers, given, strict=True)
        )
    )


def headers(standing: Standing) -> dict[str, str]:
    """What an answer says of its limit: the usual headers, and those of the IETF's draft.

    `draft-ietf-httpapi-ratelimit-headers`; all speak of the tightest limit.
    """
    reading = standing.reading
    policies = [
        f'"{name}";q={number}' + (f";w={SECONDS[name]}" if name in SECONDS else "")
        for name, number in zip((*SECONDS, "burst"), reading.subject.rates.numbers, strict=True)
    ]
    return {
        "X-RateLimit-Limit": str(reading.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(standing.now + standing.reset),
        "RateLimit": f'"{reading.name}";r={standing.remaining};t={standing.reset}',
        "RateLimit-Policy": ", ".join(policies),
    }


def _subjects(request: HttpRequest | Request, group: str) -> Sequence[Subject]:
    try:
        actor = actor_of(request)
    except PermissionDenied:
        rates = settings.RATES[group]
        return (Subject(f"rate:{group}:{_network(address_of(request))}", rates),)
    rates = rates_of(group, actor.tenant.plan)
    stem = f"{actor.tenant.pk}:rate:{group}"
    return (
        Subject(stem, rates),
        Subject(f"{stem}:{actor.pk}", rates.share(settings.RATE_KEY_SHARE)),
    )


def _network(address: str | None) -> str:
    return "local" if address is None else network_of(address)


def network_of(address: str) -> str:
    """An IPv4 address itself, of an IPv6 one the /64: a single host has all of it."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)


@cache
def _counts(server: SharedRedis) -> Counts:
    """This process's counts."""
    return Counts(RedisCounts(server))
