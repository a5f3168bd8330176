"""Closing months: each row of the ledger is billed once, each month of an organisation once.

A month can be closed when it is over and none of its jobs is open, or ``BILLING_WAIT_HOURS`` after
its end; what ends later is billed with the next month. Which closing has billed a row is a row of
its own (`ClosedUsage`) whose key is the ledger row's: a second bill is impossible, and what has
none is unbilled. All of a closing commits at once, so it may be killed and begun again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.models import Min

from accounts import clock
from accounts.invoices import BillingError, issue, issuer_of_settings
from accounts.models import Closing, Invoice, Reservation, Subscription, Tenant, UsageSum
from accounts.money import ZERO
from accounts.statements import (
    CHARGED_UNITS,
    LEDGER_DAY,
    UNBILLED_ROWS,
    Statement,
    following,
    month_of,
    parts_of,
    statements,
)

# Rows of the month, and late ones of earlier months
DUE = f"{UNBILLED_ROWS} AND tenant_id = %(tenant)s AND {LEDGER_DAY} < %(following)s"
# Links them to a closing, in one snapshot
CLOSE = f"""
WITH due AS (
    SELECT id {DUE}
), made AS (
    INSERT INTO accounts_closing (tenant_id, month, rows, closed_at)
    SELECT %(tenant)s, %(month)s, count(*), now() FROM due RETURNING id
), linked AS (
    INSERT INTO accounts_closedusage (tenant_id, usage_id, closing_id)
    SELECT %(tenant)s, due.id, made.id FROM due, made
)
SELECT id FROM made
"""  # noqa: S608
ANY_LEFT = f"SELECT EXISTS (SELECT {DUE})"
# Of months that are over
UNBILLED = f"SELECT count(*) {UNBILLED_ROWS} AND {LEDGER_DAY} < %(month)s"
# Series whose documents are not exactly 1, 2, ... up to the last number, but for those that went
# with their organisation
GAPS = """
SELECT coalesce(sum(abs(last - found) + (most > last)::integer), 0) FROM (
    SELECT series.last, count(invoice.id) + series.removed AS found,
        coalesce(max(invoice.sequence), 0) AS most
    FROM accounts_numberseries AS series
    LEFT JOIN accounts_invoice AS invoice USING (series, year)
    GROUP BY series.id
) AS counted
"""
# The sums of the ledger beside the ledger: how many of them differ
SUMS = f"""
SELECT count(*) FROM (
    SELECT tenant_id, day, engine, currency, rows, calls, pages, included, cached, failed, cost
    FROM accounts_usagesum
) AS kept FULL JOIN (
    SELECT tenant_id, {LEDGER_DAY} AS day, engine,
        currency, count(*) AS rows, count(*) FILTER (WHERE run = 0) AS calls, sum(pages) AS pages,
        sum(included) AS included, count(*) FILTER (WHERE cached) AS cached,
        count(*) FILTER (WHERE outcome = 'failed') AS failed,
        sum({CHARGED_UNITS} * unit_price) AS cost
    FROM accounts_usagerecord GROUP BY 1, 2, 3, 4
) AS due USING (tenant_id, day, engine, currency)
WHERE (kept.rows, kept.calls, kept.pages, kept.included, kept.cached, kept.failed, kept.cost)
    IS DISTINCT FROM
    (due.rows, due.calls, due.pages, due.included, due.cached, due.failed, due.cost)
"""  # noqa: S608


class MonthIsOpen(BillingError):
    """The month is not over, or jobs of it are at work."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A month that this call has closed, and the invoices it made (none where nothing is owed)."""

    tenant: Tenant
    month: date
    rows: int
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """A month that cannot be closed yet, and why."""

    tenant: Tenant
    month: date
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A month that could not be billed, and why: nothing of it was written."""

    tenant: Tenant
    month: date
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """What must all be 0: rows of months that are over that no closing has, missing numbers, and
    sums that differ from the ledger."""

    unbilled_rows: int
    missing_numbers: int
    wrong_sums: int

    @property
    def is_right(self) -> bool:
        """Whether all is 0."""
        return not (self.unbilled_rows or self.missing_numbers or self.wrong_sums)


def close_all(month: date) -> Iterator[Closed | Waits | Failed]:
    """Close the month, and any earlier one that is due, of every organisation; each commits alone.

    What has been closed is left out. One that fails does not hold up the others. Raises
    ``BillingError`` before anything is done where the settings name no issuer.
    """
    issuer_of_settings()
    for tenant_id, first in sorted(_first_days().items()):
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None:  # deleted meanwhile
            continue
        for at in _months_left(tenant, first, month):
            try:
                done = close_month(tenant, at)
            except MonthIsOpen as error:
                yield Waits(tenant, at, str(error))
                break  # later months would bill its rows as late ones
            except Tenant.DoesNotExist:
                break
            except (BillingError, DataError) as error:
                yield Failed(tenant, at, str(error))
                break
            if done is not None:
                yield done


def is_billed(tenant: Tenant) -> bool:
    """Whether the organisation has or had prices, and invoices are issued at all."""
    return bool(settings.INVOICE_ISSUER_NAME and _first_days(tenant))


def close_for_good(tenant: Tenant) -> Closed | None:
    """Take the plan away and close the next month of an organisation that is being deleted.

    This month too, as it stands: its jobs have ended, and its base fee ends with yesterday. None
    where nothing is left. Raises ``BillingError`` as ``issue``.
    """
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).exclude(plan=None).update(plan=None)
        today = clock.today()
        first = _first_days(tenant).get(tenant.pk, today)
        for at in _months_left(tenant, first, month_of(today)):
            done = close_month(tenant, at, for_good=True)
            if done is not None:
                return done
    return None


def close_month(tenant: Tenant, month: date, *, for_good: bool = False) -> Closed | None:
    """Bill the month; None where that has been done, or there is nothing to bill.

    Raises ``MonthIsOpen``, unless it is ``for_good``, and ``BillingError`` as ``issue``.
    """
    with transaction.atomic():
        # Two closers of an organisation one after the other; its jobs do not wait
        tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        if Closing.objects.for_tenant(tenant).filter(month=month).exists():
            return None
        if not for_good:
            _refuse_open(tenant, month)
        values: dict[str, Any] = {
            "tenant": tenant.pk,
            "month": month,
            "following": following(month),
        }
        with connection.cursor() as cursor:
            if not any(part.terms for part in parts_of(tenant, month)):
                cursor.execute(ANY_LEFT, values)
                if not cursor.fetchone()[0]:
                    return None
            cursor.execute(CLOSE, values)
            closing = Closing.objects.get(pk=cursor.fetchone()[0])
        owed = statements(tenant, month, closing_id=closing.pk)
        invoices = tuple(issue(tenant, each, closing) for each in owed if _is_owed(each))
    return Closed(tenant, month, closing.rows, invoices)


def check() -> Check:
    """Look whether each row of months that are over was billed, over the whole ledger."""
    with connection.cursor() as cursor:
        cursor.execute(UNBILLED, {"month": month_of(clock.today())})
        (rows,) = cursor.fetchone()
        cursor.execute(SUMS)
        (wrong,) = cursor.fetchone()
    return Check(rows, missing_numbers(), wrong)


def missing_numbers() -> int:
    """How many numbers of all series no document has, nor has had, or more than the last one."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS)
        return int(cursor.fetchone()[0])


def _first_days(tenant: Tenant | None = None) -> dict[UUID, date]:
    """Since when each organisation, or this one, may owe something.

    Of a plan that was taken away on the day it began only what was used under it is known.
    """
    plans = Subscription.objects.filter(plan__terms__isnull=False)
    sums = UsageSum.objects.exclude(currency="")
    if tenant is not None:
        plans, sums = plans.for_tenant(tenant), sums.for_tenant(tenant)
    firsts: dict[UUID, date] = {}
    for rows, day in ((plans, "start"), (sums, "day")):
        for tenant_id, first in rows.order_by().values_list("tenant").annotate(first=Min(day)):
            firsts[tenant_id] = min(first, firsts.get(tenant_id, first))
    return firsts


def _months_left(tenant: Tenant, first: date, last: date) -> Iterator[date]:
    """The months from that of the day ``first`` to ``last`` that have not been closed."""
    closed = set(Closing.objects.for_tenant(tenant).values_list("month", flat=True))
    at = month_of(first)
    while at <= last:
        if at not in closed:
            yield at
        at = following(at)


def _is_owed(statement: Statement) -> bool:
    return statement.charges > ZERO


def _refuse_open(tenant: Tenant, month: date) -> None:
    ends = datetime.combine(following(month), time(), UTC)
    now = clock.now()
    if now < ends:
        raise MonthIsOpen(f"{month:%Y-%m} is not over (UTC).")
    if now < ends + timedelta(hours=settings.BILLING_WAIT_HOURS):
        jobs = Reservation.objects.for_tenant(tenant).filter(day__lt=ends.date()).count()
        if jobs:
            raise MonthIsOpen(f"{jobs} of its jobs have not ended.")
