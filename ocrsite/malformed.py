"""Requests at which Django or DRF would stumble into a 500, refused with 400."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_LEVELS = 64
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|\0")  # as it may stand in JSON
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


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
    """JSON that means one thing, to every reader and in PostgreSQL (RFC 8259; RFC 7493, I-JSON).

    Refused: names given twice, NaN and numbers beyond a float, text with NUL or half a surrogate
    pair, and more than ``MAX_LEVELS`` of objects and lists in each other.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """The parsed body; raises ParseError."""
        try:
            text = stream.read().decode()
            parsed: dict[str, Any] = json.loads(
                text,
                parse_constant=_no_number,
                parse_float=_finite,
                object_pairs_hook=_each_once,
            )
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The JSON cannot be read: {error}") from error
        _check(parsed, _UNSTORABLE.search(text) is not None)
        return parsed


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("A number is too large.")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"The name {twice[:40]!r} is given twice.")
    return made


def _check(parsed: Any, suspicious: bool) -> None:
    """Look at the depth and, where the text is ``suspicious``, at every text. Raises ParseError."""
    level = [parsed]
    for _ in range(MAX_LEVELS):
        if suspicious and any(isinstance(each, str) and _NO_TEXT.search(each) for each in level):
            raise ParseError("Text cannot hold NUL or half a surrogate pair.")
        inside: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inside += each.values()
                if suspicious:
                    inside += each
            elif isinstance(each, list):
                inside += each
        if not inside:
            return
        level = inside
    raise ParseError(f"The JSON is nested too deeply: more than {MAX_LEVELS} levels.")
