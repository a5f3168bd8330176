"""Which request, or which job of a worker, is being worked on: for answers, log lines and audit.

A caller may name the request itself by ``X-Request-ID``, so that its own log and ours meet; a name
that is not of the plain form is replaced. Names are no secret and prove nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current() -> str | None:
    """The name of the request or job at hand; None outside of any."""
    return _current.get()


@contextmanager
def named(name: str | None) -> Iterator[None]:
    """What the block does is done for this request or job."""
    token = _current.set(name)
    try:
        yield
    finally:
        _current.reset(token)


def name_of(request: HttpRequest) -> str:
    """The caller's name for the request where it is of the form, else a fresh one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if FORM.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Outermost: names the request, and tells the name on every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = name_of(request)
        request.request_id = name  # type: ignore[attr-defined]  # for what is done later
        with named(name):
            response = self.get_response(request)
        response[HEADER] = name
        return response
