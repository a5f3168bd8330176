"""A span for each request, where tracing is switched on; the caller's trace is gone on with."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from accounts.tenancy import Actor
from extraction import tracing

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class TracedRequestsMiddleware:
    """Told of a request are its method, the pattern of its address, its status and organisation:
    no address, for names and search words are in it, and no headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not tracing.on():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        method = request.method if request.method in METHODS else "_OTHER"
        parent = request.headers.get("traceparent")
        with tracing.span(method or "", kind="server", parent=parent, method=method) as span:
            response = self.get_response(request)
            if match := request.resolver_match:
                span.rename(f"{method} /{match.route}")
                span.set(route=f"/{match.route}")
            actor = getattr(request, "user", None)
            if type(actor) is Actor:  # isinstance would read the session of who has none
                span.set(tenant=actor.tenant.pk)
            span.set(status=response.status_code)
            if response.status_code >= 500:
                span.failed(str(response.status_code))
        return response
