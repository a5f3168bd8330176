"""Lines of a receipt, which have no headings: those whose amounts add up to its total.

Only then are they given. What was bought stands left of its amount, or above "2 x 3.50".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from extraction.fields import kinds
from extraction.fields.definition import Field
from extraction.fields.kinds import Hit, Writing
from extraction.fields.kinds.numbers import plain_decimal, read_decimal
from extraction.fields.parts import Part, Sheet
from extraction.fields.tabular.headings import AMOUNT, CENT, PRICE, QUANTITY, without_soft_hyphens
from extraction.fields.tabular.items import NO_ITEMS, Item
from extraction.level import union
from extraction.types import FieldValue

TOTALS = ("subtotal", "total_amount")
MOST_PARTS = 800  # of a receipt that are looked at
SHORTEST = 3  # letters of a name of one word
SURE = 0.9  # that lines are right which add up
_NUMBER = r"\d{1,4}(?:[.,]\d{1,3})?"
BEHIND = 4  # characters that may stand behind an amount: a currency, a letter for the tax
AT_THE_END = re.compile(rf"[.,]\d{{2}}(?!\d).{{0,{2 * BEHIND}}}$")
TIMES = re.compile(
    rf"(?<![\w.,-])(?P<quantity>{_NUMBER})\s?(?:[^\W\d]{{1,3}}\.?\s)?[xX×*@]\s?"
    r"(?P<price>[^\w\s]?\s?\d[\d.,' ]*[.,]\d{2})(?!\d)"
)
COUNTED = re.compile(rf"(?P<quantity>{_NUMBER})\s?(?:[xX×*]\s?|\s(?=[^\W\d_]{{3}}))(?P<text>\S.*)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the receipt: what stands before its amount, and the amount, None without one.

    ``sum`` says that a label of a sum begins it.
    """

    text: str
    amount: Decimal | None
    sum: bool
    parts: tuple[Part, ...]


def receipt_lines(
    field: Field, sheets: Sequence[Sheet], writing: Writing, found: Sequence[FieldValue]
) -> FieldValue | None:
    """The lines above a total that add up to it; None where none do, or columns are unknown."""
    totals = [Decimal(v.value["amount"]) for name in TOTALS for v in found if v.name == name]
    if not totals or not {"description", AMOUNT} <= {column.name for column in field.columns}:
        return None
    for sheet in sheets:
        lines = _lines(sheet, writing)
        place = next((p for total in totals for p in [_adding_up(lines, total)] if p), None)
        if place is None:
            continue
        parts = [part for line in lines[slice(*place)] for part in line.parts]
        return FieldValue(
            name=field.name,
            label=field.label,
            kind=field.kind,
            raw="\n".join(_text(line.parts) for line in lines[slice(*place)]),
            value=_items(lines, *place),
            page=sheet.page.number,
            box=union(part.line.box for part in parts),
            confidence=round(SURE * _read(parts), 4),
            method="table",
            checks={"lines": True},
        )
    return None


def _read(parts: Sequence[Part]) -> float:
    """How surely the parts were read, 0 to 1; a PDF's own text is sure."""
    scored = [part.line.confidence for part in parts if part.line.confidence is not None]
    return sum(scored) / len(scored) if scored else 1.0


def _lines(sheet: Sheet, writing: Writing) -> list[_Line]:
    lines = []
    done: set[int] = set()
    for part in sheet.parts[:MOST_PARTS]:
        if part.index in done:
            continue
        row = [part, *(other for other in sheet.row(part) if other.index not in done)]
        row.sort(key=lambda one: one.box[0])
        done.update(one.index for one in row)
        text = _text(row)
        hit = _amount(text, writing)
        lines.append(
            _Line(
                text[: hit.start].strip() if hit else text,
                Decimal(hit.value["amount"]) if hit else None,
                any(label.field in NO_ITEMS and label.first == 0 for label in row[0].labels),
                tuple(row),
            )
        )
    return lines


def _text(parts: Sequence[Part]) -> str:
    return without_soft_hyphens(" ".join(part.text for part in parts))


def _amount(text: str, writing: Writing) -> Hit | None:
    """The amount with cents at the end of the line, hardly anything behind it."""
    if not AT_THE_END.search(text):
        return None
    hits = kinds.find("money", text, writing)
    return hits[-1] if hits and len(text) - hits[-1].end <= BEHIND else None


def _adding_up(lines: Sequence[_Line], total: Decimal) -> tuple[int, int] | None:
    """The lines, first and after the last, that stand above that total and add up to it."""
    for end, below in enumerate(lines):
        if below.amount != total or not below.sum:
            continue
        added = Decimal(0)
        last = None
        for start in range(end - 1, -1, -1):
            line = lines[start]
            if line.amount is None or line.sum:
                continue
            added += line.amount
            last = last or start + 1
            if abs(added - total) < CENT:
                return _first(lines, start), last
            if added > 2 * total:
                break
    return None


def _first(lines: Sequence[_Line], start: int) -> int:
    """The first line of the item whose amount stands at ``start``: its name may stand above."""
    while start:
        above = lines[start - 1]
        if not (_is_rest(lines[start].text) or COUNTED.fullmatch(above.text)):
            break
        if above.amount is not None or above.sum or not any(map(str.isalpha, above.text)):
            break
        start -= 1
    return start


def _is_rest(text: str) -> bool:
    """Whether a line is no name: how many at what price, or the last word of a name, a code."""
    words = TIMES.sub("", text).split()
    letters = sum(map(str.isalpha, "".join(words)))
    coded = any(map(str.isdigit, "".join(words)))
    return len(words) < 2 and (letters < SHORTEST or coded)


def _items(lines: Sequence[_Line], first: int, end: int) -> list[Item]:
    items: list[Item] = []
    above: list[str] = []
    for line in lines[first:end]:
        if line.sum:
            continue
        if line.amount is None:
            above += [line.text] if any(map(str.isalnum, line.text)) else []
            continue
        items.append(_item(" ".join([*above, line.text]).strip(), line.amount))
        above = []
    return items


def _item(text: str, amount: Decimal) -> dict[str, Any]:
    item: Item = {}
    if match := TIMES.search(text):
        quantity, price = (read_decimal(re.sub(r"[^\d.,]", "", match[k]))[0] for k in (1, 2))
        if abs(quantity * price - amount) <= CENT:
            item |= {QUANTITY: plain_decimal(quantity), PRICE: _money(price)}
            text = f"{text[: match.start()]} {text[match.end() :]}".strip()
    elif match := COUNTED.fullmatch(text):
        item[QUANTITY] = plain_decimal(read_decimal(match["quantity"])[0])
        text = match["text"]
    return ({"description": text} if text else {}) | item | {AMOUNT: _money(amount)}


def _money(amount: Decimal) -> dict[str, str | None]:
    return {"amount": f"{amount:.2f}", "currency": None}
