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
    """

    name: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ("invoice", "receipt")
    columns: tuple[Column, ...] = ()
