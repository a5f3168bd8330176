"""Fields that a sample document suggests: what stands on it as "label: value".

Running text is left alone: a label begins its line with a capital, has few words and a colon, and
its value is all of what follows and looks like a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extraction.fields import kinds
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.labels import WEAK, squeezed
from extraction.fields.parts import Part, Sheet, sheets_of
from extraction.level import union
from extraction.types import Block, Box, FieldValue, Page, Word

MOST = 30  # fields proposed
MOST_LINES = 2_000  # of a document that are looked at
LABEL_WORDS, LABEL_LETTERS = 5, 40  # the most that a label has
VALUE_WORDS, VALUE_LETTERS = 6, 60
FAR = 12.0  # times the line's height: so far to the right may a value stand
UNDER = 1.5  # and so far below
PROSE_WORDS, WORDS_A_COLON = 25, 8  # a paragraph of so many words, with fewer colons, is prose

# Kinds that tell themselves from a whole text, the first that does; what is left may be "text".
TOLD = (
    "checkbox", "iban", "email", "url", "date", "percent", "money", "phone", "id",
)  # fmt: skip
SURE = 0.8  # certainty of such a hit
WORDS = re.compile(r"[^\W\d_][\w.'’&/-]*")
SPLIT_URL = re.compile(r"(https?:) //")  # as sheets split words at ":"
LABEL = re.compile(r"[^\W\d_][^:]*")


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and the value beside it, whose box is in points of the page.

    ``fields`` are those of the catalogue that the label means.
    """

    label: str
    raw: str
    kind: str
    page: int
    box: Box
    fields: tuple[str, ...] = ()


def labelled(pages: Sequence[Page]) -> tuple[Pair, ...]:
    """The pairs on the pages, from the top down; each label once.

    Left out are labels that may mean a field of the catalogue, but need not.
    """
    found: dict[str, Pair] = {}
    left = MOST_LINES
    for sheet in sheets_of(pages, CATALOGUE):
        prose = [block for block in sheet.page.blocks if _is_prose(block)]
        for part in sheet.parts[: max(left, 0)]:
            if not any(_lies_in(part, block) for block in prose):
                for pair in _pair(part, sheet):
                    found.setdefault(squeezed(pair.label), pair)
        left -= len(sheet.parts)
    return tuple(found.values())


def proposed(pairs: Sequence[Pair], values: Sequence[FieldValue]) -> tuple[Field, ...]:
    """Own fields for the pairs that neither the catalogue's labels nor the found values cover."""
    taken = {field.name for field in CATALOGUE}
    fields = []
    for pair in pairs:
        if pair.fields or any(_covers(value, pair) for value in values):
            continue
        name = _name(pair.label, taken)
        taken.add(name)
        fields.append(
            Field(
                name,
                pair.label,
                pair.kind,
                (pair.label,),
                document_types=(),
                examples=(pair.raw,) if pair.kind == "id" else (),
            )
        )
        if len(fields) == MOST:
            break
    return tuple(fields)


def _is_prose(block: Block) -> bool:
    words = block.text.split()
    colons = sum(word.endswith(":") for word in words)
    return (
        block.table is None
        and len(words) >= PROSE_WORDS
        and len(words) > WORDS_A_COLON * max(colons, 1)
    )


def _lies_in(part: Part, block: Block) -> bool:
    box = part.line.box
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return block.box is not None and _within(x, y, block.box)


def _within(x: float, y: float, box: Box) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _covers(value: FieldValue, pair: Pair) -> bool:
    """Whether the pair's value is part of one that was found."""
    if value.page != pair.page or value.box is None:
        return False
    x, y = (pair.box[0] + pair.box[2]) / 2, (pair.box[1] + pair.box[3]) / 2
    return _within(x, y, value.box)


def _pair(part: Part, sheet: Sheet) -> Iterator[Pair]:
    """The part's label with its value: behind it, to its right or below it."""
    end = next((n for n, word in enumerate(part.words) if word.text.endswith(":")), None)
    if end is None or end >= LABEL_WORDS:
        return
    label = " ".join(word.text for word in part.words[: end + 1]).rstrip(": ")
    if not LABEL.fullmatch(label) or not label.isprintable() or len(label) > LABEL_LETTERS:
        return
    if label[0].islower() or len(squeezed(label)) < 2:
        return
    means = [each for each in part.labels if each.first == 0 and each.last == end and each.field]
    if means and all(each.strength <= WEAK for each in means):
        return
    for words, may_be_text in _values(part, end, sheet):
        raw = SPLIT_URL.sub(r"\1//", " ".join(word.text for word in words))
        kind = _kind(raw, may_be_text)
        if kind:
            fields = tuple(each.field for each in means if each.strength > WEAK)
            box = union(word.box for word in words)
            yield Pair(label, raw, kind, part.page, box, fields)
        return


def _values(part: Part, end: int, sheet: Sheet) -> Iterator[tuple[Sequence[Word], bool]]:
    """The words that may be the value, and whether any text may be one there."""
    rest = part.words[end + 1 :]
    if rest:
        yield rest, True
        return
    right = [other for other in sheet.row(part) if other.box[0] >= part.box[2] - part.height]
    if right:
        if right[0].box[0] - part.box[2] <= FAR * part.height:
            yield right[0].words, True
        return
    below = sheet.followers.get(part.index)
    if below is not None:
        other = sheet.parts[below]
        if other.box[1] - part.box[3] <= UNDER * part.height:
            yield other.words, False


def _kind(raw: str, may_be_text: bool) -> str:
    """The kind of value that the whole text is, "" where it looks like none."""
    text = raw.strip(" .,;")
    if not text or len(text) > VALUE_LETTERS or not text.isprintable():
        return ""
    for kind in TOLD:
        for hit in kinds.find(kind, text):
            if hit.certainty >= SURE and (hit.start, hit.end) == (0, len(text)):
                return kind
    words = text.split()
    if not may_be_text or len(words) > VALUE_WORDS or ":" in text or raw.endswith((".", ",", ";")):
        return ""
    # prose goes on in small letters
    if all(not word[0].islower() for word in words) and WORDS.search(text):
        return "text"
    return ""


def _name(label: str, taken: set[str]) -> str:
    """A name of small letters, digits and "_" made of the label, that is not taken."""
    plain = unicodedata.normalize("NFKD", label.casefold().replace("ł", "l"))
    letters = re.sub(r"[^a-z0-9 ]+", "", re.sub(r"[-_/.]+", " ", plain))
    name = "_".join(letters.split())[:50].strip("_")
    if not name or not name[0].isalpha():
        name = f"field_{name}".rstrip("_")
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
