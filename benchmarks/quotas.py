"""What quotas cost: submissions with them and without, in turn in one run, on the same servers.

In this process, without HTTP: `submit_job` from its file to its commit, by one thread and by eight,
for one organisation (whose submissions wait for each other's counters) and for eight. Then usage
and reconciliation over a large ledger. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from ocrsite.embedded import servers

BATCH = 80  # submissions at a time, so that the two ways meet the same state of the machine
WITHOUT = """
ALTER FUNCTION accounts_reserve RENAME TO accounts_reserve_kept;
CREATE FUNCTION accounts_reserve(uuid, uuid, integer, text, integer, bigint, bigint[])
RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['', '', '', ''] $$
"""
WITH = """
DROP FUNCTION accounts_reserve;
ALTER FUNCTION accounts_reserve_kept RENAME TO accounts_reserve
"""
LEDGER = """
INSERT INTO accounts_usagerecord (tenant_id, job_id, run, engine, pages, compute_seconds, outcome,
    cached, day, submitted_at, created_at)
SELECT %s, gen_random_uuid(), 0, 'auto', 2, 0.5, 'succeeded', false,
    (at AT TIME ZONE 'UTC')::date, at, at
FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - n * %s * interval '1 second' AS at) AS t
"""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the ledger")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ |= {"VAR_DIR": folder, "SECRET_KEY": "k" * 50, "HTTPS": "0"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
        os.environ |= {"LOG_LEVEL": "ERROR", "DATABASE_POOL": "40", "MAX_QUEUED": "1000000"}
        with servers(Path(folder) / "servers") as running:
            os.environ["DATABASE_URL"] = running.owner_url
            os.environ["REDIS_URL"] = running.redis_url
            import django

            django.setup()
            from accounts.row_security import process_sees_everything

            process_sees_everything()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            submissions(given.rounds)
            readings(given.rows)


def submissions(rounds: int) -> None:
    """Submissions a second, with quotas and without."""
    from django.db import connection

    from accounts.models import Plan, Tenant
    from accounts.tenancy import Actor
    from extraction.options import Options
    from jobs import metering
    from jobs.reconciliation import differences
    from jobs.submit import submit_job
    from tests.jobs.making import upload

    plan = Plan.objects.create(
        name="bench", title="Bench", pages_per_day=10**6, pages_per_month=10**7, open_jobs=10**6
    )
    tenants = [
        Tenant.objects.create(name=f"Bench {n}", slug=f"bench-{n}", plan=plan) for n in range(8)
    ]
    look = metering.refuse_beyond

    def submit(number: int) -> None:
        actor = Actor(tenant=tenants[number], permissions=frozenset())
        with upload() as received:
            submit_job(actor=actor, upload=received, options=Options(), cache=False)

    print("| submissions | without quotas | with | ratio |\n|---|---|---|---|")
    for threads, several, title in (
        (1, 1, "one after the other"),
        (8, 1, "8 threads, one organisation"),
        (8, 8, "8 threads, 8 organisations"),
    ):
        rates: dict[bool, list[float]] = {False: [], True: []}
        with ThreadPoolExecutor(threads) as pool:
            for number in range(rounds + 2):
                for counted, change in ((False, WITHOUT), (True, WITH)):
                    nothing: Any = look if counted else lambda *args, **what: None
                    metering.refuse_beyond = nothing
                    with connection.cursor() as cursor:
                        cursor.execute(change)
                    begun = time.perf_counter()
                    list(pool.map(submit, [n % several for n in range(BATCH)]))
                    if number >= 2:  # the first ones load and warm
                        rates[counted].append(BATCH / (time.perf_counter() - begun))
        bare, whole = (statistics.median(rates[counted]) for counted in (False, True))
        ratios = [b / a for a, b in zip(rates[False], rates[True], strict=True)]
        print(f"| {title} | {bare:.0f}/s | {whole:.0f}/s | {statistics.median(ratios):.2f} |")
    wrong = [row for row in differences() if row.period not in ("open", "storage")]
    assert wrong == []  # of open jobs and storage there are more than were counted


def readings(rows: int) -> None:
    """Seconds to read a ledger of that many rows of one organisation, over the last two months."""
    from datetime import UTC, datetime, timedelta

    from django.db import connection

    from accounts import quota_standings
    from accounts.models import Tenant
    from accounts.usage import used_by
    from jobs.reconciliation import differences

    tenant = Tenant.objects.create(name="Large", slug="large")
    with connection.cursor() as cursor:
        cursor.execute(LEDGER, [tenant.pk, rows, 60 * 86_400 / rows])
        cursor.execute("VACUUM ANALYZE accounts_usagerecord")
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    spans = {"minute": (60, 1), "hour": (24, 60), "day": (30, 1440), "month": (2, 43_200)}
    print(f"\n| of {rows:,} rows in the ledger | ms |\n|---|---|")
    for unit, (count, minutes) in spans.items():
        end = end.replace(hour=0) if unit == "day" else end
        end = end.replace(day=1, hour=0) if unit == "month" else end
        starts = [end - timedelta(minutes=minutes * back) for back in range(count, 0, -1)]
        if unit == "month":
            last = (end - timedelta(days=1)).replace(day=1)
            starts = [(last - timedelta(days=1)).replace(day=1), last]
        took = _took(partial(used_by, tenant, unit, starts, end))
        print(f"| usage of {count} {unit}s | {took} |")
    print(f"| quotas as they stand | {_took(lambda: quota_standings.standings(tenant))} |")
    print(f"| differences, all organisations | {_took(differences)} |")


def _took(call: Any) -> str:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(times):.1f}"


if __name__ == "__main__":
    main()
