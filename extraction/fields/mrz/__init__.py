"""The machine-readable zone of passports, visas and identity cards (ICAO Doc 9303)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from extraction.fields.mrz.formats import (
    FILLER,
    FORMATS,
    TD1,
    TD2,
    Format,
    Part,
    check_digit,
    is_right,
    piece,
)
from extraction.fields.mrz.reading import fits, put_right, rows
from extraction.types import Box, Line

__all__ = ["Mrz", "MrzField", "check_digit", "find_mrz"]


@dataclass(frozen=True, slots=True)
class MrzField:
    """A field of the zone: as read, its normal form, and the box of its characters.

    ``value`` is an ISO 8601 date, a country's code as printed ("D" for Germany), text, or for the
    sex "M", "F" or "X". ``checks`` holds its own check digit's test, where it has one.
    """

    name: str
    raw: str
    value: str
    line: Line
    box: Box
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mrz:
    """A zone found. ``lines`` are its characters put right, ``checks`` all check digits' tests."""

    format: str
    lines: tuple[str, ...]
    fields: tuple[MrzField, ...]
    checks: Mapping[str, bool]

    @property
    def valid(self) -> bool:
        return all(self.checks.values())


def find_mrz(lines: Iterable[Line], today: date | None = None) -> Mrz | None:
    """The zone among a page's lines, given in any order; the one with most right check digits.

    Fillers read as other characters, digits as letters and the reverse are put right where the
    format says what must stand there. ``today`` tells the century of a birth.
    """
    read = rows(lines)
    best: tuple[tuple[int, int, int], Mrz] | None = None
    for index in range(len(read)):
        for layout in FORMATS:
            group = read[index : index + layout.lines]
            if len(group) < layout.lines or not fits(group, layout):
                continue
            found = _parsed(layout, group, today or date.today())
            if found:
                wrong = sum(not right for right in found.checks.values())
                changed = sum(abs(len(text) - layout.length) for text, _ in group)
                rank = (len(found.checks) - 2 * wrong, -changed, -index)
                if best is None or rank > best[0]:
                    best = rank, found
    return best[1] if best else None


def _parsed(layout: Format, group: Sequence[tuple[str, Line]], today: date) -> Mrz | None:
    lines, notes = put_right(layout, [text for text, _ in group])
    dates = [part for part in layout.parts if part.kind == "n"]
    if not all(re.fullmatch(r"\d\d[\d<]{4}", piece(lines, part)) for part in dates):
        return None
    checks = _checks(layout, lines)
    if not any(checks.values()):
        return None
    fields = _fields(layout, lines, [line for _, line in group], checks, notes, today)
    return Mrz(layout.name, tuple(lines), fields, checks)


def _checks(layout: Format, lines: Sequence[str]) -> dict[str, bool]:
    checks = {}
    for part in layout.parts:
        if part.check is None:
            continue
        characters, digit = piece(lines, part), lines[part.line][part.check]
        if part.name == "document_number":
            characters, digit = _long_number(layout, lines)
        # Nothing needs no check digit (Doc 9303-4).
        empty = not characters.strip(FILLER) and digit == FILLER
        checks[part.name] = empty or is_right(characters, digit)
    if layout.composite:
        text = "".join(lines[line][start:end] for line, start, end in layout.composite)
        checks["composite"] = is_right(text[:-1], text[-1])
    return checks


def _is_long(layout: Format, lines: Sequence[str]) -> bool:
    """Whether the document number goes on in the optional data, before its check digit.

    A filler then stands for the check digit (Doc 9303-5 and -6).
    """
    part = next(part for part in layout.parts if part.name == "document_number")
    assert part.check is not None
    more = next(piece(lines, p) for p in layout.parts if p.name == "optional_data")
    return (
        layout in (TD1, TD2)
        and lines[part.line][part.check] == FILLER
        and len(more.partition(FILLER)[0]) > 1
    )


def _long_number(layout: Format, lines: Sequence[str]) -> tuple[str, str]:
    """The whole document number and its check digit."""
    part = next(part for part in layout.parts if part.name == "document_number")
    assert part.check is not None
    number, digit = piece(lines, part), lines[part.line][part.check]
    if _is_long(layout, lines):
        more = next(piece(lines, p) for p in layout.parts if p.name == "optional_data")
        more = more.partition(FILLER)[0]
        return number + more[:-1], more[-1]
    return number, digit


def _fields(
    layout: Format,
    lines: Sequence[str],
    printed: Sequence[Line],
    checks: Mapping[str, bool],
    notes: tuple[str, ...],
    today: date,
) -> tuple[MrzField, ...]:
    fields = []
    for part in layout.parts:
        raw = piece(lines, part)
        values: list[tuple[str, str, tuple[str, ...]]] = []
        if part.name == "names":
            surname, _, given = raw.strip(FILLER).partition(FILLER * 2)
            values = [("surname", _words(surname), ()), ("given_names", _words(given), ())]
        elif part.name == "birth_date":
            values = [(part.name, *_date(raw, today.year % 100))]
        elif part.name == "expiry_date":
            values = [(part.name, *_date(raw, 99))]
        elif part.name == "sex":
            values = [(part.name, raw if raw in "MF" else "X", ())]
        elif part.name == "document_number":
            number = _long_number(layout, lines)[0]
            values = [(part.name, number.strip(FILLER), notes)]
        elif part.name == "optional_data" and _is_long(layout, lines):
            values = [(part.name, _words(raw.partition(FILLER)[2]), ())]
        else:
            values = [(part.name, _words(raw), ())]
        check = {"checksum": checks[part.name]} if part.name in checks else {}
        line = printed[part.line]
        box = _box(line, part, layout.length)
        fields += [MrzField(n, raw, v, line, box, check, said) for n, v, said in values if v]
    return tuple(fields)


def _words(text: str) -> str:
    return " ".join(filter(None, text.split(FILLER)))


def _date(text: str, latest: int) -> tuple[str, tuple[str, ...]]:
    """An ISO 8601 date of six digits; parts not known, as fillers, are left out.

    Years up to ``latest`` are of the 2000s: nobody is born after today, and what expires does so
    in this century.
    """
    year = f"{20 if int(text[:2]) <= latest else 19}{text[:2]}"
    month, day = text[2:4], text[4:6]
    notes = ("century_assumed",)
    if FILLER in month:
        return year, notes
    if FILLER in day:
        return f"{year}-{month}", notes
    try:
        return date(int(year), int(month), int(day)).isoformat(), notes
    except ValueError:
        return "", ()


def _box(line: Line, part: Part, length: int) -> Box:
    """The box of a part's characters, which are all equally wide."""
    x0, y0, x1, y1 = line.box
    step = (x1 - x0) / length
    return (x0 + part.start * step, y0, x0 + part.end * step, y1)
