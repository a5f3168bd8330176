"""The page on which an owner takes everything out of the organisation, and deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts import closing, limits
from accounts.audit import address_of
from accounts.models import Membership
from accounts.organisation_views import OrganisationPageMixin
from accounts.reauthentication import is_confirmed, what_to_do
from accounts.row_security import unscoped
from accounts.tenancy import TENANT_KEY, Actor, PageMixin, actor_of, tenant_of
from jobs import departure
from jobs.leaving_api import export
from jobs.views import ProblemPage


class DeleteOrganisationForm(forms.Form):
    """The organisation's name, and the password of who deletes it, if they have one."""

    name = forms.CharField(
        label=_("Name of the organisation"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=_("Your password"),
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
            raise forms.ValidationError(_("Type the organisation's name, exactly."))
        return name

    def clean(self) -> dict[str, Any]:
        """By whom it is, whatever else is wrong: a password is counted as at sign-in."""
        cleaned = super().clean() or {}
        user = self.actor.user
        assert user is not None
        if "password" not in self.errors and not is_confirmed(
            self.request, user, cleaned.get("password", "")
        ):
            self.add_error("password" if "password" in self.fields else None, what_to_do(user))
        return cleaned


class DeleteOrganisationPage(ProblemPage, OrganisationPageMixin, View):
    """What leaving means, the export, and the form that deletes."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:delete", "post": "tenant:delete"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self._form(request, DeleteOrganisationForm(request, actor_of(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Close the organisation; who belongs to no other one is signed out."""
        actor = actor_of(request)
        limits.admit(request, "token")
        form = DeleteOrganisationForm(request, actor)
        if not form.is_valid():
            return self._form(request, form, status=400)
        row = departure.begin(actor.tenant, actor=actor, address=address_of(request))
        request.session.pop(TENANT_KEY, None)
        with unscoped():  # the person's, in all organisations
            elsewhere = Membership.objects.active().filter(user=actor.user).exists()
        if not elsewhere:
            logout(request)
        when = date_format(row.due_at, "j F Y, H:i")
        told = gettext("%(name)s is closed. All that it has is removed from %(when)s (UTC) on.")
        messages.success(request, told % {"name": row.name, "when": when})
        return redirect("job-list-page" if request.user.is_authenticated else "login")

    def _form(
        self, request: HttpRequest, form: DeleteOrganisationForm, status: int = 200
    ) -> HttpResponse:
        context = {
            "form": form,
            "days": settings.TENANT_DELETION_DAYS,
            "years": settings.TENANT_LEDGER_YEARS,
            "billed": closing.is_billed(tenant_of(request)),
        }
        return self.shown(request, "jobs/leave.html", context, status)


class ExportView(ProblemPage, PageMixin, View):
    """Everything as a zip, for the page's button."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:export"}

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The archive."""
        limits.admit(request, "try")
        return export(request, actor_of(request))
