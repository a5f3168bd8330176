"""Who may give, change and take away which role: an owner any, an admin all but the owner's.

An API key that may manage members acts as an admin. So nobody gets above their own role by
themselves: who may manage is an admin at least, and the only role above is the owner's.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from accounts.member_errors import RoleTooHigh
from accounts.models import ApiKey, Membership, Tenant
from accounts.permissions import ROLES, Role
from accounts.tenancy import Actor, key_actor, member_actor

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


def under_lock(actor: Actor, action: str) -> Actor:
    """The actor as they stand under the lock of their tenant, which is read anew as well.

    Since the request began they may have lost the role or the scopes that they were let in by.
    Raises PermissionDenied where they are no longer allowed the action.
    """
    locked(actor.tenant)
    return _now(actor, action)


def require_may_give(actor: Actor, *roles: str) -> None:
    """Refuse unless the actor may, as they stand now, give or take away all of these roles.

    Ask under the tenant's lock. Raises PermissionDenied or `RoleTooHigh`.
    """
    giver = _now(actor, MANAGE).role or Role.ADMIN
    if not all(may_give(giver, role) for role in roles):
        raise RoleTooHigh


def _now(actor: Actor, action: str) -> Actor:
    found: Actor | None = None
    if actor.user is not None:
        rows = Membership.objects.active().for_tenant(actor.tenant)
        member = rows.filter(user=actor.user).first()
        found = member_actor(member) if member else None
    elif actor.api_key is not None:
        keys = ApiKey.objects.live().for_tenant(actor.tenant).select_related("tenant")
        key = keys.filter(pk=actor.api_key.pk).first()
        found = key_actor(key) if key else None
    if found is None or not found.may(action):
        raise PermissionDenied("Your role does not allow this any more.")
    return found
