"""Documents whose fields a person confirmed, made into what a template's fields learn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from extraction.fields.candidates import hits
from extraction.fields.definition import Field, Sighting
from extraction.fields.known_values import LEARNED, WORDS, said_on
from extraction.fields.labels import squeezed
from extraction.fields.learning import shape_of
from extraction.fields.match import find
from extraction.fields.parts import Sheet, sheets_of
from extraction.fields.ranking import value_key
from extraction.fields.surroundings import Places, Surroundings
from extraction.fields.writing import writing_of
from extraction.types import Box, Page

MOST_SIGHTINGS = 20  # of a field, the newest
MOST_JUDGED = 20  # documents that are left out in turn, the newest


@dataclass(frozen=True, slots=True)
class Right:
    """A normal value that a person confirmed, with its box in points where that is known."""

    value: Any
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A document's pages and its right values by field; None for one that is not on it."""

    pages: Sequence[Page]
    right: Mapping[str, Right | None]


@dataclass(frozen=True, slots=True)
class Gain:
    """Of a field's confirmed values, how many are found right without and with what is learned."""

    values: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class _Occurrence:
    raw: str
    value: Any
    around: Surroundings


class Lessons:
    """What confirmed documents, the oldest first, teach the fields of a template."""

    def __init__(self, fields: Sequence[Field], documents: Sequence[Confirmed]) -> None:
        self._fields = tuple(replace(field, learned=()) for field in fields)
        self._documents = documents
        # by field, then by document: where its value stands
        self._seen: dict[str, list[list[_Occurrence]]] = {field.name: [] for field in fields}
        for document in documents:
            sheets = sheets_of(document.pages, self._fields)
            places = Places(sheets)
            for field in self._fields:
                right = document.right.get(field.name)
                self._seen[field.name].append(
                    _occurrences(field, document.pages, sheets, places, right) if right else []
                )

    def learned(self, without: int | None = None) -> tuple[Field, ...]:
        """The fields with what the documents teach, but for one of them by its index.

        What the fields had learned before is replaced. A value that does not stand on its document
        teaches nothing. Of one that stands in several places, that counts whose surroundings it
        has in most documents.
        """
        return tuple(
            replace(
                field,
                learned=_usual(
                    field,
                    [
                        occurrences
                        for index, occurrences in enumerate(self._seen[field.name])
                        if index != without
                    ],
                ),
            )
            for field in self._fields
        )

    def gains(self) -> dict[str, Gain]:
        """By field: each document read without anything learned, and by what the others teach.

        Of many documents only the newest are read.
        """
        told: dict[str, list[tuple[bool, bool]]] = {}
        for index in range(len(self._documents))[-MOST_JUDGED:]:
            document = self._documents[index]
            before = {v.name: v.value for v in find(document.pages, self._fields)}
            after = {v.name: v.value for v in find(document.pages, self.learned(index))}
            for field in self._fields:
                if field.name not in document.right or field.kind == "table":
                    continue
                right = document.right[field.name]
                told.setdefault(field.name, []).append(
                    (_same(before.get(field.name), right), _same(after.get(field.name), right))
                )
        return {
            name: Gain(len(each), sum(old for old, _ in each), sum(new for _, new in each))
            for name, each in told.items()
        }


def _same(value: Any, right: Right | None) -> bool:
    if value is None or right is None:
        return value is None and right is None
    return squeezed(value_key(value)) == squeezed(value_key(right.value))


def _usual(field: Field, per_document: Sequence[Sequence[_Occurrence]]) -> tuple[Sighting, ...]:
    """Of each document the occurrence whose left and upper text it shares with most others."""
    met: Counter[tuple[str, str]] = Counter()
    for occurrences in per_document:
        met.update({("left", one.around.left) for one in occurrences if one.around.left})
        met.update({("above", one.around.above) for one in occurrences if one.around.above})
    chosen = [
        max(
            occurrences,
            key=lambda one: met["left", one.around.left] + met["above", one.around.above],
        )
        for occurrences in per_document[-MOST_SIGHTINGS:]
        if occurrences
    ]
    return tuple(
        Sighting(
            json.dumps(best.value, ensure_ascii=False, sort_keys=True),
            shape_of(best.raw, field.kind),
            best.around.left,
            best.around.above,
            best.around.page,
            best.around.place,
        )
        for best in chosen
    )


def _occurrences(
    field: Field, pages: Sequence[Page], sheets: Sequence[Sheet], places: Places, right: Right
) -> list[_Occurrence]:
    """Where the document says the value."""
    value, key, writing = right.value, value_key(right.value), writing_of(pages)
    found = [
        each
        for sheet in sheets
        for part in sheet.parts
        for each in hits(
            field.kind, part.words, part, sheet, writing, LEARNED, {}, pattern=field.pattern
        )
        if value_key(each.value) == key
    ]
    if not found and field.kind in WORDS:
        found = [each for sheet in sheets for each in said_on(sheet, value)]
    if right.box is not None:
        there = [
            each for each in found if each.page == right.page and _overlap(each.box, right.box)
        ]
        found = there or found
    return [
        _Occurrence(each.raw, value, around)
        for each in found
        for around in [places.around(each.page, each.box)]
        if around
    ]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]
