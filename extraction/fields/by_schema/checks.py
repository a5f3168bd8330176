"""Schemas that are accepted: small, without references to elsewhere, with patterns that end.

Nothing here opens a file or a connection. What is checked costs a bounded time, whatever was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from extraction.errors import InvalidOption
from extraction.fields.patterns import refusal

MAX_BYTES = 65_536
MAX_LEVELS = 40  # of objects and lists in each other, as sent
MAX_NODES = 3_000  # schemas in the schema, and when its references are followed
MAX_CHOICES = 1_000  # values of one enum
MAX_LEAVES = 200
MAX_NAME = 200  # characters of a property's name
DRAFT = "https://json-schema.org/draft/2020-12/schema"

# Keywords with one schema, with a list of them, and with named ones.
_ONE = (
    "items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties", "if", "then", "else", "not",
)  # fmt: skip
_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
# What would make a reference mean another place, or lead to code of others.
_REFUSED = {
    "$dynamicRef": "is not supported: use $ref",
    "$recursiveRef": "is not supported: use $ref",
    "$dynamicAnchor": "is not supported",
    "$anchor": "is not supported: refer to #/$defs/NAME",
    "$vocabulary": "is not supported",
    "patternProperties": "cannot be filled from a document: name the properties",
}


def parse_schema(text: str | bytes) -> dict[str, Any]:
    """The checked schema written in the text. Raises ``InvalidOption``."""
    if len(text) > MAX_BYTES:
        raise InvalidOption("schema: too large, in bytes", limit=MAX_BYTES, actual=len(text))
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidOption("schema: not valid JSON") from error
    return checked(schema)


def checked(schema: Any) -> dict[str, Any]:
    """The schema, if it is accepted. Raises ``InvalidOption``."""
    check_schema(schema)
    return dict(schema)


def check_schema(schema: object) -> None:
    """Raises ``InvalidOption`` with the place and the reason where a schema is not accepted.

    A place is a JSON Pointer into the schema. Accepted is a schema of draft 2020-12 for an object,
    within the limits above, that refers to itself only.
    """
    if not isinstance(schema, Mapping):
        raise _refused("", "is not an object")
    _check_size(schema)
    if str(schema.get("$schema", DRAFT)).rstrip("#") != DRAFT:
        raise _refused("/$schema", "only draft 2020-12 is supported")
    for count, (place, node) in enumerate(subschemas(schema)):
        if count >= MAX_NODES:
            raise InvalidOption("schema: too many schemas in it", limit=MAX_NODES)
        _check_node(place, node)
    _check_valid(schema)
    _check_in_place(schema)
    from extraction.fields.by_schema.plan import plan_of

    plan_of(schema)


def target_of(schema: Mapping[str, Any], reference: str, place: str = "") -> Any:
    """What a reference within the schema leads to. Raises ``InvalidOption``."""
    if reference != "#" and not reference.startswith("#/"):
        raise _refused(place, f"{reference[:80]!r} leads out of the schema: only #/... is followed")
    found: Any = schema
    for part in reference[2:].split("/") if reference != "#" else []:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key[:6]) < len(found):
            found = found[int(key[:6])]
        else:
            raise _refused(place, f"{reference[:80]!r} leads nowhere")
    if not isinstance(found, Mapping | bool):
        raise _refused(place, f"{reference[:80]!r} leads to no schema")
    return found


def subschemas(schema: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schema and all in it, with their places, references not followed."""
    waiting = [(place, schema)]
    while waiting:
        here, node = waiting.pop()
        if not isinstance(node, Mapping):
            continue
        yield here, node
        waiting += [(f"{here}/{key}", node[key]) for key in _ONE if key in node]
        for key in _LIST:
            each = node.get(key)
            if isinstance(each, list):
                waiting += [(f"{here}/{key}/{index}", one) for index, one in enumerate(each)]
        for key in _NAMED:
            named = node.get(key)
            if isinstance(named, Mapping):
                waiting += [(f"{here}/{key}/{escaped(name)}", one) for name, one in named.items()]


def escaped(name: str) -> str:
    """A property's name as a part of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _refused(place: str, reason: str) -> InvalidOption:
    return InvalidOption(f"schema: {place[:300] or 'the schema'}: {reason}")


def _check_size(schema: Mapping[str, Any]) -> None:
    """Depth and bytes, for a schema that was not parsed from a text of ours too."""
    waiting: list[tuple[Any, int]] = [(schema, 1)]
    size = 0
    while waiting:
        value, level = waiting.pop()
        if level > MAX_LEVELS:
            raise InvalidOption("schema: nested too deeply, in levels", limit=MAX_LEVELS)
        if isinstance(value, Mapping):
            waiting += [(each, level + 1) for each in value.values()]
            size += sum(len(str(key)) + 4 for key in value)
        elif isinstance(value, list):
            waiting += [(each, level + 1) for each in value]
            size += 2 * len(value)
        else:
            size += len(value) if isinstance(value, str) else 4
        if size > MAX_BYTES:
            raise InvalidOption("schema: too large, in bytes", limit=MAX_BYTES)


def _check_node(place: str, node: Mapping[str, Any]) -> None:
    for key, reason in _REFUSED.items():
        if key in node:
            raise _refused(f"{place}/{key}", reason)
    if "$id" in node and place:
        raise _refused(f"{place}/$id", "is not supported within a schema")
    if "$ref" in node and not isinstance(node["$ref"], str):
        raise _refused(f"{place}/$ref", "is not a text")
    enum = node.get("enum")
    if isinstance(enum, list) and len(enum) > MAX_CHOICES:
        raise InvalidOption(
            f"schema: {place}/enum: too many values", limit=MAX_CHOICES, actual=len(enum)
        )
    for name in node["properties"] if isinstance(node.get("properties"), Mapping) else ():
        if len(name) > MAX_NAME:
            raise _refused(f"{place}/properties", f"a name has more than {MAX_NAME} characters")
    if "pattern" in node:
        reason = refusal(node["pattern"])
        if reason:
            raise _refused(f"{place}/pattern", reason)


def _check_valid(schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    try:
        for error in meta.iter_errors(schema):
            place = "".join(f"/{escaped(str(part))}" for part in error.absolute_path)
            raise _refused(place, f"is not valid: {error.message}"[:300])
    except RecursionError as error:
        raise _refused("", "is nested too deeply") from error


def _check_in_place(schema: Mapping[str, Any]) -> None:
    """References that lead back to themselves without going down into the value never end."""
    sizes: dict[int, int] = {}

    def size(node: Any, place: str, above: tuple[int, ...]) -> int:
        """How many schemas are applied to one and the same value."""
        if not isinstance(node, Mapping):
            return 1
        if id(node) in above:
            raise _refused(place, "refers to itself without end")
        if id(node) not in sizes:
            if len(above) > 4 * MAX_LEVELS:
                raise _refused(place, "is a chain of too many references")
            within = (*above, id(node))
            total = 1
            if "$ref" in node:
                total += size(target_of(schema, node["$ref"], f"{place}/$ref"), place, within)
            for key, each in _same_value(node):
                total += size(each, f"{place}/{key}", within)
            if total > MAX_NODES:
                raise InvalidOption(f"schema: {place}: too many alternatives", limit=MAX_NODES)
            sizes[id(node)] = total
        return sizes[id(node)]

    for place, node in subschemas(schema):
        size(node, place, ())


def _same_value(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas in a schema that are about the same value as it, with their places."""
    for key in ("if", "then", "else", "not"):
        if key in node:
            yield key, node[key]
    for key in ("allOf", "anyOf", "oneOf"):
        yield from ((f"{key}/{index}", each) for index, each in enumerate(node.get(key, ())))
    for name, each in node.get("dependentSchemas", {}).items():
        yield f"dependentSchemas/{escaped(name)}", each
