"""The pages about the organisation itself: what they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.organisation_pages import pages_for
from accounts.tenancy import PageMixin, actor_of


class OrganisationPageMixin(PageMixin):
    """A page under "Organisation", with the menu of its neighbours (accounts/organisation.html)."""

    def shown(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
    ) -> HttpResponse:
        """The template, which extends accounts/organisation.html, with the menu's entries."""
        menu = {"organisation_pages": pages_for(actor_of(request), request.path)}
        return render(request, template, {**context, **menu}, status=status)
