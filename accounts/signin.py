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
from accounts.signin_errors import (
    CodeMissing,
    CodeWrong,
    LoginLocked,
    NoSuchMembership,
    SecondFactorRequired,
    WrongCredentials,
)
from accounts.tokens import RefreshToken, issue


def sign_in(
    request: HttpRequest, *, email: str, password: str, code: str | None, tenant: str | None
) -> tuple[RefreshToken, Membership]:
    """The first tokens for a tenant, named by id or slug; None is the first one joined.

    Unknown addresses cost a password hash too, as Django's authenticate() sees to. Raises
    `WrongCredentials`, `CodeMissing`, `CodeWrong`, `LoginLocked`, `NoSuchMembership` or
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
    """Use up a second factor. Raises `CodeWrong`, and `LoginLocked` without having tried it."""
    wait = login_throttle.seconds_locked(request, user.email)
    if not wait:
        try:
            second_factor.verify(user, code)
        except LoginLocked as error:
            wait = error.wait
        except CodeWrong:
            login_throttle.count_wrong_code(request, user.email)
            login_throttle.raise_if_locked(request)
            raise
    if wait:
        login_throttle.lock(request, wait)
        login_throttle.raise_if_locked(request)


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
