"""The pages of the API console, and the token with which they call the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts import limits, session_tokens
from accounts.tenancy import PageMixin
from ocrsite.console import operations

SEARCHED, PATH = 100, 300  # characters
AGAIN = "from_log"  # in the address of a form that a call of the log has filled


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
            "from_log": AGAIN in request.GET and operation.has_more_than_its_path,
        }
        return render(request, "console/operation.html", context)


class AgainView(PageMixin, View):
    """A call of the log (``method`` and ``path``) in the console: on to its operation's form."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form filled in with what the path tells; else the list, and why."""
        path = request.GET.get("path", "")
        found = operations.called(request.GET.get("method", ""), path)
        if found is None:
            messages.warning(
                request,
                _("No endpoint of the API has the address %(path)s.") % {"path": path[:PATH]},
            )
            return redirect("console-page")
        operation, parameters = found
        told = {name: value for name, value in parameters.items() if not value.startswith("{")}
        address = reverse("console-operation-page", args=[operation.name])
        return redirect(f"{address}?{urlencode({**told, AGAIN: '1'})}")


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
