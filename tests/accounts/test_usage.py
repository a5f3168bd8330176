"""accounts/usage.py: the ledger, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Reservation, UsageRecord
from accounts.usage import Bucket, Used, billed_pages, used_by
from ocrsite.database.roles import as_owner
from tests.accounts.billing import record_usage
from tests.people import Organisation, organisation


def test_record_usage_adds_one_row_a_run(acme: Organisation) -> None:
    job = uuid4()
    bill = partial(record_usage, tenant=acme.tenant, job_id=job, engine="auto")
    assert bill(pages=3, compute_seconds=1.5, outcome="succeeded") == 3
    assert bill(pages=9, compute_seconds=9.0) is None
    row = UsageRecord.objects.get()
    assert (row.tenant, row.job_id, row.run, row.engine) == (acme.tenant, job, 0, "auto")
    assert (row.pages, row.compute_seconds, row.outcome) == (3, 1.5, "succeeded")


def test_later_run_bills_what_no_earlier_one_has(acme: Organisation) -> None:
    job = uuid4()
    bill = partial(record_usage, tenant=acme.tenant, job_id=job, engine="auto")
    assert bill(pages=3, compute_seconds=1.5, outcome="partial") == 3
    assert bill(run=1, pages=5, compute_seconds=2.0, outcome="succeeded") == 2
    assert bill(run=1, pages=5, compute_seconds=2.0, outcome="succeeded") is None
    assert bill(run=2, pages=5, compute_seconds=2.0, outcome="failed") == 0
    rows = UsageRecord.objects.order_by("run").values_list("run", "pages", "compute_seconds")
    assert list(rows) == [(0, 3, 1.5), (1, 2, 0.5), (2, 0, 0.0)]
    assert billed_pages(job) == 5


def test_what_is_cached_bills_nothing(acme: Organisation) -> None:
    bill = partial(record_usage, tenant=acme.tenant, job_id=uuid4(), engine="auto")
    assert bill(pages=7, compute_seconds=3.0, cached=True) == 0
    row = UsageRecord.objects.get()
    assert (row.pages, row.compute_seconds, row.cached) == (0, 0.0, True)


def test_record_usage_goes_back_with_its_transaction(acme: Organisation) -> None:
    bill = partial(record_usage, tenant=acme.tenant, job_id=uuid4(), engine="auto")
    with transaction.atomic():
        bill(pages=1, compute_seconds=1)
        transaction.set_rollback(True)
    assert UsageRecord.objects.count() == 0
    assert bill(pages=1, compute_seconds=1) == 1


@pytest.mark.django_db(transaction=True)
def test_record_usage_bills_once_when_two_finish_at_once() -> None:
    tenant, job, both = organisation("acme").tenant, uuid4(), Barrier(2)
    billed: list[int | None] = []

    def bill(pages: int) -> None:
        try:
            with transaction.atomic():
                both.wait(10)
                billed.append(
                    record_usage(
                        tenant=tenant, job_id=job, engine="auto", pages=pages, compute_seconds=1
                    )
                )
        finally:
            connection.close()

    threads = [Thread(target=bill, args=(pages,)) for pages in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert billed.count(None) == 1
    assert UsageRecord.objects.get().pages in billed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_usagerecord SET pages = 0",
        "DELETE FROM accounts_usagerecord",
        "TRUNCATE accounts_usagerecord CASCADE",
        "TRUNCATE accounts_tenant CASCADE",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_ledger_lets_nobody_change_it(acme: Organisation, statement: str) -> None:
    record_usage(tenant=acme.tenant, job_id=uuid4(), engine="auto", pages=3, compute_seconds=1.5)
    refused = pytest.raises(IntegrityError, match="never changed")
    with as_owner(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(  # off for tests that empty every table (tests/conftest.py)
            "ALTER TABLE accounts_usagerecord ENABLE TRIGGER accounts_usagerecord_no_truncate"
        )
        cursor.execute(statement)
    assert UsageRecord.objects.get().pages == 3


def at(text: str) -> datetime:
    """A time of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_used_by_counts_each_job_when_it_was_submitted(
    acme: Organisation, stranger: Organisation
) -> None:
    bill = partial(record_usage, tenant=acme.tenant, compute_seconds=2.0)
    first = uuid4()
    bill(
        job_id=first,
        engine="auto",
        pages=3,
        outcome="partial",
        submitted_at=at("2026-11-26T10:59:59"),
    )
    bill(
        job_id=first,
        run=1,
        engine="auto",
        pages=4,
        outcome="succeeded",
        submitted_at=at("2026-11-26T12:00"),
    )
    bill(
        job_id=uuid4(),
        engine="rapidocr",
        pages=0,
        outcome="failed",
        submitted_at=at("2026-11-26T12:30"),
    )
    bill(job_id=uuid4(), engine="auto", pages=9, cached=True, submitted_at=at("2026-11-26T12:31"))
    bill(job_id=uuid4(), engine="auto", pages=9, submitted_at=at("2026-11-26T13:00"))  # after it
    bill(
        tenant=stranger.tenant,
        job_id=uuid4(),
        engine="auto",
        pages=5,
        submitted_at=at("2026-11-26T12:00"),
    )
    Reservation.objects.create(
        tenant=acme.tenant, job_id=uuid4(), engine="auto", day="2026-11-26", pages=1,
        submitted_at=at("2026-11-26T12:59"),
    )  # fmt: skip
    starts = [at("2026-11-26T10:00") + timedelta(hours=hour) for hour in range(3)]
    buckets = used_by(acme.tenant, "hour", starts, at("2026-11-26T13:00"))
    auto, failed = (
        Used(calls=2, pages=1, compute_seconds=0.0, cached=1, open=1),
        Used(calls=1, compute_seconds=2.0, failed=1),
    )
    assert buckets == [
        Bucket(starts[0], Used(calls=1, pages=3, compute_seconds=2.0), {"auto": Used(1, 3, 2.0)}),
        Bucket(starts[1]),
        Bucket(starts[2], auto + failed, {"auto": auto, "rapidocr": failed}),
    ]
