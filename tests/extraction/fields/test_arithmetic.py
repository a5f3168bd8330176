from __future__ import annotations

from decimal import Decimal

from extraction.fields import CATALOGUE, known
from extraction.fields.arithmetic import amounts_of
from extraction.fields.kinds.hit import UNKNOWN
from extraction.fields.match import find
from extraction.fields.parts import sheets_of
from extraction.types import Line, Page
from tests.extraction.test_level import line


def page(*lines: Line) -> Page:
    return Page(1, 600, 800, lines=lines)


def test_amounts_tell_what_was_paid_less_the_change() -> None:
    receipt = page(
        line("Total", 60, 100), line("60.30", 300, 100), line("Cash", 60, 114),
        line("70.30", 300, 114), line("Change", 60, 128), line("10.00", 300, 128),
    )  # fmt: skip
    amounts = amounts_of(sheets_of([receipt], CATALOGUE), UNKNOWN)
    assert amounts.paid == {Decimal("60.30")}
    assert amounts.largest == Decimal("60.30")


def test_amounts_tell_sums_of_the_rows_above() -> None:
    receipt = page(
        line("Tea 2.50", 60, 100), line("Cake 4.25", 60, 114), line("To pay 6.75", 60, 128)
    )
    assert amounts_of(sheets_of([receipt], CATALOGUE), UNKNOWN).items == {Decimal("6.75")}


def test_find_checks_net_and_tax_against_gross() -> None:
    right = page(
        line("Subtotal 100.00", 60, 500), line("VAT amount 20.00", 60, 514),
        line("Grand total 120.00", 60, 528),
    )  # fmt: skip
    wrong = page(
        line("Subtotal 100.00", 60, 500), line("VAT amount 20.00", 60, 514),
        line("Grand total 125.00", 60, 528),
    )  # fmt: skip
    names = ["subtotal", "tax_amount", "total_amount"]
    assert [value.checks.get("sum") for value in find([right], known(names))] == [True] * 3
    assert [value.checks.get("sum") for value in find([wrong], known(names))] == [False] * 3


def test_find_checks_a_total_against_what_was_paid() -> None:
    receipt = page(
        line("Total 60.30", 60, 100), line("Cash 70.30", 60, 114), line("Change 10.00", 60, 128)
    )
    (value,) = find([receipt], known(["total_amount"]))
    assert (value.value["amount"], value.checks) == ("60.30", {"paid": True})
