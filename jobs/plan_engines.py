"""Which engines an organisation may use: those of its plan, or all."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Tenant
from extraction.engines import ENGINES
from jobs import own_engines
from jobs.engine_titles import title_of, title_of_taught
from jobs.errors import EngineNotAllowed
from jobs.models.engines import is_own


def engines_of(tenant: Tenant) -> list[str]:
    """The engines that there are and that the plan has, by name, in their usual order."""
    named = tenant.plan.engines if tenant.plan else []
    return [name for name in ENGINES if not named or name in named]


def offered(tenant: Tenant) -> list[tuple[str, str]]:
    """Names and titles of all that it may choose from, as pages say them: those engines, then its
    own."""
    usual = [(name, title_of(name)) for name in engines_of(tenant)]
    own = [(str(row), title_of_taught(row.base)) for row in own_engines.names_of(tenant)]
    return usual + own


def default_engine(tenant: Tenant) -> str:
    """The one for documents that come without a wish: the organisation's, else the installation's.

    Where the plan has neither, the first that it has. One query for an engine of its own.
    """
    usual = tenant.default_engine
    if usual in engines_of(tenant):
        return usual
    if is_own(usual) and usual in map(str, own_engines.names_of(tenant)):
        return usual
    return usual_engine(tenant)


def usual_engine(tenant: Tenant) -> str:
    """The installation's default engine; where the plan lacks it, the first that the plan has."""
    usual, allowed = str(settings.DEFAULT_ENGINE), engines_of(tenant)
    return usual if usual in allowed or not allowed else allowed[0]


def refuse_engine(tenant: Tenant, engine: str) -> None:
    """Raises ``EngineNotAllowed`` where the organisation's plan names others."""
    named = tenant.plan.engines if tenant.plan else []
    if named and engine not in named:
        raise EngineNotAllowed(f"Of the engines the plan has: {', '.join(named)}.")
