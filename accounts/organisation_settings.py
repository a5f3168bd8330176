"""What an organisation says of itself: name, how long documents are kept, how people sign in,
what becomes of jobs whose engine is away, and what documents get that come without a wish.

Which engines there are, the caller has looked (jobs/usual_options.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields

from django.db import transaction

from accounts import audit
from accounts.models import Tenant, TextLayer
from accounts.seniority import under_lock
from accounts.tenancy import Actor

MAX_RETENTION = 1_000_000  # hours


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """As of `Tenant`, each by its column's name; None and an engine "" are the installation's."""

    name: str
    retention_hours: int | None
    require_second_factor: bool
    when_engine_away: str
    default_engine: str = ""
    default_text_layer: str = TextLayer.AUTO
    default_dpi: int | None = None
    default_strip_furniture: bool = False
    default_split: bool = False
    default_searchable_pdf: bool | None = None
    default_cache: bool = True


def settings_of(tenant: Tenant) -> OrganisationSettings:
    """The settings as they stand in this row."""
    names = (each.name for each in fields(OrganisationSettings))
    return OrganisationSettings(**{name: getattr(tenant, name) for name in names})


def change_settings(
    actor: Actor,
    wanted: OrganisationSettings,
    *,
    only: Collection[str] | None = None,
    address: str | None,
) -> bool:
    """Change the actor's organisation and say so in the audit log; False if nothing differs.

    ``only`` names the settings to change; None: all. Raises PermissionDenied where the actor may
    not any more.
    """
    with transaction.atomic():
        actor = under_lock(actor, "settings:write")
        tenant = actor.tenant
        old, new = asdict(settings_of(tenant)), asdict(wanted)
        asked = new if only is None else only
        changed = [name for name in new if name in asked and new[name] != old[name]]
        if not changed:
            return False
        Tenant.objects.filter(pk=tenant.pk).update(**{name: new[name] for name in changed})
        audit.record(
            actor=actor,
            tenant=tenant,
            action="settings.change",
            obj=tenant,
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed},
            address=address,
        )
    return True
