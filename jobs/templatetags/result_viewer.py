"""For the result viewer's templates: addresses of looks, boxes as SVG, codes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from extraction.types import Box, SchemaProblem
from jobs.failure_details import detail_words
from jobs.shown_page import ShownLine, band
from jobs.wording import words_for

register = template.Library()
register.filter("band", band)
MARGIN = 1.5  # points, so that a frame does not cut into the letters


@register.simple_tag(takes_context=True)
def look(context: Context, **changed: Any) -> str:
    """The address of what is looked at, with changes (jobs.job_page.Look.address)."""
    address: str = context["look"].address(**changed)
    return address


@register.filter
def named(code: str, kind: str) -> str:
    """What a code of that kind is called."""
    return words_for(code, kind)


@register.filter
def language_name(code: str) -> str:
    """A language by its BCP 47 code, in the language of the page."""
    from babel import Locale

    names = Locale.parse(get_language() or "en", sep="-").languages
    return str(names.get(code, code))


@register.filter
def checks_failed(checks: Mapping[str, bool] | None) -> list[str]:
    """The tests that a value has failed, in words."""
    return [words_for(name, "check") for name, passed in (checks or {}).items() if not passed]


@register.filter
def checks_passed(checks: Mapping[str, bool] | None) -> list[str]:
    """The tests that a value has passed, in words."""
    return [words_for(name, "check") for name, passed in (checks or {}).items() if passed]


@register.filter
def problem_words(problem: SchemaProblem) -> str:
    """Why a part of a schema was not filled."""
    return detail_words(problem.detail) or words_for(problem.code, "problem")


@register.simple_tag
def box(place: Box, margin: float = 0.0) -> SafeString:
    """A box as an SVG rectangle in points."""
    measures = _measures(place, margin)
    return format_html('<rect x="{}" y="{}" width="{}" height="{}"/>', *measures)


@register.simple_tag
def line_boxes(line: ShownLine) -> SafeString:
    """A line's words, or the line without words, as SVG rectangles in points.

    ``data-c`` is a confidence in per cent, the class its letter.
    """
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" class="{}" data-c="{}"/>',
        (
            (
                *_measures(word.box),
                f"{word.band}{' hit' if word.hit else ''}",
                "" if word.confidence is None else int(word.confidence * 100 + 1e-9),
            )
            for word in line.words or (line,)
        ),
    )


def _measures(place: Box, margin: float = 0.0) -> tuple[str, ...]:
    """Left, top, width and height, no finer than anybody sees."""
    x0, y0, x1, y1 = place
    sizes = (x0 - margin, y0 - margin, x1 - x0 + 2 * margin, y1 - y0 + 2 * margin)
    return tuple(f"{size:.1f}".removesuffix(".0") for size in sizes)
