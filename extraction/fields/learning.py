"""What confirmed documents of a template teach: where, beside what and how its values stand.

Each confirmed value leaves a ``Sighting``. On the next document every candidate is compared with
them: how often did a value have this label, this place, this shape, this very value? The answers
are likelihood ratios that add up as logarithms (naive Bayes); what was not seen before gets the
share that was seen once only (Good and Turing 1953), so that a field whose values all differ does
not mind a new one, and one that was always the same does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

from extraction.fields.candidates import Candidate, hits
from extraction.fields.definition import Field, Sighting
from extraction.fields.kinds import Writing
from extraction.fields.known_values import LEARNED, WORDS, known_values, said_on
from extraction.fields.parts import Sheet, sheets_of
from extraction.fields.ranking import value_key
from extraction.fields.surroundings import Places, Surroundings, place_of
from extraction.fields.writing import writing_of
from extraction.types import Box, Page

MOST_SIGHTINGS = 20  # of a field, the newest
# How often a text that is no value of the field has these by chance.
BY_CHANCE = {"left": 0.05, "above": 0.05, "place": 0.05, "shape": 0.15, "value": 0.02}
SAID = 0.001  # or says a name or an address
NOTHING = 0.4  # or nothing beside it
TOGETHER = 0.6  # the signs hang together: how far they count each by itself
SAME_WORDS = 0.7  # intersection over union of two candidates' boxes
NEAR_X, NEAR_Y = 0.06, 0.04  # of the page: so near is the same place


def shape_of(raw: str, kind: str) -> str:
    """How a value is written: 9 for digits, A and a for letters; runs in one but for an id's."""
    shape = "".join(
        "9" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.isalpha() else sign
        for sign in raw[:60]
    )
    return shape if kind == "id" else re.sub(r"(.)\1+", r"\1", shape)


def encoded(value: Any) -> str:
    """A normal value as kept in a sighting."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Right:
    """A normal value that a person confirmed, with its box in points where that is known."""

    value: Any
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A document whose values a person confirmed: its lines, its writing, the values by name."""

    sheets: Sequence[Sheet]
    writing: Writing
    right: Mapping[str, Right]


@dataclass(frozen=True, slots=True)
class _Occurrence:
    raw: str
    value: Any
    around: Surroundings


class Experience:
    """What was seen of a field, ready to be compared with candidates on the next document."""

    def __init__(self, field: Field) -> None:
        self._seen = field.learned
        self._count = len(field.learned)
        self._kind = field.kind
        texts: dict[str, Callable[[Sighting], str]] = {
            "left": lambda seen: seen.left,
            "above": lambda seen: seen.above,
            "shape": lambda seen: seen.shape,
            "value": lambda seen: value_key(json.loads(seen.value)),
        }
        self._met = {name: Counter(map(text, self._seen)) for name, text in texts.items()}

    def odds(self, each: Candidate, around: Surroundings | None) -> float:
        """How much likelier the candidate is the value for what was seen, as a logarithm."""
        told = {"value": value_key(each.value)}
        if self._kind not in WORDS:
            told["shape"] = shape_of(each.raw, self._kind)
        if around:
            told |= {"left": around.left, "above": around.above}
        total = sum(self._ratio(name, text) for name, text in told.items())
        if around:
            near = [self._near(around, seen) for seen in self._seen]
            alone = sum(
                not any(_close(one, other) for other in self._seen if other is not one)
                for one in self._seen
            )
            total += self._log_ratio("place", sum(near), alone, BY_CHANCE["place"])
        return TOGETHER * total

    def _ratio(self, name: str, text: str) -> float:
        met = self._met[name]
        alone = sum(count == 1 for count in met.values())
        usual = BY_CHANCE[name] if text else NOTHING
        if name == "value" and self._kind in WORDS:
            usual = SAID
        return self._log_ratio(name, met[text], alone, usual)

    def _log_ratio(self, name: str, count: int, alone: int, usual: float) -> float:
        if not count:
            return log((alone + 0.5) / (self._count + 1))
        return log(count / (self._count + 1) / usual)

    @staticmethod
    def _near(around: Surroundings, seen: Sighting) -> bool:
        return around.page == seen.page and _beside(around.place, seen.place)


def _close(one: Sighting, other: Sighting) -> bool:
    return one.page == other.page and _beside(one.place, other.place)


def _beside(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < NEAR_X and abs(one[1] - other[1]) < NEAR_Y


def experienced(
    field: Field, found: Sequence[Candidate], sheets: Sequence[Sheet], writing: Writing
) -> list[Candidate]:
    """The candidates of a field that has learned, and those it knows of, with their ``odds``."""
    experience, places = Experience(field), Places(sheets)
    meant = (_in_place_of(each, found) for each in known_values(field, sheets))
    known = [*_in_place(field, sheets, writing), *meant]
    have = {(each.page, each.box, value_key(each.value)) for each in found}
    new = [each for each in known if (each.page, each.box, value_key(each.value)) not in have]
    return [
        replace(each, odds=each.odds + experience.odds(each, places.around(each.page, each.box)))
        for each in (*found, *new)
    ]


def _in_place_of(known: Candidate, found: Sequence[Candidate]) -> Candidate:
    """The known value with what speaks for the same words as they were read."""
    for each in found:
        if each.page == known.page and _common(each.box, known.box) > SAME_WORDS:
            return replace(known, signs=each.signs, method=each.method, odds=each.odds)
    return known


def _common(one: Box, other: Box) -> float:
    """Area in common by area of both (intersection over union)."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / (areas - wide * high)


def _in_place(field: Field, sheets: Sequence[Sheet], writing: Writing) -> Iterator[Candidate]:
    """Values of the field's kind where its values stood before."""
    for sheet in sheets:
        seen = [one.place for one in field.learned if one.page == sheet.page.number]
        for part in sheet.parts if seen else ():
            for each in hits(field.kind, part.words, part, sheet, writing, LEARNED, {}):
                if any(_beside(place_of(sheet, each.box), place) for place in seen):
                    yield each


def sightings(
    fields: Sequence[Field], documents: Sequence[Confirmed]
) -> dict[str, tuple[Sighting, ...]]:
    """How the confirmed values of each field stood on the documents, by the field's name.

    A value that does not stand on its document is left out. Where it stands in several places,
    the one counts whose surroundings it has in most documents. The newest documents come last.
    """
    each_places = [Places(document.sheets) for document in documents]
    return {
        field.name: _usual(
            field,
            [
                _occurrences(field, document, document.right[field.name], places)
                for document, places in zip(documents, each_places, strict=True)
                if field.name in document.right
            ],
        )
        for field in fields
        if field.kind != "table"
    }


def _usual(field: Field, per_document: Sequence[Sequence[_Occurrence]]) -> tuple[Sighting, ...]:
    """Of each document the occurrence whose left and upper text it shares with most others."""
    met: Counter[tuple[str, str]] = Counter()
    for occurrences in per_document:
        met.update({("left", one.around.left) for one in occurrences if one.around.left})
        met.update({("above", one.around.above) for one in occurrences if one.around.above})
    chosen = []
    for occurrences in per_document:
        if occurrences:
            best = max(
                occurrences,
                key=lambda one: met["left", one.around.left] + met["above", one.around.above],
            )
            chosen.append(
                Sighting(
                    encoded(best.value),
                    shape_of(best.raw, field.kind),
                    best.around.left,
                    best.around.above,
                    best.around.page,
                    best.around.place,
                )
            )
    return tuple(chosen[-MOST_SIGHTINGS:])


def _occurrences(
    field: Field, document: Confirmed, right: Right, places: Places
) -> list[_Occurrence]:
    """Where the document says the value."""
    value, key = right.value, value_key(right.value)
    found = [
        each
        for sheet in document.sheets
        for part in sheet.parts
        for each in hits(
            field.kind,
            part.words,
            part,
            sheet,
            document.writing,
            LEARNED,
            {},
            pattern=field.pattern,
        )
        if value_key(each.value) == key
    ]
    if not found and field.kind in WORDS:
        found = [each for sheet in document.sheets for each in said_on(sheet, value)]
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


def learned(
    fields: Sequence[Field],
    documents: Sequence[tuple[Sequence[Page], Mapping[str, Right]]],
) -> tuple[Field, ...]:
    """The fields with what those documents teach: pages, and their confirmed values by name.

    What the fields had learned before is replaced. The newest documents come last.
    """
    plain = tuple(replace(field, learned=()) for field in fields)
    confirmed = [
        Confirmed(sheets_of(pages, plain), writing_of(pages), right) for pages, right in documents
    ]
    seen = sightings(plain, confirmed)
    return tuple(replace(field, learned=seen.get(field.name, ())) for field in plain)
