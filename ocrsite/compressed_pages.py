"""Pages compressed on their way to browsers: a fifth of the bytes."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPagesMiddleware(GZipMiddleware):
    """Compresses whole pages for browsers that take it, and nothing else.

    Downloads and streams are sent as they are: some are removed once sent, others must not wait. As
    lengths of compressed pages may tell what is in them (BREACH), forms' tokens are masked anew
    each time, and Django adds bytes by chance.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The page compressed, any other answer as it is."""
        page = response.get("Content-Type", "").startswith("text/html")
        if not page or response.streaming or response.has_header("Content-Disposition"):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed
