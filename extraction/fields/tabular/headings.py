"""What the columns of a table are: told by their headings, by what stands in them, by products."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import permutations

from rapidfuzz import process
from rapidfuzz.distance import Indel

from extraction.fields.definition import Column
from extraction.fields.kinds.numbers import read_decimal
from extraction.fields.labels import ALIKE, EXACT_BELOW, squeezed

MOST_COLUMNS = 6  # of a table that is looked at for what adds up
LOOKED_AT = 50  # rows by which is told what a column holds
LONGEST_HEADING = 120  # characters
MOST_MET = 2000  # headings whose meaning is remembered
PART = 0.95  # how surely one of two headings in one, as in "Menge / Quantity", means the column
# The columns that multiply: what a price and a quantity make.
QUANTITY, PRICE, AMOUNT = "quantity", "unit_price", "amount"
ORDERED, DELIVERED = "quantity_ordered", "quantity_delivered"
CENT = Decimal("0.02")
PARTS = re.compile(r"\s*[/|;()\[\]]\s*|\s+[-–]\s+")
NUMERIC = frozenset({"number", "money", "percent"})

Roles = Mapping[int, Column]


@lru_cache(maxsize=64)  # a caller may bring fields of their own
def names_of(columns: tuple[Column, ...]) -> Names:
    """The names of those columns, made ready once."""
    return Names(columns)


class Names:
    """The headings that a table field's columns go by."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self._exact: dict[str, list[Column]] = {}
        for column in columns:
            for name in {squeezed(name) for name in (column.label, *column.synonyms)}:
                self._exact.setdefault(name, []).append(column)
        self._first = {
            squeezed(name.split()[0])
            for column in columns
            for name in (column.label, *column.synonyms)
        }
        self._long = [
            (name, column)
            for name, meant in self._exact.items()
            for column in meant
            if len(name) >= EXACT_BELOW
        ]
        self._names = [name for name, _ in self._long]
        self._met: dict[str, dict[str, float]] = {}

    def whole(self, heading: str) -> bool:
        """Whether the heading is just a column's name."""
        return squeezed(heading) in self._exact

    def begins(self, text: str) -> bool:
        """Whether the text may be a heading or the first line of one; quickly told."""
        if len(text) > LONGEST_HEADING:
            return False
        return bool(self.exactly(text)) or squeezed(text.split()[0]) in self._first

    def words_in(self, text: str) -> list[str]:
        """The words of the text that headings begin with."""
        return [word for word in text.split() if squeezed(word) in self._first]

    def exactly(self, heading: str) -> dict[str, float]:
        """The columns, by name, that the heading or one of its parts is a name of."""
        if meant := self._exact.get(squeezed(heading)):
            return {column.name: 1.0 for column in meant}
        parts = PARTS.split(heading)
        if len(parts) < 2:
            return {}
        return {
            column.name: PART + min(len(part), 40) / 1000  # the longer the more it says
            for part in sorted(parts, key=len)
            if part
            for column in self._exact.get(squeezed(part), ())
        }

    def numeric(self, heading: str) -> bool:
        """Whether numbers stand below the heading, as its very name tells."""
        meant = self._exact.get(squeezed(heading), ())
        return bool(meant) and all(column.kind in NUMERIC for column in meant)

    def alike(self, heading: str) -> dict[str, float]:
        """How surely the heading means which columns, by name: 1 where it is the very name."""
        if exact := self.exactly(heading):
            return exact
        plain = squeezed(heading)
        if plain not in self._met:
            if len(self._met) >= MOST_MET:
                self._met.clear()
            self._met[plain] = self._loosely(plain)
        return dict(self._met[plain])

    def _loosely(self, plain: str) -> dict[str, float]:
        found: dict[str, float] = {}
        near = process.extract(
            plain, self._names, scorer=Indel.normalized_similarity, score_cutoff=ALIKE, limit=None
        )
        # "Amount (EUR)", "Price per unit": a name with more behind it.
        starting = (
            (index, 0.5 + 0.4 * len(name) / len(plain))
            for index, name in enumerate(self._names)
            if plain.startswith(name)
        )
        for index, sure in (*((index, score) for _, score, index in near), *starting):
            column = self._long[index][1]
            found[column.name] = max(sure, found.get(column.name, 0.0))
        return found

    def known(self, headings: Sequence[str], *, loose: bool = False) -> tuple[int, float]:
        """How many different columns the headings mean, each one of them, and how surely in all."""
        taken: set[str] = set()
        sure = 0.0
        for heading in headings:
            meant = self.alike(heading) if loose else self.exactly(heading)
            free = sorted(meant.keys() - taken, key=lambda name: (-meant[name], name))
            for name in free[:1]:
                taken.add(name)
                sure += meant[name]
        return len(taken), round(sure, 4)


def roles_of(
    columns: tuple[Column, ...], headings: Sequence[str], body: Sequence[Sequence[str]]
) -> dict[int, Column]:
    """What each column is; ``body`` are the rows below the headings, a text a column.

    Where a heading may mean several columns, as "Item", what stands below it decides.
    """
    names = names_of(columns)
    by_name = {column.name: column for column in columns}
    rows = body[:LOOKED_AT]
    likely = [
        (alike * (1 + _fits(column.kind, [row[index] for row in rows])), index, column)
        for index, heading in enumerate(headings)
        if heading
        for meant in [names.alike(heading)]
        for name, alike in meant.items()
        for column in [by_name[name]]
    ]
    roles: dict[int, Column] = {}
    order = {column.name: place for place, column in enumerate(columns)}
    for _, index, column in sorted(likely, key=lambda one: (-one[0], one[1], order[one[2].name])):
        if index not in roles and column not in roles.values():
            roles[index] = column
    return roles | _delivered(by_name, roles)


def _fits(kind: str, texts: Sequence[str]) -> float:
    """The share of a column's texts that may be of that kind."""
    filled = [text for text in texts if text]
    if not filled:
        return 0.0
    if kind in NUMERIC:
        right = sum(_decimal(text) is not None and len(text.split()) < 4 for text in filled)
    elif kind == "date":
        right = sum(any(map(str.isdigit, text)) for text in filled)
    elif kind == "id":
        right = sum(any(map(str.isdigit, text)) and len(text.split()) < 3 for text in filled)
    else:
        right = sum(sum(map(str.isalpha, text)) > 1 for text in filled)
    return right / len(filled)


def _delivered(by_name: Mapping[str, Column], roles: Roles) -> dict[int, Column]:
    """The plain quantity beside that ordered: what was delivered."""
    at = {column.name: index for index, column in roles.items()}
    if ORDERED in at and QUANTITY in at and DELIVERED in by_name and DELIVERED not in at:
        return {at[QUANTITY]: by_name[DELIVERED]}
    return {}


def multiplying(
    columns: Sequence[Column], roles: Roles, body: Sequence[Sequence[str]]
) -> dict[int, Column]:
    """Columns without a known heading that are quantity, price or amount by arithmetic."""
    by_name = {column.name: column for column in columns}
    if not {QUANTITY, PRICE, AMOUNT} <= set(by_name):
        return {}
    known = {column.name: index for index, column in roles.items()}
    numbers = [[_decimal(text) for text in row] for row in body[:LOOKED_AT]]
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


def _decimal(text: str) -> Decimal | None:
    """The number that a cell holds, with or without a currency."""
    digits = "".join(sign for sign in text if sign.isdigit() or sign in ".,'-")
    try:
        return read_decimal(digits)[0] if any(sign.isdigit() for sign in digits) else None
    except InvalidOperation:
        return None


def without_soft_hyphens(text: str) -> str:
    """Some fonts name their hyphen so: a minus before an amount, a hyphen in a number."""
    return text.replace("\u00ad", "-")
