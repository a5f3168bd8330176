"""What the rows of a table say of each other: products, and balances that follow from entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from extraction.fields.tabular.headings import AMOUNT, CENT, PRICE, QUANTITY

DEBIT, CREDIT, BALANCE = "debit", "credit", "balance"
MOST_NOTES = 20
COMPARED = 2  # balances at least that follow from one another

Row = Mapping[str, Any]


def checks_of(
    rows: Sequence[Row], opening: Decimal | None, closing: Decimal | None
) -> tuple[dict[str, bool], tuple[str, ...]]:
    """The checks of a table's rows, and a note for each row where one fails.

    "products": quantity times price is the amount in every row that has all three. "balance": each
    balance is the one before and what was booked; without a column of them, the ``closing``
    balance of the document is its ``opening`` one and all that was booked.
    """
    checks, wrong = {}, []
    products = _products(rows)
    if products:
        checks["products"] = all(products.values())
        wrong += [number for number, right in products.items() if not right]
    balances = _balances(rows, opening) or _closing(rows, opening, closing)
    if balances:
        checks["balance"] = all(balances.values())
        wrong += [number for number, right in balances.items() if number and not right]
    return checks, tuple(f"row_{number}_differs" for number in sorted(set(wrong))[:MOST_NOTES])


def _products(rows: Sequence[Row]) -> dict[int, bool]:
    """Of the rows, from 1, that have all three: whether quantity times price is the amount."""
    found = {}
    for number, row in enumerate(rows, 1):
        quantity, price, amount = (number_of(row.get(name)) for name in (QUANTITY, PRICE, AMOUNT))
        if quantity is not None and price is not None and amount is not None:
            found[number] = abs(quantity * price - amount) <= CENT
    return found


def _booked(row: Row) -> Decimal | None:
    """What a row adds to the balance; None where it has no amount."""
    debit, credit, amount = (number_of(row.get(name)) for name in (DEBIT, CREDIT, AMOUNT))
    if debit is None and credit is None:
        return amount
    return (credit or Decimal(0)) - abs(debit or Decimal(0))


def _balances(rows: Sequence[Row], opening: Decimal | None) -> dict[int, bool]:
    """Of each row, from 1, whose balance and the one before are known: whether it follows.

    Rows may go back in time, the newest first.
    """
    forward: dict[int, bool] = {}
    backward: dict[int, bool] = {}
    before, booked = opening, Decimal(0)
    for number, row in enumerate(rows, 1):
        balance, change = number_of(row.get(BALANCE)), _booked(row)
        booked += change or 0
        if balance is None:
            continue  # only the last entry of a day shows it
        if before is not None:
            forward[number] = abs(before + booked - balance) <= CENT
        before, booked = balance, Decimal(0)
    for number, (row, older) in enumerate(pairwise(rows), 1):
        newer, balance = number_of(row.get(BALANCE)), number_of(older.get(BALANCE))
        change = _booked(row)
        if newer is not None and balance is not None and change is not None:
            backward[number] = abs(balance + change - newer) <= CENT
    if len(backward) >= COMPARED and all(backward.values()):
        return backward
    return forward if len(forward) >= COMPARED else {}


def _closing(
    rows: Sequence[Row], opening: Decimal | None, closing: Decimal | None
) -> dict[int, bool]:
    """Whether the entries lead from the opening to the closing balance; under 0, of no row."""
    if opening is None or closing is None or any(BALANCE in row for row in rows):
        return {}
    booked = [change for row in rows for change in [_booked(row)] if change is not None]
    return {0: abs(opening + sum(booked, Decimal(0)) - closing) <= CENT} if booked else {}


def number_of(value: Any) -> Decimal | None:
    """The number in a normal form."""
    if isinstance(value, Mapping):
        value = value.get("amount", value.get("value"))
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
