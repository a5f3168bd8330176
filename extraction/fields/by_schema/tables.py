"""Arrays of objects from tables: columns told by their headings, a row an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from typing import Any

from rapidfuzz.distance import Indel

from extraction.fields import kinds
from extraction.fields.by_schema import words
from extraction.fields.by_schema.mapping import Wanted
from extraction.fields.by_schema.values import Written, forms
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Column
from extraction.fields.kinds import Writing
from extraction.fields.labels import ALIKE, EXACT_BELOW, LONGEST_LABEL, WEAK, labels_of, squeezed
from extraction.fields.tabular.items import SUMS
from extraction.formats import grid
from extraction.level import union
from extraction.types import Block, Cell, Citation, Page

MAX_ROWS = 2_000  # of one array
MAX_TABLES = 200  # of a document
MAX_COLUMNS = 60  # of a table
MAX_HEADING = 100  # characters
MAX_HEADINGS = 500  # different ones
SURE, ALMOST, PARTLY = 1.0, 0.9, 0.6  # what a heading says
ENOUGH = 0.5  # of an item's properties: so many must have a column


@dataclass(frozen=True, slots=True)
class Filled:
    """A value of a row with its citation."""

    written: Written
    citation: Citation


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row: by leaf (its pointer) the value, and the texts that were no value of it."""

    page: int
    number: int
    values: dict[str, Filled] = field(default_factory=dict)
    wrong: dict[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Match:
    """Which leaf each column is, by pointer; how well the headings fit, and their rows."""

    columns: Mapping[int, Wanted]
    score: float
    heading_rows: int

    @property
    def pointers(self) -> set[str]:
        return {each.leaf.pointer for each in self.columns.values()}


def rows(pages: Sequence[Page], leaves: Sequence[Wanted], writing: Writing) -> list[Row]:
    """The rows of the tables whose headings fit the leaves best; [] where none does.

    Tables with the same columns count as one, as over several pages.
    """
    headings = _Headings(leaves)
    matches: dict[str, _Match] = {}
    for _, block in _tables(pages):
        match = headings.match(block)
        if match is None and block.continues in matches:
            match = _Match(matches[block.continues].columns, 0.0, 0)
        if match is not None:
            matches[block.id] = match
    needed = max(min(2, len(leaves)), ceil(ENOUGH * len(leaves)))
    fitting = [match for match in matches.values() if len(match.columns) >= needed]
    if not fitting:
        return []
    best = max(fitting, key=lambda match: match.score).pointers
    found: list[Row] = []
    for page, block in _tables(pages):
        if block.id not in matches or matches[block.id].pointers != best:
            continue
        for row in _rows(page, block, matches[block.id], writing):
            if len(found) >= MAX_ROWS:
                return found
            if found and _goes_on(row, found[-1]):
                _append(row, found[-1])
            else:
                found.append(row)
    return found


def _tables(pages: Sequence[Page]) -> list[tuple[Page, Block]]:
    found = ((page, block) for page in pages for block in page.blocks if block.table is not None)
    return list(islice(found, MAX_TABLES))


def column(pages: Sequence[Page], leaf: Wanted, writing: Writing) -> list[Filled]:
    """All values of the column whose heading is the leaf's."""
    found = (row.values.get(leaf.leaf.pointer) for row in rows(pages, [leaf], writing))
    return [value for value in found if value is not None]


class _Headings:
    """What the headings of tables say about some leaves."""

    def __init__(self, leaves: Sequence[Wanted]) -> None:
        self._leaves = {each.leaf.pointer: each for each in leaves}
        self._labels = {
            pointer: tuple(dict.fromkeys((*each.labels, *_column_names(each))))
            for pointer, each in self._leaves.items()
        }
        self._known: dict[str, dict[str, float]] = {}

    def match(self, block: Block) -> _Match | None:
        """Which of the table's columns are which leaves; None where no heading says anything."""
        assert block.table is not None
        table = block.table
        marked = max((cell.row + cell.row_span for cell in table.cells if cell.header), default=0)
        heading_rows = min(max(marked, 1), table.rows)
        texts = [""] * min(table.columns, MAX_COLUMNS)
        for cell in table.cells:
            if cell.row < heading_rows:
                for index in range(cell.column, min(cell.column + cell.column_span, len(texts))):
                    texts[index] = f"{texts[index]} {cell.text}".strip()[:MAX_HEADING]
        said = [
            (-fit, index, pointer)
            for index, text in enumerate(texts)
            for pointer, fit in self._said(text).items()
        ]
        columns: dict[int, Wanted] = {}
        taken: set[str] = set()
        score = 0.0
        order = {pointer: place for place, pointer in enumerate(self._leaves)}
        for fit, index, pointer in sorted(said, key=lambda s: (s[0], order[s[2]], s[1])):
            if index not in columns and pointer not in taken:
                columns[index] = self._leaves[pointer]
                taken.add(pointer)
                score -= fit
        return _Match(columns, score, heading_rows) if columns else None

    def _said(self, heading: str) -> dict[str, float]:
        """How much a heading says that its column is a leaf's, by leaf."""
        if heading not in self._known:
            if not squeezed(heading) or len(self._known) >= MAX_HEADINGS:
                return {}
            fits = {pointer: _fit(heading, labels) for pointer, labels in self._labels.items()}
            self._known[heading] = {pointer: fit for pointer, fit in fits.items() if fit}
        return self._known[heading]


def _fit(heading: str, labels: Sequence[str]) -> float:
    said, told = squeezed(heading), set(words.words_of(heading))
    best = 0.0
    for label in labels:
        key = squeezed(label)
        if key == said:
            return SURE
        own = set(words.words_of(label))
        if words.alike(label, heading) or (
            len(key) >= EXACT_BELOW and Indel.normalized_similarity(key, said) >= ALIKE
        ):
            best = ALMOST
        elif own and told and (own <= told or told <= own):
            best = max(best, PARTLY * len(own & told) / len(own | told))
        elif any(words.alike(part, label) for part in heading.split()[:LONGEST_LABEL]):
            best = max(best, PARTLY / len(heading.split()))
    return best


def _column_names(wanted: Wanted) -> Iterator[str]:
    """Headings that the catalogue knows for the leaf."""
    for each in CATALOGUE:
        for known in each.columns:
            if _means(known, wanted):
                yield from known.synonyms


def _means(known: Column, wanted: Wanted) -> bool:
    names = {squeezed(known.name), squeezed(known.label)}
    return any(squeezed(label) in names for label in wanted.labels)


def _rows(page: Page, block: Block, match: _Match, writing: Writing) -> Iterator[Row]:
    assert block.table is not None
    heads = [cell.text for row in grid.rows(block.table)[: match.heading_rows] for cell in row]
    for index, cells in enumerate(grid.rows(block.table)):
        if index < match.heading_rows or _is_sum(cells):
            continue
        if heads and [cell.text for cell in cells] == heads[: len(cells)]:
            continue
        row = Row(page.number, index + 1)
        for cell in cells:
            wanted = match.columns.get(cell.column)
            if wanted is None or not cell.text.strip():
                continue
            written = next(_written(cell.text, wanted, writing), None)
            if written is None:
                row.wrong[wanted.leaf.pointer] = cell
            else:
                citation = Citation(
                    cell.text, page.number, cell.box, cell.confidence, "table", notes=written.notes
                )
                row.values[wanted.leaf.pointer] = Filled(written, citation)
        if row.values or row.wrong:
            yield row


def _written(text: str, wanted: Wanted, writing: Writing) -> Iterator[Written]:
    """The values that a cell's text can be."""
    choices = wanted.leaf.choices
    if choices:
        said = squeezed(text)
        yield from (Written(each) for each in choices if squeezed(str(each)) == said)
        return
    for each in wanted.fields:
        for hit in kinds.find(each.kind, text, writing) if each.kind not in ("text", "id") else ():
            yield from forms(wanted.leaf, text[hit.start : hit.end], hit.value, text)
    yield from forms(wanted.leaf, text, text, text)


def _is_sum(cells: Sequence[Cell]) -> bool:
    """Whether the row is a sum below the items: its first text is the label of an amount."""
    texts = [cell.text.split() for cell in cells if cell.text.strip()]
    if not texts or len(texts) > 3:
        return False
    (found,) = labels_of(CATALOGUE).in_lines([texts[0][:12]])
    money = {each.name for each in CATALOGUE if each.kind == "money"}
    # "Delivery" may be an item as well; "Total" is none
    sums = (each for each in found if each.field in SUMS or each.strength > WEAK)
    return any(each.field in money and each.first == 0 for each in sums)


def _goes_on(row: Row, above: Row) -> bool:
    """Whether the row only has more of a text of the row above."""
    if row.wrong or len(row.values) != 1 or len(above.values) < 2:
        return False
    ((pointer, more),) = row.values.items()
    first = above.values.get(pointer)
    text = first is not None and isinstance(first.written.value, str)
    return text and isinstance(more.written.value, str) and not _in_figures(more.citation.raw)


def _in_figures(text: str) -> bool:
    return sum(character.isdigit() for character in text) * 2 > len(text)


def _append(row: Row, above: Row) -> None:
    ((pointer, more),) = row.values.items()
    first = above.values[pointer]
    raw = f"{first.citation.raw} {more.citation.raw}"
    box = first.citation.box
    if box and more.citation.box and first.citation.page == more.citation.page:
        box = union([box, more.citation.box])
    value: Any = f"{first.written.value} {more.written.value}"
    citation = Citation(raw, first.citation.page, box, first.citation.confidence, "table")
    above.values[pointer] = Filled(Written(value), citation)
