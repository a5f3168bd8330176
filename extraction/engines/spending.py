"""How many pages may be sent to a paid service in a day, counted by all processes together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from extraction.breaker import Redis
from extraction.errors import EngineCapReached, EngineUnavailable

logger = logging.getLogger(__name__)

DAY = 86_400  # seconds; days are those of UTC
AWAY_SECONDS = 30  # to wait where pages cannot be counted
# KEYS[1]: "day pages"; ARGV: pages wanted, pages a day, the time (or "" for Redis' own).
# Returns whether they are counted, the pages of today before, and the seconds left of today.
_COUNT = """
local now = tonumber(ARGV[3]) or tonumber(redis.call('TIME')[1])
local day = math.floor(now / 86400)
local held, used = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
used = tonumber(held) == day and tonumber(used) or 0
local left = 86400 - math.floor(now) % 86400
local wanted = tonumber(ARGV[1])
if used + wanted > tonumber(ARGV[2]) then return {0, used, left} end
if wanted > 0 then
  redis.call('SET', KEYS[1], string.format('%d %d', day, used + wanted), 'EX', 172800)
end
return {1, used, left}
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """``pages`` sent today, of ``cap``."""

    pages: int
    cap: int


class Spending:
    """The count of that engine; ``clock`` tells seconds since 1970, by default it is Redis' own."""

    def __init__(
        self,
        engine: str,
        cap: int,
        redis: Redis | None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._engine = engine
        self._cap = cap
        self._redis = redis
        self._clock = clock

    def reserve(self, pages: int = 1) -> None:
        """Count pages that are about to be sent; answered or not, they stay counted.

        Raises ``EngineCapReached`` where they are too many, and ``EngineUnavailable`` where nobody
        can count: nothing is ever sent uncounted.
        """
        counted, used, left = self._asked(pages)
        if not counted:
            raise EngineCapReached(
                f"{self._engine} may read {self._cap:,} pages a day, and has read {used:,} today",
                limit=self._cap,
                actual=used + pages,
                retry_after=left,
            )

    def today(self) -> Spent:
        """How many have been sent. Raises ``EngineUnavailable`` where nobody can tell."""
        return Spent(self._asked(0)[1], self._cap)

    def _asked(self, pages: int) -> list[int]:
        from redis import RedisError

        why = "no Redis is set up"
        if self._redis is not None:
            now: Any = "" if self._clock is None else int(self._clock())
            try:
                with self._redis() as client:
                    told = client.eval(_COUNT, 1, f"spent:{self._engine}", pages, self._cap, now)
                    return [int(number) for number in told]
            except RedisError as error:
                logger.warning("pages of %s cannot be counted: %s", self._engine, error)
                why = "Redis does not answer"
        raise EngineUnavailable(
            f"{self._engine} is not asked while its pages cannot be counted: {why}",
            retry_after=AWAY_SECONDS,
        )
