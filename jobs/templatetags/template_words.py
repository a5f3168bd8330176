"""For the pages of templates: types, kinds and what a field says, as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from extraction.fields.definition import Column, Field
from extraction.fields.templates import field_row
from extraction.types import FieldValue
from jobs.labels import field_label
from jobs.template_forms import PREDEFINED, page_name
from jobs.templatetags.measures import field_value

register = template.Library()


register.filter(page_name)


@register.filter
def own_settings(field: Field) -> dict[str, Any]:
    """What the template says of the field beyond the catalogue; "required" aside, nothing empty."""
    row = field_row(field)
    return {
        key: value for key, value in row.items() if key not in ("name", "label", "kind", "required")
    }


@register.filter
def column_labels(columns: Sequence[Column]) -> str:
    """The headings of a table's columns as one text."""
    return ", ".join(field_label(column) for column in columns)


@register.filter
def place(box: Sequence[float]) -> str:
    """A part of a page: "50 % to 100 % from the left, 0 % to 40 % from the top"."""
    left, top, right, bottom = (f"{share * 100:.0f} %" for share in box)
    return _("%(left)s to %(right)s from the left, %(top)s to %(bottom)s from the top") % {
        "left": left,
        "right": right,
        "top": top,
        "bottom": bottom,
    }


@register.filter
def catalogue_labels(field: Field) -> Sequence[str]:
    """The labels on documents by which the catalogue's field is known."""
    return PREDEFINED[field.name].synonyms if field.name in PREDEFINED else ()


@register.filter
def of(values: Mapping[str, Any] | str, name: str) -> Any:
    """What a mapping has for a name; nothing where there is no mapping."""
    return values.get(name, ()) if isinstance(values, Mapping) else ()


@register.filter
def found_text(value: FieldValue) -> str:
    """A found value in one line, of a table how many rows it has."""
    if value.kind == "table":
        count = len(value.value or ())
        return ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
    return field_value(value.value) or value.raw


@register.filter
def points(size: float | Sequence[float]) -> str:
    """A length, or a box, in points as markup has it."""
    if isinstance(size, float | int):
        return f"{size:.2f}"
    return " ".join(f"{edge:.2f}" for edge in size)


@register.filter
def rectangle(box: Sequence[float]) -> SafeString:
    """A box in points as an SVG rectangle's attributes, with a little room around it."""
    x0, y0, x1, y1 = box
    return format_html(
        'x="{}" y="{}" width="{}" height="{}"',
        *(f"{edge:.2f}" for edge in (x0 - 1, y0 - 1, x1 - x0 + 2, y1 - y0 + 2)),
    )
