"""For the first page of the operators' admin: how things stand now."""

from __future__ import annotations

from typing import Any

from django import template

from jobs import engine_breakers
from jobs.live_workers import live_workers
from jobs.operations_view import pools

register = template.Library()


@register.inclusion_tag("admin/_now.html")
def operations_now() -> dict[str, Any]:
    """What waits, who works, which engine is out of order."""
    workers = live_workers()
    breakers = engine_breakers.states().items()
    return {
        "pools": pools(workers),
        "away": workers is None,
        "breakers": [(name, state) for name, state in breakers if state.standing.state != "closed"],
    }
