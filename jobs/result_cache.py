"""Which job has read a document: from its key to the job's id, in Redis.

Only a hint: whoever asks looks at the job's row. While Redis is away each process remembers the
last ones that it has seen itself. Keys start with the tenant's id, as those of files do.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from accounts.shared_redis import shared_redis

MOST = 2_000  # ids that a process remembers

_memory: OrderedDict[str, UUID] = OrderedDict()
_lock = threading.Lock()


def remember(tenant_id: UUID, key: UUID, job_id: UUID) -> None:
    """Note that this job has the result."""
    name = _name(tenant_id, key)
    _keep(name, job_id)
    _ask(lambda client: client.set(name, str(job_id), ex=max(settings.RESULT_CACHE_SECONDS, 1)))


def notice(tenant_id: UUID, key: UUID, job_id: UUID) -> None:
    """Note in this process alone that this job will have the result."""
    _keep(_name(tenant_id, key), job_id)


def recall(tenant_id: UUID, key: UUID) -> UUID | None:
    """The job that may have the result."""
    name = _name(tenant_id, key)
    found = _ask(lambda client: client.get(name))
    if found:
        return UUID(bytes.decode(found))
    with _lock:
        return _memory.get(name)


def forget(tenant_id: UUID, key: UUID) -> None:
    """Note that the result is gone."""
    name = _name(tenant_id, key)
    with _lock:
        _memory.pop(name, None)
    _ask(lambda client: client.delete(name))


def _name(tenant_id: UUID, key: UUID) -> str:
    return f"{tenant_id}:result:{key}"


def _keep(name: str, job_id: UUID) -> None:
    with _lock:
        _memory[name] = job_id
        _memory.move_to_end(name)
        while len(_memory) > MOST:
            _memory.popitem(last=False)


def _ask(question: Callable[[redis.Redis], Any]) -> Any:
    """What Redis answers; None where it does not."""
    try:
        with shared_redis().asked() as client:
            return question(client)
    except redis.RedisError:
        return None
