"""Table fields: the rows of the table whose headings are the field's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import permutations
from typing import Any

from rapidfuzz.distance import Indel

from extraction.fields import kinds
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Column, Field
from extraction.fields.kinds import Writing
from extraction.fields.kinds.numbers import read_decimal
from extraction.fields.labels import ALIKE, EXACT_BELOW, labels_of, squeezed
from extraction.types import Block, FieldValue, Page, Table

MOST_ROWS = 2000  # of one field
MOST_TABLES = 200  # looked at in a document
MOST_COLUMNS = 6  # of a table that is looked at for what adds up
LEAST_HEADINGS = 2
# The columns that multiply: what a price and a quantity make.
QUANTITY, PRICE, AMOUNT = "quantity", "unit_price", "amount"
CENT = Decimal("0.02")
SUMS = frozenset({"subtotal", "tax_amount", "total_amount"})

Rows = list[list[str]]
Roles = Mapping[int, Column]


def line_items(field: Field, pages: Sequence[Page], writing: Writing) -> FieldValue | None:
    """The rows of the document's best table for the field, and of those that continue it.

    ``value`` is a list of objects by the columns' names. The check "products" says whether quantity
    times price is the amount in every row that has all three; a note names each row where not.
    """
    tables = [(page, block) for page in pages for block in page.blocks if block.table][:MOST_TABLES]
    best: tuple[int, int] = (LEAST_HEADINGS - 1, 0)
    found: tuple[Page, Block, dict[int, Column], Rows] | None = None
    for page, block in tables:
        assert block.table is not None
        roles, body = _roles(field.columns, block.table)
        if (len(roles), len(body)) > best and body:
            best, found = (len(roles), len(body)), (page, block, roles, body)
    if found is None:
        return None
    page, block, roles, body = found
    last = block.id
    for _, other in tables:
        if other.continues == last and other.table and other.table.columns == len(body[0]):
            body, last = body + _texts(other.table)[_headings(other.table, 0) :], other.id
    rows = _rows(roles, body[:MOST_ROWS], writing)
    if not rows:
        return None
    wrong, compared = products(rows)
    whole = sum(any(_number(value) is not None for value in row.values()) for row in rows)
    return FieldValue(
        name=field.name,
        label=field.label,
        kind=field.kind,
        raw=block.text,
        value=rows,
        page=page.number,
        box=block.box,
        confidence=round(whole / len(rows) * min(len(roles) / 4, 1.0) * (block.confidence or 1), 4),
        method="table",
        checks={"products": not wrong} if compared else {},
        notes=tuple(f"row_{number}_differs" for number in wrong[:20]),
    )


def _texts(table: Table) -> Rows:
    """The table's texts by row and column; a spanned position has none."""
    grid = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        grid[cell.row][cell.column] = cell.text
    return grid


def _headings(table: Table, least: int) -> int:
    """How many rows at the top are headings, at least and at most 3."""
    rows = [cell.row for cell in table.cells if cell.header]
    return min(max((row + 1 for row in rows), default=least), 3)


def _roles(columns: Sequence[Column], table: Table) -> tuple[dict[int, Column], Rows]:
    """What each of the table's columns is, by its heading and by what multiplies; and its body."""
    grid = _texts(table)
    count = _headings(table, 1)
    roles: dict[int, Column] = {}
    likely = [
        (alike, index, column)
        for index in range(table.columns)
        for column in columns
        for alike in [_alike(" ".join(row[index] for row in grid[:count]), column)]
        if alike
    ]
    for _, index, column in sorted(likely, key=lambda one: -one[0]):
        if index not in roles and column not in roles.values():
            roles[index] = column
    body = grid[count:]
    if len(roles) >= LEAST_HEADINGS:
        roles |= _multiplying(columns, roles, body)
    return roles, body


def _alike(heading: str, column: Column) -> float:
    """How surely a heading means the column: 1 if it is one of its names, 0 if not."""
    plain = squeezed(heading)
    if not plain:
        return 0.0
    names = [squeezed(name) for name in (column.label, *column.synonyms)]
    if plain in names:
        return 1.0
    # "Amount (EUR)", "Price per unit": a name with more behind it.
    starts = [name for name in names if len(name) >= EXACT_BELOW and plain.startswith(name)]
    loose = max(
        (Indel.normalized_similarity(plain, name) for name in names if len(name) >= EXACT_BELOW),
        default=0.0,
    )
    starting = max((0.5 + 0.4 * len(name) / len(plain) for name in starts), default=0.0)
    return max(loose if loose >= ALIKE else 0.0, starting)


def _multiplying(columns: Sequence[Column], roles: Roles, body: Rows) -> dict[int, Column]:
    """Columns without a known heading that are quantity, price or amount by arithmetic."""
    by_name = {column.name: column for column in columns}
    if not {QUANTITY, PRICE, AMOUNT} <= set(by_name):
        return {}
    known = {column.name: index for index, column in roles.items()}
    numbers = [[_decimal(text) for text in row] for row in body[:50]]
    free = [
        index
        for index in range(len(body[0]) if body else 0)
        if index not in roles and any(row[index] is not None for row in numbers)
    ][:MOST_COLUMNS]
    missing = [name for name in (QUANTITY, PRICE, AMOUNT) if name not in known]
    if not missing:
        return {}
    for chosen in permutations(free, len(missing)):
        at = {**known, **dict(zip(missing, chosen, strict=True))}
        products = [
            abs(q * p - a) <= CENT
            for row in numbers
            for q, p, a in [(row[at[QUANTITY]], row[at[PRICE]], row[at[AMOUNT]])]
            if q is not None and p is not None and a is not None
        ]
        if len(products) >= 2 and all(products):
            return {at[name]: by_name[name] for name in missing}
    return {}


def _rows(roles: Roles, body: Rows, writing: Writing) -> list[dict[str, Any]]:
    """The items: rows of sums left out, rows of nothing but text added to the one before."""
    labels = labels_of(CATALOGUE).in_lines([" ".join(row).split() for row in body])
    rows: list[dict[str, Any]] = []
    for texts, found in zip(body, labels, strict=True):
        if any(label.field in SUMS and label.first == 0 for label in found):
            continue
        row = {
            column.name: _value(column, texts[index], writing) for index, column in roles.items()
        }
        row = {name: value for name, value in row.items() if value is not None}
        only = next(iter(row), "")
        if len(row) == 1 and isinstance(row[only], str) and rows and only in rows[-1]:
            rows[-1][only] = f"{rows[-1][only]} {row[only]}"
        elif row:
            rows.append(row)
    return rows


def _value(column: Column, text: str, writing: Writing) -> Any:
    """A cell's normal form; None where it has none of its kind."""
    if column.kind == "text":
        return text.strip() or None
    return next((hit.value for hit in kinds.find(column.kind, text, writing)), None)


def products(rows: Sequence[Mapping[str, Any]]) -> tuple[list[int], int]:
    """The rows, from 1, where quantity times price is not the amount; and how many have all."""
    wrong, compared = [], 0
    for number, row in enumerate(rows, 1):
        quantity, price, amount = (_number(row.get(name)) for name in (QUANTITY, PRICE, AMOUNT))
        if quantity is None or price is None or amount is None:
            continue
        compared += 1
        if abs(quantity * price - amount) > CENT:
            wrong.append(number)
    return wrong, compared


def _number(value: Any) -> Decimal | None:
    """The number in a normal form."""
    if isinstance(value, Mapping):
        value = value.get("amount", value.get("value"))
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _decimal(text: str) -> Decimal | None:
    """The number that a cell holds, with or without a currency."""
    digits = "".join(sign for sign in text if sign.isdigit() or sign in ".,'-")
    try:
        return read_decimal(digits)[0] if any(sign.isdigit() for sign in digits) else None
    except InvalidOperation:
        return None
