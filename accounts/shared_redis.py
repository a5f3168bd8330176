"""The Redis that all processes share, and that may be away: the ONE place where requests ask it.

Redis carries nothing that cannot be done without it, so nobody waits for one that hangs. Who first
gets no answer waits ``ANSWER_SECONDS``, and so do those who had asked by then. From then on it
counts as away, every caller is told so at once, and a thread of this process asks again and again,
which ends when Redis answers. That the thread lives is what being away means: so a process forked
meanwhile, where it does not live, finds out by itself.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings

# redis-py would load OpenTelemetry where it is installed, for metrics that nobody asks of it: 35 ms
# and 3 MB of each process. It takes it for missing, and this module is the first to import redis.
_known = sys.modules.get("opentelemetry")
sys.modules["opentelemetry"] = None  # type: ignore[assignment]
try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
finally:
    del sys.modules["opentelemetry"]
    if _known is not None:
        sys.modules["opentelemetry"] = _known

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.5  # for Redis to connect, and to answer
PROBE_SECONDS = 1.0  # between two questions whether it is back


class RedisAway(redis.ConnectionError):
    """Redis did not answer lately, and was not asked."""


class SharedRedis:
    """One server, asked from any thread."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),  # of a connection gone stale
        )
        self._probe: threading.Thread | None = None
        self._after_fork()
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # another thread may have held it

    @property
    def away(self) -> bool:
        """Whether Redis is known not to answer."""
        probe = self._probe
        return probe is not None and probe.is_alive()

    @contextmanager
    def asked(self) -> Iterator[redis.Redis]:
        """The client, for a few commands.

        Raises redis.RedisError, and ``RedisAway`` at once where Redis is known not to answer.
        """
        if self.away:
            raise RedisAway("Redis is away")
        try:
            yield self._client
        except redis.RedisError as error:
            self._leave_alone(error)
            raise

    def answers(self) -> bool:
        """Whether Redis does."""
        try:
            with self.asked() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _leave_alone(self, error: redis.RedisError) -> None:
        with self._lock:
            if self.away:
                return
            logger.warning("Redis does not answer, work goes on without: %s", error)
            probe = threading.Thread(target=self._ask_until_back, name="redis-probe", daemon=True)
            try:
                probe.start()
            except RuntimeError:  # the process ends, or has no thread left: the next caller waits
                return
            self._probe = probe

    def _ask_until_back(self) -> None:
        while True:
            time.sleep(PROBE_SECONDS)
            try:
                self._client.ping()
            except redis.RedisError:
                continue
            logger.warning("Redis answers again")
            return


@cache
def _at(url: str) -> SharedRedis:
    return SharedRedis(url)


def shared_redis() -> SharedRedis:
    """This process's way to the installation's Redis."""
    return _at(settings.REDIS_URL)
