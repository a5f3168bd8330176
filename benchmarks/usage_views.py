"""The operators' views of usage over a large ledger, beside the same queries on the ledger itself.

Fills the ledger of many organisations with rows of the last days, brings the sums up as the trigger
would, and times each query of the two views, the views themselves through the admin, and what each
query takes where it adds up rows of the ledger instead. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from ocrsite.embedded import servers

LEDGER = """
INSERT INTO accounts_usagerecord (tenant_id, job_id, run, engine, pages, compute_seconds, outcome,
    cached, day, unit_price, included, currency, submitted_at, created_at)
SELECT ids[1 + mod(n, cardinality(ids))], gen_random_uuid(), 0,
    (ARRAY['auto', 'rapidocr', 'text-layer'])[1 + mod(n / 7, 3)], 1 + mod(n, 9), 0.5,
    CASE WHEN mod(n, 50) = 0 THEN 'failed' ELSE 'succeeded' END, mod(n, 10) = 0,
    (at AT TIME ZONE 'UTC')::date, 0.0125, 0, 'EUR', at, at
FROM (SELECT array_agg(id ORDER BY id) AS ids FROM accounts_tenant) AS tenants,
    generate_series(1, %(rows)s) AS n,
    LATERAL (SELECT now() - n * (%(days)s * interval '1 day') / %(rows)s AS at) AS t
"""
SUMS = """
INSERT INTO accounts_usagesum (tenant_id, day, engine, currency, rows, calls, pages, included,
    cached, failed, compute_seconds, cost)
SELECT tenant_id, day, engine, currency, count(*), count(*) FILTER (WHERE run = 0), sum(pages),
    sum(included), count(*) FILTER (WHERE cached), count(*) FILTER (WHERE outcome = 'failed'),
    sum(compute_seconds), sum((pages - included) * unit_price)
FROM accounts_usagerecord GROUP BY 1, 2, 3, 4
"""
ADDED = """
    count(*), sum(pages), count(*) FILTER (WHERE cached),
    count(*) FILTER (WHERE outcome = 'failed'), sum((pages - included) * unit_price)
FROM accounts_usagerecord WHERE day >= %(first)s AND day <= %(last)s
"""
RAW = {
    "by day and engine": f"SELECT day, engine, currency, {ADDED} GROUP BY 1, 2, 3",
    "top organisations": f"SELECT tenant_id, currency, {ADDED} GROUP BY 1, 2"
    " ORDER BY sum(pages) DESC LIMIT 20",
    "unbilled": "SELECT count(*) FROM accounts_usagerecord AS one WHERE currency <> ''"
    " AND day < date_trunc('month', now())::date"
    " AND NOT EXISTS (SELECT FROM accounts_closedusage WHERE usage_id = one.id)",
}


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the ledger")
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ |= {"VAR_DIR": folder, "SECRET_KEY": "k" * 50, "HTTPS": "0"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "ocrsite.settings", "LOG_LEVEL": "ERROR"}
        os.environ["ALLOWED_HOSTS"] = "testserver"
        os.environ["INVOICE_ISSUER_NAME"] = "Bench Ltd"
        with servers(Path(folder) / "servers") as running:
            os.environ["DATABASE_URL"] = running.database_url
            os.environ["DATABASE_OWNER_URL"] = running.owner_url
            os.environ["REDIS_URL"] = running.redis_url
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command

            from accounts.row_security import process_sees_everything
            from ocrsite.database.roles import as_owner

            process_sees_everything()
            settings.STORAGES["staticfiles"] = {
                "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
            }
            call_command("migrate", verbosity=0)
            with as_owner():
                fill(given.rows, given.tenants, given.days)
            queries(given.days, given.rounds)
            views(given.rounds)
            job_ends(running.owner_url)


def fill(rows: int, tenants: int, days: int) -> None:
    """A ledger, and its sums."""
    from django.db import connection

    from accounts.models import Tenant, UsageSum

    Tenant.objects.bulk_create(
        Tenant(name=f"Organisation {number}", slug=f"t{number}") for number in range(tenants)
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_usagerecord DISABLE TRIGGER USER")
        cursor.execute(LEDGER, {"rows": rows, "days": days})
        cursor.execute("ALTER TABLE accounts_usagerecord ENABLE TRIGGER USER")
        cursor.execute(SUMS)
        cursor.execute("VACUUM ANALYZE accounts_usagerecord, accounts_usagesum")
    print(
        f"{rows:,} rows of the ledger, {tenants} organisations, {days} days: "
        f"{UsageSum.objects.count():,} sums\n"
    )


def queries(days: int, rounds: int) -> None:
    """Each query on the sums beside the one on the ledger, in turn."""
    from django.db import connection

    from accounts import usage_sums

    span = usage_sums.span_of(days)
    ours: dict[str, Callable[[], Any]] = {
        "by day and engine": lambda: usage_sums.by_day_and_engine(span),
        "top organisations": lambda: usage_sums.top_tenants(span),
        "unbilled": usage_sums.unbilled_rows,
    }

    def raw(name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(RAW[name], {"first": span.first, "last": span.last})
            cursor.fetchall()

    print("| query | on the sums, ms | on the ledger, ms | ratio |\n|---|---|---|---|")
    for name, query in ours.items():
        times: dict[str, list[float]] = {"sums": [], "ledger": []}
        for _ in range(rounds):
            times["sums"].append(seconds(query))
            times["ledger"].append(seconds(lambda name=name: raw(name)))  # type: ignore[misc]
        fast, slow = (1000 * statistics.median(times[key]) for key in ("sums", "ledger"))
        print(f"| {name} | {fast:.1f} | {slow:,.0f} | {slow / fast:,.0f} |")
    print()


def views(rounds: int) -> None:
    """The pages as the admin serves them, from request to body."""
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("op@bench.example", "x"))
    print("| view | median, ms | slowest, ms |\n|---|---|---|")
    for name in ("usage-view", "billing-view"):
        for days in ("30", "365"):
            url = f"{reverse(f'admin:{name}')}?days={days}"
            assert client.get(url).status_code == 200
            times = [1000 * seconds(lambda url=url: client.get(url)) for _ in range(rounds)]  # type: ignore[misc]
            print(f"| {name}, {days} days | {statistics.median(times):.0f} | {max(times):.0f} |")
    print()


def job_ends(owner_url: str, number: int = 400) -> None:
    """What a row of the ledger costs with its price and sum, beside a bare INSERT and commit."""
    from datetime import UTC, date, datetime
    from uuid import uuid4

    from accounts.models import Plan, PlanPrice, PlanTerms, Subscription, Tenant, UsageRecord
    from accounts.usage import bill_run

    plan = Plan.objects.create(name="bench", title="Bench")
    terms = PlanTerms.objects.create(
        plan=plan, start=date(2026, 1, 1), currency="EUR", included_pages=10**6
    )
    PlanPrice.objects.create(terms=terms, engine="*", price="0.01")
    plain, priced = Tenant.objects.order_by("pk")[:2]
    Subscription.objects.create(tenant=priced, plan=plan, start=date(2026, 1, 1))
    today = datetime.now(UTC).date()

    def bare() -> None:
        UsageRecord.objects.create(
            tenant=plain, job_id=uuid4(), engine="auto", pages=2, compute_seconds=1.0, day=today
        )

    def billed(tenant: Tenant) -> Callable[[], Any]:
        return lambda: bill_run(
            tenant=tenant, job_id=uuid4(), engine="auto", pages=2, compute_seconds=1.0, day=today
        )

    def trigger(state: str) -> None:
        with psycopg.connect(owner_url, autocommit=True) as database:
            database.execute(
                f"ALTER TABLE accounts_usagerecord {state} TRIGGER accounts_usagerecord_summed"
            )

    ways = {
        "bare INSERT, no sum": (bare, "DISABLE"),
        "INSERT with its sum": (bare, "ENABLE"),
        "billed, no plan": (billed(plain), "ENABLE"),
        "billed, price and included pages": (billed(priced), "ENABLE"),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(number // 40):
        for name, (work, state) in ways.items():
            trigger(state)
            times[name].extend(seconds(work) for _ in range(40))
    print("| a row of the ledger, committed | median, ms |\n|---|---|")
    for name, found in times.items():
        print(f"| {name} | {1000 * statistics.median(found):.2f} |")


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
