"""Who may give, change and take away which role: an owner any, an admin all but the owner's.

An API key that may manage members acts as an admin. So nobody gets above their own role by
themselves: who may manage is an admin at least, and the only role above is the owner's.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from accounts.member_errors import RoleTooHigh
from accounts.models import Membership, Tenant
from accounts.permissions import ROLES, Role
from accounts.tenancy import Actor

MANAGE = "members:manage"


def may_give(giver: str, role: str) -> bool:
    """Whether somebody of the first role may give or take away the second."""
    return MANAGE in ROLES[giver] and (giver == Role.OWNER or role != Role.OWNER)


def roles_to_give(actor: Actor) -> list[Role]:
    """Those that the actor may give, the highest first."""
    giver = actor.role or Role.ADMIN
    return [role for role in Role if actor.may(MANAGE) and may_give(giver, role)]


def locked(tenant: Tenant) -> Tenant:
    """The tenant's row, locked until the transaction ends: its memberships change one by one.

    The weak lock: new rows that point to the tenant, such as jobs, do not wait for it.
    """
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def require_still(actor: Actor, action: str) -> str | None:
    """Refuse unless the actor's role allows it as it is now; returns the role, None of a key.

    Ask under the tenant's lock, as ``require_may_give``. Raises PermissionDenied.
    """
    if actor.user is None:
        return None
    own = Membership.objects.active().for_tenant(actor.tenant).filter(user=actor.user).first()
    if own is None or action not in ROLES[own.role]:
        raise PermissionDenied("Your role does not allow this any more.")
    return own.role


def require_may_give(actor: Actor, *roles: str) -> None:
    """Refuse unless the actor may, as they stand now, give or take away all of these roles.

    Ask under the tenant's lock: since the request began, the actor may have lost the role that it
    was let in by. Raises PermissionDenied or `RoleTooHigh`.
    """
    giver = require_still(actor, MANAGE) or Role.ADMIN
    if not all(may_give(giver, role) for role in roles):
        raise RoleTooHigh
