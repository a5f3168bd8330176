"""The page that an invitation's link opens: joining, with an account or as somebody new."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import invitations, limits
from accounts.audit import address_of
from accounts.invitations import AccountExists, LinkRefused, State, WrongPerson
from accounts.member_forms import NewPersonForm
from accounts.models import Invitation, Membership, User
from accounts.permissions import in_sentence
from accounts.signin import open_session
from accounts.tenancy import TENANT_KEY

# To whoever holds a link that worked once; any other text gets the first answer.
REASONS: dict[State | None, str] = {
    None: gettext_noop("It may have been copied in part, or a newer one was sent since."),
    State.EXPIRED: gettext_noop("Its time is over."),
    State.REVOKED: gettext_noop("The invitation was withdrawn."),
    State.VOID: gettext_noop("Who sent it may no longer invite."),
    State.ACCEPTED: gettext_noop("It has been used. If that was you, sign in."),
}


@method_decorator(never_cache, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class InvitationPage(View):
    """What a link offers, by who opens it: one click, a new account, or the way to sign in."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Counted by address; a dead link gets a page of its own."""
        limits.admit(request, "token" if request.method == "POST" else "public")
        try:
            return super().dispatch(request, *args, **kwargs)
        except LinkRefused as refused:
            context = {"reason": REASONS[refused.state], "used": refused.state == State.ACCEPTED}
            return render(request, "accounts/invitation_refused.html", context, status=404)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Changes nothing: mail programs open links by themselves."""
        return self._shown(request, invitations.look_at(token))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Join as the person signed in, else as a new one."""
        user = request.user
        if isinstance(user, User):
            try:
                joined = invitations.accept(token, user=user, address=address_of(request))
            except WrongPerson:
                return self._shown(request, invitations.look_at(token), status=409)
            return self._welcome(request, joined)
        invitation = invitations.look_at(token)
        form = NewPersonForm(request.POST, email=invitation.email)
        if _account(invitation) is not None:
            return self._shown(request, invitation, status=409)
        if not form.is_valid():
            return self._shown(request, invitation, form, status=400)
        password = form.cleaned_data["password"]
        try:
            joined = invitations.accept_as_new_person(
                token,
                name=form.cleaned_data["name"],
                password=password,
                address=address_of(request),
            )
        except AccountExists:
            return self._shown(request, invitation, status=409)
        person = authenticate(request, username=joined.user.email, password=password)
        if not isinstance(
            person, User
        ):  # a rule of signing in stands against it; the login page tells which
            return redirect("login")
        answer = open_session(request, person, next_url=reverse("home"))
        self._welcome(request, joined)
        return answer

    def _welcome(self, request: HttpRequest, joined: Membership) -> HttpResponse:
        request.session[TENANT_KEY] = str(joined.tenant_id)
        told = gettext("You have joined %(organisation)s as %(role)s.")
        role = in_sentence(joined.role)
        messages.success(request, told % {"organisation": joined.tenant, "role": role})
        return redirect("home")

    def _shown(
        self,
        request: HttpRequest,
        invitation: Invitation,
        form: NewPersonForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        account = _account(invitation)
        signed_in = isinstance(request.user, User)
        context = {
            "invitation": invitation,
            "role": in_sentence(invitation.role),
            "is_theirs": signed_in and request.user == account,
            "account": account,
            "form": None if signed_in or account else form or NewPersonForm(email=invitation.email),
        }
        return render(request, "accounts/invitation.html", context, status=status)


def _account(invitation: Invitation) -> User | None:
    return User.objects.filter(email=invitation.email).first()
