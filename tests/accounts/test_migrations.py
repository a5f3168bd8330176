"""accounts/migrations: billing comes to a database in use, is taken back, and comes again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from accounts.closing import Closed, check, close_all
from accounts.models import Invoice, QuotaUse, Subscription, Tenant, UsageRecord, UsageSum
from ocrsite.database.roles import as_owner
from tests.accounts.billing import OCTOBER, subscribe, terms, use

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "migrated"
DAY = date(2026, 10, 5)


@pytest.fixture
def another_database() -> Iterator[None]:
    """The connection is to an empty database, as its owner."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        owner.execute(f"CREATE DATABASE {NAME}")
        try:
            with as_owner():
                connection.settings_dict["NAME"] = NAME
                yield
        finally:
            owner.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def migrate(name: str | None) -> None:
    """The accounts to the migration of that name, or all to the newest."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("accounts", name)] if name else newest)


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def functions() -> list[str]:
    """Those of accounts that billing brings."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname IN ('accounts_terms', 'accounts_month',"
            " 'accounts_price', 'accounts_most_cost', 'accounts_bill', 'accounts_subscribe',"
            " 'accounts_sum_usage', 'accounts_is_fixed', 'accounts_terms_are_fixed',"
            " 'accounts_count_removed')"
        )
        return [row[0] for row in cursor.fetchall()]


def reserve(tenant: Tenant) -> list[str]:
    """What is kept for a job, as a process of any version asks for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accounts_reserve(%s, %s, 0, 'auto', 1, 0, %s::bigint[])",
            [uuid4(), tenant.pk, [None] * 4],
        )
        room: list[str] = cursor.fetchone()[0]
        return room


def test_billing_comes_to_a_database_in_use_goes_and_comes_again(
    another_database: None, settings: Settings
) -> None:
    migrate("0010_keys")
    # the newest of jobs that needs no later one of accounts
    MigrationExecutor(connection).migrate([("jobs", "0018_task_tokens")])
    # an organisation with a plan, that has used and keeps something
    run("INSERT INTO accounts_plan (id, name, title) OVERRIDING SYSTEM VALUE VALUES (7, 'p', 'P')")
    owner = uuid4()
    run(
        "INSERT INTO accounts_tenant (id, name, slug, is_active, default_engine, created_at,"
        " plan_id) VALUES (%s, 'Acme', 'acme', true, '', now(), 7)",
        owner,
    )
    run(
        "INSERT INTO accounts_usagerecord (tenant_id, job_id, run, engine, pages, compute_seconds,"
        " outcome, cached, day, submitted_at, created_at) SELECT %s, gen_random_uuid(), 0, 'auto',"
        " 2, 1.5, 'failed', false, %s, now(), now() FROM generate_series(1, 3)",
        owner,
        DAY,
    )
    run(
        "INSERT INTO accounts_quotause (tenant_id, period, used, reserved)"
        " VALUES (%s, 'month:2026-10', 6, 0)",
        owner,
    )
    migrate(None)
    tenant = Tenant.objects.get()
    old = (DAY, "auto", "", 3, 6, 0, 3, 0)
    assert sums() == [old]
    assert Subscription.objects.get().plan_id == 7
    assert sorted(QuotaUse.objects.values_list("period", flat=True)) == [
        "cost:2026-10", "included:2026-10", "month:2026-10",
    ]  # fmt: skip
    # used on, with prices
    subscribe(tenant, terms(prices={"*": "0.10"}, included_pages=4).plan, OCTOBER)
    for pages in (3, 5):
        use(tenant, pages, DAY)
    new = (DAY, "auto", "EUR", 2, 8, 4, 0, 400_000)
    assert sums() == [old, new]
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    (closed,) = close_all(OCTOBER)
    assert isinstance(closed, Closed)
    (invoice,) = closed.invoices
    held = list(Subscription.objects.order_by("start").values_list("plan__name", "start"))
    # taken back as far as the first function, and applied again: the ledger has its prices
    migrate("0012_invoices")
    assert functions() == []
    assert len(reserve(tenant)) == 4
    migrate(None)
    assert sums() == [old, new]
    assert list(Subscription.objects.order_by("start").values_list("plan__name", "start")) == held
    assert Invoice.objects.get().number == invoice.number
    assert check().is_right
    for table in ("invoice", "closing", "closedusage"):
        with pytest.raises(IntegrityError, match="never changed"):
            run(f"DELETE FROM accounts_{table}")
    # and with the columns: what cost something costs nothing any more
    migrate("0010_keys")
    migrate(None)
    assert sums() == [(DAY, "auto", "", 5, 14, 0, 3, 0)]
    assert (UsageRecord.objects.count(), check().wrong_sums) == (5, 0)
    assert Subscription.objects.get().plan.name == "pro"  # type: ignore[union-attr]
    use(tenant, 1, DAY)
    assert check().wrong_sums == 0


def sums() -> list[tuple[object, ...]]:
    """Each sum, its cost in millionths."""
    rows = UsageSum.objects.order_by("currency").values_list(
        "day", "engine", "currency", "rows", "pages", "included", "failed", "cost"
    )
    return [(*row[:-1], int(row[-1] * 1_000_000)) for row in rows]
