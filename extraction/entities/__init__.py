"""Values that show by themselves what they are, on a page without a template, with their places.

Dates, amounts, e-mail and web addresses, telephone numbers, IBANs and tax numbers, by the kinds of
``fields.kinds`` and in their normal forms; ``believed`` says which of what these find is one.
Rather none than a wrong one. The work grows with the number of lines; a page has at most
``MOST``, from the first ``MOST_CHARACTERS`` of its text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from extraction.entities.believed import (
    KINDS,
    Found,
    Surroundings,
    found,
    over_a_break,
)
from extraction.entities.stretches import Stretch, over_breaks, stretches
from extraction.fields.kinds import Writing
from extraction.fields.parts import reading
from extraction.fields.writing import writing_of
from extraction.laid_out import laid_out, placeless
from extraction.level import union
from extraction.types import Box, Entity, Page

__all__ = ["KINDS", "MOST", "entities_of", "retold"]

MOST = 500  # entities of a page
MOST_CHARACTERS = 50_000  # of a page: ten times a full one

# Headings of columns of quantities and rates.
_QUANTITY = re.compile(
    r"^(?!.*(?:pri|pre|cena|harga|amount|betrag)).*(?:\b(?:"
    r"qty|quantity|quant|menge|anzahl|stück|hours?|hrs|std|stunden|(?:tax|vat) rate|weight|gewicht|"
    r"quantité|qté|cantidad|cant|quantità|qtà|q\.tà|aantal|aant|ilość|kuantiti|quantidade|units?|"
    r"einheit|ordered|delivered|despatched|shipped)(?!\w)|%)",
    re.IGNORECASE,
)
LONGEST_HEADING = 24  # characters
COLUMN = 400.0  # points: how far down what stands below a heading is in its column
OVER = 6.0  # points that a column may be wider than its heading
MOST_COLUMNS = 200  # and cells of such columns

_DIGIT = re.compile(r"\d")
_TOLD = dataclasses.fields(Writing)


def entities_of(page: Page, writing: Writing | None = None) -> tuple[Entity, ...]:
    """The page's entities, in the order of its lines.

    ``writing`` is how its document writes values, told by the page itself where not given.
    """
    unplaced = placeless(page)
    (page,) = laid_out([page])
    if not page.lines:
        return ()
    writing = writing or writing_of([page])
    texts = list(_first(stretches(page)))
    quantities = _quantities(page, texts)
    values: list[tuple[int, Stretch, Found]] = []
    for stretch in texts:
        around = Surroundings(writing, _is_within(stretch.words[0].box, quantities))
        values += [(stretch.line, stretch, each) for each in found(stretch, around)]
        if len(values) >= MOST:
            break
    if len(values) < MOST:
        values += _broken(page, values, writing)
        values.sort(key=lambda item: item[0])
    return tuple(_entity(stretch, each, unplaced) for _, stretch, each in values[:MOST])


def retold(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages, with entities found by what the whole document tells where one page does not.

    The order of day and month, the decimal mark, the currency and the country may stand on another
    page. What a page tells itself counts before that.
    """
    told = [page for page in pages if page.entities is not None]
    if len(told) < 2:
        return tuple(pages)
    whole = writing_of(laid_out(told))
    return tuple(
        page if page.entities is None else _retold(page, page.entities, whole) for page in pages
    )


def _retold(page: Page, entities: tuple[Entity, ...], whole: Writing) -> Page:
    laid = laid_out([page])
    if not any(map(_DIGIT.search, (line.text for line in laid[0].lines))):
        return page  # nothing that another page could tell more of
    own = writing_of(laid)
    completed = Writing(
        *(getattr(whole if getattr(own, each.name) is None else own, each.name) for each in _TOLD)
    )
    if completed == own:
        return page
    again = entities_of(page, completed)
    return page if again == entities else replace(page, entities=again)


def _broken(
    page: Page, values: Sequence[tuple[int, Stretch, Found]], writing: Writing
) -> list[tuple[int, Stretch, Found]]:
    """Values over the end of a line, of whose words none belongs to another."""
    used = {
        id(word)
        for _, stretch, each in values
        for word in stretch.covered(each.hit.start, each.hit.end)
    }
    broken = []
    for stretch in _first(over_breaks(page)):
        for each in over_a_break(stretch, Surroundings(writing)):
            words = stretch.covered(each.hit.start, each.hit.end)
            if used.isdisjoint(map(id, words)):
                broken.append((stretch.line, stretch, each))
    return broken


def _first(texts: Iterable[Stretch]) -> Iterator[Stretch]:
    """As many as have ``MOST_CHARACTERS``."""
    left = MOST_CHARACTERS
    for stretch in texts:
        left -= len(stretch.text) + 1
        if left < 0:
            return
        yield stretch


def _entity(stretch: Stretch, each: Found, unplaced: bool) -> Entity:
    hit = each.hit
    words = stretch.covered(hit.start, hit.end)
    measured = any(word.confidence is not None for word in words)
    placed = stretch.placed and not unplaced
    return Entity(
        kind=each.kind,
        raw=stretch.text[hit.start : hit.end],
        value=hit.value,
        box=union(word.box for word in words) if placed else None,
        confidence=round(reading(words), 4) if measured and not unplaced else None,
        checks=hit.checks,
        notes=hit.notes,
    )


def _quantities(page: Page, texts: Sequence[Stretch]) -> list[Box]:
    """Where columns below headings stand that speak of quantities and rates."""
    boxes = []
    for each in texts:
        if len(each.text) <= LONGEST_HEADING and _QUANTITY.search(each.text):
            left, _, right, bottom = union(word.box for word in each.words)
            boxes.append((left - OVER, bottom, right + OVER, bottom + COLUMN))
    for block in page.blocks:
        if block.table is None:
            continue
        cells = block.table.cells
        columns = {
            cell.column
            for cell in cells
            if cell.row == 0 and _QUANTITY.search(cell.text[:LONGEST_HEADING])
        }
        boxes += [cell.box for cell in cells if cell.box and cell.row and cell.column in columns]
    return boxes[:MOST_COLUMNS]


def _is_within(box: Box, boxes: Sequence[Box]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(each[0] <= x <= each[2] and each[1] <= y <= each[3] for each in boxes)
