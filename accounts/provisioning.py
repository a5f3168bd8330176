"""Setting up an organisation: tenant, owner and first key, all or nothing."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from accounts import audit
from accounts.keys import create_api_key
from accounts.models import ApiKey, Membership, Tenant, User
from accounts.names import clean_name
from accounts.permissions import SCOPES, Role


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What is there now. Secrets made by this call are in it; those that existed are ""."""

    tenant: Tenant
    owner: User
    password: str
    key: ApiKey
    raw_key: str
    created: bool  # whether this call made the tenant


def create_tenant(
    *, name: str, owner_email: str, password: str = "", slug: str = "", key_name: str = "default"
) -> Provisioned:
    """A tenant with its owner and a key of all scopes; doing it again changes nothing.

    The slug is made of the name unless given. An owner who exists keeps their password, a new one
    without ``password`` is given a random one. A live key of that name is kept, its text unknown.
    Raises ValidationError for a bad address, name or password, and when the slug belongs to a
    tenant that this person does not own.
    """
    with transaction.atomic():
        owner = User.objects.filter(email=owner_email).first()
        new_password = ""
        if owner is None:
            owner = User(email=owner_email.lower())
            new_password = password or secrets.token_urlsafe(12)
            validate_password(new_password, owner)
            owner.set_password(new_password)
            owner.full_clean()
            owner.save()
        tenant, created = _tenant(name, slug or slugify(name)[:100], owner)
        key = ApiKey.objects.live().for_tenant(tenant).filter(name=key_name).first()
        raw = ""
        if key is None:
            key, raw = create_api_key(tenant=tenant, name=key_name, scopes=SCOPES, created_by=owner)
    return Provisioned(tenant, owner, new_password, key, raw, created)


def _tenant(name: str, slug: str, owner: User) -> tuple[Tenant, bool]:
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is not None:
        if not Membership.objects.filter(tenant=tenant, user=owner, role=Role.OWNER).exists():
            raise ValidationError(f"Organisation {slug!r} exists and {owner} does not own it.")
        return tenant, False
    name = clean_name(name)
    tenant = Tenant(name=name, slug=slug)
    tenant.full_clean()
    tenant.save()
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    audit.record(
        actor=None,
        tenant=tenant,
        action="tenant.create",
        obj=tenant,
        after={"name": name, "slug": slug, "owner": owner.email},
    )
    return tenant, True
