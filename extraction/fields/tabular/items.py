"""From lines under headings to items: what goes on from the line above, what is a sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from statistics import median
from typing import Any

from extraction.fields import kinds
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.kinds import Writing
from extraction.fields.labels import labels_of
from extraction.fields.tabular.grid import Grid
from extraction.fields.tabular.headings import Roles
from extraction.fields.tabular.short_dates import Calendar

SUMS = frozenset({"subtotal", "tax_amount", "total_amount"})
# Labels of what stands among the rows of some table and is none of them.
NO_ITEMS = SUMS | {
    "amount_due", "opening_balance", "closing_balance", "total_debits", "total_credits",
    "previous_balance", "gross_pay", "net_pay", "total_deductions",
}  # fmt: skip
BALANCES = frozenset({"opening_balance", "closing_balance", "previous_balance"})
# What an item has at least one of, of each set of which the table has a column.
NEEDED = (
    frozenset({"description", "item_number", "code", "marks"}),
    frozenset({"debit", "credit", "amount", "deduction", "quantity", "quantity_ordered",
               "quantity_delivered", "packages", "gross_weight", "measurement", "unit_price",
               "year_to_date"}),
)  # fmt: skip
TEXTS = frozenset({"text", "id"})
NEAR = 0.7  # times the text's height: a line that goes on with the one above is no further below
NEARER = 0.25  # times it: by so much nearer to the line below, it belongs to that
MOSTLY = 0.7  # of the descriptions
BESIDE = 1.5  # times it: so far from where the other descriptions begin stands a sum's label

Item = dict[str, Any]


def items_of(grid: Grid, roles: Roles, writing: Writing, calendar: Calendar) -> list[Item]:
    """The items: sums and balances left out, lines that go on with one added to it."""
    reader = _Reader(grid, roles, writing, calendar)
    return reader.items()


class _Reader:
    """One grid's rows, read from the top."""

    def __init__(self, grid: Grid, roles: Roles, writing: Writing, calendar: Calendar) -> None:
        self.grid = grid
        self.writing, self.calendar = writing, calendar
        self.columns = {roles[index].name: roles[index] for index in sorted(roles)}
        self.at = {column.name: index for index, column in roles.items()}
        self.rows = grid.rows
        self.texts = [
            {column.name: row.cells[i] for i, column in sorted(roles.items()) if row.cells[i]}
            for row in self.rows
        ]
        self.height = median(
            [r.bottom - r.top for r in self.rows if r.top is not None and r.bottom is not None]
            or [0.0]
        )
        counts = Counter(len(texts) for texts in self.texts if self._has_number(texts))
        self.usual = max(counts, key=lambda count: (counts[count] * count, count), default=0)
        self.named = self._named()
        self.left = self._left()

    def items(self) -> list[Item]:
        opened: list[dict[str, str]] = []
        ended = False
        for index, texts in enumerate(self.texts):
            if not texts:
                continue
            if self.named[index] or self._is_sum(index):
                ended = True
                continue
            if ended and not self._is_whole(index):
                continue
            if not ended and opened and self._goes_on(index, opened[-1]):
                for name, text in texts.items():
                    opened[-1][name] = f"{opened[-1].get(name, '')} {text}".strip()
                continue
            ended = False
            opened.append(dict(texts))
        rows = [self._values(texts) for texts in opened]
        return _dated([row for row in rows if row and self._is_item(row)])

    def _has_number(self, texts: Mapping[str, str]) -> bool:
        return any(
            self._value(name, text) is not None
            for name, text in texts.items()
            if self.columns[name].kind not in TEXTS
        )

    def _named(self) -> list[bool]:
        """Of each row whether a label says that it is a sum or a balance, not an item."""
        words = [[word for text in texts.values() for word in text.split()] for texts in self.texts]
        labels = labels_of(CATALOGUE).in_lines(words, as_read=[self.grid.read] * len(words))
        found = []
        for texts, there in zip(self.texts, labels, strict=True):
            starts = {0, *accumulate(len(text.split()) for text in texts.values())}
            fields = {label.field for label in there if label.first in starts} & NO_ITEMS
            # With a date it is an entry, unless it is that of a balance.
            dated = "date" in texts and self._value("date", texts["date"]) is not None
            less = len(texts) < self.usual or len(texts) <= 2
            found.append(bool(fields & BALANCES if dated else fields) and less)
        return found

    def _left(self) -> float | None:
        """Where descriptions begin, in points, if the rows above the first sum tell it."""
        column = self.at.get("description")
        if column is None:
            return None
        first = self.named.index(True) if True in self.named else len(self.rows)
        lefts = [
            left
            for row, texts in list(zip(self.rows, self.texts, strict=True))[:first]
            for left in [row.lefts[column]]
            if left is not None and len(texts) >= self.usual
        ]
        if not lefts:
            return None
        usual = median(lefts)
        near = sum(abs(left - usual) <= BESIDE * self.height for left in lefts)
        return usual if near > MOSTLY * len(lefts) else None

    def _is_sum(self, index: int) -> bool:
        """Whether the row has a number, but less than an item and its label elsewhere."""
        texts = self.texts[index]
        has_number = any(
            any(map(str.isdigit, text))
            for name, text in texts.items()
            if self.columns[name].kind not in TEXTS
        )
        return has_number and len(texts) < max(self.usual, 3) and self._stands_apart(index)

    def _is_whole(self, index: int) -> bool:
        """Whether the row is surely an item, though a sum stands above it."""
        return len(self.texts[index]) >= self.usual and not self._stands_apart(index)

    def _stands_apart(self, index: int) -> bool:
        """Whether the row's text begins elsewhere than the descriptions do."""
        if self.left is None:
            return False
        left = self.rows[index].lefts[self.at["description"]]
        return left is not None and abs(left - self.left) > BESIDE * self.height

    def _goes_on(self, index: int, item: Mapping[str, str]) -> bool:
        """Whether the row is one more line of that item."""
        texts = self.texts[index]
        for name, text in texts.items():
            if self.columns[name].kind in TEXTS or not any(map(str.isdigit, text)):
                continue
            before = item.get(name, "")
            if not before and not self._has_number(item):
                continue  # the numbers of a description above
            if not before or self._value(name, before) is not None:
                return False
        if len(texts) >= self.usual > 1 and len(texts) >= len(item) > 1:
            return False
        above = self._gap(index)
        below = self._gap(index + 1)
        if above is None:
            return True
        if above > NEAR * self.height and len(self.grid.rows) > 1:
            return False
        return below is None or below > above - NEARER * self.height

    def _gap(self, index: int) -> float | None:
        """The white above the row."""
        if not 0 < index < len(self.rows):
            return None
        above, below = self.rows[index - 1].bottom, self.rows[index].top
        return None if above is None or below is None else below - above

    def _values(self, texts: Mapping[str, str]) -> Item:
        values = {name: self._value(name, texts[name]) for name in self.columns if name in texts}
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, name: str, text: str) -> Any:
        """A cell's normal form; None where it has none of its kind."""
        kind = self.columns[name].kind
        if kind == "text":
            return text.strip() or None
        if kind == "id" and " " not in text.strip() and any(map(str.isdigit, text)):
            return text.strip()
        value = next((hit.value for hit in kinds.find(kind, text, self.writing)), None)
        return self.calendar.date_of(text) if value is None and kind == "date" else value

    def _is_item(self, row: Item) -> bool:
        return all(not needed & self.columns.keys() or needed & row.keys() for needed in NEEDED)


def _dated(rows: list[Item]) -> list[Item]:
    """Entries of one day, of which only the first is dated, with its date.

    Where all but the first or the last are dated, that is a balance.
    """
    bare = [index for index, row in enumerate(rows) if "date" not in row]
    if not bare or len(bare) == len(rows):
        return rows
    if len(bare) <= 2 and set(bare) <= {0, len(rows) - 1}:
        return [row for row in rows if "date" in row]
    dated: list[Item] = []
    for row in rows:
        if "date" not in row and dated:
            row = {"date": dated[-1]["date"], **row}
        dated.append(row)
    return dated[1:] if bare[0] == 0 else dated
