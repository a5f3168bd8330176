"""Named values of a document: what to look for (``catalogue``) and how (``kinds``, ``match``)."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.errors import InvalidOption
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field

__all__ = ["CATALOGUE", "Field", "known", "of_type"]

# What is looked for where nothing is named: documents are not told apart yet.
USUAL_TYPES = ("invoice", "receipt")


def known(names: Sequence[str]) -> tuple[Field, ...]:
    """The catalogue's fields of those names; those of ``USUAL_TYPES`` where none is named.

    Raises ``InvalidOption`` for an unknown name.
    """
    unknown = sorted(set(names) - {field.name for field in CATALOGUE})
    if unknown:
        raise InvalidOption(f"unknown fields: {', '.join(unknown)}")
    if not names:
        return of_type(*USUAL_TYPES)
    return tuple(field for field in CATALOGUE if field.name in names)


def of_type(*document_types: str) -> tuple[Field, ...]:
    """The catalogue's fields of any of those document types."""
    return tuple(field for field in CATALOGUE if set(document_types) & set(field.document_types))
