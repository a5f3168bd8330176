"""Grants hold while they would be given again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.grants import grant_to, still_good
from accounts.keys import create_api_key, revoke_api_key
from accounts.models import ApiKey, Membership
from accounts.permissions import Role
from accounts.tenancy import member_actor
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def test_many_grants_are_looked_at_by_two_queries(
    acme: Organisation, stranger: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actors = [acme.actor, acme.member, stranger.actor, stranger.member]
    grants = {grant_to(actor, "jobs:read") for actor in actors}
    with django_assert_num_queries(2):
        assert still_good(grants) == grants
    with django_assert_num_queries(0):
        assert still_good([]) == set()


@pytest.mark.parametrize("loss", ["revoked", "expired", "narrowed", "tenant", "deleted"])
def test_grant_to_a_key_ends_with_what_the_key_may(acme: Organisation, loss: str) -> None:
    other = create_api_key(tenant=acme.tenant, name="b", scopes=["jobs:read"], created_by=None)[0]
    grant = grant_to(acme.actor, "jobs:read")
    row = ApiKey.objects.filter(pk=acme.key.pk)
    if loss == "revoked":
        revoke_api_key(acme.key, actor=None)
    elif loss == "expired":
        row.update(expires_at=timezone.now() - timedelta(seconds=5))
    elif loss == "narrowed":
        row.update(scopes=["usage:read"])
    elif loss == "tenant":
        acme.tenant.is_active = False
        acme.tenant.save(update_fields=["is_active"])
    else:
        row.delete()
    assert still_good([grant]) == set()
    assert ApiKey.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("loss", ["role", "left", "switched off", "password", "tenant"])
def test_grant_to_a_member_ends_with_what_the_member_may(acme: Organisation, loss: str) -> None:
    person = acme.join(Role.MEMBER)
    membership = Membership.objects.get(user=person)
    grant = grant_to(member_actor(membership), "jobs:write")
    assert still_good([grant]) == {grant}
    if loss == "role":
        Membership.objects.filter(pk=membership.pk).update(role=Role.VIEWER)
    elif loss == "left":
        membership.delete()
    elif loss == "switched off":
        person.is_active = False
        person.save(update_fields=["is_active"])
    elif loss == "password":
        person.set_password("another battery staple")
        person.save(update_fields=["password"])
    else:
        acme.tenant.is_active = False
        acme.tenant.save(update_fields=["is_active"])
    assert still_good([grant]) == set()


def test_grant_of_one_tenant_is_none_of_another(acme: Organisation, stranger: Organisation) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.OWNER)
    grant = grant_to(acme.member, "jobs:read")
    acme.membership.delete()
    assert still_good([grant]) == set()
