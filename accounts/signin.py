"""Who may sign in, and for which tenant."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts import audit, login_throttle, second_factor
from accounts.models import Membership, User
from accounts.row_security import unscoped
from accounts.sessions import user_agent_of
from accounts.tokens import RefreshToken, issue


class WrongCredentials(Exception):
    """No active person has this address and password: one answer, whichever of them is wrong."""


class CodeMissing(Exception):
    """Address and password are right; the person's second factor is needed as well."""


class NoSuchMembership(Exception):
    """The person is no active member of that tenant, or of any; they have proved who they are."""


class SecondFactorRequired(Exception):
    """The tenant asks for a second factor, which the person has not set up."""


def sign_in(
    request: HttpRequest, *, email: str, password: str, code: str | None, tenant: str | None
) -> tuple[RefreshToken, Membership]:
    """The first tokens for a tenant, named by id or slug; None is the first one joined.

    Unknown addresses cost a password hash too, as Django's authenticate() sees to. Raises
    `WrongCredentials`, `CodeMissing`, `CodeRefused`, `LoginLocked`, `NoSuchMembership` or
    `SecondFactorRequired`.
    """
    user = authenticate(request, username=email, password=password)
    login_throttle.raise_if_locked(request)
    if not isinstance(user, User):
        raise WrongCredentials
    if second_factor.is_on(user):
        if code is None:
            raise CodeMissing
        check_code(request, user, code)
    login_throttle.forget_failures(request, user.email)
    membership = find_membership(user, tenant)
    if membership is None:
        raise NoSuchMembership
    if second_factor.is_missing(user, membership.tenant):
        raise SecondFactorRequired
    address = audit.address_of(request)
    with transaction.atomic():
        token = issue(membership, user_agent=user_agent_of(request), address=address)
        audit.record(
            actor=membership.user,
            tenant=membership.tenant,
            action="token.issue",
            obj=membership.user,
            address=address,
        )
    return token, membership


def open_session(request: HttpRequest, user: User, *, next_url: str | None) -> HttpResponse:
    """On from a proven identity: to the second factor where there is one, else into the session.

    ``next_url``: where to then; any other host's address is not followed.
    """
    followed = next_url if next_url and get_adapter(request).is_safe_url(next_url) else None
    return perform_login(request, user, redirect_url=followed)


def check_code(request: HttpRequest, user: User, code: str) -> None:
    """Use up a second factor. Raises `CodeRefused`, and `LoginLocked` without having tried it."""
    wait = login_throttle.seconds_locked(request, user.email)
    if not wait:
        try:
            second_factor.verify(user, code)
        except second_factor.CodesLocked as error:
            wait = error.seconds
        except second_factor.CodeRefused:
            login_throttle.count_wrong_code(request, user.email)
            login_throttle.raise_if_locked(request)
            raise
    if wait:
        login_throttle.lock(request, wait)
        login_throttle.raise_if_locked(request)


def is_password_of(request: HttpRequest, user: User, password: str) -> bool:
    """Whether a signed-in person knows their password; wrong ones count as failed sign-ins do.

    Raises `LoginLocked` without having tried it.
    """
    found = authenticate(request, username=user.email, password=password)
    login_throttle.raise_if_locked(request)
    return found is not None and found.pk == user.pk


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
