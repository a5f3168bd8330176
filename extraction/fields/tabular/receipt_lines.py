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
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.kinds import Hit, Writing
from extraction.fields.kinds.numbers import plain_decimal, read_decimal
from extraction.fields.labels import labels_of
from extraction.fields.tabular.headings import AMOUNT, CENT, PRICE, QUANTITY, without_soft_hyphens
from extraction.fields.tabular.items import NO_ITEMS, Item
from extraction.fields.tabular.page_rows import level_rows
from extraction.level import Row, union
from extraction.types import FieldValue, Page

TOTALS = ("subtotal", "total_amount")
MOST_ROWS = 300  # of a receipt, and of lines above a total
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
    """A row of the receipt: what stands before its amount, and the amount, None without one."""

    text: str
    amount: Decimal | None
    sum: bool
    row: Row


def receipt_lines(
    field: Field, pages: Sequence[Page], writing: Writing, found: Sequence[FieldValue]
) -> FieldValue | None:
    """The lines above a total that add up to it; None where none do, or columns are unknown."""
    totals = [Decimal(v.value["amount"]) for name in TOTALS for v in found if v.name == name]
    if not totals or not {"description", AMOUNT} <= {column.name for column in field.columns}:
        return None
    for page in pages:
        lines = _lines(page, writing)
        place = next((p for total in totals for p in [_adding_up(lines, total)] if p), None)
        if place is None:
            continue
        items = _items(lines, *place)
        words = [p.word for line in lines[slice(*place)] for s in line.row for p in s.pieces]
        scored = [word.confidence for word in words if word.confidence is not None]
        read = sum(scored) / len(scored) if scored else 1.0
        return FieldValue(
            name=field.name,
            label=field.label,
            kind=field.kind,
            raw="\n".join(_text(line.row) for line in lines[slice(*place)]),
            value=items,
            page=page.number,
            box=union(word.box for word in words),
            confidence=round(SURE * read, 4),
            method="table",
            checks={"lines": True},
        )
    return None


def _lines(page: Page, writing: Writing) -> list[_Line]:
    rows = level_rows(page)[:MOST_ROWS]
    texts = [_text(row) for row in rows]
    amounts = [_amount(text, writing) for text in texts]
    # Only what stands before an amount can be the label of a sum.
    words = [text.split() if hit else [] for text, hit in zip(texts, amounts, strict=True)]
    labels = labels_of(CATALOGUE).in_lines(words, as_read=[page.confidence is not None] * len(rows))
    lines = []
    for row, text, hit, there in zip(rows, texts, amounts, labels, strict=True):
        named = any(label.field in NO_ITEMS and label.first == 0 for label in there)
        before = text[: hit.start].strip() if hit else text
        lines.append(_Line(before, Decimal(hit.value["amount"]) if hit else None, named, row))
    return lines


def _amount(text: str, writing: Writing) -> Hit | None:
    """The amount with cents at the end of the line, hardly anything behind it."""
    if not AT_THE_END.search(text):
        return None
    hits = kinds.find("money", text, writing)
    return hits[-1] if hits and len(text) - hits[-1].end <= BEHIND else None


def _text(row: Row) -> str:
    return without_soft_hyphens(" ".join(segment.text for segment in row))


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
