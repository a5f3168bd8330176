"""What is to be looked for: a field, predefined or a tenant's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from extraction.types import Box

SEEN_TWICE = 2  # documents: from so many on, what stood beside a value is one of its labels


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table field: ``synonyms`` are headings that mean it."""

    name: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page: ``box`` in fractions of its width and height, origin top left.

    ``page`` counts from 1, from the end if negative; None is any page.
    """

    box: Box
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a value stood on a document whose fields a person confirmed.

    ``value`` is its normal form as text and ``shape`` how it is written (``learning.shape_of``).
    ``left`` and ``above`` are the texts before it in its row and over it, squeezed; ``place`` is
    its middle in fractions of the page's width and height, on page ``page`` (from 1).
    """

    value: str
    shape: str
    left: str
    above: str
    page: int
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Field:
    """A field to look for.

    ``kind`` is a row of ``kinds.KINDS``. ``synonyms`` are labels that mean this field and nothing
    else, ``weak`` ones may mean it; both are compared without case, accents, spaces and
    punctuation. ``document_types`` are those it belongs to, ``columns`` those of a table.
    ``unlabelled`` says that a value may count without a label, by its pattern or its place: of
    several fields of a kind, the one that such a value is most likely of.

    The others are a template's. ``pattern`` is a regular expression: only what matches it (its
    first group, if it has one) is a value, wherever it stands. In ``region`` the value must lie;
    after one of the texts ``anchors`` it must come, below or to the right. ``examples`` show how
    it is written, ``instruction`` tells a model what is wanted. A value that is ``required`` and
    missing, or less sure than ``threshold``, is for a person to look at; ``learned`` is how it
    stood on earlier documents.
    """

    name: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ("invoice", "receipt")
    columns: tuple[Column, ...] = ()
    unlabelled: bool = False
    pattern: str = ""
    region: Region | None = None
    anchors: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    instruction: str = ""
    required: bool = False
    threshold: float | None = None
    learned: tuple[Sighting, ...] = ()

    @property
    def learned_labels(self) -> tuple[str, ...]:
        """What stood beside its values more than once, squeezed."""
        met = Counter(
            text for seen in self.learned for text in {seen.left, seen.above} if len(text) > 1
        )
        return tuple(text for text, count in met.items() if count >= SEEN_TWICE)
