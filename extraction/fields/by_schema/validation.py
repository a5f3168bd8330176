"""The last word on a value: valid against its schema, told within a bounded time.

Draft 2020-12 by ``jsonschema``, with formats checked, patterns searched by ``regex`` (which can be
stopped) and nothing ever fetched.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from referencing import Registry

from extraction.fields.patterns import searched

VALIDATION_SECONDS = 2.0
MAX_ERRORS = 20

EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.IGNORECASE)

Keyword = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[ValidationError] | None]


class _TooLong(Exception):
    """Comparing a value with the schema took longer than allowed."""


def _pattern(
    validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    try:
        if not searched(pattern, instance):
            yield ValidationError(f"{instance[:80]!r} does not match {pattern[:80]!r}")
    except TimeoutError:
        yield ValidationError(f"the pattern {pattern[:80]!r} takes too long")


def _unique(
    validator: Any, unique: bool, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        written = [json.dumps(each, sort_keys=True) for each in instance]
        if len(set(written)) < len(written):
            yield ValidationError("has items that are the same")


def _formats() -> FormatChecker:
    checker = FormatChecker(("ipv4", "ipv6", "uuid"))

    def check(name: str, test: Callable[[str], object]) -> None:
        checker.checks(name, raises=ValueError)(
            lambda value: not isinstance(value, str) or bool(test(value))
        )

    check("date", lambda text: len(text) == 10 and date.fromisoformat(text))
    check("date-time", lambda text: CLOCK.fullmatch(text[11:]) and datetime.fromisoformat(text))
    check("time", CLOCK.fullmatch)
    check("email", EMAIL.fullmatch)
    check("idn-email", EMAIL.fullmatch)
    for name in ("uri", "iri"):
        check(name, lambda text: urlsplit(text).scheme and not re.search(r"[\s<>\"]", text))
    return checker


FORMATS = _formats()


class Validator:
    """A checked schema, ready to be compared with values."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._deadline = 0.0
        keywords: dict[str, Any] = {
            **Draft202012Validator.VALIDATORS,
            "pattern": _pattern,
            "uniqueItems": _unique,
        }
        timed = {name: self._timed(keyword) for name, keyword in keywords.items()}
        made = extend(Draft202012Validator, validators=timed)
        root = {key: value for key, value in schema.items() if key not in ("$id", "$schema")}
        self._root = made(root, registry=Registry(), format_checker=FORMATS)

    def _timed(self, keyword: Keyword) -> Keyword:
        def applied(
            validator: Any, value: Any, instance: Any, schema: Mapping[str, Any]
        ) -> Iterator[ValidationError] | None:
            if time.monotonic() > self._deadline:
                raise _TooLong()
            return keyword(validator, value, instance, schema)

        return applied

    def errors(
        self, value: Any, within: Mapping[str, Any] | bool | None = None
    ) -> list[tuple[str, str]]:
        """Where (as JSON Pointer) and why the value is not valid, the first ``MAX_ERRORS``.

        ``within`` is a part of the schema to compare with instead of all of it.
        """
        self._deadline = time.monotonic() + VALIDATION_SECONDS
        validator = self._root if within is None else self._root.evolve(schema=within)
        found: list[tuple[str, str]] = []
        try:
            for error in validator.iter_errors(value):
                place = "".join(
                    f"/{str(part).replace('~', '~0').replace('/', '~1')}"
                    for part in error.absolute_path
                )
                found.append((place, error.message[:200]))
                if len(found) >= MAX_ERRORS:
                    break
        except (_TooLong, RecursionError):
            found.append(("", "comparing it with the schema took too long"))
        return found
