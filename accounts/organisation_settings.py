"""What an organisation says of itself: name, how long documents are kept, how people sign in,
and what becomes of jobs whose engine is away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass

from django.db import transaction

from accounts import audit
from accounts.models import Tenant
from accounts.seniority import under_lock
from accounts.tenancy import Actor

MAX_RETENTION = 1_000_000  # hours


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """``retention_hours``: as of `Tenant`; None is the installation's. ``when_engine_away`` is one
    of `WhenEngineAway`."""

    name: str
    retention_hours: int | None
    require_second_factor: bool
    when_engine_away: str


def settings_of(tenant: Tenant) -> OrganisationSettings:
    """The settings as they stand in this row."""
    return OrganisationSettings(
        tenant.name,
        tenant.retention_hours,
        tenant.require_second_factor,
        tenant.when_engine_away,
    )


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
