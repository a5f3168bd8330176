"""How an organisation's billing stands today: plan, this month so far, budget."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db import connection

from accounts import budgets, clock
from accounts.budgets import BudgetStanding
from accounts.models import QuotaUse, Tenant
from accounts.money import ZERO, rounded
from accounts.statements import PAGES, TRAINING, Statement, month_of, statements

FORESEEN_AFTER_DAYS = 3  # earlier, a few hours would stand for a month


@dataclass(frozen=True, slots=True)
class Current:
    """The month so far; ``foreseen`` is what it comes to if its rest is like its beginning.

    That is for the first statement, without tax, None in the month's first days. It is a straight
    line through the pages that cost: those that the base fee covers come first, so it errs low
    while some are left.
    """

    plan: str
    month: date
    statements: list[Statement]
    included_pages: int
    included_used: int
    foreseen: Decimal | None
    budget: BudgetStanding | None


def current(tenant: Tenant) -> Current:
    """As of now, of jobs that have ended."""
    now = clock.now().astimezone(UTC)
    month = month_of(now.date())
    found = statements(tenant, month)
    with connection.cursor() as cursor:
        cursor.execute("SELECT allowance FROM accounts_price(%s, '*', %s)", [tenant.pk, now.date()])
        row = cursor.fetchone()
    used = QuotaUse.objects.for_tenant(tenant).filter(period=f"included:{month:%Y-%m}").first()
    return Current(
        tenant.plan.title if tenant.plan else "",
        month,
        found,
        row[0] or 0 if row else 0,
        used.used if used else 0,
        _foreseen(found[0], now) if found else None,
        budgets.standing(tenant),
    )


def _foreseen(statement: Statement, now: datetime) -> Decimal | None:
    passed = (now - datetime.combine(statement.month, time(), UTC)).total_seconds() / 86_400
    if passed < FORESEEN_AFTER_DAYS:
        return None
    whole = monthrange(now.year, now.month)[1]
    pages = sum((line.amount for line in statement.lines if line.kind in (PAGES, TRAINING)), ZERO)
    more = pages * Decimal(whole / passed - 1)
    return rounded(statement.net + more, statement.currency)
