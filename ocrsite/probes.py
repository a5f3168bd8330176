"""What machines ask: /health/live, /health/ready and /metrics.

Answered before anything else looks at the request: a probe comes by plain HTTP and names the host
by its address, which ALLOWED_HOSTS and the redirect to HTTPS would refuse.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ocrsite.health import live, ready
from ocrsite.metrics import metrics

PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/health/live": live,
    "/health/ready": ready,
    "/metrics": metrics,
}


class ProbeMiddleware:
    """Answers ``PROBES``; everything else goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if probe := PROBES.get(request.path):
            return probe(request)
        return self.get_response(request)
