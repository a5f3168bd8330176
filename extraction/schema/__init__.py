"""The documented shapes of the result: JSON Schema (draft 2020-12) and XML Schema 1.0."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``formats.json.to_dict``."""
    schema: dict[str, Any] = json.loads(_read("document.schema.json"))
    return schema


def xsd() -> bytes:
    """The XML Schema of ``formats.xml.render``."""
    return _read("document.xsd")


def _read(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()
