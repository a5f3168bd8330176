"""Every error answer has one shape: RFC 9457 problem+json with a stable code.

``code`` names the error (table in docs/errors.md); ``limit`` and ``actual`` are there where a
limit was crossed; ``errors`` lists the fields of an invalid request; ``request_id`` is there where
the fault is ours, to be quoted. (In others it would tell a foreign object from a missing one.)
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts import refusals, request_ids, signin_errors
from accounts.authentication import AddressNotAllowed
from accounts.key_changes import KeyNotLive, TooManyKeys
from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs.errors import NothingAccepted

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class DatabaseUnavailable(exceptions.APIException):
    """PostgreSQL does not answer."""

    status_code = 503


# DRF's exceptions, by class: our code and title; the status is DRF's own
DRF_PROBLEMS: dict[type[exceptions.APIException], tuple[str, str]] = {
    **signin_errors.CODES,  # before the classes that they derive from
    exceptions.ValidationError: ("invalid_option", "The request is not valid"),
    exceptions.ParseError: ("malformed_request", "The request body cannot be parsed"),
    exceptions.AuthenticationFailed: ("not_authenticated", "The credentials are not valid"),
    exceptions.NotAuthenticated: ("not_authenticated", "Credentials are required"),
    AddressNotAllowed: ("address_not_allowed", "The key may not be used from this address"),
    exceptions.PermissionDenied: ("permission_denied", "The credentials do not allow this"),
    exceptions.NotFound: ("not_found", "There is no such object"),
    exceptions.MethodNotAllowed: ("method_not_allowed", "This address does not take the method"),
    exceptions.NotAcceptable: ("not_acceptable", "No representation fits the Accept header"),
    exceptions.UnsupportedMediaType: ("unsupported_media_type", "The body's media type is wrong"),
    DatabaseUnavailable: ("database_unavailable", "The database is not available"),
    KeyNotLive: ("key_not_live", "The API key is revoked or has expired"),
    TooManyKeys: ("too_many_keys", "The organisation has as many live API keys as allowed"),
    exceptions.Throttled: ("rate_limited", "Too many requests"),
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    limit: int | float | None = None,
    actual: int | float | None = None,
    errors: Any = None,
) -> dict[str, Any]:
    """The body of an error answer."""
    body: dict[str, Any] = {
        "type": f"urn:ocrsite:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
    }
    if limit is not None:
        body["limit"] = limit
    if actual is not None:
        body["actual"] = actual
    if errors is not None:
        body["errors"] = errors
    if status >= 500 and (request_id := request_ids.current()):
        body["request_id"] = request_id
    return body


def of_failure(failure: Failure, status: int) -> dict[str, Any]:
    """The body for a failure kept as data."""
    return problem(
        status,
        failure.code,
        failure.title,
        failure.detail,
        limit=failure.limit,
        actual=failure.actual,
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: expected exceptions become problems, anything else a logged 500."""
    headers: dict[str, str] = {}
    if isinstance(exc, ExtractionError):
        status, body = exc.status, of_failure(exc.failure(), exc.status)
        if isinstance(exc, NothingAccepted):
            body["errors"] = {"files": exc.refused}
        if status == 503:
            headers["Retry-After"] = "30"
        elif not exc.permanent:
            headers["Retry-After"] = "1"
    else:
        if isinstance(exc, OperationalError | InterfaceError):
            logger.error("the database does not answer: %s", exc)
            exc = DatabaseUnavailable()
        elif isinstance(exc, Http404):
            exc = exceptions.NotFound()
        elif isinstance(exc, PermissionDenied):
            exc = exceptions.PermissionDenied()
        if not isinstance(exc, exceptions.APIException):
            return None
        if isinstance(exc, exceptions.PermissionDenied):
            refusals.not_allowed(context["request"])
        status, body = exc.status_code, _of_drf(exc)
        if header := getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = header
        if status == 503:
            headers["Retry-After"] = "5"
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    set_rollback()
    request = context["request"]  # a view of pages or YAML renders its errors no other way
    request.accepted_renderer = JSONRenderer()
    request.accepted_media_type = MEDIA_TYPE
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _of_drf(exc: exceptions.APIException) -> dict[str, Any]:
    code, title = next(
        (row for kind, row in DRF_PROBLEMS.items() if isinstance(exc, kind)),
        (str(exc.default_code), str(getattr(exc, "title", "The request failed"))),
    )
    if isinstance(exc, exceptions.ValidationError):
        errors = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
        detail = "; ".join(
            f"{name}: {_first(messages)}" if name else _first(messages)
            for name, messages in errors.items()
        )
        return problem(exc.status_code, code, title, detail, errors=errors)
    if isinstance(exc, exceptions.NotFound):  # one body for foreign, missing and malformed ids
        return problem(exc.status_code, code, title)
    detail = exc.detail if isinstance(exc.detail, str) else _first(exc.detail)
    return problem(
        exc.status_code,
        code,
        title,
        str(detail),
        limit=getattr(exc, "limit", None),
        actual=getattr(exc, "actual", None),
    )


def _first(messages: Any) -> str:
    while isinstance(messages, list | dict):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages), "")
    return str(messages)


def response(request: HttpRequest, status: int, code: str, title: str) -> JsonResponse:
    """A problem outside DRF (Django's own 404, 500 and so on)."""
    return JsonResponse(problem(status, code, title), status=status, content_type=MEDIA_TYPE)
