"""Labels on a page: which words say what the value beside them is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

from extraction.fields.catalogue import CATALOGUE, OTHER_LABELS
from extraction.fields.definition import Field

LONGEST_LABEL = 6  # words
ALIKE = 0.88  # similarity from which a word run counts as a label misread
EXACT_BELOW = 5  # letters; shorter labels are never matched loosely
BATCH = 20_000  # runs compared at once
WEAK = 0.7  # how much a weak synonym says, beside 1 for a plain one


@dataclass(frozen=True, slots=True)
class Label:
    """A label found: a field it names ("" for something else), its words, and how surely.

    One that may name several fields comes once for each, with the same words.
    """

    field: str
    first: int
    last: int
    strength: float


def squeezed(text: str) -> str:
    """The text's letters and digits alone, small and without accents."""
    if text.isascii() and text.isalnum():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return re.sub(r"[\W_]", "", re.sub(r"[\u0300-\u036f]", "", plain.replace("#", "no")))


@lru_cache(maxsize=64)  # a caller may bring fields of their own
def labels_of(fields: tuple[Field, ...]) -> Labels:
    """The labels of those fields and the plain ones of the catalogue's others, made ready once.

    A label of a field that nobody looks for still says what stands behind it: a value behind
    "Delivery date" is no date of issue. A word that only may mean such a field says nothing.
    """
    names = {field.name for field in fields}
    others = (replace(field, weak=()) for field in CATALOGUE if field.name not in names)
    return Labels((*fields, *others))


class Labels:
    """The labels that a set of fields goes by, and those that mean something else."""

    def __init__(self, fields: Sequence[Field]) -> None:
        # Every known label, squeezed -> how surely it names which field.
        table: dict[str, dict[str, float]] = {}
        for field in fields:
            for strength, labels in (
                (WEAK, field.weak),
                (1.0, (*field.synonyms, *field.learned_labels)),
            ):
                for label in labels:
                    table.setdefault(squeezed(label), {})[field.name] = strength
        for label in OTHER_LABELS:
            table.setdefault(squeezed(label), {"": 1.0})
        self._table = table
        self._beginnings = {label[:end] for label in table for end in range(len(label) + 1)}
        self._alike_long: dict[int, list[str]] = {}  # by a run's letters, made when first asked for
        # The letters of the longest run that can be a label.
        self._longest = int(max(map(len, table)) * (2 - ALIKE) / ALIKE)

    def in_lines(
        self, lines: Sequence[Sequence[str]], *, as_read: Sequence[bool] | None = None
    ) -> list[list[Label]]:
        """The labels in each line, given by its words: longer ones first choice, none overlapping.

        ``as_read`` says of each line whether it was read from a picture: only such lines may have
        letters wrong, and are compared loosely too. All are where it is not given.

        All lines of a document at once: comparing their words with every label is most of the work,
        and much less of it where it is done for all in one go.
        """
        plain: dict[str, str] = {}
        for word in chain.from_iterable(lines):
            if word not in plain:
                plain[word] = squeezed(word)
        unsure = [
            (self._runs(line, [plain[word] for word in line], loose=read), read)
            for line, read in zip(lines, as_read or [True] * len(lines), strict=True)
        ]
        near = self._nearest(
            {run for line, read in unsure if read for run, _, _ in line if run not in self._table}
        )
        return [self._chosen(line, near if read else {}) for line, read in unsure]

    def _runs(
        self, line: Sequence[str], words: Sequence[str], *, loose: bool
    ) -> list[tuple[str, int, int]]:
        """The runs of squeezed words that may be labels: joined, with their first and last word.

        A colon in ``line``, the words as they stand, ends a run. ``loose`` where letters may be
        wrong; else only labels themselves are given.
        """
        longest, table = self._longest, self._table
        found = []
        for first in range(len(words)):
            run = ""
            for last in range(first, min(first + LONGEST_LABEL, len(words))):
                word = words[last]
                run += word
                if len(run) > longest or not (loose or run in self._beginnings):
                    break
                if word and (run in table or (loose and len(run) >= EXACT_BELOW)):
                    found.append((run, first, last))
                if line[last].endswith(":"):
                    break
        return found

    def _chosen(
        self, runs: Sequence[tuple[str, int, int]], near: Mapping[str, tuple[str, float]]
    ) -> list[Label]:
        table = self._table
        found = []
        for run, first, last in runs:
            label, alike = (run, 1.0) if run in table else near.get(run, ("", 0.0))
            if label:
                meant = [
                    Label(field, first, last, strength * alike)
                    for field, strength in table[label].items()
                ]
                # one misread weighs less than the same label read right
                weight = len(label) * alike - (run != label)
                found.append((weight, max(each.strength for each in meant), meant))
        chosen: list[Label] = []
        for _, _, meant in sorted(found, key=lambda item: (-item[0], -item[1])):
            first, last = meant[0].first, meant[0].last
            if all(last < other.first or first > other.last for other in chosen):
                chosen += meant
        return sorted(chosen, key=lambda label: label.first)

    def _nearest(self, runs: Iterable[str]) -> dict[str, tuple[str, float]]:
        """The label most like each run, and how much, for the runs that are ``ALIKE`` to one.

        Strings that much alike differ little in length, so runs are compared with the labels of
        about their length only, thousands at once; the few that are near any are then looked at by
        themselves.
        """
        by_length: dict[int, list[str]] = {}
        for run in runs:
            by_length.setdefault(len(run), []).append(run)
        found: dict[str, tuple[str, float]] = {}
        for length, alike_long in by_length.items():
            labels = self._loose(length)
            for part in (alike_long[i : i + BATCH] for i in range(0, len(alike_long), BATCH)):
                if not labels:
                    continue
                # Single precision, so a little below the limit; what it lets through is few.
                scores = process.cdist(
                    part,
                    labels,
                    scorer=Indel.normalized_similarity,
                    score_cutoff=ALIKE - 1e-4,
                    dtype=np.float32,
                )
                for index in np.flatnonzero(scores.any(axis=1)):
                    near = process.extractOne(
                        part[index], labels, scorer=Indel.normalized_similarity, score_cutoff=ALIKE
                    )
                    if near:
                        found[part[index]] = near[0], near[1]
        return found

    def _loose(self, length: int) -> list[str]:
        """The labels that a run of that many letters may be ``ALIKE`` to, in the table's order.

        Of strings of n and m letters at least |n - m| letters of n + m have no counterpart.
        """
        if length not in self._alike_long:
            self._alike_long[length] = [
                label
                for label in self._table
                if len(label) >= EXACT_BELOW
                and abs(len(label) - length) <= (1 - ALIKE) * (len(label) + length) + 1e-9
            ]
        return self._alike_long[length]
