"""accounts/usage.py"""

from functools import partial
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import UsageRecord
from accounts.usage import record_usage
from tests.people import Organisation, organisation


def test_record_usage_adds_one_row_a_job(acme: Organisation) -> None:
    job = uuid4()
    bill = partial(record_usage, tenant=acme.tenant, job_id=job, engine="auto")
    assert bill(pages=3, compute_seconds=1.5)
    assert not bill(pages=9, compute_seconds=9.0)
    row = UsageRecord.objects.get()
    assert (row.tenant, row.job_id, row.engine) == (acme.tenant, job, "auto")
    assert (row.pages, row.compute_seconds) == (3, 1.5)


def test_record_usage_goes_back_with_its_transaction(acme: Organisation) -> None:
    job = uuid4()
    with transaction.atomic():
        record_usage(tenant=acme.tenant, job_id=job, engine="auto", pages=1, compute_seconds=1)
        transaction.set_rollback(True)
    assert UsageRecord.objects.count() == 0
    assert record_usage(tenant=acme.tenant, job_id=job, engine="auto", pages=1, compute_seconds=1)


@pytest.mark.django_db(transaction=True)
def test_record_usage_bills_once_when_two_finish_at_once() -> None:
    tenant, job, both, added = organisation("acme").tenant, uuid4(), Barrier(2), []

    def bill(pages: int) -> None:
        try:
            with transaction.atomic():
                both.wait(10)
                added.append(
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
    assert sorted(added) == [False, True]
    assert UsageRecord.objects.count() == 1
