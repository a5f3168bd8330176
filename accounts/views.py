"""Pages to sign in, sign out and switch tenant, and what every page knows of the visitor."""

from typing import Any, cast

from allauth.account.internal.decorators import login_stage_required
from allauth.mfa.internal.constants import LoginStageKey
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views import View

from accounts import audit, limits, passwords
from accounts.account_forms import NewPasswordForm, ResetForm
from accounts.forms import LoginForm, SwitchTenantForm
from accounts.models import Membership, Tenant, User
from accounts.row_security import unscoped
from accounts.second_factor_forms import CodeForm
from accounts.sign_on_views import is_offered
from accounts.signin import find_membership, open_session
from accounts.tenancy import TENANT_KEY, member_actor, session_actor


class LoginView(auth_views.LoginView):
    """Signing in; a signed-in visitor is sent on."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """On to the second factor, or in."""
        return open_session(self.request, form.get_user(), next_url=self.get_redirect_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the other ways in."""
        offered = {
            "single_sign_on": settings.OIDC_NAME if is_offered() else "",
            "sends_mail": bool(settings.EMAIL_URL),
        }
        return super().get_context_data(**kwargs, **offered)


@method_decorator(
    login_stage_required(stage=LoginStageKey.MFA_AUTHENTICATE.value, redirect_urlname="login"),
    name="dispatch",
)
class CodeView(View):
    """The second step of signing in, for who has a second factor; only after the first."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return render(
            request, "accounts/code.html", {"form": CodeForm(user=_half_signed_in(request))}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """In, if the code is right."""
        form = CodeForm(request.POST, user=_half_signed_in(request))
        if not form.is_valid():
            return render(request, "accounts/code.html", {"form": form}, status=400)
        done: HttpResponse = request._login_stage.exit()  # type: ignore[attr-defined]
        return done


def _half_signed_in(request: HttpRequest) -> User:
    return cast(User, request._login_stage.login.user)  # type: ignore[attr-defined]


class AdminLoginView(View):
    """The admin's own sign-in asks for no second factor: ours is the one way in."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied("This is for the operators of this site.")
        return redirect_to_login(request.GET.get("next") or resolve_url("admin:index"))

    post = get


class PasswordResetView(View):
    """Asking for a link to set a new password: one answer, whoever asks."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form(request, ResetForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the link, if there is such a person."""
        form = ResetForm(request.POST)
        if not settings.EMAIL_URL:
            return self._form(request, form, status=404)
        if not form.is_valid():
            return self._form(request, form, status=400)
        limits.admit(request, "token")
        passwords.send_link(form.cleaned_data["email"], address=audit.address_of(request))
        return render(request, "accounts/password_reset_sent.html")

    def _form(self, request: HttpRequest, form: ResetForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "sends_mail": bool(settings.EMAIL_URL)}
        return render(request, "accounts/password_reset.html", context, status=status)


class PasswordResetLinkView(auth_views.PasswordResetConfirmView):
    """Where the link leads; Django moves its token out of the address first."""

    http_method_names = ["get", "post"]
    template_name = "accounts/password_reset_link.html"
    form_class = NewPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, and to the sign-in."""
        self.request.session.pop(auth_views.INTERNAL_RESET_SESSION_TOKEN, None)
        new = form.cleaned_data["new_password1"]
        passwords.reset(cast(User, self.user), new, address=audit.address_of(self.request))
        messages.success(self.request, _("The password was set. Sign in with it."))
        return redirect("login")


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
        request.session[TENANT_KEY] = str(chosen.tenant_id)
        audit.record(
            actor=member_actor(chosen),
            tenant=chosen.tenant,
            action="session.switch",
            obj=chosen.tenant,
            before={"tenant": old.tenant.slug if old else None},
            after={"tenant": chosen.tenant.slug},
            address=audit.address_of(request),
        )
        told = _("You now work for %(organisation)s.")
        messages.success(request, told % {"organisation": chosen.tenant})
        return redirect(resolve_url("home"))


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
