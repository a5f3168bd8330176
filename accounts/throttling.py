"""Where rate limits meet requests: before a view's work, and on its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import limits, login_throttle
from accounts.refusal_words import wait_words
from accounts.signin_errors import LoginLocked

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time it would load the settings' classes


class GroupThrottle(BaseThrottle):
    """For every API view: after authentication and permission, before the body is read."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True; raises ``limits.RateLimited``. A method that the view lacks counts as reading."""
        method = (request.method or "").lower()
        name = "get" if method == "head" else method
        limits.admit(request, getattr(view, "rates", {}).get(name, "read"))
        return True


class RateHeadersMiddleware:
    """Tells on every answer to a limited call how many are left; refuses pages what is too much."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        standing = getattr(request, "rate_standing", None)
        if standing is not None:
            for name, value in limits.headers(standing).items():
                response[name] = value
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page that refuses; the API's views have answered by themselves."""
        if isinstance(error, LoginLocked):
            return login_throttle.lockout_response(request, None, None)
        if not isinstance(error, limits.RateLimited):
            return None
        page = render(request, "429.html", {"detail": wait_words(error)}, status=error.status_code)
        page["Retry-After"] = str(error.wait)
        return page
