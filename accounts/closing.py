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
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min

from accounts import clock
from accounts.invoices import BillingError, issue, issuer_of_settings
from accounts.models import Closing, Invoice, Reservation, Subscription, Tenant
from accounts.money import ZERO
from accounts.statements import Statement, following, month_of, parts_of, statements

# Links the rows that nobody has billed, late ones of earlier months too, in one snapshot
CLOSE = """
WITH due AS (
    SELECT id FROM accounts_usagerecord AS one
    WHERE tenant_id = %(tenant)s AND currency <> ''
    AND coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date) < %(following)s
    AND NOT EXISTS (SELECT FROM accounts_closedusage WHERE usage_id = one.id)
), made AS (
    INSERT INTO accounts_closing (tenant_id, month, rows, closed_at)
    SELECT %(tenant)s, %(month)s, count(*), now() FROM due RETURNING id
), linked AS (
    INSERT INTO accounts_closedusage (tenant_id, usage_id, closing_id)
    SELECT %(tenant)s, due.id, made.id FROM due, made
)
SELECT id FROM made
"""
ANY_LEFT = """
SELECT EXISTS (
    SELECT FROM accounts_usagerecord AS one
    WHERE tenant_id = %(tenant)s AND currency <> ''
    AND coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date) < %(following)s
    AND NOT EXISTS (SELECT FROM accounts_closedusage WHERE usage_id = one.id)
)
"""
# Rows of months that are over which no closing has billed, and what they cost
UNBILLED = """
SELECT count(*), coalesce(sum((pages - included) * unit_price), 0)
FROM accounts_usagerecord AS one
WHERE currency <> '' AND coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date) < %(month)s
AND NOT EXISTS (SELECT FROM accounts_closedusage WHERE usage_id = one.id)
"""
# Series whose documents are not exactly 1, 2, ... up to the last number
GAPS = """
SELECT coalesce(sum(abs(last - found) + (last <> most)::integer), 0) FROM (
    SELECT series.last, count(invoice.id) AS found, coalesce(max(invoice.sequence), 0) AS most
    FROM accounts_numberseries AS series
    LEFT JOIN accounts_invoice AS invoice USING (series, year)
    GROUP BY series.id
) AS counted
"""
# The sums of the ledger beside the ledger: how many of them differ
SUMS = """
SELECT count(*) FROM (
    SELECT tenant_id, day, engine, currency, rows, calls, pages, included, cached, failed, cost
    FROM accounts_usagesum
) AS kept FULL JOIN (
    SELECT tenant_id, coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date) AS day, engine,
        currency, count(*) AS rows, count(*) FILTER (WHERE run = 0) AS calls, sum(pages) AS pages,
        sum(included) AS included, count(*) FILTER (WHERE cached) AS cached,
        count(*) FILTER (WHERE outcome = 'failed') AS failed,
        sum((pages - included) * unit_price) AS cost
    FROM accounts_usagerecord GROUP BY 1, 2, 3, 4
) AS due USING (tenant_id, day, engine, currency)
WHERE (kept.rows, kept.calls, kept.pages, kept.included, kept.cached, kept.failed, kept.cost)
    IS DISTINCT FROM
    (due.rows, due.calls, due.pages, due.included, due.cached, due.failed, due.cost)
"""


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
class Check:
    """What must all be 0: rows of closed months that no invoice has, what they cost, missing
    numbers, and sums that differ from the ledger."""

    unbilled_rows: int
    unbilled_cost: Decimal
    missing_numbers: int
    wrong_sums: int

    @property
    def is_right(self) -> bool:
        """Whether all is 0."""
        return not (self.unbilled_rows or self.missing_numbers or self.wrong_sums)


def close_all(month: date) -> Iterator[Closed | Waits]:
    """Close the month, and any earlier one that is due, of every organisation; each commits alone.

    What has been closed is left out. Raises ``BillingError`` before anything is done where the
    settings name no issuer.
    """
    issuer_of_settings()
    priced = Subscription.objects.filter(plan__terms__isnull=False).order_by()
    firsts = priced.values_list("tenant").annotate(first=Min("start"))
    for tenant_id, first in list(firsts):
        tenant = Tenant.objects.get(pk=tenant_id)
        closed = set(Closing.objects.for_tenant(tenant).values_list("month", flat=True))
        at = month_of(first)
        while at <= month:
            if at not in closed:
                try:
                    done = close_month(tenant, at)
                except MonthIsOpen as error:
                    yield Waits(tenant, at, str(error))
                    break  # later months would bill its rows as late ones
                if done is not None:
                    yield done
            at = following(at)


def close_month(tenant: Tenant, month: date) -> Closed | None:
    """Bill the month; None where that has been done, or there is nothing to bill.

    Raises ``MonthIsOpen``, and ``BillingError`` as ``issue``.
    """
    with transaction.atomic():
        # Two closers of an organisation one after the other; its jobs do not wait
        tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        if Closing.objects.for_tenant(tenant).filter(month=month).exists():
            return None
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
        cursor.execute(UNBILLED, {"month": month_of(clock.now().astimezone(UTC).date())})
        rows, cost = cursor.fetchone()
        cursor.execute(SUMS)
        (wrong,) = cursor.fetchone()
    return Check(rows, cost, missing_numbers(), wrong)


def missing_numbers() -> int:
    """How many numbers of all series no document has, or more than the last one."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS)
        return int(cursor.fetchone()[0])


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
