"""What is to be looked for: a field, predefined or a tenant's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table field: ``synonyms`` are headings that mean it."""

    name: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field to look for.

    ``kind`` is a row of ``kinds.KINDS``. ``synonyms`` are labels that mean this field and nothing
    else, ``weak`` ones may mean it; both are compared without case, accents, spaces and
    punctuation. ``document_types`` are those it belongs to, ``columns`` those of a table.
    ``unlabelled`` says that a value may count without a label, by its pattern or its place: of
    several fields of a kind, the one that such a value is most likely of.

    What a template adds: ``required`` says that a document without it needs a look. ``pattern`` is
    a regular expression that the value matches. ``region`` is where on its page the value stands,
    ``(x0, y0, x1, y1)`` as fractions of the page from its top left, and ``page`` on which, from 1.
    ``anchors`` are texts, one of which stands above or beside it. ``examples`` are values and
    ``instruction`` a word to a model that reads. ``threshold`` is the confidence, 0 to 1, below
    which a person looks at it.
    """

    name: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ("invoice", "receipt")
    columns: tuple[Column, ...] = ()
    unlabelled: bool = False
    required: bool = False
    pattern: str = ""
    region: tuple[float, float, float, float] | None = None
    page: int | None = None
    anchors: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    instruction: str = ""
    threshold: float | None = None
