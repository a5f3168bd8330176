"""Tenants with people and keys, and clients that speak for them."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.test import APIClient

from accounts.keys import create_api_key
from accounts.models import ApiKey, Membership, Tenant, User
from accounts.permissions import SCOPES, Role
from accounts.tenancy import Actor, key_actor, member_actor

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Organisation:
    """A tenant with an owner and a key that may do everything."""

    tenant: Tenant
    owner: User
    membership: Membership
    key: ApiKey
    raw_key: str

    @property
    def actor(self) -> Actor:
        """The key as an actor."""
        return key_actor(self.key)

    @property
    def member(self) -> Actor:
        """The owner as an actor."""
        return member_actor(self.membership)

    def api(self, *scopes: str) -> APIClient:
        """A client with the key, or with a fresh key of these scopes."""
        raw = self.raw_key
        if scopes:
            _, raw = create_api_key(
                tenant=self.tenant, name="narrow", scopes=scopes, created_by=self.owner
            )
        client = APIClient(raise_request_exception=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        return client

    def join(self, role: Role) -> User:
        """A new person with this role."""
        person = User.objects.create_user(f"{role}@{self.tenant.slug}.example", PASSWORD)
        Membership.objects.create(tenant=self.tenant, user=person, role=role)
        return person


def organisation(slug: str) -> Organisation:
    """A new tenant of that name."""
    tenant = Tenant.objects.create(name=slug.title(), slug=slug)
    owner = User.objects.create_user(f"owner@{slug}.example", PASSWORD)
    membership = Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    key, raw = create_api_key(tenant=tenant, name="first", scopes=SCOPES, created_by=owner)
    return Organisation(tenant, owner, membership, key, raw)
