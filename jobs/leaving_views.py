"""The page on which an owner takes everything out of the organisation, and deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views import View

from accounts import limits
from accounts.audit import address_of
from accounts.models import Membership
from accounts.organisation_views import OrganisationPageMixin
from accounts.row_security import unscoped
from accounts.tenancy import SESSION_KEY, Actor, PageMixin, actor_of
from jobs import departure
from jobs.leaving_api import NAME, export
from jobs.views import ProblemPage


class LeaveForm(forms.Form):
    """The organisation's name, and the password of who deletes it, if they have one."""

    name = forms.CharField(
        label="Name of the organisation",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self.request, self.actor = request, actor
        assert actor.user is not None
        if not actor.user.has_usable_password():  # signs in elsewhere
            del self.fields["password"]

    def clean_name(self) -> str:
        """Exactly the name."""
        name: str = self.cleaned_data["name"]
        if name != self.actor.tenant.name:
            raise forms.ValidationError(NAME)
        return name

    def clean_password(self) -> str:
        """Proved as at sign-in: wrong ones are counted and noted likewise."""
        user, password = self.actor.user, self.cleaned_data["password"]
        assert user is not None
        if authenticate(self.request, username=user.email, password=password) != user:
            raise forms.ValidationError("This is not your password.")
        return str(password)


class LeavePage(ProblemPage, OrganisationPageMixin, View):
    """What leaving means, the export, and the form that deletes."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:delete", "post": "tenant:delete"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self._form(request, LeaveForm(request, actor_of(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Close the organisation; who belongs to no other one is signed out."""
        actor = actor_of(request)
        limits.admit(request, "token")
        form = LeaveForm(request, actor)
        if not form.is_valid():
            return self._form(request, form, status=400)
        row = departure.begin(actor.tenant, actor=actor, address=address_of(request))
        request.session.pop(SESSION_KEY, None)
        with unscoped():  # the person's, in all organisations
            elsewhere = Membership.objects.active().filter(user=actor.user).exists()
        if not elsewhere:
            logout(request)
        messages.success(
            request,
            f"{row.name} is closed. All that it has is removed from "
            f"{row.due_at:%-d %B %Y, %H:%M} (UTC) on.",
        )
        return redirect("job-list-page" if request.user.is_authenticated else "login")

    def _form(self, request: HttpRequest, form: LeaveForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "days": settings.TENANT_DELETION_DAYS,
            "years": settings.TENANT_LEDGER_YEARS,
        }
        return self.shown(request, "jobs/leave.html", context, status)


class ExportView(ProblemPage, PageMixin, View):
    """Everything as a zip, for the page's button."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:export"}

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The archive."""
        limits.admit(request, "try")
        return export(request, actor_of(request))
