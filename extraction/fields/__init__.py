"""Named values of a document: what to look for (``catalogue``) and how (``kinds``, ``match``)."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.errors import InvalidOption
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field

__all__ = ["CATALOGUE", "Field", "known", "of_type"]


def known(names: Sequence[str]) -> tuple[Field, ...]:
    """The catalogue's fields of those names.

    Raises ``InvalidOption`` for an unknown name.
    """
    unknown = sorted(set(names) - {field.name for field in CATALOGUE})
    if unknown:
        raise InvalidOption(f"unknown fields: {', '.join(unknown)}")
    return tuple(field for field in CATALOGUE if field.name in names)


def of_type(*document_types: str) -> tuple[Field, ...]:
    """The catalogue's fields of any of those document types."""
    return tuple(field for field in CATALOGUE if set(document_types) & set(field.document_types))
