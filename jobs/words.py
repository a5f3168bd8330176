"""Words of texts and of searches: how texts are cut, how searches are written, and what matched.

Both sides are cut here and not by PostgreSQL, so that one rule holds in every language: a word is a
run of letters and digits, a sign of a script without spaces is one by itself, and neither case nor
accents count. A word in the index stands behind its organisation's id.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

MOST_BYTES = 900_000  # of an index entry; PostgreSQL takes 1 MB
MOST_PLACES = 255  # of a word in a text, as PostgreSQL
LONGEST = 100  # characters of a word that count
MOST_TERMS = 20  # of a search
AROUND = 90  # characters of an excerpt before and after what was found

# Signs of scripts that are written without spaces: Thai, Lao, Burmese, Khmer, Chinese, Japanese
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Marks within words, which Python counts to none: accents, Hebrew, Arabic, scripts of India
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u0900-\u0963\u0966-\u0dff\u200c\u200d"
)
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_]|[{_MARKS}])+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_PIECE = re.compile(r'-?"[^"]*"?|\S+')


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text in the form that is compared, and where it stands."""

    form: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Word]:
    """The words of a text in their order."""
    for found in _WORD.finditer(text):
        yield Word(form_of(found[0]), found.start(), found.end())


def form_of(word: str) -> str:
    """The word as it is compared, without case and accents."""
    if word.isascii():
        return word.lower()[:LONGEST]
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return unicodedata.normalize("NFC", bare)[:LONGEST]


def index_entry(owner: UUID, texts: Iterable[str]) -> str:
    """The texts' words as a tsvector, each behind its owner's id; of a very long text the first."""
    places: dict[str, list[str]] = {}
    size = place = 0
    for text in (part for each in texts for part in each.split("\f")):
        place += 1  # no phrase goes from one text into the next
        for word in words_of(text):
            place += 1
            if not word.form:
                continue
            at = places.get(word.form)
            if at is None:
                size += 40 + len(word.form.encode())
                at = places[word.form] = []
            if len(at) < MOST_PLACES:
                at.append(str(place))
                size += 2
            if size > MOST_BYTES:
                break
    return " ".join(f"{_lexeme(owner, form)}:{','.join(at)}" for form, at in places.items())


@dataclass(frozen=True, slots=True)
class Term:
    """What a search names: a word or several in a row; the last may be the beginning of one."""

    text: str
    words: tuple[str, ...]
    begins: bool = False
    without: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: all terms of one of the ``ways``."""

    ways: tuple[tuple[Term, ...], ...]

    @property
    def wanted(self) -> list[Term]:
        """The terms that a text may be found by."""
        return [term for way in self.ways for term in way if not term.without]

    def query(self, owner: UUID) -> str:
        """As a tsquery over an owner's words."""
        return " | ".join(
            "(" + " & ".join(_of_term(owner, term) for term in way) + ")" for way in self.ways
        )


def search_of(text: str) -> Search:
    """The search that a person wrote: words, "words in a row", -without, one or another.

    The last word may be the beginning of one, unless something stands behind it. A way without any
    word to be found by is left out.
    """
    ways: list[list[Term]] = [[]]
    pieces = list(_PIECE.finditer(text))[:MOST_TERMS]
    for found in pieces:
        piece = found[0]
        if piece.lower() == "or":
            ways.append([])
            continue
        without, bare = piece.startswith("-"), piece.lstrip("-")
        words = tuple(word.form for word in words_of(bare))
        if words:
            begins = found.end() == len(text) and not without and '"' not in piece
            ways[-1].append(Term(bare.strip('"'), words, begins, without))
    return Search(
        tuple(
            tuple(sorted(way, key=lambda term: term.without))
            for way in ways
            if any(not term.without for term in way)
        )
    )


def _of_term(owner: UUID, term: Term) -> str:
    lexemes = [_lexeme(owner, word) for word in term.words]
    if term.begins:
        lexemes[-1] += ":*"
    row = " <-> ".join(lexemes)
    return f"!({row})" if term.without else f"({row})"


def _lexeme(owner: UUID, form: str) -> str:
    """A word of that owner's, quoted for a tsvector or tsquery."""
    quoted = form.replace("\\", "\\\\").replace("'", "''")
    return f"'{owner.hex}{quoted}'"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text; ``hit``: it is what was searched for."""

    text: str
    hit: bool


def marked(text: str, search: Search) -> list[Run]:
    """The whole text in runs, what was searched for apart."""
    runs, at = [], 0
    for start, end in _hits(text, search):
        if start > at:
            runs.append(Run(text[at:start], False))
        runs.append(Run(text[start:end], True))
        at = end
    if at < len(text):
        runs.append(Run(text[at:], False))
    return runs


def excerpt(text: str, search: Search) -> list[Run]:
    """A line of the text around the first place of what was searched for; [] where it has none."""
    at = _first(text, search)
    if at is None:
        return []
    part = text.rfind("\f", 0, at) + 1  # a page's text, or a field's value
    over = text.find("\f", at)
    text, at = text[part : over if over >= 0 else None], at - part
    begin, end = max(at - AROUND, 0), min(at + 2 * AROUND, len(text))
    if begin:  # whole words, where there are spaces
        begin = text.find(" ", begin, at) + 1 or begin
    if end < len(text):
        end = max(text.rfind(" ", at + AROUND, end), 0) or end
    line = " ".join(text[begin:end].split())
    runs = marked(line, search)
    if not any(run.hit for run in runs):
        return []
    before, after = Run("… ", False), Run(" …", False)
    return [*([before] if begin else []), *runs, *([after] if end < len(text) else [])]


def _first(text: str, search: Search) -> int | None:
    """Where the first of the terms stands. Looked up as it is written first, which is fast."""
    found = []
    for term in search.wanted:
        pattern = r"[\W_]+".join(re.escape(word) for word in term.words)
        hit = re.search(rf"(?<![^\W_]){pattern}", text, re.IGNORECASE)
        if hit:
            found.append(hit.start())
    if found:
        return min(found)
    return next((start for start, _ in _hits(text[:40_000], search)), None)


def _hits(text: str, search: Search) -> list[tuple[int, int]]:
    """The places of all terms, in order, none over another."""
    words = list(words_of(text))
    found = [
        (words[at].start, words[at + len(term.words) - 1].end)
        for term in search.wanted
        for at in range(len(words) - len(term.words) + 1)
        if _stands(words[at : at + len(term.words)], term)
    ]
    found.sort(key=lambda place: (place[0], -place[1]))
    apart = found[:1]
    for _, place in pairwise(found):
        if place[0] >= apart[-1][1]:
            apart.append(place)
    return apart


def _stands(words: Sequence[Word], term: Term) -> bool:
    *before, last = (word.form for word in words)
    if tuple(before) != term.words[:-1]:
        return False
    return last.startswith(term.words[-1]) if term.begins else last == term.words[-1]
