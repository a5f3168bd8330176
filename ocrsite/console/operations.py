"""The API's operations as forms: read from the OpenAPI document, once in a process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

JSON, MULTIPART = "application/json", "multipart/form-data"
LONG = {"content", "note", "schema", "text", "truth_text"}  # texts of several lines
SHOWN_OPTIONAL = 6  # more than that are folded away

# The document's tags in the order of the list, as people read them
GROUPS: Mapping[str, Promise] = {
    "ocr": _("Jobs"),
    "batches": _("Batches"),
    "classify": _("Classification"),
    "reviews": _("Review"),
    "templates": _("Templates"),
    "fields": _("Fields"),
    "links": _("Links"),
    "engines": _("Engines"),
    "compare": _("Comparisons"),
    "learning": _("Fine-tuning"),
    "webhooks": _("Webhooks"),
    "keys": _("API keys"),
    "members": _("Members"),
    "organisation": _("Organisation"),
    "usage": _("Usage"),
    "billing": _("Billing"),
    "audit": _("Audit log"),
    "cache": _("Result cache"),
    "auth": _("Signing in"),
    "health": _("State of the installation"),
}


@dataclass(frozen=True, slots=True)
class Input:
    """One parameter, or one property of a body.

    ``kind`` is text, long, secret, number, integer, flag (true or false), choice, choices (several
    of ``choices``), list (a text a line), json, any (JSON, else a text), file or files. ``choices``
    of a text are proposals.
    """

    name: str
    place: str  # path, query, header or body
    kind: str
    required: bool
    help: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    minimum: str = ""
    maximum: str = ""
    item: str = "text"  # of a list: text or number


@dataclass(frozen=True, slots=True)
class Body:
    """A body that the operation takes, in one of its media types; ``example`` is JSON to begin at.

    Of ``inputs``, ``first`` are required or files; ``more`` are the others.
    """

    media_type: str
    inputs: tuple[Input, ...]
    example: str = ""

    @property
    def first(self) -> tuple[Input, ...]:
        """What is filled in mostly."""
        first = tuple(each for each in self.inputs if each.required or "file" in each.kind)
        return first if first and len(self.inputs) > SHOWN_OPTIONAL else self.inputs

    @property
    def more(self) -> tuple[Input, ...]:
        """What may be left out."""
        return tuple(each for each in self.inputs if each not in self.first)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address; ``name`` is the document's operationId."""

    name: str
    method: str
    path: str
    group: str
    summary: str
    description: str
    parameters: tuple[Input, ...]
    bodies: tuple[Body, ...]
    open: bool  # needs no credentials

    @property
    def has_more_than_its_path(self) -> bool:
        """Whether a call of it may say more than its address shows: a body, a query, a header."""
        return bool(self.bodies) or any(each.place != "path" for each in self.parameters)

    @property
    def short_path(self) -> str:
        """Without what all have in common."""
        return self.path.removeprefix("/api/v1")

    @property
    def title(self) -> str:
        """The summary, or the address where the document has none."""
        return self.summary or f"{self.method} {self.short_path}"


@cache
def operations() -> Mapping[str, Operation]:
    """All of the API, by name, in the order of the list."""
    from drf_spectacular.generators import SchemaGenerator  # needs the settings' classes

    with translation.override("en"):  # the API speaks English
        document = SchemaGenerator().get_schema(public=True)
    return {operation.name: operation for operation in of_document(document)}


def of_document(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, by groups; within one as the document has them."""
    parts = document["components"]["schemas"]
    found = [
        _operation(method, path, told, parts)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    order = list(GROUPS)
    return sorted(found, key=lambda operation: order.index(operation.group))


def called(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that such a call was one of, and the parameters in its path; None for none.

    Where a path may be two, as ``/templates/test``, the one with fewer parameters is meant.
    """
    method = "GET" if method == "HEAD" else method
    fitting = [
        (operation, match.groupdict())
        for operation in operations().values()
        if operation.method == method and (match := _pattern(operation.path).fullmatch(path))
    ]
    return min(fitting, key=lambda pair: len(pair[1]), default=None)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", path)  # text and names in turn
    return re.compile(
        "".join(
            f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
    )


def grouped(wanted: str = "") -> list[tuple[Promise, list[Operation]]]:
    """The groups with their operations; with words, those alone that have each of them."""
    words = wanted.lower().split()
    groups: dict[str, list[Operation]] = {name: [] for name in GROUPS}
    for operation in operations().values():
        text = f"{operation.method} {operation.path} {operation.summary}".lower()
        if all(word in text for word in words):
            groups[operation.group].append(operation)
    return [(GROUPS[name], found) for name, found in groups.items() if found]


def _operation(method: str, path: str, told: Mapping[str, Any], parts: Any) -> Operation:
    parameters = [
        _input(each["name"], each["in"], each["schema"], each.get("required", False), parts, each)
        for each in told.get("parameters", ())
    ]
    places = ("path", "query", "header")
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        group=told["tags"][0],
        summary=_plain(told.get("summary", "")),
        description=_plain(told.get("description", "")),
        parameters=tuple(sorted(parameters, key=lambda each: places.index(each.place))),
        bodies=tuple(_bodies(told.get("requestBody", {}).get("content", {}), parts)),
        open={} in told.get("security", ()),
    )


def _bodies(content: Mapping[str, Any], parts: Any) -> Iterator[Body]:
    for media_type, told in content.items():
        schema = _resolved(told["schema"], parts)
        required = schema.get("required", ())
        inputs = tuple(
            _input(name, "body", each, name in required, parts)
            for name, each in schema.get("properties", {}).items()
        )
        if media_type == JSON:  # which holds no files
            inputs = tuple(each for each in inputs if "file" not in each.kind)
        inputs = tuple(
            sorted(inputs, key=lambda each: (not each.required, "file" not in each.kind))
        )
        begin = {each.name: _begun(each) for each in inputs if each.required}
        yield Body(media_type, inputs, json.dumps(begin, indent=2) if media_type == JSON else "")


def _begun(given: Input) -> Any:
    """A value to begin at, of the right kind."""
    if given.kind == "choice":
        return given.choices[0]
    blanks: Mapping[str, Any] = {
        "flag": False, "integer": 0, "number": 0, "list": [], "choices": [], "json": {},
    }  # fmt: skip
    return blanks.get(given.kind, "")


def _input(
    name: str,
    place: str,
    schema: Mapping[str, Any],
    required: bool,
    parts: Any,
    told: Mapping[str, Any] | None = None,
) -> Input:
    schema = _resolved(schema, parts)
    kind, choices, item = _kind(schema, parts)
    if kind == "text" and name in LONG:
        kind = "long"
    elif kind == "text" and (schema.get("writeOnly") or name == "password"):
        kind = "secret"
    return Input(
        name=name,
        place=place,
        kind=kind,
        required=required,
        help=_plain((told or schema).get("description", "")),
        choices=choices,
        default=_text(schema.get("default")),
        minimum=_text(schema.get("minimum")),
        maximum=_text(schema.get("maximum")),
        item=item,
    )


def _kind(schema: Mapping[str, Any], parts: Any) -> tuple[str, tuple[str, ...], str]:
    """The kind of input, its choices, and what the items of a list are."""
    kind = _type(schema)
    if "enum" in schema:
        return "choice", tuple(_text(each) for each in schema["enum"] if each not in (None, "")), ""
    if kind == "boolean":
        return "flag", (), ""
    if kind in ("integer", "number"):
        return kind, (), ""
    if kind == "string":
        if schema.get("format") == "binary":
            return "file", (), ""
        proposed = [each["enum"] for each in schema.get("anyOf", ()) if "enum" in each]
        return "text", tuple(*proposed), ""
    if kind == "array":
        items = _resolved(schema.get("items", {}), parts)
        if items.get("format") == "binary":
            return "files", (), ""
        if "enum" in items:
            return "choices", tuple(map(str, items["enum"])), ""
        if _type(items) in ("string", "integer", "number"):
            return "list", (), "text" if _type(items) == "string" else "number"
    return "json" if {"type", "oneOf", "anyOf"} & schema.keys() else "any", (), ""


def _type(schema: Mapping[str, Any]) -> str:
    """Its type, null aside."""
    told = schema.get("type", "")
    kinds = [told] if isinstance(told, str) else [each for each in told if each != "null"]
    return kinds[0] if len(kinds) == 1 else ""


def _resolved(schema: Mapping[str, Any], parts: Any) -> dict[str, Any]:
    """The schema with what it refers to in it; of several that may be, the one that is not null."""
    found = dict(schema)
    if reference := found.pop("$ref", None):
        found = {**_resolved(parts[reference.rpartition("/")[2]], parts), **found}
    for inner in found.pop("allOf", ()):
        found = {**_resolved(inner, parts), **found}
    told: Sequence[Mapping[str, Any]] = [
        each for each in found.get("oneOf", ()) if each.get("type") != "null" and each != {}
    ]
    if len(told) == 1:
        del found["oneOf"]
        found = {**_resolved(told[0], parts), **found}
    elif told and all("enum" in _resolved(each, parts) for each in told):
        del found["oneOf"]
        found["enum"] = [value for each in told for value in _resolved(each, parts)["enum"]]
    return found


def _plain(text: str) -> str:
    """Without marks of Markdown, and without the list of choices, which the form has."""
    text = re.split(r"\n+\* `", text)[0]
    return text.replace("`", "").replace("\\_", "_").strip()


def _text(value: Any) -> str:
    """A value as an input shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
