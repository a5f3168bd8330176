"""Texts as they are compared: letters and digits alone, and where OCR has read which of them.

Spaces, punctuation, capitals and accents are what OCR moves and loses most, and what a model sets
right. Letters that no reader tells apart for sure (O and 0, I, l and 1) are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from extraction.engines.alphabet import can_read
from extraction.types import Line, Word

TEX = re.compile(r"\W?\\|.*[\\^_]\{")
ALIKE = {"o": "0", "i": "1", "l": "1"}
GRAM = 3  # letters in a row that a text is looked for by
MOST_TOKENS, MOST_RUN = 16, 120  # tokens, letters: so long a text is looked for as a whole


@lru_cache(maxsize=8192)
def folded(character: str) -> str:
    """What is compared of a character: "" for what is no letter or digit, or none OCR can read."""
    plain = unicodedata.normalize("NFKD", character).casefold()
    kept = (part for part in plain if part.isalnum() and can_read(part))
    return "".join(ALIKE.get(part, part) for part in kept)


@dataclass(frozen=True, slots=True)
class Letters:
    """What is compared of some words: ``word`` has the word's index for each letter of ``text``,
    ``digits`` whether it was written as a digit."""

    text: str
    word: tuple[int, ...]
    digits: tuple[bool, ...]

    @classmethod
    def of(cls, words: Sequence[str]) -> Letters:
        """The letters of these words; of TeX, none."""
        text: list[str] = []
        place: list[int] = []
        digits: list[bool] = []
        for index, word in enumerate(words):
            if TEX.match(word):
                continue
            for character in word:
                for letter in folded(character):
                    text.append(letter)
                    place.append(index)
                    digits.append(character.isdigit())
        return cls("".join(text), tuple(place), tuple(digits))


@dataclass(frozen=True, slots=True)
class Reading:
    """What OCR has read on a page: the letters of all its words, line after line.

    ``lines`` are the places at which each line begins, and the end; ``line_of`` each letter's line.
    ``tokens`` are places at which a text may begin or end: words, and digits beside letters.
    """

    words: tuple[Word, ...]
    letters: Letters
    lines: tuple[int, ...]
    line_of: tuple[int, ...]
    tokens: frozenset[int]
    spans: tuple[tuple[int, int], ...]  # for each word, the places where its letters begin and end
    runs: dict[str, list[int]] = field(repr=False)
    grams: dict[str, list[int]] = field(repr=False)

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Reading:
        """The letters of these lines, indexed."""
        by_line = [line.words or (Word(line.text, line.box, line.confidence),) for line in lines]
        words = tuple(word for each in by_line for word in each)
        letters = Letters.of([word.text for word in words])
        ends, count = [], 0
        for each in by_line:
            count += len(each)
            ends.append(count)
        starts = [0] * (len(lines) + 1)
        line_of: list[int] = []
        line = 0
        for place, word in enumerate(letters.word):
            while word >= ends[line]:
                line += 1
                starts[line] = place
            line_of.append(line)
        for later in range(line + 1, len(lines) + 1):
            starts[later] = len(line_of)
        spans = [(0, 0)] * len(words)
        for place, word in enumerate(letters.word):
            begin = spans[word][0] if spans[word][1] else place
            spans[word] = (begin, place + 1)
        tokens = [0, len(line_of)] + [
            place
            for place, (one, two) in enumerate(
                pairwise(zip(letters.word, letters.digits, strict=True)), 1
            )
            if one != two
        ]
        runs: dict[str, list[int]] = defaultdict(list)
        grams: dict[str, list[int]] = defaultdict(list)
        in_order = sorted(set(tokens))
        at = 0
        for start, end in pairwise(starts):
            for place in range(start, end - GRAM + 1):
                grams[letters.text[place : place + GRAM]].append(place)
            while at < len(in_order) and in_order[at] < start:
                at += 1
            here = at
            while here < len(in_order) and in_order[here] < end:
                begin = in_order[here]
                for stop in in_order[here + 1 : here + 1 + MOST_TOKENS]:
                    if stop > end or stop - begin > MOST_RUN:
                        break
                    runs[letters.text[begin:stop]].append(begin)
                here += 1
        return cls(
            words,
            letters,
            tuple(starts),
            tuple(line_of),
            frozenset(tokens),
            tuple(spans),
            dict(runs),
            dict(grams),
        )

    def share(self, place: int) -> tuple[float, float]:
        """How far along its word the letter at that place begins and ends, 0 to 1."""
        first, last = self.spans[self.letters.word[place]]
        return (place - first) / (last - first), (place + 1 - first) / (last - first)
