from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from extraction.errors import InvalidOption
from extraction.fields.by_schema.checks import MAX_BYTES, check_schema, parse_schema
from extraction.fields.by_schema.validation import Validator
from tests.extraction.fields.by_schema.papers import TEXT, obj


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = obj("", a=TEXT)
    for _ in range(levels):
        schema = obj("", a=schema)
    return schema


def doubling(levels: int, keyword: str) -> dict[str, Any]:
    """Definitions each of which applies the next one twice to the same value."""
    definitions: dict[str, Any] = {
        f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(levels)
    }
    definitions[f"d{levels}"] = TEXT
    return {**obj("", a={"$ref": "#/$defs/d0"}), "$defs": definitions}


def fanning(levels: int) -> dict[str, Any]:
    """Objects each of which has the next one twice."""
    definitions: dict[str, Any] = {
        f"d{n}": obj("", a={"$ref": f"#/$defs/d{n + 1}"}, b={"$ref": f"#/$defs/d{n + 1}"})
        for n in range(levels)
    }
    definitions[f"d{levels}"] = TEXT
    return {**obj("", a={"$ref": "#/$defs/d0"}), "$defs": definitions}


def chain(length: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {
        f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(length)
    } | {f"d{length}": TEXT}
    return {**obj("", a={"$ref": "#/$defs/d0"}), "$defs": definitions}


HOSTILE: dict[str, tuple[Callable[[], Any], str]] = {
    "no object": (lambda: [], "is not an object"),
    "no schema": (lambda: obj("", a={"type": "strnig"}), "/properties/a/type: is not valid"),
    "not for an object": (lambda: {"type": "string"}, "is not for an object"),
    "other draft": (
        lambda: {**obj("", a=TEXT), "$schema": "http://json-schema.org/draft-07/schema#"},
        "/\\$schema: only draft 2020-12",
    ),
    "reference to a server": (
        lambda: obj("", a={"$ref": "https://evil.example/s.json"}),
        "/properties/a/\\$ref: .* leads out of the schema",
    ),
    "reference to a file": (
        lambda: obj("", a={"$ref": "file:///etc/passwd"}),
        "leads out of the schema",
    ),
    "reference to a server within not": (
        lambda: {**obj("", a=TEXT), "not": {"$ref": "http://10.0.0.1/"}},
        "leads out",
    ),
    "another base": (lambda: obj("", a={"$id": "http://evil.example/", **TEXT}), "\\$id"),
    "dynamic reference": (lambda: obj("", a={"$dynamicRef": "#x"}), "\\$dynamicRef"),
    "reference to nothing": (lambda: obj("", a={"$ref": "#/$defs/b"}), "leads nowhere"),
    "reference to itself": (
        lambda: {**obj("", a={"$ref": "#/$defs/b"}), "$defs": {"b": {"$ref": "#/$defs/b"}}},
        "refers to itself without end",
    ),
    "reference to itself by alternatives": (
        lambda: {**obj("", a={"$ref": "#/$defs/b"}), "$defs": {"b": {"anyOf": [
            {"type": "null"}, {"not": {"$ref": "#/$defs/b"}}]}}},
        "refers to itself without end",
    ),
    "deep": (lambda: nested(30), "nested too deeply"),
    "very deep": (lambda: nested(400), "nested too deeply"),
    "alternatives that double": (lambda: doubling(30, "allOf"), "too many alternatives"),
    "choices that double": (lambda: doubling(30, "oneOf"), "too many alternatives"),
    "objects that double": (lambda: fanning(30), "too many|too deeply"),
    "long chain": (lambda: chain(500), "chain of too many|too many alternatives"),
    "huge enum": (lambda: obj("", a={"enum": list(range(5_000))}), "/enum: too many values"),
    "many leaves": (lambda: obj("", **{f"p{n}": TEXT for n in range(201)}), "too many leaves"),
    "names by pattern": (
        lambda: {**obj("", a=TEXT), "patternProperties": {"^(a+)+$": TEXT}},
        "patternProperties",
    ),
    "pattern that explodes": (
        lambda: obj("", a={"type": "string", "pattern": "^(a|aa)+$"}),
        "/properties/a/pattern: takes too long",
    ),
    "pattern that explodes by alternatives": (
        lambda: obj("", a={"type": "string", "pattern": "^(x|x)*$"}),
        "takes too long",
    ),
    "pattern that is none": (lambda: obj("", a={"pattern": "(["}), "not a regular expression"),
    "long pattern": (lambda: obj("", a={"pattern": "a?" * 300}), "up to 500 characters"),
    "10 megabytes": (lambda: obj("", a={"description": "x" * 10_000_000}), "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_check_schema_refuses_quickly_and_says_where_and_why(name: str) -> None:
    make, why = HOSTILE[name]
    schema = make()
    began = time.monotonic()

    with pytest.raises(InvalidOption, match=why) as refused:
        check_schema(schema)

    assert time.monotonic() - began < 2
    assert refused.value.code == "invalid_option"
    assert len(refused.value.detail) < 700


def test_parse_schema_refuses_what_is_too_large_before_it_is_parsed() -> None:
    with pytest.raises(InvalidOption) as refused:
        parse_schema("[" * 10_000_000)
    assert (refused.value.limit, refused.value.actual) == (MAX_BYTES, 10_000_000)


@pytest.mark.parametrize("text", ["{", "[" * 60_000, "nul", '"\\ud800'])
def test_parse_schema_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(InvalidOption, match="not valid JSON"):
        parse_schema(text)


def test_parse_schema_gives_a_schema_that_refers_to_itself_going_down() -> None:
    tree = {
        "$id": "urn:mine",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **obj("", name=TEXT, children={"type": "array", "items": {"$ref": "#"}}),
    }
    assert parse_schema(json.dumps(tree)) == tree


def test_check_schema_takes_a_long_pattern_of_the_usual_sort() -> None:
    check_schema(obj("", a={"type": "string", "pattern": r"^[A-Z]{2}\d{2}([ -]?\w{1,4})+$"}))


def test_check_schema_takes_a_nested_repetition_that_is_searched_quickly() -> None:
    schema = obj("", a={"type": "string", "pattern": "^(a+)+$"})
    check_schema(schema)
    began = time.monotonic()
    assert [place for place, _ in Validator(schema).errors({"a": "a" * 60 + "!"})] == ["/a"]
    assert time.monotonic() - began < 1


def test_validator_checks_formats() -> None:
    wrong = {
        "date": "14.03.2026",
        "date-time": "2026-03-14",
        "time": "25:00:00Z",
        "email": "nobody",
        "uri": "no scheme",
        "uuid": "1234",
        "ipv4": "1.2.3",
    }
    for name, text in wrong.items():
        validator = Validator(obj("", a={"type": "string", "format": name}))
        assert [place for place, _ in validator.errors({"a": text})] == ["/a"], name
    right = Validator(obj("", a={"type": "string", "format": "date-time"}))
    assert right.errors({"a": "2026-03-14T08:41:00Z"}) == []


def test_validator_stops_a_pattern() -> None:
    validator = Validator(obj("", a={"type": "string", "pattern": "^(a|aa)+$"}))
    began = time.monotonic()
    ((place, why),) = validator.errors({"a": "a" * 60 + "!"})
    assert (place, time.monotonic() - began < 1) == ("/a", True)
    assert "takes too long" in why


def test_validator_tells_items_that_are_the_same_among_many() -> None:
    validator = Validator(obj("", a={"type": "array", "uniqueItems": True}))
    many = [{"n": n} for n in range(2_000)]
    assert validator.errors({"a": many}) == []
    assert validator.errors({"a": [*many, {"n": 7}]}) == [("/a", "has items that are the same")]
