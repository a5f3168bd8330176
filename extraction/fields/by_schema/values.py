"""From what stands on a page to a JSON value of a leaf's type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from extraction.fields.by_schema import words
from extraction.fields.by_schema.plan import Leaf
from extraction.fields.kinds.numbers import read_decimal
from extraction.fields.labels import squeezed
from extraction.formats.characters import clean

NUMBER = re.compile(r"(?<![\w.,])[-+−]?\s?\d[\d.,'’ \u00a0]*\d|(?<![\w.,])[-+−]?\s?\d")
PLAIN = re.compile(r"-?\d+\.\d+")
CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?!\d)")
EMAIL = re.compile(r"[^\s@<>\"(),;:]+@[^\s@<>\"(),;:]+\.\w+")
LINK = re.compile(r"https?://[^\s<>\"]+|www\.[^\s<>\"]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """A JSON value for a leaf, and what had to be decided for it."""

    value: Any
    notes: tuple[str, ...] = ()


def forms(leaf: Leaf, raw: str, value: Any, line: str = "") -> Iterator[Written]:
    """The values that a text can be for the leaf, the likeliest first.

    ``value`` is the text's normal form as its kind has it, ``line`` the line it stands in.
    """
    raw = clean(" ".join(raw.split()))
    if leaf.type in ("number", "integer"):
        number = _number(raw, value)
        if number is not None:
            if number == number.to_integral_value():
                yield Written(int(number))
            elif leaf.type == "number":
                yield Written(float(number))
        return
    if leaf.type == "boolean":
        said = yes_or_no(raw)
        if said is not None:
            yield Written(said)
        return
    form = leaf.words.get("format")
    if form in ("date-time", "time"):
        yield from _times(form, value, line or raw)
    elif form in ("email", "idn-email"):
        yield from (Written(match[0].rstrip(".")) for match in EMAIL.finditer(raw))
    elif form in ("uri", "iri"):
        for match in LINK.finditer(raw):
            link = match[0].rstrip(".,;)")
            given = link.lower().startswith("http")
            yield Written(link if given else f"http://{link}", () if given else ("scheme_assumed",))
    elif isinstance(value, Mapping) and "amount" in value:
        amount, currency = str(value["amount"]), value.get("currency")
        normal = [amount, f"{amount} {currency}"] if currency else [amount]
        in_digits = form in ("decimal", "money") or "pattern" in leaf.words or _decimals(leaf)
        for text in [*normal, raw] if in_digits else [raw, *normal]:
            yield Written(text)
    else:
        if isinstance(value, str):
            yield Written(value)
        yield Written(raw)


def _number(raw: str, value: Any) -> Decimal | None:
    """The normal form's number, else the first in the text."""
    if isinstance(value, Mapping):
        value = value.get("amount", value.get("value", value.get("number")))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str):
        try:
            number = Decimal(value)
            return number if number.is_finite() and abs(number) < Decimal(10) ** 18 else None
        except InvalidOperation:
            pass
    match = NUMBER.search(raw)
    if match is None or len(match[0]) > 24:
        return None
    amount, _ = read_decimal(re.sub(r"[-+−\s]", "", match[0]))
    return -amount if match[0].lstrip()[:1] in "-−" else amount


def _times(form: str, value: Any, line: str) -> Iterator[Written]:
    clock = CLOCK.search(line)
    hour = f"{int(clock[1]):02}:{clock[2]}:{clock[3] or '00'}Z" if clock else ""
    if form == "time":
        if hour:
            yield Written(hour, ("time_zone_assumed_utc",))
    elif isinstance(value, str):
        notes = ("time_zone_assumed_utc",)
        yield Written(
            f"{value[:10]}T{hour or '00:00:00Z'}", notes if hour else ("midnight_assumed", *notes)
        )


def _decimals(leaf: Leaf) -> bool:
    examples = leaf.words.get("examples")
    if not isinstance(examples, list) or not examples:
        return False
    return all(isinstance(each, str) and PLAIN.fullmatch(each) for each in examples)


def yes_or_no(text: str) -> bool | None:
    """What a text says to a question, in any of the languages; None if it is no answer."""
    said = text.strip(" .:;,[]()")
    for row, answer in ((words.YES, True), (words.NO, False)):
        if said in row or (squeezed(said) and squeezed(said) in set(map(squeezed, row))):
            return answer
    return None
