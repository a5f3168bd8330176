"""The fields of passports and identity cards that their machine-readable zone tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from extraction.fields.definition import Field
from extraction.fields.kinds.languages import country_of_code
from extraction.fields.labels import squeezed
from extraction.fields.mrz import Mrz, MrzField, find_mrz
from extraction.fields.parts import reading
from extraction.level import union
from extraction.types import Alternative, FieldValue, Line, Page

DOCUMENTS = frozenset({"id_card", "passport"})
# Fields of the catalogue that go by another name in the zone.
IN_ZONE = {"date_of_birth": "birth_date"}
FULL_NAME = ("given_names", "surname")
NO_COUNTRY = "code_as_printed"  # a code that is no country's: UTO, a stateless person's XXA
RIGHT, WRONG = 0.99, 0.3  # how likely characters are right whose check digit is, or is not
MOST_ALTERNATIVES = 3
NAMES = frozenset({"text", "person"})
# ICAO Doc 9303, part 3, section 6
IN_TWO_LETTERS = str.maketrans(
    {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ẞ": "SS", "Å": "AA", "Ø": "OE", "Æ": "AE", "Œ": "OE",
     "Ð": "D", "Þ": "TH", "Ĳ": "IJ"}
)  # fmt: skip


def from_zone(pages: Sequence[Page], fields: Sequence[Field]) -> dict[str, FieldValue]:
    """The values by name, from the first page with a zone; none where no such field is asked."""
    asked = [field for field in fields if DOCUMENTS & set(field.document_types)]
    for page in pages if asked else ():
        zone = find_mrz(page.lines)
        if zone:
            told = {each.name: each for each in zone.fields}
            made = (_value(field, told, zone, page.number) for field in asked)
            return {value.name: value for value in made if value}
    return {}


def joined(zone: FieldValue | None, other: FieldValue | None) -> FieldValue | None:
    """One value of the zone's and of what else is printed: the likelier, the other behind it.

    What the two have in common is surer than either; names keep the letters that a zone lacks.
    """
    if zone is None or other is None:
        return zone or other
    if _plain(zone) & _plain(other):
        sure = 1 - (1 - (zone.confidence or 0)) * (1 - (other.confidence or 0))
        value = other.value if zone.kind in NAMES else zone.value
        return replace(zone, value=value, confidence=round(sure, 4))
    failed = not all(zone.checks.values())
    best, second = (other, zone) if failed else (zone, other)
    behind = Alternative(second.raw, second.value, second.page, second.box, second.confidence)
    return replace(best, alternatives=(behind, *best.alternatives)[:MOST_ALTERNATIVES])


def _plain(value: FieldValue) -> set[str]:
    """The value in the zone's letters: accents left out, or written as Doc 9303 has it."""
    text = str(value.value).upper()
    return {squeezed(text), squeezed(text.translate(IN_TWO_LETTERS))}


def _value(field: Field, told: Mapping[str, MrzField], zone: Mrz, page: int) -> FieldValue | None:
    names = FULL_NAME if field.name == "full_name" else (IN_ZONE.get(field.name, field.name),)
    parts = [_named(told[name]) for name in names if name in told]
    if not parts:
        return None
    checks = dict(parts[0].checks)
    if checks and "composite" in zone.checks:
        checks["composite"] = zone.checks["composite"]
    text, notes = " ".join(part.value for part in parts), parts[0].notes
    if field.kind == "country":
        code = country_of_code(text)
        text, notes = (code, notes) if code else (text, (*notes, NO_COUNTRY))
    return FieldValue(
        name=field.name,
        label=field.label,
        kind=field.kind,
        raw=" ".join(part.raw.strip("<") for part in parts),
        value=text,
        page=page,
        box=union(part.box for part in parts),
        confidence=round(_sure(checks, {part.line for part in parts}), 4),
        method="mrz",
        checks=checks,
        notes=notes,
    )


def _named(part: MrzField) -> MrzField:
    """A name with its own characters alone: in the zone "SURNAME<<GIVEN<NAMES" is one piece."""
    if part.name not in FULL_NAME:
        return part
    surname, gap, given = part.raw.partition("<<")
    start = 0 if part.name == "surname" else len(surname + gap)
    own = (surname if part.name == "surname" else given).rstrip("<")
    x0, y0, x1, y1 = part.box
    step = (x1 - x0) / len(part.raw)
    box = (x0 + start * step, y0, x0 + (start + len(own)) * step, y1)
    return replace(part, raw=own, box=box)


def _sure(checks: Mapping[str, bool], lines: set[Line]) -> float:
    if checks:
        return RIGHT if all(checks.values()) else WRONG
    return min(RIGHT, *_readings(lines))


def _readings(lines: set[Line]) -> Iterator[float]:
    for line in lines:
        if line.words:
            yield reading(line.words)
        else:
            yield 1.0 if line.confidence is None else line.confidence
