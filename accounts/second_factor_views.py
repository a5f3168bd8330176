"""The page on which a person sets up their second factor, and takes it away."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import View

from accounts import second_factor
from accounts.account_forms import ChangeFactorForm, SetUpForm
from accounts.account_views import AccountPageMixin, person
from accounts.audit import address_of
from accounts.reauthentication import is_confirmed, what_to_do
from accounts.signin_errors import CodeWrong
from accounts.tenancy import session_actor

SECRET = "second_factor_secret"  # noqa: S105  in the session, sealed, until the app is set up


class SecondFactorPage(AccountPageMixin, View):
    """Set up while it is off; new recovery codes or off while it is on."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What there is to do."""
        user = person(request)
        if second_factor.is_on(user):
            return self._on(request, ChangeFactorForm(user=user, initial={"action": "renew"}))
        return self._off(request, SetUpForm(user=user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it."""
        if second_factor.is_on(person(request)):
            return self._change(request)
        return self._set_up(request)

    def _set_up(self, request: HttpRequest) -> HttpResponse:
        user, secret = person(request), _secret_in(request)
        form = SetUpForm(request.POST, user=user)
        if not form.is_valid() or not secret:
            return self._off(request, form, status=400)
        if not is_confirmed(request, user, form.cleaned_data.get("password", "")):
            form.add_error("password" if "password" in form.fields else None, what_to_do(user))
            return self._off(request, form, status=400)
        try:
            codes = second_factor.switch_on(
                user, secret, form.cleaned_data["code"], address=address_of(request)
            )
        except CodeWrong:
            form.add_error("code", _("The app shows another code. Is its clock right?"))
            return self._off(request, form, status=400)
        del request.session[SECRET]
        return self._codes(request, codes)

    def _change(self, request: HttpRequest) -> HttpResponse:
        user = person(request)
        form = ChangeFactorForm(request.POST, user=user)
        if not form.is_valid():
            return self._on(request, form, status=400)
        if form.cleaned_data["action"] == "renew":
            codes = second_factor.renew_recovery_codes(user, address=address_of(request))
            return self._codes(request, codes)
        second_factor.switch_off(user, actor=user, address=address_of(request))
        messages.success(request, _("You sign in with your password alone now."))
        return redirect("account-second-factor")

    def _off(self, request: HttpRequest, form: SetUpForm, status: int = 200) -> HttpResponse:
        secret = _secret_in(request) or second_factor.new_secret()
        request.session[SECRET] = second_factor.sealed(secret)
        actor = session_actor(request)
        context = {
            "form": form,
            "shown": second_factor.shown(person(request), secret),
            "required": actor is not None and actor.tenant.require_second_factor,
        }
        return self.shown(request, "accounts/second_factor_off.html", context, status)

    def _on(self, request: HttpRequest, form: ChangeFactorForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "left": second_factor.recovery_codes_left(person(request))}
        return self.shown(request, "accounts/second_factor_on.html", context, status)

    def _codes(self, request: HttpRequest, codes: list[str]) -> HttpResponse:
        return self.shown(request, "accounts/recovery_codes.html", {"codes": codes})


def _secret_in(request: HttpRequest) -> str:
    return second_factor.opened(request.session.get(SECRET, ""))
