"""What an organisation wants to spend on pages a month: told of at 50, 80 and 100 %, stopped at.

A budget is about the pages beyond the included ones, without base fee and tax. It holds in its
own currency alone. Where it stops, `accounts.quotas` keeps the most that a document may cost, from
its submission to its end, under the lock of the month's counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import transaction

from accounts import audit, clock, seniority, thresholds
from accounts.models import Budget, QuotaUse, Tenant, ThresholdNotice
from accounts.money import shown
from accounts.owner_mail import one_line, tell_owners
from accounts.quota_counters import cost_period
from accounts.quotas import PagesUsed
from accounts.statements import parts_of
from accounts.tenancy import Actor

MILLION = 1_000_000
MANAGE = "billing:manage"


@dataclass(frozen=True, slots=True)
class BudgetCrossing:
    """A share of a month's budget that was reached."""

    month: str
    percent: int
    used: Decimal
    limit: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """What a budget's month has come to; ``holds`` is False where the plan has another currency."""

    amount: Decimal
    currency: str
    hard_stop: bool
    used: Decimal
    reserved: Decimal
    holds: bool

    @property
    def percent(self) -> int:
        """Of the amount that is used, whole percents."""
        return int(100 * self.used / self.amount) if self.amount else 100


def currency_of(tenant: Tenant) -> str:
    """The currency of the organisation's terms of today; "" without terms."""
    today = clock.today()
    parts = [part for part in parts_of(tenant, today.replace(day=1)) if part.start <= today]
    terms = parts[-1].terms if parts else None
    return terms.currency if terms else ""


def standing(tenant: Tenant) -> BudgetStanding | None:
    """The budget and this month's use of it; None where there is none."""
    budget = Budget.objects.for_tenant(tenant).first()
    if budget is None:
        return None
    period = cost_period(clock.today())
    row = QuotaUse.objects.for_tenant(tenant).filter(period=period).first()
    return BudgetStanding(
        budget.amount,
        budget.currency,
        budget.hard_stop,
        Decimal(row.used if row else 0) / MILLION,
        Decimal(row.reserved if row else 0) / MILLION,
        budget.currency == currency_of(tenant),
    )


def set_budget(
    actor: Actor, *, amount: Decimal | None, hard_stop: bool, address: str | None
) -> bool:
    """Set the organisation's budget, in the currency of its plan, or with None take it away.

    What this month's shares were told of is forgotten, so that they are told of again. False if
    nothing changes. Raises ValueError where no plan names a currency, and PermissionDenied where
    the actor may no longer do it.
    """
    with transaction.atomic():
        actor = seniority.under_lock(actor, MANAGE)
        tenant = actor.tenant
        currency = currency_of(tenant)
        if amount is not None and not currency:
            raise ValueError("The organisation's plan has no prices.")
        old = Budget.objects.for_tenant(tenant).first()
        before = _told(old)
        after = None
        if amount is not None:
            after = {"amount": f"{amount:.2f}", "currency": currency, "hard_stop": hard_stop}
        if before == after:
            return False
        if amount is None:
            Budget.objects.for_tenant(tenant).delete()
        else:
            Budget.objects.update_or_create(
                tenant=tenant,
                defaults={"amount": amount, "currency": currency, "hard_stop": hard_stop},
            )
        period = cost_period(clock.today())
        ThresholdNotice.objects.for_tenant(tenant).filter(period=period).delete()
        audit.record(
            actor=actor,
            tenant=tenant,
            action="budget.change",
            obj=tenant,
            before=before,
            after=after,
            address=address,
        )
    return True


def cross(tenant: Tenant, used: Sequence[PagesUsed], *, currency: str) -> list[BudgetCrossing]:
    """The shares of the month's budget that have been reached and not been told of yet.

    ``used`` is what ``quotas.settle`` returns, ``currency`` what the pages cost in. As
    `accounts.thresholds.cross`; no query where nothing costs.
    """
    costs = [each for each in used if each.period.startswith("cost:")]
    budget = Budget.objects.for_tenant(tenant).first() if costs else None
    if budget is None or budget.currency != currency:
        return []
    limit = int(budget.amount * MILLION)
    crossings = []
    for each in costs:
        for percent in thresholds.PERCENTS:
            reached = PagesUsed(each.period, each.used, limit)
            if each.used * 100 >= limit * percent and thresholds.first(tenant, reached, percent):
                month = each.period.removeprefix("cost:")
                spent = Decimal(each.used) / MILLION
                crossing = BudgetCrossing(month, percent, spent, budget.amount, budget.currency)
                crossings.append(crossing)
                audit.record(
                    actor=None,
                    tenant=tenant,
                    action="budget.threshold",
                    obj=tenant,
                    after={
                        "month": month,
                        "percent": percent,
                        "used": str(spent),
                        "limit": str(budget.amount),
                        "currency": budget.currency,
                    },
                )
    if crossings:
        transaction.on_commit(partial(_send, tenant, crossings[-1], budget.hard_stop), robust=True)
    return crossings


def _told(budget: Budget | None) -> dict[str, object] | None:
    if budget is None:
        return None
    return {
        "amount": f"{budget.amount:.2f}",
        "currency": budget.currency,
        "hard_stop": budget.hard_stop,
    }


def _send(tenant: Tenant, crossing: BudgetCrossing, hard_stop: bool) -> None:
    then = (
        "Documents that might cost more are refused until the month is over (UTC).\n"
        if hard_stop
        else "Nothing is refused: the budget only tells.\n"
    )
    tell_owners(
        tenant,
        f"{crossing.percent} % of the month's budget is used",
        f"The pages of {one_line(tenant.name)} have cost "
        f"{shown(crossing.used, crossing.currency)} of a budget of "
        f"{shown(crossing.limit, crossing.currency)} for {crossing.month}, without base fee and "
        f"tax.\n\n{then}\n{settings.SITE_URL.rstrip('/')}/organisation/billing\n",
    )
