"""For the pages of reviews: a field's place as SVG rectangles in points."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from extraction.types import Box
from jobs.review_sheet import Row

register = template.Library()
MARGIN = 1.5  # points, so that a frame does not cut into the letters


@register.simple_tag
def spot_box(row: Row) -> SafeString:
    """The field's box on its page, a link's target."""
    assert row.spot is not None
    return format_html(
        '<rect class="found" id="box-{}" data-of="{}"{}></rect>',
        row.key,
        row.key,
        _edges(row.spot.box),
    )


@register.simple_tag
def spot_mark(row: Row) -> SafeString:
    """The field's box in its crop."""
    assert row.spot is not None
    return format_html('<rect class="mark"{}></rect>', _edges(row.spot.box))


def _edges(box: Box) -> SafeString:
    x0, y0, x1, y1 = box
    return format_html(
        ' x="{}" y="{}" width="{}" height="{}"',
        *(
            f"{edge:.2f}"
            for edge in (x0 - MARGIN, y0 - MARGIN, x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN)
        ),
    )
