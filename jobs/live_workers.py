"""The workers that have sent a heartbeat to Redis lately, as they told of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.utils import timezone
from rq import Worker

from accounts.shared_redis import shared_redis
from extraction.hardware import GpuMemory
from jobs import gpu_reports, model_reports, queue
from jobs.model_reports import WorkerReport


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A process that reads documents: ``name`` in Redis, ``process`` in its tasks."""

    name: str
    pool: str
    since: datetime | None
    heartbeat: datetime
    filtered: bool | None  # whether the system filters what its decoders do; None: it did not say
    report: WorkerReport | None = None  # of its models, where it runs any
    process: str = ""
    gpus: tuple[GpuMemory, ...] = ()  # those that it uses


class _Heard(Worker):
    """A worker as Redis tells of it. RQ's own would give the shared client the patience of one that
    waits for work: seven minutes for each answer of a Redis that hangs."""

    def _set_connection(self, connection: redis.Redis) -> redis.Redis:
        return connection


def _text(told: bytes | str | None) -> str:
    return told.decode() if isinstance(told, bytes) else told or ""


def live_workers() -> list[LiveWorker] | None:
    """Those alive, by pool and name; None where Redis does not answer."""
    since = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    found = []
    try:
        with shared_redis().asked() as client:
            for each in _Heard.all(connection=client):
                if each.last_heartbeat and each.last_heartbeat > since:
                    process, told, models, gpus = client.hmget(
                        each.key,
                        [queue.PROCESS, queue.FILTERED, model_reports.FIELD, gpu_reports.FIELD],
                    )
                    found.append(
                        LiveWorker(
                            each.name,
                            ", ".join(each.queue_names()),
                            each.birth_date,
                            each.last_heartbeat,
                            None if told is None else told == b"1",
                            model_reports.read(models),
                            _text(process) or each.name,
                            gpu_reports.read(gpus),
                        )
                    )
    except redis.RedisError:
        return None
    return sorted(found, key=lambda worker: (worker.pool, worker.name))
