"""The page of an organisation's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views import View

from accounts import audit
from accounts.organisation_settings import OrganisationSettings, change_settings, settings_of
from accounts.organisation_views import OrganisationPageMixin
from accounts.second_factor import members_without
from accounts.tenancy import actor_of
from jobs.settings_form import SettingsForm


class SettingsPage(OrganisationPageMixin, View):
    """What the organisation says of itself; members without the right see it all the same."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "post": "settings:write"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled."""
        actor = actor_of(request)
        form = SettingsForm(tenant=actor.tenant, initial=asdict(settings_of(actor.tenant)))
        return self._form(request, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change what was sent, and back to the page; what is wrong is said beside its field."""
        actor = actor_of(request)
        form = SettingsForm(request.POST, tenant=actor.tenant)
        if not form.is_valid():
            return self._form(request, form, status=400)
        wanted = OrganisationSettings(**form.cleaned_data)
        if change_settings(actor, wanted, address=audit.address_of(request)):
            messages.success(request, _("The settings were saved."))
        return redirect("organisation-page")

    def _form(self, request: HttpRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
        actor = actor_of(request)
        may_change = actor.may("settings:write")
        if not may_change:
            for field in form.fields.values():
                field.disabled = True
        context = {
            "form": form,
            "may_change": may_change,
            "may_bill": actor.may("billing:read"),
            "plan": actor.tenant.plan,
            "without_factor": members_without(actor.tenant) if may_change else None,
        }
        return self.shown(request, "jobs/settings.html", context, status)
