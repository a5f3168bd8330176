"""Organisations with prices, and a ledger of some month, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from accounts.models import Invoice, Plan, PlanPrice, PlanTerms, Subscription, Tenant
from accounts.statements import Line, as_json
from accounts.usage import Billed, bill_run

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def terms(
    name: str = "pro",
    start: date = date(2026, 1, 1),
    prices: dict[str, str] | None = None,
    uncovered: tuple[str, ...] = (),
    **fields: Any,
) -> PlanTerms:
    """The plan's terms from a day on; its plan made where there is none."""
    plan, _ = Plan.objects.get_or_create(name=name, defaults={"title": name.title()})
    made = PlanTerms.objects.create(
        plan=plan,
        start=start,
        **{
            "currency": "EUR",
            **{k: Decimal(v) if isinstance(v, str) and k != "currency" and k != "tax_label" else v
               for k, v in fields.items()},
        },
    )  # fmt: skip
    for engine, price in (prices or {}).items():
        PlanPrice.objects.create(
            terms=made, engine=engine, price=Decimal(price), covered=engine not in uncovered
        )
    return made


def subscribe(tenant: Tenant, plan: Plan | None, start: date) -> None:
    """The organisation has had the plan since that day."""
    Tenant.objects.filter(pk=tenant.pk).update(plan=plan)
    tenant.plan = plan
    Subscription.objects.for_tenant(tenant).filter(changed_at__date=datetime.now(UTC)).exclude(
        start__lt=datetime.now(UTC).date()
    ).delete()
    Subscription.objects.create(tenant=tenant, plan=plan, start=start)


def use(
    tenant: Tenant,
    pages: int,
    day: date,
    *,
    engine: str = "auto",
    job_id: UUID | None = None,
    **fields: Any,
) -> Billed | None:
    """A job of that day has ended."""
    return bill_run(
        tenant=tenant,
        job_id=job_id or uuid4(),
        engine=engine,
        pages=pages,
        compute_seconds=1.0,
        outcome=fields.pop("outcome", "succeeded"),
        day=day,
        submitted_at=datetime.combine(day, time(12), UTC),
        **fields,
    )


def make_invoice(tenant: Tenant, **fields: Any) -> Invoice:
    """An invoice that no closing made."""
    line = Line(
        "pages", "Pages read by auto", Decimal(10), "pages", Decimal("0.1"), Decimal(1), "auto"
    )
    customer = {"name": tenant.name, "address": "", "country": "", "tax_id": "", "reference": ""}
    row: dict[str, Any] = {
        "number": f"T-{tenant.slug}",
        "series": f"T{tenant.slug}",
        "year": 2026,
        "sequence": 1,
        "month": OCTOBER,
        "issued_at": datetime(2026, 11, 1, 3, tzinfo=UTC),
        "currency": "EUR",
        "lines": as_json([line]),
        "net": Decimal(1),
        "tax_label": "VAT",
        "tax_rate": Decimal(19),
        "tax": Decimal("0.19"),
        "total": Decimal("1.19"),
        "issuer": {"name": "OCR Ltd", "address": "1 Road", "tax_id": "DE1", "note": ""},
        "customer": customer,
    }
    return Invoice.objects.create(tenant=tenant, **row | fields)


def record_usage(**run: Any) -> int | None:
    """As ``bill_run``; the pages that it bills."""
    billed = bill_run(**run)
    return billed.pages if billed else None
