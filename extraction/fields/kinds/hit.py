"""A value found in a line of text, and what tells how values are written in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """A value in a text: where it stands, its normal form, and how surely it is of its kind.

    ``checks`` are the tests that the value itself allows, by name ("checksum"), and whether it
    passed; ``notes`` say what had to be decided ("day_first_assumed").
    """

    start: int
    end: int
    value: Any
    certainty: float
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """How a document writes its values, as far as its own text tells; None where it does not.

    ``day_first`` is about dates like 03/04/2026, ``decimal_mark`` about 1,234, ``currency`` (ISO
    4217) about amounts without one, ``country`` (ISO 3166-1 alpha-2) about telephone numbers.
    """

    day_first: bool | None = None
    decimal_mark: str | None = None
    currency: str | None = None
    country: str | None = None


UNKNOWN = Writing()
