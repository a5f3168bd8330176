"""Which engines an organisation may use: those of its plan, or all."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Tenant
from extraction.engines import ENGINES
from jobs import own_engines
from jobs.errors import EngineNotAllowed


def engines_of(tenant: Tenant) -> list[str]:
    """The engines that there are and that the plan has, by name, in their usual order."""
    named = tenant.plan.engines if tenant.plan else []
    return [name for name in ENGINES if not named or name in named]


def offered(tenant: Tenant) -> list[tuple[str, str]]:
    """Names and titles of all that it may choose from: those engines, then its own."""
    usual = [(name, ENGINES[name].title) for name in engines_of(tenant)]
    own = [(str(row), f"{ENGINES[row.base].title}, taught") for row in own_engines.names_of(tenant)]
    return usual + own


def default_engine(tenant: Tenant) -> str:
    """The one for documents that come without a wish: the organisation's, else the installation's.

    Where the plan has neither, the first that it has.
    """
    usual = tenant.default_engine or settings.DEFAULT_ENGINE
    allowed = engines_of(tenant)
    for name in (usual, settings.DEFAULT_ENGINE):
        if name in allowed:
            return str(name)
    return allowed[0] if allowed else str(usual)


def refuse_engine(tenant: Tenant, engine: str) -> None:
    """Raises ``EngineNotAllowed`` where the organisation's plan names others."""
    named = tenant.plan.engines if tenant.plan else []
    if named and engine not in named:
        raise EngineNotAllowed(f"Of the engines the plan has: {', '.join(named)}.")
