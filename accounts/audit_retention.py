"""What is taken out of the audit log: entries past their time, and those of an organisation gone.

The tables refuse DELETE. One function of the database, ``accounts_audit_prune``, runs with the
rights of their owner and alone is let pass. It takes sealed entries only, leaves their seals, and
writes with the same breath an entry ``audit.prune`` that tells which; none is younger than 30 days
unless its organisation is gone. So nothing goes without a trace, and `accounts.audit_verify` knows
what may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts import clock
from accounts.audit_seals import seal

MIN_DAYS = 30  # as in the function
MAX_DAYS = 36_500
BATCH = 2_000  # entries a transaction
ALWAYS = "infinity"  # later than any time, whatever the clocks of those who wrote entries said


def sweep(stop: Callable[[], bool] = lambda: False) -> int:
    """Take out what is older than AUDIT_RETENTION_DAYS, if that is set; returns how many."""
    days = settings.AUDIT_RETENTION_DAYS
    return prune(clock.now() - timedelta(days=days), stop=stop) if days is not None else 0


def prune(before: datetime, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Take out the entries of before that time; returns how many.

    Raises django.db.Error (of psycopg's RaiseException) for a time within the last 30 days.
    """
    total = 0
    while not stop() and (removed := _some(before, None)):
        total += removed
    return total


def forget_some(tenant_id: UUID) -> int:
    """Take out some entries of an organisation that is being deleted; returns how many.

    0 does not mean that none is left: where another process seals just now, those that wait for it
    stay. Raises django.db.Error while the organisation is neither gone nor due.
    """
    removed = _some(ALWAYS, tenant_id)
    if not removed:
        seal()  # looks through the whole log, and so only where nothing sealed is left
        removed = _some(ALWAYS, tenant_id)
    return removed


def _some(before: datetime | str, tenant_id: UUID | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_audit_prune(%s, %s, '{}', %s)", [before, tenant_id, BATCH])
        return int(cursor.fetchone()[0])
