"""What a schema asks for: its objects, arrays and leaves, references followed.

Of alternatives (``anyOf``, ``oneOf``) the first that is not null is looked for. A reference back to
a schema that is being followed is not followed again: such a value is not looked for. Keywords that
say nothing about where to look are left to ``validation``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from extraction.errors import InvalidOption
from extraction.fields.by_schema.checks import MAX_LEAVES, MAX_NODES, escaped, target_of

MAX_DEPTH = 40  # schemas gone through on the way to a value

Type = Literal["string", "number", "integer", "boolean"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value asked for. ``pointer`` is its place in the value, "*" standing for an array's index;
    ``names`` are the properties' names on the way. ``schema`` is the schema it has to satisfy."""

    pointer: str
    names: tuple[str, ...]
    schema: Mapping[str, Any]
    nullable: bool


@dataclass(frozen=True, slots=True)
class Leaf(Node):
    """A single value. ``words`` has the keywords that say what it is, references followed.

    ``unknown`` says that nothing is looked for (a reference back to a schema above).
    """

    type: Type = "string"
    words: Mapping[str, Any] = field(default_factory=dict)
    unknown: bool = False

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of an ``enum`` or ``const`` but null; empty where any value will do."""
        listed = [self.words["const"]] if "const" in self.words else self.words.get("enum", [])
        return tuple(choice for choice in listed if choice is not None)


@dataclass(frozen=True, slots=True)
class Object(Node):
    """Named values."""

    properties: Mapping[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Array(Node):
    """Values of one sort."""

    words: Mapping[str, Any] = field(default_factory=dict)
    items: Node | None = None


def leaves(node: Node, *, in_arrays: bool = False) -> Iterator[Leaf]:
    """The leaves below a node, those within arrays only if asked for."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Object):
        for each in node.properties.values():
            yield from leaves(each, in_arrays=in_arrays)
    elif isinstance(node, Array) and in_arrays and node.items:
        yield from leaves(node.items, in_arrays=True)


def plan_of(schema: Mapping[str, Any]) -> Object:
    """The plan of a schema for an object. Raises ``InvalidOption``: not one, or too much of it."""
    node = _Planner(schema).node(schema, "", (), ())
    if not isinstance(node, Object):
        raise InvalidOption('schema: the schema: is not for an object ("type": "object")')
    return node


class _Planner:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = 0
        self._leaves = 0

    def node(
        self,
        schema: Mapping[str, Any] | bool,
        pointer: str,
        names: tuple[str, ...],
        above: tuple[int, ...],
    ) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidOption("schema: too many values asked for", limit=MAX_NODES)
        if len(above) > MAX_DEPTH:
            raise InvalidOption("schema: values nested too deeply, in levels", limit=MAX_DEPTH)
        asked: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
        passed: list[int] = []
        nullable: list[bool] = []
        words = self._merged(asked, passed, nullable, 0)
        may_be_null = bool(nullable) or _takes_null(words)
        here = (pointer, names, asked, may_be_null)
        kind = _type(words)
        if set(passed) & set(above):
            self._count_leaf()
            return Leaf(*here, words=words, unknown=True)
        within = (*above, *passed)
        if kind == "object" and pointer.endswith("/*"):
            names = ()  # of an item's values their own names tell
        if kind == "object":
            properties = {
                name: self.node(each, f"{pointer}/{escaped(name)}", (*names, name), within)
                for name, each in words.get("properties", {}).items()
            }
            return Object(*here, properties=properties, required=frozenset(words["required"]))
        if kind == "array":
            items = words.get("items", True)
            if items is False:
                return Array(*here, words=words)
            return Array(*here, words=words, items=self.node(items, f"{pointer}/*", names, within))
        self._count_leaf()
        return Leaf(*here, type=kind, words=words)

    def _count_leaf(self) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise InvalidOption("schema: too many leaves", limit=MAX_LEAVES)

    def _merged(
        self, schema: Mapping[str, Any], passed: list[int], nullable: list[bool], depth: int
    ) -> dict[str, Any]:
        """The keywords of the schema with those of what it refers to, its own first.

        ``passed`` are the schemas gone through, ``nullable`` gets an entry where null is one of the
        alternatives.
        """
        if depth > MAX_DEPTH:
            raise InvalidOption("schema: a chain of too many references", limit=MAX_DEPTH)
        passed.append(id(schema))
        words = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        words["properties"] = dict(schema.get("properties", {}))
        words["required"] = list(schema.get("required", []))
        parts = [target_of(self._root, schema["$ref"])] if "$ref" in schema else []
        parts += schema.get("allOf", [])
        for key in ("anyOf", "oneOf"):
            options = [each for each in schema.get(key, []) if isinstance(each, Mapping)]
            wanted = [each for each in options if each.get("type") != "null"]
            if len(wanted) < len(options):
                nullable.append(True)
            parts += wanted[:1]
        for part in parts:
            if isinstance(part, Mapping):
                more = self._merged(part, passed, nullable, depth + 1)
                words["properties"] = {**more.pop("properties"), **words["properties"]}
                words["required"] += more.pop("required")
                words = {**more, **words}
        return words


def _takes_null(words: Mapping[str, Any]) -> bool:
    kinds = words.get("type")
    if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
        return "enum" not in words or None in words["enum"]
    return kinds is None and None in words.get("enum", ())


def _type(words: Mapping[str, Any]) -> Any:
    """The first of the types but null, or the one that the other keywords are about."""
    kinds = words.get("type", [])
    listed = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    if listed:
        return listed[0]
    if words["properties"]:
        return "object"
    if "items" in words or "prefixItems" in words:
        return "array"
    chosen = [words["const"]] if "const" in words else words.get("enum", [])
    for choice in chosen:
        if isinstance(choice, bool):
            return "boolean"
        if isinstance(choice, int | float):
            return "number"
    if words.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return "number"
    return "string"
