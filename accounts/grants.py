"""What a long answer was allowed by, looked at again while it goes on.

A request is let in once; an answer of minutes must end when its key is revoked or its reader has
left. Views keep a `Grant`, and `still_good` asks for many of them at once.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import ApiKey, Membership, User
from accounts.permissions import ROLES, allowed_to_scopes
from accounts.row_security import unscoped
from accounts.tenancy import Actor, key_actor, member_actor


@dataclass(frozen=True, slots=True)
class Grant:
    """Who was allowed what; ``stamp`` changes with the person's password, as a session's does."""

    action: str
    tenant_id: UUID
    api_key_id: UUID | None
    user_id: UUID | None
    stamp: str


def grant_to(actor: Actor, action: str) -> Grant:
    """The actor's permission to do this action, which the view has checked."""
    return Grant(
        action=action,
        tenant_id=actor.tenant.pk,
        api_key_id=actor.api_key.pk if actor.api_key else None,
        user_id=actor.user.pk if actor.user else None,
        stamp=_stamp(actor.user),
    )


@unscoped()
def still_good(grants: Collection[Grant]) -> set[Grant]:
    """Those that would be given again now, by at most one query for keys and one for people."""
    return _of_keys([grant for grant in grants if grant.api_key_id]) | _of_members(
        [grant for grant in grants if not grant.api_key_id]
    )


@unscoped()
def actor_again(tenant_id: UUID, *, api_key_id: UUID | None, user_id: UUID | None) -> Actor | None:
    """Who acted earlier, with what they may do now; None where they may nothing any more.

    Sees a key's end and a person's leaving, not a changed password.
    """
    if api_key_id:
        key = _live_keys().select_related("tenant").filter(pk=api_key_id, tenant=tenant_id).first()
        return key_actor(key) if key else None
    member = Membership.objects.active().filter(user=user_id, tenant=tenant_id).first()
    return member_actor(member) if member else None


def _live_keys() -> QuerySet[ApiKey]:
    return ApiKey.objects.live().filter(tenant__is_active=True)


def _of_keys(grants: list[Grant]) -> set[Grant]:
    if not grants:
        return set()
    live = _live_keys().filter(pk__in={grant.api_key_id for grant in grants})
    allowed = {
        (pk, tenant_id, action)
        for pk, tenant_id, scopes in live.values_list("pk", "tenant_id", "scopes")
        for action in allowed_to_scopes(scopes)
    }
    return {
        grant for grant in grants if (grant.api_key_id, grant.tenant_id, grant.action) in allowed
    }


def _of_members(grants: list[Grant]) -> set[Grant]:
    if not grants:
        return set()
    rows = Membership.objects.active().filter(user__in={grant.user_id for grant in grants})
    allowed = {
        Grant(action, row.tenant_id, None, row.user_id, _stamp(row.user))
        for row in rows
        for action in ROLES.get(row.role, ())
    }
    return allowed.intersection(grants)


def _stamp(user: User | None) -> str:
    return user.get_session_auth_hash() if user else ""
