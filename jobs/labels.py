"""What fields, kinds of values and types of documents are called, in the language of the page.

The catalogue (`extraction.fields`) is English and knows no Django; the API tells its labels as they
stand. Translators find them by ``messages`` (`ocrsite.translations`), so that a new one without a
translation fails a test. A label that somebody of the organisation wrote is shown as written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from django.utils.translation import pgettext

from extraction.fields import CATALOGUE
from extraction.fields.document_types import BY_NAME
from extraction.fields.kinds import KINDS

FIELD, KIND, TYPE = "field", "kind of value", "type of document"  # contexts of the messages
_OWN = {  # names and labels of the catalogue's fields and columns
    *((field.name, field.label) for field in CATALOGUE),
    *((column.name, column.label) for field in CATALOGUE for column in field.columns),
}


class Labelled(Protocol):
    """A field, a column, or a value found for one."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...


def messages() -> Iterator[tuple[str, str]]:
    """The context and text of every label."""
    yield from ((FIELD, label) for _, label in sorted(_OWN))
    yield from ((KIND, kind.label) for kind in KINDS.values())
    yield from ((TYPE, kind.label) for kind in BY_NAME.values())


def field_label(field: Labelled) -> str:
    """The field's or column's label; one that is not the catalogue's as it was written."""
    return label_of(field.name, field.label)


def label_of(name: str, label: str) -> str:
    """As ``field_label``."""
    return pgettext(FIELD, label) if (name, label) in _OWN else label


def kind_label(name: str) -> str:
    """What a kind of value is called; its name where it is no longer known."""
    return pgettext(KIND, KINDS[name].label) if name in KINDS else name


def type_label(name: str) -> str:
    """What a type of document is called; its name where it is no longer known."""
    return pgettext(TYPE, BY_NAME[name].label) if name in BY_NAME else name


def template_label(template: Labelled) -> str:
    """A template's label: a starter is called as its type, others as they were named."""
    known = BY_NAME.get(template.name)
    return type_label(template.name) if known and known.label == template.label else template.label
