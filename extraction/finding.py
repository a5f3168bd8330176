"""Which fields are looked for in which of a file's documents, and what was found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from extraction.classify import fields_for
from extraction.fields.definition import Field
from extraction.fields.match import find
from extraction.fields.supported import told_grounded
from extraction.fields.templates import Template
from extraction.laid_out import placeless
from extraction.types import Classification, FieldValue, Page, Part

logger = logging.getLogger(__name__)

# Chooses the template for a document of that type with those pages, if one is for it.
Choose = Callable[[Classification, Sequence[Page]], Template | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller looks for: named fields, else a template's, else those of what it is.

    ``choose`` is asked for a template where neither ``fields`` nor ``template`` is given.
    """

    fields: tuple[Field, ...] = ()
    template: Template | None = None
    choose: Choose | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The values, the template they are of ("" for none), and the parts with theirs."""

    fields: tuple[FieldValue, ...] = ()
    template: str = ""
    parts: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()


def find_wanted(
    pages: Sequence[Page],
    classification: Classification | None,
    parts: Sequence[Part],
    wanted: Wanted,
) -> Found:
    """The fields of the document, or part by part where the file was split.

    ``classification`` is None where nothing was read: then nothing is found. A fault of the finder
    does not lose what was read: the warning is "fields_failed". "region_without_places" warns of a
    template's region on pages whose engine tells no places.
    """
    warnings: list[str] = []
    if classification is None:
        return Found(template=str(wanted.template or ""), parts=tuple(parts))
    if not parts:
        fields, template = _looked_for(pages, classification, wanted)
        return Found(_find(pages, fields, warnings), template, warnings=tuple(warnings))
    by_number = {page.number: page for page in pages}
    values: list[FieldValue] = []
    named = []
    for part in parts:
        own = [by_number[number] for number in part.pages]
        fields, template = _looked_for(own, part.classification, wanted)
        values += (replace(value, document=part.number) for value in _find(own, fields, warnings))
        named.append(replace(part, template=template))
    return Found(tuple(values), str(wanted.template or ""), tuple(named), tuple(warnings))


def _find(
    pages: Sequence[Page], fields: Sequence[Field], warnings: list[str]
) -> tuple[FieldValue, ...]:
    blind = any(field.region for field in fields) and any(map(placeless, pages))
    if blind and "region_without_places" not in warnings:
        warnings.append("region_without_places")
    try:
        return tuple(told_grounded(value, pages) for value in find(pages, fields))
    except Exception:
        logger.exception("the fields could not be looked for")
        if "fields_failed" not in warnings:
            warnings.append("fields_failed")
        return ()


def _looked_for(
    pages: Sequence[Page], classification: Classification, wanted: Wanted
) -> tuple[tuple[Field, ...], str]:
    """The fields to look for and the template that they are of."""
    if wanted.fields:
        return wanted.fields, ""
    template = wanted.template
    if template is None and wanted.choose:
        template = wanted.choose(classification, pages)
    if template:
        return template.fields, str(template)
    return fields_for(classification), ""
