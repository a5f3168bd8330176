"""Members of an organisation: their roles changed, they removed, leaving, taking it over.

All of it happens under the tenant's lock, so that of two owners who step back at once one is
refused. What changes holds from the next request: memberships are read on each.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from accounts import audit
from accounts.keys import revoke_api_key
from accounts.member_errors import LastOwner, NotAPerson
from accounts.models import ApiKey, Membership, Tenant, User
from accounts.permissions import Role
from accounts.seniority import locked, require_may_give
from accounts.tenancy import Actor, TenantQuerySet


def keys_made_by(user: User, tenant: Tenant) -> TenantQuerySet[ApiKey]:
    """The tenant's live keys that this person made, newest first.

    They belong to the tenant: a person's leaving does not end them.
    """
    return ApiKey.objects.live().for_tenant(tenant).filter(created_by=user)


def change_role(
    membership: Membership, *, role: str, actor: Actor, address: str | None
) -> Membership:
    """The membership with the role; one's own too. Nothing happens if it is that already.

    Raises PermissionDenied, `RoleTooHigh`, `LastOwner`, and Http404 if the member has gone.
    """
    with transaction.atomic():
        tenant = locked(actor.tenant)
        member = _again(membership, tenant)
        require_may_give(actor, member.role, role)
        was = member.role
        if role == was:
            return member
        if was == Role.OWNER:
            _require_another_owner(member)
        _set_role(member, role)
        audit.record(
            actor=actor,
            tenant=tenant,
            action="member.role",
            obj=member,
            before={"email": member.user.email, "role": was},
            after={"email": member.user.email, "role": role},
            address=address,
        )
    return member


def remove(
    membership: Membership,
    *,
    actor: Actor,
    address: str | None,
    revoke_keys: Collection[UUID] = (),
) -> None:
    """End a membership, and those of the keys the person made that are named.

    Raises PermissionDenied, `RoleTooHigh`, `LastOwner`, and Http404 if the member has gone.
    """
    with transaction.atomic():
        tenant = locked(actor.tenant)
        member = _again(membership, tenant)
        require_may_give(actor, member.role)
        _end(member, "member.remove", actor, address)
        for key in keys_made_by(member.user, tenant).filter(pk__in=revoke_keys):
            revoke_api_key(key, actor=actor, address=address)


def leave(*, actor: Actor, address: str | None) -> None:
    """End one's own membership. Raises `NotAPerson` for a key, and `LastOwner`."""
    with transaction.atomic():
        tenant = locked(actor.tenant)
        _end(_own(actor, tenant), "member.leave", actor, address)


def transfer(membership: Membership, *, actor: Actor, address: str | None) -> None:
    """Make the member owner and the acting owner admin, both or neither.

    Raises PermissionDenied or `NotAPerson` unless the actor is an owner, `LastOwner` for oneself
    and for a person who is switched off, Http404 if the member has gone.
    """
    with transaction.atomic():
        tenant = locked(actor.tenant)
        own, heir = _own(actor, tenant), _again(membership, tenant)
        if own.role != Role.OWNER:
            raise PermissionDenied("Only an owner can hand the organisation over.")
        if heir.pk == own.pk:
            raise LastOwner("Choose another member.")
        if not heir.user.is_active:
            raise LastOwner("This person's account is switched off.")
        was = heir.role
        _set_role(heir, Role.OWNER)
        _set_role(own, Role.ADMIN)
        audit.record(
            actor=actor,
            tenant=tenant,
            action="tenant.transfer",
            obj=tenant,
            before={own.user.email: Role.OWNER, heir.user.email: was},
            after={own.user.email: Role.ADMIN, heir.user.email: Role.OWNER},
            address=address,
        )


def _again(membership: Membership, tenant: Tenant) -> Membership:
    """The membership as it is now, under the lock."""
    rows = Membership.objects.for_tenant(tenant).select_related("user")
    found = rows.filter(pk=membership.pk).first()
    if found is None:
        raise Http404
    return found


def _own(actor: Actor, tenant: Tenant) -> Membership:
    if actor.user is None:
        raise NotAPerson
    found = Membership.objects.active().for_tenant(tenant).filter(user=actor.user).first()
    if found is None:
        raise PermissionDenied("You are not a member any more.")
    return found


def _require_another_owner(member: Membership) -> None:
    """Refuse if nobody else could act as owner; a switched-off person cannot."""
    others = Membership.objects.active().for_tenant(member.tenant).exclude(pk=member.pk)
    if not others.filter(role=Role.OWNER).exists():
        raise LastOwner("Make somebody else an owner first.")


def _set_role(member: Membership, role: str) -> None:
    Membership.objects.filter(pk=member.pk).update(role=role)
    member.role = role


def _end(member: Membership, action: str, actor: Actor, address: str | None) -> None:
    if member.role == Role.OWNER:
        _require_another_owner(member)
    audit.record(
        actor=actor,
        tenant=member.tenant,
        action=action,
        obj=member,
        before={"email": member.user.email, "role": member.role},
        address=address,
    )
    member.delete()
