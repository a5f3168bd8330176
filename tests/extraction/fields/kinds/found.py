"""What a kind finds in a text."""

from __future__ import annotations

from typing import Any

from extraction.fields.kinds import Hit, Writing, find
from extraction.fields.kinds.hit import UNKNOWN


def values(kind: str, text: str, writing: Writing = UNKNOWN) -> list[Any]:
    return [hit.value for hit in find(kind, text, writing)]


def only(kind: str, text: str, writing: Writing = UNKNOWN) -> Hit:
    (hit,) = find(kind, text, writing)
    return hit
