"""How alike the texts are that several engines read on the same pages.

Texts are compared after Unicode's composition (NFC) and with every run of white space as one space,
so that line breaks, which are an engine's layout, count for nothing. Work is bounded: of a document
the first ``MOST_PAGES`` pages, of a page the first ``MOST_CHARACTERS`` characters, of a whole
document beside a truth without pages ``MOST_WHOLE``; what was left out is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from rapidfuzz.distance import Indel, Levenshtein

MOST_PAGES = 50
MOST_CHARACTERS = 10_000  # of a page
MOST_WHOLE = 100_000  # of a document beside a truth that is not parted into pages
MOST_DIFFERENCES = 300  # over all pairs and pages of one comparison
MOST_LINE = 200  # characters of a line that differs
TRUTH = "truth"  # the name of the text that is known to be right

Kind = Literal["changed", "left", "right"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine read: the text of each page by its number; those that failed are missing."""

    name: str
    pages: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are, each from 0 to 1.

    ``characters`` and ``words`` are 1 less the edit distance (Levenshtein: insertions, deletions
    and replacements) divided by the length of the longer text, counted in characters and in words.
    Over several pages distances and lengths are added up first, so that long pages weigh more. Of a
    reading beside the truth, 1 less these are about its character and word error rates.
    ``bag`` is blind to the order of reading: the F1 of the words as a bag, that is twice those in
    common divided by all of both. Two empty texts are alike.
    """

    characters: float
    words: float
    bag: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines that differ: ``left`` alone has it, ``right`` alone, or both with other words."""

    page: int
    kind: Kind
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class PageLikeness:
    """Two texts of one page."""

    page: int
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readings; ``pages`` are those that both have read, ``overall`` is None without any.

    Of the lines that differ the first are told, and how many more there are.
    """

    left: str
    right: str
    overall: Likeness | None
    pages: tuple[PageLikeness, ...]
    differences: tuple[Difference, ...]
    more_differences: int


@dataclass(frozen=True, slots=True)
class Texts:
    """All pairs, the truth's first where it is known; and what was left out of the work.

    ``pages`` are the numbers compared, ``left_out`` those beyond ``MOST_PAGES``, ``cut`` those of
    which a reading is longer than ``MOST_CHARACTERS``.
    """

    pairs: tuple[Pair, ...]
    pages: tuple[int, ...]
    left_out: tuple[int, ...]
    cut: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a line that are as in the other text, or ``differs``.

    ``missing`` are the other text's words that lack here, "" for none; then ``text`` is empty.
    """

    text: str
    differs: bool = False
    missing: str = ""


def compare(readings: Sequence[Reading], truth: str | None = None) -> Texts:
    """Every pair of the readings, and each beside ``truth`` where that is given.

    A form feed in ``truth`` parts its pages, in the order of the pages read; without one it is the
    text of all of them together.
    """
    numbers = sorted({number for reading in readings for number in reading.pages})
    compared, left_out = numbers[:MOST_PAGES], numbers[MOST_PAGES:]
    cut = {
        number
        for reading in readings
        for number in compared
        if len(reading.pages.get(number, "")) > MOST_CHARACTERS
    }
    texts = [
        {n: _shortened(reading.pages[n]) for n in compared if n in reading.pages}
        for reading in readings
    ]
    left = MOST_DIFFERENCES
    pairs = []
    for one, two in _pairs(readings, texts, truth, compared):
        pair = _pair(*one, *two, left)
        left -= len(pair.differences)
        pairs.append(pair)
    return Texts(tuple(pairs), tuple(compared), tuple(left_out), tuple(sorted(cut)))


Named = tuple[str, Mapping[int, str]]


def _pairs(
    readings: Sequence[Reading],
    texts: Sequence[Mapping[int, str]],
    truth: str | None,
    numbers: Sequence[int],
) -> list[tuple[Named, Named]]:
    named: list[Named] = [
        (reading.name, text) for reading, text in zip(readings, texts, strict=True)
    ]
    pairs: list[tuple[Named, Named]] = []
    if truth is not None:
        parts = truth_pages(truth, numbers)
        for name, text in named:
            if parts is not None:
                pairs.append(((TRUTH, parts), (name, text)))
            elif text:
                first, whole = min(text), "\n".join(text[number] for number in sorted(text))
                pair = truth[:MOST_WHOLE], whole[:MOST_WHOLE]
                pairs.append(((TRUTH, {first: pair[0]}), (name, {first: pair[1]})))
    return pairs + list(combinations(named, 2))


def truth_pages(truth: str, numbers: Sequence[int]) -> dict[int, str] | None:
    """The true text by page; None where it is not parted and there are several pages."""
    if "\f" not in truth and len(numbers) > 1:
        return None
    parts = truth.split("\f")
    return {number: _shortened(part) for number, part in zip(numbers, parts, strict=False)}


def likeness(one: str, two: str) -> Likeness:
    """How alike two texts of a page are."""
    return _likeness([_count(_shortened(one), _shortened(two))])


def _shortened(text: str) -> str:
    return unicodedata.normalize("NFC", text[:MOST_CHARACTERS])


def _pair(
    left: str, ours: Mapping[int, str], right: str, theirs: Mapping[int, str], most: int
) -> Pair:
    both = sorted(ours.keys() & theirs.keys())
    counts = [_count(ours[number], theirs[number]) for number in both]
    differences = [
        each for number in both for each in line_differences(number, ours[number], theirs[number])
    ]
    return Pair(
        left,
        right,
        _likeness(counts) if counts else None,
        tuple(
            PageLikeness(number, _likeness([count]))
            for number, count in zip(both, counts, strict=True)
        ),
        tuple(differences[:most]),
        max(0, len(differences) - most),
    )


@dataclass(frozen=True, slots=True)
class _Count:
    """Distances and lengths in characters and words; words in common, and of both."""

    characters: int
    longest: int
    words: int
    most_words: int
    common: int
    all_words: int


def _count(one: str, two: str) -> _Count:
    ours, theirs = one.split(), two.split()
    plain, other = " ".join(ours), " ".join(theirs)
    return _Count(
        Levenshtein.distance(plain, other),
        max(len(plain), len(other)),
        Levenshtein.distance(ours, theirs),
        max(len(ours), len(theirs)),
        (Counter(ours) & Counter(theirs)).total(),
        len(ours) + len(theirs),
    )


def _likeness(counts: Sequence[_Count]) -> Likeness:
    def share(part: int, whole: int) -> float:
        return round(part / whole, 4) if whole else 1.0

    longest = sum(count.longest for count in counts)
    most_words = sum(count.most_words for count in counts)
    return Likeness(
        share(longest - sum(count.characters for count in counts), longest),
        share(most_words - sum(count.words for count in counts), most_words),
        share(2 * sum(count.common for count in counts), sum(count.all_words for count in counts)),
    )


def line_differences(page: int, one: str, two: str) -> list[Difference]:
    """The lines that differ between two texts of a page, empty ones aside, in their order."""
    ours, theirs = _lines(one), _lines(two)
    found = []
    for left, right in _gaps(ours, theirs):
        for n in range(max(len(left), len(right))):
            a = ours[left[n]] if n < len(left) else ""
            b = theirs[right[n]] if n < len(right) else ""
            kind: Kind = "changed" if a and b else "left" if a else "right"
            found.append(Difference(page, kind, a[:MOST_LINE], b[:MOST_LINE]))
    return found


def _gaps(one: Sequence[str], two: Sequence[str]) -> Iterator[tuple[range, range]]:
    """Where two sequences differ, as indices in both, between their longest common subsequence."""
    at, beside = 0, 0
    for code in [*Indel.opcodes(one, two), None]:
        if code is not None and code.tag != "equal":
            continue
        start, start_two = (
            (len(one), len(two)) if code is None else (code.src_start, code.dest_start)
        )
        if start > at or start_two > beside:
            yield range(at, start), range(beside, start_two)
        if code is not None:
            at, beside = code.src_end, code.dest_end


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def marked(base: str, text: str) -> list[list[Run]]:
    """The lines of ``text`` in runs of words, those marked that are not in ``base`` at that place.

    The words are aligned by their longest common subsequence; both texts are cut as above.
    """
    theirs = _shortened(base).split()
    lines = [line.split() for line in _lines(_shortened(text))]
    ours = [word for line in lines for word in line]
    differs = [False] * len(ours)
    lacks: dict[int, list[str]] = {}
    for left, right in _gaps(theirs, ours):
        for index in right:
            differs[index] = True
        if not right:
            lacks[right.start] = [theirs[index] for index in left]
    return _runs(lines, differs, lacks)


def _runs(
    lines: Sequence[Sequence[str]], differs: Sequence[bool], lacks: Mapping[int, Sequence[str]]
) -> list[list[Run]]:
    found: list[list[Run]] = []
    at = 0
    for line in lines:
        runs: list[Run] = []
        for word in line:
            if at in lacks:
                runs.append(Run("", missing=_some(lacks[at])))
            if runs and not runs[-1].missing and runs[-1].differs == differs[at]:
                runs[-1] = Run(f"{runs[-1].text} {word}", differs[at])
            else:
                runs.append(Run(word, differs[at]))
            at += 1
        found.append(runs)
    if at in lacks:
        found.append([Run("", missing=_some(lacks[at]))])
    return found


def _some(words: Sequence[str]) -> str:
    text = re.sub(r"\s+", " ", " ".join(words))
    return text if len(text) <= MOST_LINE else f"{text[: MOST_LINE - 1]}…"
