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
    ``pattern`` is a regular expression: of any text only what matches it is a value.
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
