"""The pages about the person themselves: what they share, their password, their sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import passwords, signins
from accounts.account_forms import ChangePasswordForm
from accounts.account_pages import PAGES
from accounts.audit import address_of
from accounts.models import User
from accounts.reauthentication import is_confirmed, what_to_do


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class AccountPageMixin(LoginRequiredMixin):
    """A page under "Account", with the menu of its neighbours (accounts/account.html)."""

    def shown(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
    ) -> HttpResponse:
        """The template, which extends accounts/account.html, with the menu's entries."""
        return render(request, template, {**context, "account_pages": PAGES}, status=status)


def person(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


class PasswordPage(AccountPageMixin, View):
    """Another password; all other sessions end."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form(request, ChangePasswordForm(person(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change it, if the current one is right."""
        user = person(request)
        form = ChangePasswordForm(user, request.POST)
        if not form.is_valid() or not user.has_usable_password():
            return self._form(request, form, status=400)
        if not is_confirmed(request, user, form.cleaned_data["current"]):
            form.add_error("current", what_to_do(user))
            return self._form(request, form, status=400)
        passwords.change(
            user,
            form.cleaned_data["new_password1"],
            session_key=request.session.session_key,
            address=address_of(request),
        )
        update_session_auth_hash(request, user)
        messages.success(
            request, _("The password was changed; all your other sessions have ended.")
        )
        return redirect("account-password")

    def _form(
        self, request: HttpRequest, form: ChangePasswordForm, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "has_password": person(request).has_usable_password()}
        return self.shown(request, "accounts/password.html", context, status)


class SessionsPage(AccountPageMixin, View):
    """Where the person is signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of it, this session first."""
        rows = signins.sign_ins_of(person(request), session_key=request.session.session_key)
        return self.shown(request, "accounts/sessions.html", {"sign_ins": rows})


class EndSessionView(AccountPageMixin, View):
    """Ending one sign-in."""

    http_method_names = ["post"]
    redirect_field_name = None

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End it; one of somebody else is missing."""
        if not signins.end(person(request), pk, address=address_of(request)):
            raise Http404
        messages.success(request, _("The session was ended."))
        return redirect("account-sessions")


class EndOtherSessionsView(AccountPageMixin, View):
    """Ending all sign-ins but this one."""

    http_method_names = ["post"]
    redirect_field_name = None

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them."""
        signins.end_others(
            person(request),
            session_key=request.session.session_key,
            address=address_of(request),
        )
        messages.success(request, _("You are signed in here alone now."))
        return redirect("account-sessions")
