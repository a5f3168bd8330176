"""Who may sign in, and for which tenant."""

from uuid import UUID

from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import Membership, User
from accounts.row_security import unscoped
from accounts.tokens import RefreshToken, issue


class WrongCredentials(Exception):
    """No active person has this address and password: one answer, whichever of them is wrong."""


class NoSuchMembership(Exception):
    """The person is no active member of that tenant, or of any; they have proved who they are."""


def sign_in(
    request: HttpRequest, *, email: str, password: str, tenant: str | None
) -> tuple[RefreshToken, Membership]:
    """The first tokens for a tenant, named by id or slug; None is the first one joined.

    Unknown addresses cost a password hash too, as Django's authenticate() sees to. Raises
    `WrongCredentials` or `NoSuchMembership`.
    """
    user = authenticate(request, username=email, password=password)
    if user is None:
        raise WrongCredentials
    membership = find_membership(user, tenant)
    if membership is None:
        raise NoSuchMembership
    with transaction.atomic():
        token = issue(membership)
        audit.record(
            actor=membership.user,
            tenant=membership.tenant,
            action="token.issue",
            obj=membership.user,
            address=audit.address_of(request),
        )
    return token, membership


@unscoped()
def find_membership(user: User, tenant: str | None) -> Membership | None:
    """The person's active membership in the tenant with this id or slug, or their first one."""
    memberships = Membership.objects.active().filter(user=user).order_by("pk")
    if tenant is None:
        return memberships.first()
    try:
        return memberships.filter(tenant_id=UUID(tenant)).first()
    except ValueError:
        return memberships.filter(tenant__slug=tenant).first()
