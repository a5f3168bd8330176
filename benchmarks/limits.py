"""What a rate limit costs: calls with it and without it, in turn in one run, on the same servers.

In this process, without HTTP: authentication, the view and its queries, and the check or none.
Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import servers

BATCH = 20  # calls at a time, so that the two ways meet the same state of the machine


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ |= {"VAR_DIR": folder, "SECRET_KEY": "k" * 50, "HTTPS": "0"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
        lift_limits()
        with servers(Path(folder) / "servers") as running:
            os.environ["DATABASE_URL"] = running.database_url
            os.environ["DATABASE_OWNER_URL"] = running.owner_url
            os.environ["REDIS_URL"] = running.redis_url
            measure(rounds, running.redis_url)


def measure(rounds: int, redis_url: str) -> None:
    """Measure on these servers."""
    import django

    django.setup()
    from accounts.row_security import process_sees_everything

    process_sees_everything()
    import redis
    from django.core.management import call_command
    from rest_framework.test import APIClient
    from rest_framework.views import APIView

    from accounts.keys import create_api_key
    from accounts.models import Tenant
    from accounts.throttling import GroupThrottle

    call_command("migrate", verbosity=0)
    tenant = Tenant.objects.create(name="Bench", slug="bench")
    _, raw = create_api_key(tenant=tenant, name="bench", scopes=["admin"], created_by=None)
    client = APIClient(HTTP_HOST="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")

    def calls(limited: bool, path: str) -> float:
        """Milliseconds a call."""
        kept = APIView.throttle_classes
        APIView.throttle_classes = [GroupThrottle] if limited else []
        begun = time.perf_counter()
        for _ in range(BATCH):
            assert client.get(path).status_code == 200
        APIView.throttle_classes = kept
        return (time.perf_counter() - begun) / BATCH * 1000

    print("| call | without limits p50 | with p50 | ratio |")
    print("|---|---|---|---|")
    for path in ("/api/v1/auth/me", "/api/v1/ocr/jobs"):
        _row(path, rounds, calls)
    told = redis.Redis.from_url(redis_url).info("commandstats")
    spent = told["cmdstat_evalsha"]["usec_per_call"]
    print(f"\nRedis itself: {spent:.0f} microseconds a call.")


def _row(path: str, rounds: int, calls: Callable[[bool, str], float]) -> None:
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(rounds + 3):
        for limited in (False, True):
            taken = calls(limited, path)
            if number >= 3:  # the first ones load and warm
                times[limited].append(taken)
    bare, whole = (statistics.median(times[limited]) for limited in (False, True))
    ratios = [b / a for a, b in zip(times[False], times[True], strict=True)]
    print(f"| GET {path} | {bare:.2f} ms | {whole:.2f} ms | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    main()
