"""Each operation of the API has a method of the client, or the page says why it has none."""

from __future__ import annotations

import inspect
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from ocrsite_client import Client
from ocrsite_client.calls import Call, listing, operation

PAGE = (Path(__file__).resolve().parents[2] / "docs/client.md").read_text()
ANYTHING = {"request", "save", "read", "read_many"}  # those that name none, or are made of others
GIVEN: dict[str, Any] = {
    "source": b"x",
    "sources": [b"x"],
    "engines": ["a", "b"],
    "events": ["job.failed"],
    "template": {},
    "number": 1,
    "version": 1,
}


def documented() -> set[tuple[str, str]]:
    """Method and path of each operation of the OpenAPI document."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path).removeprefix("/api/v1").strip("/"))
        for path, operations in schema["paths"].items()
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    }


def first_call(client: Client, each: operation[..., Any] | listing[..., Any], to: str) -> Call:
    """What the operation begins with, given something for all that it needs."""
    needed = {
        name: to if name == "to" else GIVEN.get(name, "ID")
        for name, taken in list(inspect.signature(each.steps).parameters.items())[1:]
        if taken.default is taken.empty and taken.kind is not taken.VAR_KEYWORD
    }
    steps = each.steps(client, **needed)
    call = next(steps)
    steps.close()
    assert isinstance(call, Call)
    return call


def left_out() -> set[tuple[str, str]]:
    """Those that the page lists as without a method."""
    section = PAGE.partition("### Without a method")[2].partition("\n#")[0]
    return {
        (method, re.sub(r"{\w+}", "{}", path))
        for methods, path in re.findall(r"`([A-Z, ]+) ([\w/{}.-]+)`", section)
        for method in methods.split(", ")
    }


@pytest.mark.usefixtures("db")
def test_every_operation_of_the_api_has_a_method_or_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    patterns = {
        (method, re.compile(re.escape(path).replace(r"\{\}", "[^/]+"))): path
        for method, path in documented()
    }
    client = Client("http://127.0.0.1:9", "ocrs_x")
    operations = [
        each
        for name, each in inspect.getmembers_static(Client)
        if isinstance(each, operation | listing) and name not in ANYTHING
    ]
    called = set()
    for each, to in product(operations, ("here.csv", "here.pdf")):
        call = first_call(client, each, to)
        found = [
            path
            for (method, pattern), path in patterns.items()
            if method == call.method and pattern.fullmatch(call.path)
        ]
        assert found, call
        called.add((call.method, max(found, key=lambda path: len(path.replace("{}", "")))))
    assert called & left_out() == set()
    assert called | left_out() == documented()
