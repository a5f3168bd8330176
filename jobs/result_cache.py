"""Which job has read a document: from its key to the job's id, in Redis.

Only a hint: whoever asks looks at the job's row. While Redis is away each process remembers the
last ones that it has seen itself. Keys start with the tenant's id, as those of files do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

MOST = 2_000  # ids that a process remembers
PATIENCE = 0.25  # seconds: a request waits meanwhile
QUIET_SECONDS = 5.0  # without asking Redis after it did not answer

_memory: OrderedDict[str, UUID] = OrderedDict()
_lock = threading.Lock()
_quiet_until = 0.0


def remember(tenant_id: UUID, key: UUID, job_id: UUID) -> None:
    """Note that this job has the result."""
    name = _name(tenant_id, key)
    _keep(name, job_id)
    _ask(lambda: _redis().set(name, str(job_id), ex=max(settings.RESULT_CACHE_SECONDS, 1)))


def notice(tenant_id: UUID, key: UUID, job_id: UUID) -> None:
    """Note in this process alone that this job will have the result."""
    _keep(_name(tenant_id, key), job_id)


def recall(tenant_id: UUID, key: UUID) -> UUID | None:
    """The job that may have the result."""
    name = _name(tenant_id, key)
    found = _ask(lambda: _redis().get(name))
    if found:
        return UUID(bytes.decode(found))
    with _lock:
        return _memory.get(name)


def forget(tenant_id: UUID, key: UUID) -> None:
    """Note that the result is gone."""
    name = _name(tenant_id, key)
    with _lock:
        _memory.pop(name, None)
    _ask(lambda: _redis().delete(name))


def _name(tenant_id: UUID, key: UUID) -> str:
    return f"{tenant_id}:result:{key}"


def _keep(name: str, job_id: UUID) -> None:
    with _lock:
        _memory[name] = job_id
        _memory.move_to_end(name)
        while len(_memory) > MOST:
            _memory.popitem(last=False)


@cache
def _redis() -> redis.Redis:
    """This process's connections, with little patience."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),
    )


def _ask(question: Callable[[], Any]) -> Any:
    """What Redis answers; None where it does not."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return None
    try:
        return question()
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("Redis does not answer, results are remembered here: %s", error)
        return None
