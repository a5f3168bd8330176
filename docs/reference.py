"""The API reference of the documentation's site: Markdown pages made of the OpenAPI document.

A page for each group of operations, and one of the schemas that they name. Written anew by each
build (docs/conf.py) into docs/reference/, which is in no commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.utils import translation

from ocrsite.console.operations import GROUPS, Input, Operation, of_document

SCHEMAS = "schemas"
KINDS = {"long": "text", "secret": "text", "flag": "true or false", "any": "JSON", "json": "JSON"}


def write(folder: Path, document: Mapping[str, Any]) -> list[str]:
    """The pages of an OpenAPI document; returns their names, without ``.md``, in order."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    operations = of_document(document)
    groups = [name for name in GROUPS if any(each.group == name for each in operations)]
    for name in groups:
        with translation.override("en"):
            lines = [f"# {GROUPS[name]}", ""]
        for operation in operations:
            if operation.group == name:
                told = document["paths"][operation.path][operation.method.lower()]
                lines += _operation(operation, told)
        (folder / f"{name}.md").write_text("\n".join(lines))
    parts = document["components"]["schemas"]
    lines = ["# Schemas", "", "What bodies and answers are made of.", ""]
    for name in sorted(parts):
        lines += _schema(name, parts[name])
    (folder / f"{SCHEMAS}.md").write_text("\n".join(lines))
    return [*groups, SCHEMAS]


def _operation(operation: Operation, told: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {operation.method} {operation.path}", "")
    yield from (f"**{_cell(operation.title)}**", "")
    if operation.description and operation.description != operation.summary:
        yield from (told["description"], "")
    if operation.open:
        yield from ("Needs no credentials.", "")
    if operation.parameters:
        yield from _inputs("parameter", operation.parameters)
    for body in operation.bodies:
        yield from (f"Body, `{body.media_type}`:", "", *_inputs("property", body.inputs))
    yield from ("| status | answer |", "|---|---|")
    for status, answer in sorted(told["responses"].items()):
        yield f"| {status} | {_answer(answer)} |"
    yield ""


def _inputs(head: str, inputs: tuple[Input, ...]) -> Iterator[str]:
    yield from (f"| {head} | in | type | what it is |", "|---|---|---|---|")
    for each in inputs:
        said = [
            "**Required**" if each.required else "",
            _cell(each.help),
            f"one of {', '.join(f'`{choice}`' for choice in each.choices)}" if each.choices else "",
            f"`{each.default}` if left out" if each.default else "",
        ]
        told = "; ".join(filter(None, said))
        yield f"| `{each.name}` | {each.place} | {KINDS.get(each.kind, each.kind)} | {told} |"
    yield ""


def _answer(answer: Mapping[str, Any]) -> str:
    named = sorted(
        {
            _named(told.get("schema", {})) or f"`{media_type}`"
            for media_type, told in answer.get("content", {}).items()
        }
    )
    return " ".join(filter(None, [_cell(answer.get("description", "")), ", ".join(named)]))


def _named(schema: Mapping[str, Any]) -> str:
    """A link to the schema it is, or is a list of; "" for one without a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}]({SCHEMAS}.md#{name.lower()})"
    inner = _named(schema.get("items", {})) if schema.get("type") == "array" else ""
    return f"list of {inner}" if inner else ""


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {name}", "")
    if "enum" in schema:
        yield from ("One of: " + ", ".join(f"`{value}`" for value in schema["enum"]) + ".", "")
    elif schema.get("description"):
        yield from (schema["description"], "")
    if properties := schema.get("properties"):
        required = schema.get("required", ())
        yield from ("| property | type | what it is |", "|---|---|---|")
        for key, each in properties.items():
            always = "" if key in required else "May be left out. "
            yield f"| `{key}` | {_type(each)} | {always}{_cell(each.get('description', ''))} |"
        yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """A property's type as people read it."""
    several = [*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    if name := _named(schema):
        return name
    if several:
        return " or ".join(dict.fromkeys(filter(None, map(_type, several))))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {})) or 'anything'}"
    told = schema.get("type", "")
    kinds = [told] if isinstance(told, str) else list(told)
    return " or ".join(kinds) + (f" ({schema['format']})" if "format" in schema else "")


def _cell(text: str) -> str:
    """In one line of a table."""
    return " ".join(text.split()).replace("|", "\\|")
