"""Is it alive, is it ready, and how is it: for probes, load balancers and people."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.shared_redis import shared_redis
from extraction import engines
from extraction.breaker import Standing
from extraction.engines import ENGINES
from jobs import pauses, queue, storage
from jobs.live_workers import LiveWorker, live_workers
from jobs.models import Pause, Task

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Whether PostgreSQL answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def redis_answers() -> bool:
    """Whether Redis answers."""
    return shared_redis().answers()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_answers,
    "redis": redis_answers,
    "storage": storage.available,
}
# Without Redis jobs are still accepted (they wait in the database) and results still read
NEEDED = ("database", "storage")


def run_checks() -> dict[str, dict[str, Any]]:
    """Each check's ``ok`` and ``seconds``; a failing one is logged, its reason not told."""
    results = {}
    for name, check in CHECKS.items():
        begun = time.monotonic()
        try:
            ok = check()
        except Exception as error:
            logger.warning("health check %s: %s", name, error)
            ok = False
        results[name] = {"ok": ok, "seconds": round(time.monotonic() - begun, 4)}
    return results


def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is looked at."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Requests can be served: 503 without the database or the file storage."""
    results = run_checks()
    ok = all(results[name]["ok"] for name in NEEDED)
    checks = {name: result["ok"] for name, result in results.items()}
    return JsonResponse(
        {"status": "ok" if ok else "unavailable", "checks": checks}, status=200 if ok else 503
    )


def _breaker(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state,
        "failures": standing.failures,
        "retry_after": round(standing.retry_after, 1),
    }


def _paused(row: Pause) -> dict[str, Any]:
    told = (
        f"The operators have paused the work of {row.pool} workers. Documents are accepted and "
        "wait; what has been begun is finished."
    )
    return {
        "pool": row.pool,
        "since": row.since,
        "detail": f"{told} {row.reason}".rstrip(),
    }


def _models(workers: Sequence[LiveWorker]) -> dict[str, dict[str, int]]:
    """Vision-language models by name: how many workers can run each, and how many have it."""
    held = [model for worker in workers if worker.report for model in worker.report.models]
    found: dict[str, dict[str, int]] = {}
    for model in held:
        row = found.setdefault(model.name, {"workers": 0, "loaded": 0})
        row["workers"] += 1
        row["loaded"] += model.loaded
    return found


class HealthView(APIView):
    """How the installation is, without a tenant's data."""

    permission_classes = [AllowAny]
    authentication_classes = []
    rates = {"get": "public"}

    @extend_schema(
        summary="How the installation is",
        responses=inline_serializer(
            "Health",
            {
                "status": serializers.ChoiceField(["ok", "degraded", "unavailable"]),
                "version": serializers.CharField(),
                "checks": serializers.DictField(),
                "engines": serializers.ListField(child=serializers.CharField()),
                "breakers": serializers.DictField(
                    child=inline_serializer(
                        "Breaker",
                        {
                            "state": serializers.ChoiceField(["closed", "half_open", "open"]),
                            "failures": serializers.IntegerField(),
                            "retry_after": serializers.FloatField(help_text="seconds"),
                        },
                    )
                ),
                "models": serializers.DictField(
                    child=inline_serializer(
                        "ModelHealth",
                        {
                            "workers": serializers.IntegerField(help_text="that can run it"),
                            "loaded": serializers.IntegerField(help_text="of them, have it"),
                        },
                    )
                ),
                "workers": serializers.IntegerField(allow_null=True),
                "queue": serializers.DictField(),
                "paused": serializers.ListField(
                    child=inline_serializer(
                        "PausedPool",
                        {
                            "pool": serializers.CharField(),
                            "since": serializers.DateTimeField(),
                            "detail": serializers.CharField(help_text="in plain words"),
                        },
                    )
                ),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Database, Redis, storage, engines, workers and the age of the queue."""
        checks = run_checks()
        breakers = [breaker.state() for breaker in engines.breakers()]
        body: dict[str, Any] = {
            "status": "ok",
            "version": settings.VERSION,
            "checks": checks,
            "engines": list(ENGINES),
            "breakers": {state.name: _breaker(state) for state in breakers},
            "models": {},
            "workers": None,
            "queue": {},
            "paused": [],
        }
        if checks["redis"]["ok"]:
            workers = live_workers()
            body["workers"] = None if workers is None else len(workers)
            body["models"] = _models(workers or [])
        if checks["database"]["ok"]:
            depths = [row for row in queue.depths() if row.state == Task.State.WAITING]
            now = timezone.now()
            age = max(((now - row.oldest).total_seconds() for row in depths), default=0.0)
            body["queue"] = {
                "waiting": sum(row.tasks for row in depths),
                "oldest_seconds": round(max(age, 0.0), 3),
            }
            body["paused"] = [_paused(row) for row in pauses.paused_pools()]
        if not all(checks[name]["ok"] for name in NEEDED):
            body["status"] = "unavailable"
        elif (
            not all(check["ok"] for check in checks.values())
            or not body["workers"]
            or body["paused"]
            or any(state.state != "closed" for state in breakers)
        ):
            body["status"] = "degraded"
        return Response(body, status=503 if body["status"] == "unavailable" else 200)
