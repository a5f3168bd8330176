"""What a document's amounts say of each other: net + tax = gross, paid - change = total."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from extraction.fields.candidates import Candidate, Signs, hits, with_signs
from extraction.fields.kinds import Writing
from extraction.fields.parts import Part, Sheet
from extraction.types import FieldValue

CENTS = Decimal("0.05")  # what rounding to the next coin may change
MOST_AMOUNTS = 300  # looked at in a document, the last ones
MOST_EACH = 25  # different amounts of one field that are combined with others
MOST_ITEMS = 120  # rows summed up above a total
SHEETS = 6  # pages whose amounts are looked at, the first and the last ones

NET, TAX, GROSS = "subtotal", "tax_amount", "total_amount"
# A word that may be of another language's is one all the same: only what adds up counts.
PAID = re.compile(
    r"(?<!\w)(?:cash|tender(?:ed)?|paid|payment|received|tunai|bar|gegeben|espèces|efectivo|"
    r"contanti|contant|gotówka|visa|master(?:card)?|card|amount given|deposit|bayar(?:an)?)(?!\w)",
    re.IGNORECASE,
)
CHANGE = re.compile(
    r"(?<!\w)(?:change|baki|rückgeld|rendu|cambio|resto|wisselgeld|reszta|balance)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts with cents on a document's rows, from the top down, and what adds up to some.

    ``each`` are candidates of a total by position; ``paid`` the differences of what was paid and
    the change given; ``items`` the sums of rows one below the other that stand above that sum.
    """

    each: tuple[Candidate, ...]
    count: Counter[Decimal]
    paid: frozenset[Decimal]
    items: frozenset[Decimal]
    largest: Decimal | None


NO_AMOUNTS = Amounts((), Counter(), frozenset(), frozenset(), None)


def amounts_of(sheets: Sequence[Sheet], writing: Writing) -> Amounts:
    """The amounts on the first and last pages."""
    chosen = [*sheets[: SHEETS // 2], *sheets[SHEETS // 2 :][-SHEETS // 2 :]]
    found = [each for sheet in chosen for each in _rightmost(sheet, writing)][-MOST_AMOUNTS:]
    values = [amount(candidate) for _, candidate in found]
    given = {v for (part, _), v in zip(found, values, strict=True) if PAID.search(part)}
    change = {v for (part, _), v in zip(found, values, strict=True) if CHANGE.search(part)}
    paid = {one - other for one in _few(given) for other in _few(change) if one > other}
    return Amounts(
        each=tuple(candidate for _, candidate in found),
        count=Counter(values),
        paid=frozenset(paid),
        items=frozenset(_sums_above(values)),
        largest=max(
            (v for (part, _), v in zip(found, values, strict=True) if not PAID.search(part)),
            default=None,
        ),
    )


def amount(candidate: Candidate) -> Decimal:
    """The number of an amount of money."""
    return Decimal(candidate.value["amount"])


def _few(values: set[Decimal]) -> list[Decimal]:
    return sorted(values)[-MOST_EACH:]


def _rightmost(sheet: Sheet, writing: Writing) -> Iterator[tuple[str, Candidate]]:
    """The last amount with cents of each line, and the text of its row."""
    for part in sheet.parts[-MOST_AMOUNTS:]:
        if not part.has_digit:
            continue
        found = list(hits("money", part.words, part, sheet, writing, "position", {"place": 1.0}))
        if found and re.search(r"[.,]\d{2}\W*$", found[-1].raw):
            row = [*sheet.row(part), part]
            text = " ".join(other.text for other in row)
            yield text, with_signs(found[-1], **_row_says(row, part))


def _row_says(row: Sequence[Part], part: Part) -> Signs:
    labels = [label for other in row for label in other.labels]
    text = " ".join(other.text for other in row)
    return {
        "row_gross": float(any(label.field == GROSS for label in labels)),
        "row_other": float(any(label.field not in (GROSS, "") for label in labels)),
        "row_paid": float(PAID.search(text) is not None),
        "row_change": float(CHANGE.search(text) is not None),
        "row_alone": float(len(row) == 1 and len(part.words) <= 2),
    }


def _sums_above(values: Sequence[Decimal]) -> Iterator[Decimal]:
    """Amounts that are the sum of at least two before them without a gap."""
    for index, value in enumerate(values):
        total = Decimal(0)
        for steps, item in enumerate(values[max(index - MOST_ITEMS, 0) : index][::-1]):
            total += item
            if steps and total == value:
                yield value
                break


def weighed(
    found: Mapping[str, Sequence[Candidate]], amounts: Amounts
) -> dict[str, list[Candidate]]:
    """The candidates of net, tax and gross with what the arithmetic says for them."""
    each = {name: {amount(c) for c in found.get(name, ())} for name in (NET, TAX, GROSS)}
    triples = [
        (net, tax, gross)
        for net, tax in product(_few(each[NET]), _few(each[TAX]))
        for gross in _few(each[GROSS])
        if tax > 0 and net > 0 and abs(net + tax - gross) <= CENTS
    ]
    consistent = {
        name: {triple[i] for triple in triples} for i, name in enumerate((NET, TAX, GROSS))
    }
    labelled = [c for c in found.get(GROSS, ()) if "strong" in c.signs or "weak" in c.signs]
    last = max(labelled, key=lambda c: (c.page, c.depth), default=None)
    strong = max(
        (c for c in labelled if "strong" in c.signs), key=lambda c: (c.page, c.depth), default=None
    )
    top = max((amount(c) for c in labelled), default=None)
    signs = {}
    for name in (NET, TAX, GROSS):
        signs[name] = [
            with_signs(
                c,
                sums=float(amount(c) in consistent[name]),
                paid=float(amount(c) in amounts.paid),
                items=float(amount(c) in amounts.items),
                repeated=float(min(amounts.count[amount(c)], 3)),
                largest=float(amount(c) == amounts.largest),
                largest_labelled=float(amount(c) == top),
                last=float(c is last),
                last_strong=float(c is strong),
                not_positive=float(amount(c) <= 0),
                cents=float(re.search(r"[.,]\d{2}\W*$", c.raw) is not None),
                currency=float(c.value["currency"] is not None),
            )
            for c in found.get(name, ())
        ]
    return signs


def checked(values: Sequence[FieldValue], amounts: Amounts) -> list[FieldValue]:
    """The values with what their arithmetic says: ``sum`` of net and tax, ``paid``, ``lines``."""
    by_name = {value.name: value for value in values}
    number = {
        name: Decimal(by_name[name].value["amount"])
        for name in (NET, TAX, GROSS)
        if name in by_name
    }
    checks: dict[str, dict[str, bool]] = {name: {} for name in number}
    if len(number) == 3:
        right = abs(number[NET] + number[TAX] - number[GROSS]) <= CENTS
        for name in number:
            checks[name]["sum"] = right
    if number.get(GROSS) in amounts.paid:
        checks[GROSS]["paid"] = True
    for name in (NET, GROSS):
        if number.get(name) in amounts.items:
            checks[name]["lines"] = True
    return [
        replace(value, checks={**value.checks, **checks[value.name]})
        if checks.get(value.name)
        else value
        for value in values
    ]
