"""For the pages of organisations: that operators hold their work back."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import Tenant
from jobs.pauses import paused_pools
from jobs.plan_engines import offered
from jobs.queue import pool_of

register = template.Library()


@register.inclusion_tag("jobs/_paused.html")
def work_paused(tenant: Tenant) -> dict[str, Any]:
    """Whose work waits: the organisation's, or that of some of its engines, or all; one query."""
    pools = {row.pool: row for row in paused_pools()}
    engines = [name for name, _title in offered(tenant)] if pools else []
    waiting = [name for name in engines if pool_of(name) in pools]
    reasons = [pools[pool].reason for pool in {pool_of(name): 0 for name in waiting}]
    if tenant.paused_at:
        reasons = [tenant.pause_reason]
    return {
        "organisation": tenant.paused_at is not None,
        "everything": waiting == engines,
        "engines": waiting,
        "reasons": [reason for reason in reasons if reason],
    }
