"""What an organisation owes for a month: the base fee, its pages by engine, credits and tax.

All of it is read off the ledger, whose rows have the price of their day and the pages that the
base fee covers; the only arithmetic left is adding up. Each line is rounded to the currency's
minor unit, halves up, and the sums are those of the rounded lines.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import DecimalField, F, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import BillingDetails, Credit, PlanTerms, Tenant
from accounts.money import ZERO, rounded

BASE_FEE, PAGES, LATE_PAGES, CREDIT = "base_fee", "pages", "late_pages", "credit"
TRAINING = "training"  # seconds, and in the ledger the engine's name
# The day (UTC) whose price and month a row of the ledger has
LEDGER_DAY = "coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date)"
# How many units of its price a row is charged: pages, or seconds of training
CHARGED_UNITS = "accounts_charged(engine, pages, included, compute_seconds, outcome)"
# The rows with a price that no closing has billed
UNBILLED_ROWS = """
FROM accounts_usagerecord AS one
WHERE currency <> '' AND NOT EXISTS (SELECT FROM accounts_closedusage WHERE usage_id = one.id)
"""
# Rows of the ledger that a closing has billed, and those of a month that none has
CLOSED = "SELECT usage_id FROM accounts_closedusage WHERE closing_id = %(closing)s"
OPEN = f"""
SELECT id {UNBILLED_ROWS} AND tenant_id = %(tenant)s
AND {LEDGER_DAY} >= %(month)s AND {LEDGER_DAY} < %(following)s
"""
ADDED_UP = f"""
SELECT currency, {LEDGER_DAY} < %(month)s AS late, engine, unit_price, sum({CHARGED_UNITS}),
    sum(included), max({LEDGER_DAY})
FROM accounts_usagerecord WHERE id IN ({{rows}}) AND (engine <> '{TRAINING}' OR unit_price > 0)
GROUP BY 1, 2, 3, 4 HAVING sum({CHARGED_UNITS}) + sum(included) > 0 ORDER BY 2, 3, 4
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Line:
    """``amount`` is without tax: ``quantity`` times ``unit_price``, rounded.

    Of pages the quantity are those that are charged; ``included`` more were read.
    """

    kind: str
    text: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    engine: str = ""
    included: int = 0


@dataclass(frozen=True, slots=True)
class CreditTaken:
    """How much of a credit a statement uses."""

    credit_id: int
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What is owed for a month (its first day) in one currency; ``net`` is before tax."""

    month: date
    currency: str
    lines: tuple[Line, ...]
    net: Decimal
    tax_label: str
    tax_rate: Decimal
    tax_note: str
    tax: Decimal
    total: Decimal
    credits: tuple[CreditTaken, ...] = ()

    @property
    def charges(self) -> Decimal:
        """What would be owed without credits and tax."""
        return sum((line.amount for line in self.lines if line.kind != CREDIT), ZERO)


@dataclass(frozen=True, slots=True)
class Part:
    """Days of a month on which the same terms hold."""

    start: date
    days: int
    terms: PlanTerms | None


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=32)).replace(day=1)


def parts_of(tenant: Tenant, month: date) -> list[Part]:
    """By what terms the month's days are charged, as it is known now; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT start, days, terms_id FROM accounts_month(%s, %s) ORDER BY start",
            [tenant.pk, month],
        )
        rows = cursor.fetchall()
    terms = PlanTerms.objects.select_related("plan").in_bulk({row[2] for row in rows} - {None})
    return [Part(start, days, terms.get(terms_id)) for start, days, terms_id in rows]


def statements(tenant: Tenant, month: date, *, closing_id: int | None = None) -> list[Statement]:
    """What is owed for the month, a statement for each currency (as a rule one).

    With a closing: for the rows of the ledger that it bills, among them late ones of earlier
    months. Without: for those of the month that none has billed yet, the base fee whole.
    """
    parts = parts_of(tenant, month)
    lines: dict[str, list[Line]] = {}
    terms: dict[str, PlanTerms] = {}  # the month's last ones: they name the tax
    for part in parts:
        if part.terms is not None:
            lines.setdefault(part.terms.currency, []).extend(_base_fee(part, month))
            terms[part.terms.currency] = part.terms
    days: dict[str, set[date]] = {}
    for currency, line, last_day in _used(tenant, month, closing_id):
        lines.setdefault(currency, []).append(line)
        days.setdefault(currency, set()).add(last_day)
    details = BillingDetails.objects.for_tenant(tenant).first()
    return [
        _statement(
            tenant,
            month,
            currency,
            its_lines,
            terms.get(currency) or _terms_of(tenant, currency, days.get(currency, set())),
            details,
        )
        for currency, its_lines in lines.items()
    ]


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as an invoice keeps them: numbers as text, which loses nothing."""
    return [
        {key: str(value) if isinstance(value, Decimal) else value for key, value in row.items()}
        for row in (asdict(line) for line in lines)
    ]


def from_json(lines: Sequence[dict[str, Any]]) -> list[Line]:
    """The lines of an invoice."""
    numbers = ("quantity", "unit_price", "amount")
    return [Line(**{**line, **{key: Decimal(line[key]) for key in numbers}}) for line in lines]


def credits_left(tenant: Tenant, currency: str) -> list[CreditTaken]:
    """What is left of each credit, the oldest first; one query."""
    number = DecimalField(max_digits=12, decimal_places=4)
    used = Coalesce(Sum("uses__amount"), Value(ZERO), output_field=number)
    rows = (
        Credit.objects.for_tenant(tenant)
        .filter(currency=currency)
        .annotate(left=F("amount") - used)
        .filter(left__gt=0)
        .order_by("pk")
    )
    return [CreditTaken(row.pk, row.left, row.reason) for row in rows]


def tax_of(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The tax on an amount, ``rate`` in percent."""
    return rounded(net * rate / 100, currency)


def _base_fee(part: Part, month: date) -> list[Line]:
    terms, whole = part.terms, monthrange(month.year, month.month)[1]
    if terms is None or not terms.base_fee:
        return []
    last = part.start + timedelta(days=part.days - 1)
    days = "" if part.days == whole else f", {part.start.day} to {last.day} {month:%B}"
    return [
        Line(
            BASE_FEE,
            f"{terms.plan.title}: base fee{days}",
            Decimal(part.days),
            f"of {whole} days",
            terms.base_fee,
            rounded(terms.base_fee * part.days / whole, terms.currency),
        )
    ]


def _used(tenant: Tenant, month: date, closing_id: int | None) -> list[tuple[str, Line, date]]:
    """By currency, with the last day of each line's pages or seconds."""
    rows = CLOSED if closing_id is not None else OPEN
    with connection.cursor() as cursor:
        cursor.execute(
            ADDED_UP.format(rows=rows),
            {
                "closing": closing_id,
                "tenant": tenant.pk,
                "month": month,
                "following": following(month),
            },
        )
        found = cursor.fetchall()
    return [
        (
            currency,
            Line(
                TRAINING if engine == TRAINING else LATE_PAGES if late else PAGES,
                ("Training of models" if engine == TRAINING else f"Pages read by {engine}")
                + (", of earlier months" if late else ""),
                Decimal(charged),
                "seconds" if engine == TRAINING else "pages",
                unit_price,
                rounded(charged * unit_price, currency),
                engine,
                int(included),
            ),
            last_day,
        )
        for currency, late, engine, unit_price, charged, included, last_day in found
    ]


def _terms_of(tenant: Tenant, currency: str, days: Collection[date]) -> PlanTerms | None:
    """Whose tax pages of those days have where the month has no terms in their currency: of late
    pages, and of a plan that was taken away.

    The newest of the days' own. Where the plan was taken away on its first day nothing says any
    more which these were: then the newest of any plan.
    """
    if not days:
        return None
    known = PlanTerms.objects.filter(currency=currency, start__lte=max(days))
    for day in sorted(days, reverse=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounts_terms(%s, %s)", [tenant.pk, day])
            (of_the_day,) = cursor.fetchone()
        if found := known.filter(pk=of_the_day).first():
            return found
    return known.order_by("-start", "-pk").first()


def _statement(
    tenant: Tenant,
    month: date,
    currency: str,
    lines: list[Line],
    terms: PlanTerms | None,
    details: BillingDetails | None,
) -> Statement:
    charges = sum((line.amount for line in lines), ZERO)
    taken: list[CreditTaken] = []
    for credit in credits_left(tenant, currency):
        amount = min(credit.amount, charges - sum((each.amount for each in taken), ZERO))
        if amount > 0:
            taken.append(CreditTaken(credit.credit_id, amount, credit.reason))
    credit_lines = [
        Line(CREDIT, f"Credit: {each.reason}", Decimal(1), "", -each.amount, -each.amount)
        for each in taken
    ]
    net = charges - sum((each.amount for each in taken), ZERO)
    rate = terms.tax_rate if terms else ZERO
    if details is not None and details.tax_rate is not None:
        rate = details.tax_rate
    tax = tax_of(net, rate, currency)
    return Statement(
        month,
        currency,
        (*lines, *credit_lines),
        net,
        terms.tax_label if terms else "",
        rate,
        details.tax_note if details else "",
        tax,
        net + tax,
        tuple(taken),
    )
