"""Every address of the site, but the probes' (ocrsite/probes.py)."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

import accounts.urls
import jobs.api_urls
import jobs.urls
import learning.urls
from accounts import refusals, request_ids
from accounts.refusal_words import refusal_words
from ocrsite import health, languages, problems, style
from ocrsite.console import calls
from ocrsite.console import views as console

PUBLIC = {"permission_classes": [AllowAny], "authentication_classes": []}


class FormatByQuery(DefaultContentNegotiation):
    """The document's format by ``?format=``, as browsers cannot choose it by a header."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        wanted = request.query_params.get("format") or format_suffix
        return super().select_renderer(request, renderers, wanted)


class SchemaView(SpectacularAPIView):
    content_negotiation_class = FormatByQuery
    rates = {"get": "public"}


class SwaggerView(SpectacularSwaggerSplitView):
    rates = {"get": "public"}


swagger = SwaggerView.as_view(url_name="schema", http_method_names=["get", "head"], **PUBLIC)

api = [
    *accounts.urls.api_urlpatterns,
    *jobs.api_urls.urlpatterns,
    *learning.urls.api_urlpatterns,
    path("health", health.HealthView.as_view(), name="health"),
    path("schema", SchemaView.as_view(**PUBLIC), name="schema"),
    path("docs", swagger, name="api-docs"),
]

urlpatterns = [
    path("favicon.ico", lambda request: redirect(static("favicon.svg")), name="favicon"),
    path("style", style.StylePage.as_view(), name="style"),
    path("console", console.ConsolePage.as_view(), name="console-page"),
    path("console/token", console.ConsoleTokenView.as_view(), name="console-token"),
    path("console/again", console.AgainView.as_view(), name="console-again"),
    path("console/calls", calls.CallsPage.as_view(), name="calls-page"),
    path("console/do/<str:name>", console.OperationPage.as_view(), name="console-operation-page"),
    path("language", languages.LanguageView.as_view(), name="set_language"),
    path("api/v1/", include(api)),
    path("", include(accounts.urls.urlpatterns)),
    path("", include(jobs.urls.urlpatterns)),
    path("", include(learning.urls.urlpatterns)),
    path("admin/", admin.site.urls),
]


def _error(status: int, code: str, title: str, template: str) -> object:
    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if status == 403:
            refusals.not_allowed(request)
        if request.path.startswith("/api/"):
            return problems.response(request, status, code, title)
        return render(
            request, template, {"detail": refusal_words(str(exception or ""))}, status=status
        )

    return view


handler400 = _error(400, "malformed_request", "The request is not valid", "400.html")
handler403 = _error(403, "permission_denied", "This is not allowed", "403.html")
handler404 = _error(404, "not_found", "There is no such object", "404.html")


def handler500(request: HttpRequest) -> HttpResponse:
    """A bug: logged with its trace, told without it."""
    if request.path.startswith("/api/"):
        return problems.response(request, 500, "internal_error", "Something went wrong on our side")
    # without the request: no context processor asks the database, which may be what failed
    context = {"request_id": request_ids.current()}
    return HttpResponse(render_to_string("500.html", context), status=500)
