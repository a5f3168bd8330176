"""What on a document's pages tells of what type it is, as numbers for a linear model.

Only its first pages and lines are looked at, so the work is bounded whatever the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import log1p
from statistics import median

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from extraction.fields.document_types import DOCUMENT_TYPES, OTHER
from extraction.fields.labels import squeezed
from extraction.level import union
from extraction.types import Box, Evidence, Line, Page

KINDS: tuple[str, ...] = tuple(kind.name for kind in (*DOCUMENT_TYPES, OTHER))
OF_A_TYPE = ("title", "mention", "words", "share", "none")
OF_ALL = (
    "passport_zone", "card_zone", "iban", "amounts", "dates", "lines", "prose", "tall", "flat",
    "clauses", "blanks", "digits", "one",
)  # fmt: skip

MAX_PAGES = 3
MAX_LINES = 600
MAX_WORDS = 40  # of a line
LONGEST = 7  # words of a title or label
TITLE_LINE = 8  # words; a longer line is no heading
MISREAD_LINES = 30  # headings compared loosely, at most
ALIKE = 86.0
HEADED = 0.45  # of a title's strength
BEGINS = 0.7  # how much a title says that begins a heading and does not fill it
MANY = 8  # evidence told, at most

AMOUNT = re.compile(r"(?<![\d.,])\d[\d.,' ]{0,11}[.,]\d{2}(?![\d.,]*\d)")
DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})(?!\d)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}")
CLAUSE = re.compile(
    r"^\W*(?:§+ ?\d|\d{1,2}(?:\.\d{1,2})?[.)] \w\w|"
    r"(?:article|artikel|art[íi]culo|articolo|clause|cl[áa]usula|fasal|section|klauzula)\.? \w)",
    re.IGNORECASE,
)
BLANK = re.compile(r"_{4,}|\.{8,}|…{3,}|[☐☑☒□■]|\[ ?[xX]? ?\]")
ZONE = re.compile(r"(?=(?:[^<]*<){3})[A-Z0-9<]{20,46}")

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Features:
    """``of_types`` is a row a type of ``KINDS``, ``of_all`` what is the same for all of them.

    ``evidence`` is what told of each type, the most telling first.
    """

    of_types: Numbers
    of_all: Numbers
    evidence: tuple[tuple[Evidence, ...], ...]


@dataclass(frozen=True, slots=True)
class _Match:
    kind: int
    title: bool
    strength: float
    phrase: str
    evidence: Evidence


def features(pages: Sequence[Page]) -> Features:
    """The features of a document with these pages."""
    first = [page for page in pages if page.lines][:MAX_PAGES]
    lines = list(islice(((page, line) for page in first for line in page.lines), MAX_LINES))
    matches = list(_matches(first, lines))
    of_types = np.zeros((len(KINDS), len(OF_A_TYPE)))
    weights = _phrase_weights()
    for index in range(len(KINDS)):
        mine = [match for match in matches if match.kind == index]
        of_types[index, 0] = max((match.strength for match in mine if match.title), default=0.0)
        of_types[index, 1] = log1p(sum(match.title for match in mine))
        words = {match.phrase for match in mine if not match.title}
        of_types[index, 2] = sum(weights[phrase] for phrase in words)
        of_types[index, 4] = not mine and KINDS[index] != OTHER.name
    of_types[:, 3] = of_types[:, 2] / (of_types[:, 2].sum() + 1.0)
    of_types[:, 2] = np.log1p(of_types[:, 2])
    zones, of_all = _of_all(first, lines)
    if zones:
        of_types[[KINDS.index("passport"), KINDS.index("id_card")], 4] = 0.0
    evidence = []
    for index, kind in enumerate(KINDS):
        told = sorted((m for m in matches if m.kind == index), key=lambda m: -m.strength)
        shown: dict[str, Evidence] = {}
        for match in told:
            shown.setdefault(match.phrase, match.evidence)
        at_first = zones if kind in ("passport", "id_card") else ()
        evidence.append((*at_first, *shown.values())[:MANY])
    return Features(of_types, of_all, tuple(evidence))


def titled(found: Features) -> str:
    """The name of the type whose title heads the page, "" where none does clearly."""
    best = int(found.of_types[:, 0].argmax())
    return KINDS[best] if found.of_types[best, 0] >= HEADED else ""


@cache
def _phrases() -> dict[str, tuple[tuple[int, bool], ...]]:
    """Every title and word, squeezed -> the types it tells of, and whether as a title."""
    table: dict[str, dict[tuple[int, bool], None]] = {}
    for index, kind in enumerate(DOCUMENT_TYPES):
        for titles in kind.titles.values():
            for title in titles:
                table.setdefault(squeezed(title), {})[index, True] = None
        for word in kind.words:
            if (index, True) not in table.setdefault(squeezed(word), {}):
                table[squeezed(word)][index, False] = None
    return {phrase: tuple(owners) for phrase, owners in table.items()}


@cache
def _phrase_weights() -> dict[str, float]:
    """A word says the less of a type the more types it is usual in."""
    return {phrase: 1 / len(owners) for phrase, owners in _phrases().items()}


@cache
def _titles() -> tuple[str, ...]:
    """The titles long enough to be known when misread."""
    return tuple(
        phrase
        for phrase, owners in _phrases().items()
        if len(phrase) >= 7 and any(title for _, title in owners)
    )


def _matches(pages: Sequence[Page], lines: Sequence[tuple[Page, Line]]) -> Iterator[_Match]:
    usual = median([line.box[3] - line.box[1] for _, line in lines]) if lines else 1.0
    top = pages[0].number if pages else 0
    misread = MISREAD_LINES
    for page, line in lines:
        texts, boxes = _words(line)
        found = list(_longest(texts))
        large = line.box[3] - line.box[1] > 1.25 * usual
        high = line.box[1] < page.height / 3
        heading = len(texts) <= TITLE_LINE and page.number == top and (large or high)
        if heading and not found and misread:
            misread -= 1
            near = process.extractOne(
                squeezed(line.text), _titles(), scorer=fuzz.ratio, score_cutoff=ALIKE
            )
            found = [(near[0], 0, len(texts) - 1)] if near else []
        letters = max(sum(map(str.isalpha, line.text)), 1)
        for phrase, begin, end in found:
            evidence = Evidence(
                " ".join(texts[begin : end + 1]), page.number, union(boxes[begin : end + 1])
            )
            covered = min(sum(map(str.isalpha, phrase)) / letters, 1.0)
            if heading and not begin:  # "Agreement for the supply of water"
                covered = max(covered, BEGINS)
            prominent = 0.4 + 0.3 * high + 0.3 * large if page.number == top else 0.2
            for kind, title in _phrases()[phrase]:
                strength = covered * prominent if title else 0.1 * covered
                yield _Match(kind, title, strength, phrase, evidence)


def _words(line: Line) -> tuple[list[str], list[Box]]:
    if line.words:
        words = line.words[:MAX_WORDS]
        return [word.text for word in words], [word.box for word in words]
    texts = line.text.split()[:MAX_WORDS]
    return texts, [line.box] * len(texts)


def _longest(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The known phrases among the words, with their first and last word; longer ones first."""
    plain = [squeezed(word) for word in words]
    phrases, taken = _phrases(), [False] * len(words)
    for count in range(min(LONGEST, len(words)), 0, -1):
        for begin in range(len(words) - count + 1):
            end = begin + count
            if not (plain[begin] and plain[end - 1]) or any(taken[begin:end]):
                continue
            phrase = "".join(plain[begin:end])
            if phrase in phrases:
                taken[begin:end] = [True] * count
                yield phrase, begin, end - 1


def _of_all(
    pages: Sequence[Page], lines: Sequence[tuple[Page, Line]]
) -> tuple[tuple[Evidence, ...], Numbers]:
    """The lines of a machine-readable zone, and ``OF_ALL``."""
    texts = [line.text[:400] for _, line in lines]
    zones = []
    for page, line in lines:
        if ZONE.fullmatch(line.text[:100].replace(" ", "").replace("«", "<<").upper()):
            zones.append(Evidence(line.text, page.number, line.box))
    passport = any(zone.text.lstrip().upper().startswith("P") for zone in zones)
    count = max(len(lines), 1)
    characters = max(sum(map(len, texts)), 1)
    tall = 1.0
    if pages and lines:
        box = union(line.box for line in pages[0].lines[:MAX_LINES])
        tall = (box[3] - box[1]) / max(box[2] - box[0], 1.0)
    page = pages[0] if pages else Page(1)
    blanks = sum(block.kind == "checkbox" for page in pages for block in page.blocks)
    return tuple(zones[:3]), np.array(
        [
            float(passport),
            float(bool(zones) and not passport),
            float(any(IBAN.search(text) for text in texts)),
            log1p(sum(len(AMOUNT.findall(text)) for text in texts)),
            log1p(sum(len(DATE.findall(text)) for text in texts)),
            log1p(len(lines)),
            sum(len(text.split()) >= 8 for text in texts) / count,
            min(max(tall - 1.5, 0.0), 2.0),
            float(0 < page.height < 0.85 * page.width),
            log1p(sum(bool(CLAUSE.match(text)) for text in texts)),
            log1p(blanks + sum(len(BLANK.findall(text)) for text in texts)),
            sum(map(str.isdigit, "".join(texts))) / characters,
            1.0,
        ]
    )
