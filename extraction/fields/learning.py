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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import log

from extraction.fields.candidates import Candidate, hits
from extraction.fields.definition import Field, Sighting
from extraction.fields.kinds import Writing
from extraction.fields.known_values import LEARNED, WORDS, known_values
from extraction.fields.parts import Sheet
from extraction.fields.ranking import value_key
from extraction.fields.surroundings import Places, Surroundings, place_of
from extraction.types import Box

# How often a text that is no value of the field has these by chance.
BY_CHANCE = {"left": 0.05, "above": 0.05, "place": 0.05, "shape": 0.15, "value": 0.02}
SAID = 0.001  # or says a name or an address
NOTHING = 0.4  # or nothing beside it
TOGETHER = 0.6  # the signs hang together: how far they count each by itself
SAME_WORDS = 0.7  # intersection over union of two candidates' boxes
FROM = 1.0  # the logarithm of odds of what learning alone leads to, before it is compared
NEAR_X, NEAR_Y = 0.06, 0.04  # of the page: so near is the same place


def shape_of(raw: str, kind: str) -> str:
    """How a value is written: 9 for digits, A and a for letters; runs in one but for an id's."""
    shape = "".join(
        "9" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.isalpha() else sign
        for sign in raw[:60]
    )
    return shape if kind == "id" else re.sub(r"(.)\1+", r"\1", shape)


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
            total += self._log_ratio(sum(near), alone, BY_CHANCE["place"])
        return TOGETHER * total

    def _ratio(self, name: str, text: str) -> float:
        met = self._met[name]
        alone = sum(count == 1 for count in met.values())
        usual = BY_CHANCE[name] if text else NOTHING
        if name == "value" and self._kind in WORDS:
            usual = SAID
        return self._log_ratio(met[text], alone, usual)

    def _log_ratio(self, count: int, alone: int, usual: float) -> float:
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
    field: Field,
    found: Sequence[Candidate],
    sheets: Sequence[Sheet],
    writing: Writing,
    usual: float,
) -> list[Candidate]:
    """The candidates of a field that has learned, and those it knows of, with their ``odds``.

    ``usual`` is the ranker's weight of a candidate of which nothing is known: what only learning
    leads to is weighed from ``FROM`` on instead.
    """
    experience, places = Experience(field), Places(sheets)
    meant = (_in_place_of(each, found) for each in known_values(field, sheets))
    known = [*_in_place(field, sheets, writing), *meant]
    have = {(each.page, each.box, value_key(each.value)) for each in found}
    new = [
        each if each.method != LEARNED else replace(each, odds=each.odds + FROM - usual)
        for each in known
        if (each.page, each.box, value_key(each.value)) not in have
    ]
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
            for each in hits(
                field.kind, part.words, part, sheet, writing, LEARNED, {}, pattern=field.pattern
            ):
                if any(_beside(place_of(sheet, each.box), place) for place in seen):
                    yield each
