"""A table of a review as it is edited, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extraction.fields.definition import Column, Field
from extraction.fields.tabular.headings import AMOUNT, PRICE, QUANTITY
from extraction.types import FieldValue
from jobs import review_words

USUAL_COLUMNS = ("description", QUANTITY, PRICE, AMOUNT)  # shown also where they are empty


@dataclass(frozen=True, slots=True)
class Cell:
    column: Column
    text: str


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of a table; ``id`` is its place in the value as it stands, or "new" and a number."""

    id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table to be edited; ``hidden`` columns have nothing in any row."""

    columns: tuple[Column, ...]
    rows: tuple[GridRow, ...]
    hidden: int

    @property
    def order(self) -> str:
        """The rows' ids, as forms have them."""
        return ",".join(row.id for row in self.rows)


def grid_of(
    field: Field, value: FieldValue | None, *, all_columns: bool, order: Sequence[str] = (),
    sent: Mapping[tuple[str, str], str] | None = None,
) -> Grid:  # fmt: skip
    """The table to be edited, with one empty row at least; or as it was ``sent``, cell by cell."""
    given = list(value.value or []) if value else []
    used = {name for row in given for name in row}
    known = list(field.columns)
    known += [Column(name, name, "text") for name in sorted(used - {c.name for c in known})]
    usual = set(USUAL_COLUMNS) if len(used) < 2 else used
    columns = [each for each in known if all_columns or each.name in used | usual] or known
    ids = list(order) or [*(str(at) for at in range(len(given))), *([] if given else ["new1"])]
    rows = []
    for each in ids:
        old = given[int(each)] if each.isdecimal() and int(each) < len(given) else {}
        cells = []
        for column in columns:
            text = review_words.shown_value(old.get(column.name))
            cells.append(Cell(column, (sent or {}).get((each, column.name), text)))
        rows.append(GridRow(each, tuple(cells)))
    return Grid(tuple(columns), tuple(rows), len(known) - len(columns))
