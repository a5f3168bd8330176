"""Which engines an organisation may use: those of its plan, or all."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from extraction.engines import ENGINES
from jobs import own_engines
from jobs.errors import EngineNotAllowed
from jobs.models.engines import is_own

# What the built-in engines are, as pages say it; the API says it in English
TITLES: Mapping[str, Promise] = {
    "auto": _("The PDF's own text where sound, else OCR"),
    "text-layer": _("The PDF's own text, no OCR"),
    "rapidocr": _("PP-OCRv6 on the CPU"),
}


def engines_of(tenant: Tenant) -> list[str]:
    """The engines that there are and that the plan has, by name, in their usual order."""
    named = tenant.plan.engines if tenant.plan else []
    return [name for name in ENGINES if not named or name in named]


def offered(tenant: Tenant) -> list[tuple[str, str]]:
    """Names and titles, for pages, of all that it may choose from: those engines, then its own."""
    own = own_engines.names_of(tenant)
    return [(name, shown_title(name)) for name in engines_of(tenant)] + [
        (str(row), gettext("%(engine)s, taught") % {"engine": shown_title(row.base)}) for row in own
    ]


def shown_title(name: str) -> str:
    """What an engine of the installation is, as pages say it."""
    return str(TITLES.get(name, ENGINES[name].title))


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
