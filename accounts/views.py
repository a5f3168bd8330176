"""Pages to sign in, sign out and switch tenant, and what every page knows of the visitor."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.functional import SimpleLazyObject
from django.views import View

from accounts import audit
from accounts.forms import LoginForm, SwitchTenantForm
from accounts.models import Membership, Tenant, User
from accounts.row_security import unscoped
from accounts.signin import find_membership
from accounts.tenancy import SESSION_KEY, member_actor, session_actor


class LoginView(auth_views.LoginView):
    """Signing in; a signed-in visitor is sent on."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class LogoutView(auth_views.LogoutView):
    """Signing out, by POST alone."""


class SwitchTenantView(LoginRequiredMixin, View):
    """Choosing the tenant that the session's pages show."""

    http_method_names = ["post"]
    redirect_field_name = None  # nothing to come back to: only POST is answered here

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SwitchTenantForm(request.POST)
        if not form.is_valid():
            raise Http404
        old = session_actor(request)
        chosen = find_membership(cast(User, request.user), str(form.cleaned_data["tenant"]))
        if chosen is None:
            raise Http404
        request.session[SESSION_KEY] = str(chosen.tenant_id)
        audit.record(
            actor=member_actor(chosen),
            tenant=chosen.tenant,
            action="session.switch",
            obj=chosen.tenant,
            before={"tenant": old.tenant.slug if old else None},
            after={"tenant": chosen.tenant.slug},
            address=audit.address_of(request),
        )
        messages.success(request, f"You now work for {chosen.tenant}.")
        return redirect(resolve_url("job-list-page"))


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Template variables: ``actor`` and ``tenant`` (None if signed out), ``tenants`` to switch to.

    Read when a template first uses them.
    """

    def tenant() -> Tenant | None:
        actor = session_actor(request)
        return actor.tenant if actor else None

    @unscoped()
    def tenants() -> list[Tenant]:
        actor = session_actor(request)
        if actor is None:
            return []
        memberships = Membership.objects.active().filter(user=actor.user).order_by("pk")
        return [membership.tenant for membership in memberships]

    return {
        "actor": SimpleLazyObject(lambda: session_actor(request)),
        "tenant": SimpleLazyObject(tenant),
        "tenants": SimpleLazyObject(tenants),
    }
