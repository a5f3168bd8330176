"""The tenant boundary: who is acting, for which tenant, and what that tenant may see.

Every query for a tenant's rows starts at ``for_tenant``. Views get that from `TenantMixin` and
`PageMixin`; a row of another tenant is then missing, and answers 404 like any missing row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop
from rest_framework.request import Request

from accounts.permissions import ROLES, allowed_to_scopes, needed_action
from accounts.row_security import act_for, unscoped

if TYPE_CHECKING:
    from accounts.models import ApiKey, Membership, Tenant, User

Row = TypeVar("Row", bound=models.Model, covariant=True)
TENANT_KEY = "tenant_id"


class TenantQuerySet(models.QuerySet[Row]):
    """Rows with a ``tenant`` column."""

    def for_tenant(self, tenant: "Tenant") -> Self:
        """Only this tenant's rows."""
        return self.filter(tenant=tenant)


class TenantOwned(models.Model):
    """Base of every model whose rows belong to one tenant."""

    # No reverse accessor: a tenant's rows are reached by for_tenant alone.
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes this request, for which tenant: a person by session or token, or an API key."""

    tenant: "Tenant"
    permissions: frozenset[str]
    user: "User | None" = None
    api_key: "ApiKey | None" = None
    role: str | None = None

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def pk(self) -> UUID:
        """The id of the key or, without one, of the person."""
        subject = self.api_key or self.user
        if subject is None:
            raise ValueError("An actor is a person or an API key.")
        return subject.pk

    def may(self, action: str) -> bool:
        """Whether one of `accounts.permissions.ACTIONS` is allowed."""
        return action in self.permissions

    def __str__(self) -> str:
        return str(self.api_key or self.user)


def member_actor(membership: "Membership") -> Actor:
    """The actor that a member is; needs ``user`` and ``tenant`` loaded."""
    return Actor(
        tenant=membership.tenant,
        permissions=ROLES.get(membership.role, frozenset()),
        user=membership.user,
        role=membership.role,
    )


def key_actor(key: "ApiKey") -> Actor:
    """The actor that an API key is; needs ``tenant`` loaded."""
    return Actor(tenant=key.tenant, permissions=allowed_to_scopes(key.scopes), api_key=key)


def session_actor(request: HttpRequest) -> Actor | None:
    """The signed-in person in the session's tenant, or in their first one; None if in none.

    Read from the database once a request, so that a changed role holds from the next one. From
    then on the request sees that tenant's rows.
    """
    if not hasattr(request, "_session_actor"):
        actor = request._session_actor = _read_session(request)  # type: ignore[attr-defined]
        if actor:
            act_for(actor.tenant)
    return cast(Actor | None, request._session_actor)  # type: ignore[attr-defined]


@unscoped()
def _read_session(request: HttpRequest) -> Actor | None:
    from accounts.models import Membership  # that module imports this one

    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    memberships = list(Membership.objects.active().filter(user=user).order_by("pk"))
    chosen = request.session.get(TENANT_KEY)
    request._has_choice = len(memberships) > 1  # type: ignore[attr-defined]
    for membership in memberships:
        if str(membership.tenant_id) == chosen:
            return member_actor(membership)
    return member_actor(memberships[0]) if memberships else None


def settle_choice(request: HttpRequest, actor: Actor) -> bool:
    """Keep the tenant that the session's pages show; False if it has just become another one.

    Who is removed from the tenant they worked for goes on in another of theirs, and should be told,
    lest a form that was filled in for the one is sent to the other.
    """
    chosen, now = request.session.get(TENANT_KEY), str(actor.tenant.pk)
    if chosen == now or (chosen is None and not request._has_choice):  # type: ignore[attr-defined]
        return True
    request.session[TENANT_KEY] = now
    return chosen is None


def actor_of(request: HttpRequest | Request) -> Actor:
    """Who acts, on API requests and pages alike.

    Raises PermissionDenied when nobody is signed in, or somebody without a tenant.
    """
    user: Any = getattr(request, "user", None)
    if isinstance(user, Actor):
        return user
    if isinstance(request, HttpRequest):
        actor = session_actor(request)
        if actor is not None:
            return actor
    raise PermissionDenied("This account does not belong to an active organisation.")


def tenant_of(request: HttpRequest | Request) -> "Tenant":
    """The tenant whose rows this request may touch; raises PermissionDenied as `actor_of`."""
    return actor_of(request).tenant


class TenantMixin:
    """For generic API views and pages: their query set holds the tenant's rows alone."""

    def get_queryset(self) -> TenantQuerySet[Any]:
        rows: TenantQuerySet[Any] = super().get_queryset()  # type: ignore[misc]
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a request
            return rows.none()
        return rows.for_tenant(tenant_of(self.request))  # type: ignore[attr-defined]


class PageMixin(TenantMixin):
    """For Django's class-based views: sign-in first, then the method's action, then the rows.

    Put it left of the view. ``actions`` maps a method to one of `accounts.permissions.ACTIONS`;
    a method without an action is refused with 403. Staff without a tenant go to the admin, others
    get a page that says what to do, members who lack the second factor that their tenant asks for
    go to its set-up.
    """

    actions: ClassVar[Mapping[str, str]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_login(request)
        actor = session_actor(request)
        if actor is None:
            if request.user.is_staff:
                return redirect("admin:index")
            return _without_tenant(request)
        if _lacks_second_factor(actor):
            return redirect("account-second-factor")
        method = (request.method or "").lower()
        if not settle_choice(request, actor):
            moved = gettext(
                "You no longer belong to the organisation you worked for. This is %(organisation)s."
            ) % {"organisation": actor.tenant}
            if method not in ("get", "head"):
                raise PermissionDenied(" ".join((moved, gettext("Nothing was changed."))))
            messages.warning(request, moved)
            if getattr(request, "htmx", None):  # the page around the fragment is the other one's
                return _whole_page(_page_of_fragment(request))
        if hasattr(self, method) and needed_action(self.actions, method) not in actor.permissions:
            raise PermissionDenied(gettext_noop("Your role does not allow this."))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


@unscoped()
def _without_tenant(request: HttpRequest) -> HttpResponseBase:
    from accounts.models import Membership  # that module imports this one

    suspended = Membership.objects.filter(user=request.user.pk).select_related("tenant")
    context = {"suspended": [membership.tenant for membership in suspended]}
    return render(request, "accounts/no_organisation.html", context, status=403)


def _lacks_second_factor(actor: Actor) -> bool:
    from accounts.second_factor import is_missing  # that module needs the models loaded

    return actor.user is not None and is_missing(actor.user, actor.tenant)


def _to_login(request: HttpRequest) -> HttpResponseBase:
    from django.contrib.auth.views import redirect_to_login  # needs the user model loaded

    if getattr(request, "htmx", None):
        # A redirect would put the login page inside the fragment that was asked for.
        return _whole_page(redirect_to_login(_page_of_fragment(request)).url)
    came_for = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
    return redirect_to_login(came_for)


def _page_of_fragment(request: HttpRequest) -> str:
    """The address of the page for which htmx asked for a part."""
    try:
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    except ValueError:  # the header is no URL
        return "/"


def _whole_page(url: str) -> HttpResponseBase:
    from django_htmx.http import HttpResponseClientRedirect

    return HttpResponseClientRedirect(url)
