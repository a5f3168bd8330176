"""What is taken out of the audit log: entries past their time, and those of an organisation gone.

The tables refuse DELETE. One function of the database, ``accounts_audit_prune``, runs with the
rights of their owner and alone is let pass. It takes sealed entries only, leaves their seals, and
writes with the same breath an entry ``audit.prune`` that tells which; none is younger than 30 days
unless its organisation is gone. So nothing goes without a trace, and `accounts.audit_verify` knows
what may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts import clock
from accounts.audit_seals import seal

MIN_DAYS = 30  # as in the function
MAX_DAYS = 36_500
BATCH = 2_000  # entries a transaction
# What is kept of an organisation that is gone: that it was there, and the receipts of removals
KEPT = ("tenant.create", "tenant.delete", "job.delete", "job.expire", "batch.delete")


def sweep(stop: Callable[[], bool] = lambda: False) -> int:
    """Take out what is older than AUDIT_RETENTION_DAYS, if that is set; returns how many."""
    days = settings.AUDIT_RETENTION_DAYS
    return prune(clock.now() - timedelta(days=days), stop=stop) if days is not None else 0


def prune(before: datetime, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Take out the entries of before that time; returns how many.

    Raises django.db.Error (of psycopg's RaiseException) for a time within the last 30 days.
    """
    return _in_batches(before, None, (), stop)


def forget_tenant(
    tenant_id: UUID, *, kept: Sequence[str] = KEPT, stop: Callable[[], bool] = lambda: False
) -> int:
    """Take out an organisation's entries but those of the actions ``kept``; returns how many.

    To be called when its row is gone for good, after that commit and outside of any transaction.
    Raises django.db.Error while the row is there.
    """
    seal()
    return _in_batches(clock.now(), tenant_id, kept, stop)


def forget_some(tenant_id: UUID) -> int:
    """Take out some entries of an organisation that is being deleted; returns how many.

    Raises django.db.Error while it is neither gone nor due.
    """
    seal()
    return _some(clock.now(), tenant_id, ())


def _in_batches(
    before: datetime, tenant_id: UUID | None, kept: Sequence[str], stop: Callable[[], bool]
) -> int:
    total = 0
    while not stop():
        removed = _some(before, tenant_id, kept)
        total += removed
        if not removed:
            break
    return total


def _some(before: datetime, tenant_id: UUID | None, kept: Sequence[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accounts_audit_prune(%s, %s, %s::text[], %s)",
            [before, tenant_id, list(kept), BATCH],
        )
        return int(cursor.fetchone()[0])
