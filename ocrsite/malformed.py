"""Requests at which Django or DRF would stumble into a 500, refused with 400."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class MalformedMiddleware:
    """Lets bodies in UTF-8 and cookies without NUL through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Others decode to lone surrogates (unicode_escape) or not at all (idna)
        if request.encoding and codecs.lookup(request.encoding).name not in ("utf-8", "ascii"):
            raise BadRequest("Text is read as UTF-8 alone.")
        # A quoted cookie may hold NUL ("\000"), which PostgreSQL refuses as a session's key
        if any("\0" in value for value in request.COOKIES.values()):
            raise BadRequest("A cookie holds a NUL character.")
        return self.get_response(request)


class BoundedJSONParser(JSONParser):
    """JSON as deep as Python can read it; DRF lets the RecursionError of deeper ones pass."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """The parsed body; raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
