"""What the OpenAPI document says of errors: each operation with the statuses that it may answer.

Every error has one shape (ocrsite/problems.py). Most follow from what an operation is: whether it
needs credentials, names an object, takes a body. ``MORE`` holds the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from ocrsite.problems import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error (RFC 9457); `code` is one of the table in docs/errors.md.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "limit": {"type": "number", "description": "what is allowed, where a limit was crossed"},
        "actual": {"type": "number", "description": "what came"},
        "errors": {"description": "by field, or by file, what is wrong"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
ALWAYS = (400, 406, 429, 503)
# By method and path below /api/v1, besides those that follow from the operation
MORE: dict[str, tuple[int, ...]] = {
    "post /classify": (409, 410, 507),
    "post /ocr/jobs": (409, 410, 507),
    "post /ocr/jobs/{id}/cancel": (409,),
    "post /ocr/jobs/{id}/retry": (409, 410),
    "post /ocr/jobs/{id}/links": (409, 410),
    "get /ocr/jobs/{id}/pages": (410,),
    "get /ocr/jobs/{id}/pages/{number}": (409, 410),
    "get /ocr/jobs/{id}/result.{name}": (409, 410),
    "get /ocr/jobs/{id}/fields/{field}": (409, 410),
    "put /ocr/jobs/{id}/fields/{field}": (409, 410),
    "get /links/{token}": (409, 410),
    "post /batches": (409, 410, 507),
    "post /batches/{id}/cancel": (409,),
    "post /batches/{id}/retry": (409, 410),
    "get /batches/{id}/export.{name}": (409, 410),
    "post /compare": (409, 410, 507),
    "post /datasets": (409, 410),
    "delete /datasets/{id}": (409,),
    "post /datasets/{id}/corrections": (409, 507),
    "post /datasets/{id}/examples": (409, 410, 507),
    "delete /datasets/{id}/examples/{example}": (409,),
    "post /training-runs": (409, 410),
    "delete /training-runs/{id}": (409,),
    "post /training-runs/{id}/cancel": (409,),
    "post /training-runs/{id}/promote": (409,),
    "post /own-engines/{name}/rollback": (409,),
    "get /reviews/{id}": (409, 410),
    "post /reviews/{id}/take": (409, 410),
    "post /reviews/{id}/release": (409, 410),
    "post /reviews/{id}/confirm": (409, 410),
    "post /templates": (409,),
    "post /templates/test": (404, 409, 410),
    "post /templates/propose": (404, 409, 410),
    "put /templates/{name}": (409,),
    "post /templates/{name}/restore": (409,),
    "post /templates/{name}/learn": (409,),
    "post /webhooks/{id}/ping": (409,),
    "post /webhooks/deliveries/{id}/replay": (409,),
    "patch /keys/{id}": (409,),
    "post /keys/{id}/rotate": (409,),
}


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular's hook: the document with all errors in it, and null where all may be."""
    _let_null_be(result)
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            for status in _statuses(method, path, operation):
                operation["responses"][str(status)] = {
                    "description": HTTPStatus(status).phrase,
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
    return result


def _statuses(method: str, path: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from ALWAYS
    if {} not in operation.get("security", [{}]):
        yield from (401, 403)
    elif "401" in operation["responses"]:
        yield 401
    paged = any(each["name"] == "cursor" for each in operation.get("parameters", ()))
    if "{" in path or paged:
        yield 404
    if "requestBody" in operation:
        yield from (413, 415, 422)
    yield from MORE.get(f"{method} {path.removeprefix('/api/v1')}", ())


def _let_null_be(part: Any) -> None:
    """What may be anything may be null: drf-spectacular says "one of anything and null", of which
    null is both, so that no null would do."""
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, dict | list):
            _let_null_be(each)
    if isinstance(part, dict) and {} in part.get("oneOf", ()):
        del part["oneOf"]
