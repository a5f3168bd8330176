"""A table field's value: the rows of the tables that fit its columns best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from extraction.fields.definition import Field
from extraction.fields.kinds import Writing
from extraction.fields.labels import squeezed
from extraction.fields.parts import Sheet
from extraction.fields.tabular.checks import checks_of, number_of
from extraction.fields.tabular.grid import LEAST_KNOWN, Grid, of_blocks
from extraction.fields.tabular.headed import of_words
from extraction.fields.tabular.headings import AMOUNT, CENT, multiplying, roles_of
from extraction.fields.tabular.items import Item, items_of
from extraction.fields.tabular.receipt_lines import TOTALS, receipt_lines
from extraction.fields.tabular.short_dates import Calendar
from extraction.types import FieldValue

MOST_ROWS = 2000  # of one field
ENOUGH = 4  # columns: fewer make it less sure
HEADED = 4  # columns known by their headings: so many say more than lines that add up
OPENING, CLOSING = "opening_balance", "closing_balance"


@dataclass(frozen=True, slots=True)
class _Reading:
    """A grid with its items. ``known`` is how many of its headings are the field's columns.

    ``lost`` is how many texts stand in columns without a heading.
    """

    grid: Grid
    known: int
    items: Sequence[Item] = ()
    lost: int = 0

    @property
    def score(self) -> tuple[int, int, bool]:
        filled = sum(len(item) for item in self.items)
        return self.known, filled - self.lost, self.grid.source is not None


def rows_of_field(
    field: Field, sheets: Sequence[Sheet], writing: Writing, found: Sequence[FieldValue] = ()
) -> FieldValue | None:
    """The rows of the document's best table for the field, and of others with the same headings.

    ``value`` is a list of objects by the columns' names. Tables are those found on the pages, and
    what stands below known headings where none was. ``found`` are values of other fields: their
    dates tell years that are not written, the balances are for a check.
    """
    pages = [sheet.page for sheet in sheets]
    days = [value.value for value in found if value.kind == "date"]
    calendar = Calendar(pages, days, writing)
    grids = [*of_blocks(field.columns, pages), *of_words(field.columns, pages)]
    readings = [_reading(field, grid, writing, calendar) for grid in grids]
    best = max((each for each in readings if each.items), key=lambda r: r.score, default=None)
    if best is None or (best.known < HEADED and not _adds_up(best.items, found)):
        lines = receipt_lines(field, sheets, writing, found)
        if lines or best is None:
            return lines
    head = [squeezed(heading) for heading in best.grid.headings]
    alike = [
        each
        for each in readings
        if (each.grid.source is None) == (best.grid.source is None)
        and each.known == best.known
        and [squeezed(heading) for heading in each.grid.headings] == head
    ]
    rows = [item for each in alike for item in each.items][:MOST_ROWS]
    whole = sum(any(number_of(value) is not None for value in row.values()) for row in rows)
    sure = whole / len(rows) * min(best.known / ENOUGH, 1.0) * (best.grid.confidence or 1)
    checks, notes = checks_of(rows, _amount(found, OPENING), _amount(found, CLOSING))
    return FieldValue(
        name=field.name,
        label=field.label,
        kind=field.kind,
        raw="\n".join(each.grid.text for each in alike),
        value=rows,
        page=best.grid.page,
        box=best.grid.box,
        confidence=round(sure, 4),
        method="table",
        checks=checks,
        notes=notes,
    )


def _reading(field: Field, grid: Grid, writing: Writing, calendar: Calendar) -> _Reading:
    body = [row.cells for row in grid.rows]
    roles = roles_of(field.columns, grid.headings, body)
    known = len(roles)
    if known < LEAST_KNOWN:
        return _Reading(grid, known)
    roles |= multiplying(field.columns, roles, body)
    bare = [index for index, heading in enumerate(grid.headings) if not heading]
    lost = sum(bool(row[index]) for row in body for index in bare if index not in roles)
    return _Reading(grid, known, items_of(grid, roles, writing, calendar), lost)


def _adds_up(items: Sequence[Item], found: Sequence[FieldValue]) -> bool:
    """Whether the amounts of the items make one of the document's totals."""
    amounts = [number_of(item[AMOUNT]) or Decimal(0) for item in items if AMOUNT in item]
    totals = [_amount(found, name) for name in TOTALS]
    return any(total is not None and abs(sum(amounts) - total) <= CENT for total in totals)


def _amount(found: Sequence[FieldValue], name: str) -> Decimal | None:
    value: Mapping[str, Any] | None = next((v.value for v in found if v.name == name), None)
    return number_of(value) if value else None
