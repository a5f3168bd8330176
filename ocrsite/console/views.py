"""The pages of the API console, and the token with which they call the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.generic import View

from accounts import limits, session_tokens
from accounts.tenancy import PageMixin
from ocrsite.console import operations

SEARCHED = 100  # characters


class ConsolePage(PageMixin, View):
    """The list of operations."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """All, or with ``q`` those that have its words."""
        return render(request, "console/index.html", listed(request))


class OperationPage(PageMixin, View):
    """An operation as a form; parameters of the page's address fill those of the same name."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """The page, or 404."""
        operation = operations.operations().get(name)
        if operation is None:
            raise Http404
        given = {each.name: request.GET.get(each.name, "") for each in operation.parameters}
        context = {
            **listed(request),
            "operation": operation,
            "parameters": [(each, given[each.name]) for each in operation.parameters],
            "site": settings.SITE_URL.rstrip("/"),
        }
        return render(request, "console/operation.html", context)


class ConsoleTokenView(PageMixin, View):
    """An access token for the page that asks, which forgets it when it is closed."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:read"}

    def post(self, request: HttpRequest) -> HttpResponse:
        """The token and for how many seconds it serves."""
        limits.admit(request, "token")
        token, seconds = session_tokens.for_session(request)
        return JsonResponse({"access": token, "expires_in": seconds})


def listed(request: HttpRequest) -> dict[str, Any]:
    """What the list of operations needs."""
    wanted = request.GET.get("q", "")[:SEARCHED]
    return {"groups": operations.grouped(wanted), "wanted": wanted}
