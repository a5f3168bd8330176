"""accounts/statements.py and the prices in the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.invoices import grant_credit
from accounts.models import (
    BillingDetails,
    Plan,
    PlanPrice,
    PlanTerms,
    QuotaUse,
    Subscription,
    Tenant,
    UsageRecord,
)
from accounts.money import rounded, shown
from accounts.statements import statements
from accounts.usage import Billed
from tests.accounts.billing import NOVEMBER, subscribe, terms, use
from tests.owner import Owner
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def lines(tenant: Tenant, month: date = NOVEMBER) -> list[tuple[str, str, str, str]]:
    """Kind, engine, quantity and amount of each line of the only statement."""
    (one,) = statements(tenant, month)
    return [(x.kind, x.engine, str(x.quantity), str(x.amount)) for x in one.lines]


def test_ledger_keeps_the_price_of_its_engine_and_day(acme: Organisation) -> None:
    subscribe(acme.tenant, terms(prices={"*": "0.01", "vlm": "0.05"}).plan, NOVEMBER)
    terms(start=date(2026, 11, 16), prices={"*": "0.02"})
    assert use(acme.tenant, 3, date(2026, 11, 15)) == Billed(3, 0, Decimal("0.010000"), "EUR")
    assert use(acme.tenant, 3, date(2026, 11, 15), engine="vlm") == Billed(
        3, 0, Decimal("0.050000"), "EUR"
    )
    assert use(acme.tenant, 3, date(2026, 11, 16), engine="vlm") == Billed(
        3, 0, Decimal("0.020000"), "EUR"
    )
    assert use(acme.tenant, 3, date(2026, 10, 31)) == Billed(3, 0, Decimal(0), "")
    assert lines(acme.tenant) == [
        ("pages", "auto", "3", "0.03"), ("pages", "vlm", "3", "0.06"),
        ("pages", "vlm", "3", "0.15"),
    ]  # fmt: skip


def test_no_plan_and_a_plan_without_terms_charge_nothing(acme: Organisation) -> None:
    assert use(acme.tenant, 3, NOVEMBER) == Billed(3, 0, Decimal(0), "")
    subscribe(acme.tenant, Plan.objects.create(name="small", title="Small"), NOVEMBER)
    assert use(acme.tenant, 3, NOVEMBER) == Billed(3, 0, Decimal(0), "")
    assert statements(acme.tenant, NOVEMBER) == []


def test_included_pages_are_the_months_first_ones(acme: Organisation) -> None:
    made = terms(
        prices={"*": "0.05", "vlm": "0.5"}, uncovered=("vlm",), included_pages=10,
        overage_price="0.02", base_fee="9.99",
    )  # fmt: skip
    subscribe(acme.tenant, made.plan, date(2026, 10, 1))
    job = uuid4()
    billed = [
        use(acme.tenant, 8, NOVEMBER, job_id=job),
        use(acme.tenant, 4, date(2026, 11, 2), engine="vlm"),
        use(acme.tenant, 8, NOVEMBER, job_id=job),  # again: nothing
        use(acme.tenant, 11, date(2026, 11, 3), job_id=job, run=1),
        use(acme.tenant, 5, date(2026, 11, 4), cached=True),
        use(acme.tenant, 5, date(2026, 11, 5)),
    ]
    assert [(b.pages, b.included) if b else None for b in billed] == [
        (8, 8), (4, 0), None, (3, 2), (0, 0), (5, 0),
    ]  # fmt: skip
    assert [b.millionths for b in billed if b] == [0, 2_000_000, 20_000, 0, 100_000]
    assert QuotaUse.objects.get(period="included:2026-11").used == 10
    assert lines(acme.tenant) == [
        ("base_fee", "", "30", "9.99"), ("pages", "auto", "6", "0.12"),
        ("pages", "vlm", "4", "2.00"),
    ]  # fmt: skip


def test_base_fee_and_included_pages_are_by_days(
    acme: Organisation, stranger: Organisation
) -> None:
    small = terms("small", base_fee="10", included_pages=100).plan
    large = terms("large", base_fee="100", included_pages=1000).plan
    subscribe(acme.tenant, small, date(2026, 11, 4))
    subscribe(acme.tenant, large, date(2026, 11, 21))
    assert lines(acme.tenant) == [("base_fee", "", "17", "5.67"), ("base_fee", "", "10", "33.33")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT allowance FROM accounts_price(%s, 'auto', '2026-11-30')", [acme.tenant.pk]
        )
        assert cursor.fetchone() == (390,)  # 17 x 100 / 30 + 10 x 1000 / 30, rounded up
    assert statements(stranger.tenant, NOVEMBER) == []
    (december,) = statements(acme.tenant, date(2026, 12, 1))
    assert [line.text for line in december.lines] == ["Large: base fee"]


def test_lines_are_rounded_halves_up_to_the_currencys_units(acme: Organisation) -> None:
    assert rounded(Decimal("0.125"), "EUR") == Decimal("0.13")
    assert rounded(Decimal("-0.125"), "EUR") == Decimal("-0.13")
    assert str(rounded(Decimal("12.5"), "JPY")) == "13"
    assert str(rounded(Decimal("1.2345"), "KWD")) == "1.235"
    assert shown(Decimal("1234.5"), "EUR") == "1,234.50 EUR"
    assert shown(Decimal("0.000001"), "EUR") == "0.000001 EUR"
    assert shown(Decimal("1234"), "JPY") == "1,234 JPY"
    made = terms(currency="JPY", prices={"*": "0.5"}, tax_rate="10", tax_label="JCT")
    subscribe(acme.tenant, made.plan, NOVEMBER)
    use(acme.tenant, 25, NOVEMBER)
    (one,) = statements(acme.tenant, NOVEMBER)
    assert [str(x) for x in (one.net, one.tax, one.total)] == ["13", "1", "14"]


def test_credits_come_off_before_tax_and_never_below_nothing(acme: Organisation) -> None:
    subscribe(acme.tenant, terms(prices={"*": "1"}, tax_rate="19", tax_label="VAT").plan, NOVEMBER)
    use(acme.tenant, 10, NOVEMBER)
    grant_credit(acme.tenant, amount=Decimal(4), currency="EUR", reason="sorry", actor="op")
    grant_credit(acme.tenant, amount=Decimal(7), currency="EUR", reason="gift", actor="op")
    grant_credit(acme.tenant, amount=Decimal(7), currency="USD", reason="other", actor="op")
    (one,) = statements(acme.tenant, NOVEMBER)
    assert [(str(x.amount), x.kind) for x in one.lines] == [
        ("10.00", "pages"), ("-4.0000", "credit"), ("-6.0000", "credit"),
    ]  # fmt: skip
    assert (one.net, one.tax, one.total, one.charges) == (0, 0, 0, 10)


def test_customers_own_tax_rate_goes_before_the_plans(acme: Organisation) -> None:
    subscribe(acme.tenant, terms(prices={"*": "1"}, tax_rate="19", tax_label="VAT").plan, NOVEMBER)
    use(acme.tenant, 10, NOVEMBER)
    assert statements(acme.tenant, NOVEMBER)[0].tax == Decimal("1.90")
    BillingDetails.objects.create(
        tenant=acme.tenant, name="A", address="B", country="FR", tax_rate=0,
        tax_note="Reverse charge",
    )  # fmt: skip
    (one,) = statements(acme.tenant, NOVEMBER)
    assert (one.tax, one.total, one.tax_note) == (0, 10, "Reverse charge")


def test_each_change_of_plan_is_kept_with_its_day(acme: Organisation) -> None:
    plans = [terms(name).plan for name in ("a", "b")]
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plans[0])
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plans[1], name="Other")
    held = Subscription.objects.for_tenant(acme.tenant).get()  # of one day the last one counts
    assert held.plan == plans[1]
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=None)
    assert Subscription.objects.for_tenant(acme.tenant).get().plan is None
    assert Tenant.objects.create(name="N", slug="n", plan=plans[0])
    assert Subscription.objects.count() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_planterms SET base_fee = 1",
        "DELETE FROM accounts_planterms",
        "UPDATE accounts_planprice SET price = 1",
        "DELETE FROM accounts_planprice",
    ],
)
def test_terms_that_have_held_for_a_day_are_never_changed(statement: str) -> None:
    made = terms(prices={"*": "0.01"})
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("DELETE FROM accounts_planterms", "SELECT 1"))  # today
        terms("other", prices={"*": "0.01"})
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        Owner().execute("ALTER TABLE accounts_planterms DISABLE TRIGGER USER")
        cursor.execute("UPDATE accounts_planterms SET created_at = '2026-01-01'")
        Owner().execute("ALTER TABLE accounts_planterms ENABLE TRIGGER USER")
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            cursor.execute(statement)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        PlanPrice.objects.create(terms=made, engine="vlm", price=1)
    assert PlanTerms.objects.filter(pk=made.pk).exists()


def test_sums_are_those_of_the_ledger_at_each_commit(acme: Organisation) -> None:
    from accounts.closing import check
    from accounts.models import UsageSum

    subscribe(acme.tenant, terms(prices={"*": "0.01"}, included_pages=5).plan, NOVEMBER)
    use(acme.tenant, 4, NOVEMBER)
    use(acme.tenant, 4, NOVEMBER)
    use(acme.tenant, 0, NOVEMBER, outcome="failed")
    use(acme.tenant, 9, NOVEMBER, cached=True)
    use(acme.tenant, 4, date(2026, 11, 2), engine="vlm")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    kept = UsageSum.objects.values_list(
        "day", "engine", "rows", "calls", "pages", "included", "cached", "failed", "cost"
    ).order_by("day")
    assert list(kept) == [
        (NOVEMBER, "auto", 4, 4, 8, 5, 1, 1, Decimal("0.03")),
        (date(2026, 11, 2), "vlm", 1, 1, 4, 0, 0, 0, Decimal("0.04")),
    ]
    assert check().wrong_sums == 0
    UsageSum.objects.filter(engine="vlm").update(pages=5)
    assert check().wrong_sums == 1
    assert UsageRecord.objects.count() == 5
