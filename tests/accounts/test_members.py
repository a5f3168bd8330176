"""accounts/members.py, accounts/seniority.py: who may change whom, and the owner who remains"""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404

from accounts import members
from accounts.keys import create_api_key
from accounts.member_errors import LastOwner, NotAPerson, RoleTooHigh
from accounts.models import ApiKey, AuditEntry, Membership, User
from accounts.permissions import Role
from accounts.seniority import roles_to_give
from accounts.tenancy import Actor, key_actor, member_actor
from tests.people import Organisation

BELOW_OWNER = [Role.ADMIN, Role.MEMBER, Role.REVIEWER, Role.VIEWER]


def joined(acme: Organisation, role: Role) -> Membership:
    person = acme.join(role)
    return Membership.objects.select_related("user", "tenant").get(user=person)


def roles(acme: Organisation) -> dict[str, str]:
    rows = Membership.objects.for_tenant(acme.tenant).values_list("user__email", "role")
    return {email.partition("@")[0]: role for email, role in rows}


def change(actor: Actor, member: Membership, role: str) -> None:
    members.change_role(member, role=role, actor=actor, address="192.0.2.1")


def remove(actor: Actor, member: Membership, **more: Any) -> None:
    members.remove(member, actor=actor, address=None, **more)


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("id")


def test_owner_gives_every_role(acme: Organisation) -> None:
    viewer = joined(acme, Role.VIEWER)
    for role in Role:
        change(acme.member, viewer, role)
        assert roles(acme) == {"owner": "owner", "viewer": role}
    entry = last("member.role")
    assert (entry.actor, entry.address) == ("owner@acme.example", "192.0.2.1")
    assert (entry.object_type, entry.object_id) == ("accounts.membership", str(viewer.pk))
    assert entry.before == {"email": "viewer@acme.example", "role": "reviewer"}
    assert entry.after == {"email": "viewer@acme.example", "role": "viewer"}


def test_role_that_it_is_already_changes_nothing(acme: Organisation) -> None:
    change(acme.member, acme.membership, Role.OWNER)
    assert not AuditEntry.objects.filter(action="member.role").exists()


@pytest.mark.parametrize("by", ["admin", "key"])
def test_admin_and_key_give_every_role_but_the_owners(acme: Organisation, by: str) -> None:
    admin, viewer = joined(acme, Role.ADMIN), joined(acme, Role.VIEWER)
    actor = member_actor(admin) if by == "admin" else acme.actor
    assert roles_to_give(actor) == BELOW_OWNER
    for role in BELOW_OWNER:
        change(actor, viewer, role)
    with pytest.raises(RoleTooHigh):
        change(actor, viewer, Role.OWNER)
    with pytest.raises(RoleTooHigh):
        change(actor, acme.membership, Role.VIEWER)
    with pytest.raises(RoleTooHigh):
        remove(actor, acme.membership)
    with pytest.raises(RoleTooHigh):
        change(actor, admin, Role.OWNER)  # nor themselves
    assert roles(acme) == {"owner": "owner", "admin": "admin", "viewer": "viewer"}
    remove(actor, viewer)
    assert "viewer" not in roles(acme)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_others_give_no_role_and_remove_nobody(acme: Organisation, role: Role) -> None:
    actor, admin = member_actor(joined(acme, role)), joined(acme, Role.ADMIN)
    assert roles_to_give(actor) == []
    with pytest.raises(PermissionDenied):
        change(actor, admin, Role.VIEWER)
    with pytest.raises(PermissionDenied):
        remove(actor, admin)
    assert roles(acme)["admin"] == "admin"


def test_role_lost_since_the_request_began_counts(acme: Organisation) -> None:
    admin, viewer = joined(acme, Role.ADMIN), joined(acme, Role.VIEWER)
    actor = member_actor(admin)
    change(acme.member, admin, Role.VIEWER)
    with pytest.raises(PermissionDenied):
        change(actor, viewer, Role.ADMIN)
    remove(acme.member, admin)
    with pytest.raises(PermissionDenied):
        remove(actor, viewer)
    assert roles(acme) == {"owner": "owner", "viewer": "viewer"}


def test_last_owner_stays(acme: Organisation) -> None:
    joined(acme, Role.ADMIN)
    for attempt in (
        lambda: change(acme.member, acme.membership, Role.ADMIN),
        lambda: remove(acme.member, acme.membership),
        lambda: members.leave(actor=acme.member, address=None),
    ):
        with pytest.raises(LastOwner):
            attempt()
    assert roles(acme) == {"owner": "owner", "admin": "admin"}
    assert not AuditEntry.objects.filter(action__startswith="member.").exists()


def test_owner_who_is_switched_off_does_not_count(acme: Organisation) -> None:
    second = joined(acme, Role.ADMIN)
    change(acme.member, second, Role.OWNER)
    User.objects.filter(pk=second.user_id).update(is_active=False)
    with pytest.raises(LastOwner):
        members.leave(actor=acme.member, address=None)
    remove(acme.member, second)
    assert roles(acme) == {"owner": "owner"}


def test_owner_of_another_organisation_does_not_count(
    acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.OWNER)
    with pytest.raises(LastOwner):
        members.leave(actor=acme.member, address=None)


def test_foreign_member_is_missing(acme: Organisation, stranger: Organisation) -> None:
    for attempt in (
        lambda: change(acme.member, stranger.membership, Role.VIEWER),
        lambda: remove(acme.member, stranger.membership),
        lambda: members.transfer(stranger.membership, actor=acme.member, address=None),
    ):
        with pytest.raises(Http404):
            attempt()
    assert Membership.objects.get(pk=stranger.membership.pk).role == "owner"
    assert roles(acme) == {"owner": "owner"}


def test_leaving_ends_the_own_membership(acme: Organisation, stranger: Organisation) -> None:
    viewer = joined(acme, Role.VIEWER)
    Membership.objects.create(tenant=stranger.tenant, user=viewer.user, role=Role.VIEWER)
    members.leave(actor=member_actor(viewer), address=None)
    assert roles(acme) == {"owner": "owner"}
    assert "viewer" in roles(stranger)
    entry = last("member.leave")
    assert (entry.tenant, entry.actor) == (acme.tenant, "viewer@acme.example")
    assert entry.before == {"email": "viewer@acme.example", "role": "viewer"}


def test_key_does_not_leave_or_take_over(acme: Organisation) -> None:
    admin = joined(acme, Role.ADMIN)
    with pytest.raises(NotAPerson):
        members.leave(actor=acme.actor, address=None)
    with pytest.raises(NotAPerson):
        members.transfer(admin, actor=acme.actor, address=None)
    assert roles(acme) == {"owner": "owner", "admin": "admin"}


def test_transfer_makes_one_owner_and_the_other_admin(acme: Organisation) -> None:
    viewer = joined(acme, Role.VIEWER)
    members.transfer(viewer, actor=acme.member, address=None)
    assert roles(acme) == {"owner": "admin", "viewer": "owner"}
    entry = last("tenant.transfer")
    assert entry.before == {"owner@acme.example": "owner", "viewer@acme.example": "viewer"}
    assert entry.after == {"owner@acme.example": "admin", "viewer@acme.example": "owner"}
    with pytest.raises(PermissionDenied):  # once only: the actor is no owner any more
        members.transfer(viewer, actor=acme.member, address=None)


def test_transfer_is_the_owners_and_to_another_who_can_act(acme: Organisation) -> None:
    admin, viewer = joined(acme, Role.ADMIN), joined(acme, Role.VIEWER)
    with pytest.raises(PermissionDenied):
        members.transfer(viewer, actor=member_actor(admin), address=None)
    with pytest.raises(LastOwner):
        members.transfer(acme.membership, actor=acme.member, address=None)
    User.objects.filter(pk=viewer.user_id).update(is_active=False)
    with pytest.raises(LastOwner):
        members.transfer(viewer, actor=acme.member, address=None)
    assert roles(acme) == {"owner": "owner", "admin": "admin", "viewer": "viewer"}


def test_keys_of_a_removed_member_stay_unless_named(
    acme: Organisation, stranger: Organisation
) -> None:
    admin = joined(acme, Role.ADMIN)
    kept, _ = create_api_key(
        tenant=acme.tenant, name="kept", scopes=["admin"], created_by=admin.user
    )
    gone, _ = create_api_key(
        tenant=acme.tenant, name="gone", scopes=["admin"], created_by=admin.user
    )
    foreign, _ = create_api_key(
        tenant=stranger.tenant, name="foreign", scopes=["admin"], created_by=admin.user
    )
    assert set(members.keys_made_by(admin.user, acme.tenant)) == {kept, gone}
    remove(acme.member, admin, revoke_keys=[gone.pk, foreign.pk, acme.key.pk])
    live = set(ApiKey.objects.filter(revoked_at=None))
    assert live == {kept, foreign, acme.key, stranger.key}
    assert last("key.revoke").object_id == str(gone.pk)
    assert last("member.remove").before == {"email": "admin@acme.example", "role": "admin"}
    kept.refresh_from_db()
    assert kept.created_by == admin.user, "who made it is known afterwards"
    assert key_actor(kept).may("members:manage")


def race(*attempts: Callable[[], None]) -> list[str]:
    """What each of these, begun at once in a connection of its own, came to."""
    barrier, came_to = Barrier(len(attempts)), []

    def run(attempt: Callable[[], None]) -> None:
        try:
            barrier.wait()
            attempt()
            came_to.append("done")
        except (LastOwner, PermissionDenied, Http404) as error:
            came_to.append(type(error).__name__)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(came_to)


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_step_back_at_once_one_is_refused(acme: Organisation) -> None:
    for _ in range(5):
        Membership.objects.exclude(pk=acme.membership.pk).delete()
        Membership.objects.filter(pk=acme.membership.pk).delete()
        User.objects.filter(email="second@acme.example").delete()
        first = Membership.objects.create(tenant=acme.tenant, user=acme.owner, role=Role.OWNER)
        person = User.objects.create_user("second@acme.example", "x")
        second = Membership.objects.create(tenant=acme.tenant, user=person, role=Role.OWNER)
        came_to = race(
            lambda m=first: members.leave(actor=member_actor(m), address=None),  # type: ignore[misc]
            lambda m=second: change(member_actor(m), m, Role.VIEWER),  # type: ignore[misc]
        )
        assert came_to == ["LastOwner", "done"]
        assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_remove_each_other_one_remains(acme: Organisation) -> None:
    person = User.objects.create_user("second@acme.example", "x")
    second = Membership.objects.create(tenant=acme.tenant, user=person, role=Role.OWNER)
    came_to = race(
        lambda: remove(acme.member, second),
        lambda: remove(member_actor(second), acme.membership),
    )
    assert "done" in came_to
    assert came_to != ["done", "done"]
    assert Membership.objects.filter(role=Role.OWNER).count() == 1
