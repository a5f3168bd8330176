"""Labels on a page: which words say what the value beside them is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import Indel

from extraction.fields.catalogue import CATALOGUE, OTHER_LABELS

LONGEST_LABEL = 6  # words
ALIKE = 0.88  # similarity from which a word run counts as a label misread
EXACT_BELOW = 5  # letters; shorter labels are never matched loosely
WEAK = 0.7  # how much a weak synonym says, beside 1 for a plain one


@dataclass(frozen=True, slots=True)
class Label:
    """A label found: the field it names ("" for another's), its words, and how surely."""

    field: str
    first: int
    last: int
    strength: float


def squeezed(text: str) -> str:
    """The text's letters and digits alone, small and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return re.sub(r"[\W_]", "", re.sub(r"[\u0300-\u036f]", "", plain.replace("#", "no")))


@cache
def _table() -> dict[str, tuple[str, float]]:
    """Every known label, squeezed -> (field, strength)."""
    table: dict[str, tuple[str, float]] = {squeezed(label): ("", 1.0) for label in OTHER_LABELS}
    for field in CATALOGUE:
        for label in field.weak:
            table.setdefault(squeezed(label), (field.name, WEAK))
        for label in field.synonyms:
            table[squeezed(label)] = (field.name, 1.0)
    return table


def labels_in(words: Sequence[str]) -> list[Label]:
    """The labels among the words of a line, longer ones first choice, none overlapping."""
    table = _table()
    loose = _loose()
    squeezed_words = [squeezed(word) for word in words]
    found: list[tuple[float, Label]] = []
    for first in range(len(words)):
        run = ""
        for last in range(first, min(first + LONGEST_LABEL, len(words))):
            run += squeezed_words[last]
            if not squeezed_words[last] or len(run) > 45:
                continue
            if run in table:
                field, strength = table[run]
                found.append((len(run), Label(field, first, last, strength)))
            elif len(run) >= EXACT_BELOW:
                near = process.extractOne(
                    run, loose, scorer=Indel.normalized_similarity, score_cutoff=ALIKE
                )
                if near:
                    field, strength = table[near[0]]
                    weight = len(near[0]) * near[1] - 1  # less than the same label read right
                    found.append((weight, Label(field, first, last, strength * near[1])))
    chosen: list[Label] = []
    for _, label in sorted(found, key=lambda item: (-item[0], -item[1].strength)):
        if all(label.last < other.first or label.first > other.last for other in chosen):
            chosen.append(label)
    return sorted(chosen, key=lambda label: label.first)


@cache
def _loose() -> list[str]:
    return [label for label in _table() if len(label) >= EXACT_BELOW]
