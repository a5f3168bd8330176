"""For the first page of the operators' admin: how things stand now."""

from __future__ import annotations

from typing import Any

from django import template

from jobs import operators_today
from jobs.operators_today import Tile

register = template.Library()


@register.simple_tag(takes_context=True)
def operators_today_tiles(context: Any) -> list[Tile]:
    """What the operator looks at first."""
    return operators_today.tiles(context["user"])
