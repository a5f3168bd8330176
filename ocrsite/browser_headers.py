"""What every answer tells browsers to refuse: foreign scripts, frames, sniffing, keeping copies."""

from __future__ import annotations

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = "Content-Security-Policy"
# Of what is no page, wherever a browser shows it: loads nothing, runs nothing, stands in no frame
NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# What no page of ours asks a browser for ("capture" of a file input needs no permission)
NO_DEVICES = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)
USUAL = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": NO_DEVICES,
    "X-Content-Type-Options": "nosniff",
}


class BrowserHeadersMiddleware(CSPMiddleware):
    """The headers that an answer does not set itself; the outermost, so that none goes without.

    Pages get CONTENT_SECURITY_POLICY, all else ``NO_PAGE``. Referrers, HSTS and the opener policy
    are Django's SecurityMiddleware's.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        for name, value in USUAL.items():
            response.headers.setdefault(name, value)
        if response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault(POLICY, NO_PAGE)
        return response
