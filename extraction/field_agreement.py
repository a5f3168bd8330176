"""How far the fields agree that several engines found, with each other and with the truth.

Two values agree where their normal forms say the same thing by the kind of the field: amounts and
numbers as decimals, free text without regard to capitals and white space, tables row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from extraction.errors import InvalidValue
from extraction.fields.corrected import FREE, as_text, as_written, normal_form
from extraction.fields.definition import Field
from extraction.types import FieldValue

Key = tuple[str, int | None]  # name, and the part of a split file


@dataclass(frozen=True, slots=True)
class Found:
    """The fields that one engine found; None for ``values`` where it has no result."""

    name: str
    values: tuple[FieldValue, ...] | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one engine found of a field, None where nothing; ``right`` is None without a truth."""

    engine: str
    value: Any
    raw: str
    confidence: float | None
    page: int | None
    found: bool
    right: bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """A field with what each engine found; ``agreed`` where all of them say the same.

    ``truth`` is the true value in its normal form, as given where it has none; ``known`` tells
    whether there is one, for the truth may be that the field is not there (null).
    """

    name: str
    label: str
    kind: str
    document: int | None
    known: bool
    truth: Any
    agreed: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Of ``fields`` whose truth is known, how many an engine has ``right``, and of those it found,
    how many are ``wrong``; the others it missed."""

    engine: str
    fields: int
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True, slots=True)
class Concord:
    """Of the ``fields`` that at least one of two engines found, on how many both say the same."""

    left: str
    right: str
    fields: int
    same: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """All fields side by side; ``scores`` where the truth is known, ``matrix`` of each pair."""

    rows: tuple[Row, ...]
    scores: tuple[Score, ...]
    matrix: tuple[Concord, ...]


def agreement(
    found: Sequence[Found], truth: Mapping[str, Any], known: Mapping[str, Field]
) -> Agreement:
    """The fields of the engines that have a result side by side.

    ``truth`` is what the fields of its names hold, in normal form or as written, None where the
    document has no such field. ``known`` are the fields that may be asked for, by name.
    """
    having = [each for each in found if each.values is not None]
    by_key: dict[Key, dict[str, FieldValue]] = {}
    for each in having:
        for value in each.values or ():
            by_key.setdefault((value.name, value.document), {}).setdefault(each.name, value)
    for name in truth:
        if not any(key[0] == name for key in by_key):
            by_key[(name, None)] = {}
    rows = tuple(
        _row(key, values, [each.name for each in having], truth, known)
        for key, values in by_key.items()
    )
    return Agreement(rows, _scores(rows, having) if truth else (), _matrix(rows, having))


def same_value(kind: str, one: Any, two: Any) -> bool:
    """Whether two normal forms of a kind say the same; an amount without a currency has any."""
    if one is None or two is None:
        return one is two
    if kind == "money" and isinstance(one, Mapping) and isinstance(two, Mapping):
        currencies = {one.get("currency"), two.get("currency")} - {None}
        return len(currencies) < 2 and _equal(one.get("amount"), two.get("amount"))
    if kind in ("number", "percent"):
        return _equal(one, two)
    if kind == "table" and isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same_row, one, two))
    if kind in FREE or kind == "address":
        return _plain(as_text(one)) == _plain(as_text(two))
    return bool(one == two)


def _row(
    key: Key,
    values: Mapping[str, FieldValue],
    engines: Sequence[str],
    truth: Mapping[str, Any],
    known: Mapping[str, Field],
) -> Row:
    name, document = key
    field = known.get(name)
    first = next(iter(values.values()), None)
    if field is None:
        label, kind = (first.label, first.kind) if first else (name, "text")
        field = Field(name, label, kind)
    true = _normal(field, truth[name]) if name in truth else None
    cells = tuple(
        _cell(engine, values.get(engine), field.kind, true, told=name in truth)
        for engine in engines
    )
    agreed = len(values) == len(engines) and all(
        same_value(field.kind, cells[0].value, cell.value) for cell in cells
    )
    return Row(name, field.label, field.kind, document, name in truth, true, agreed, cells)


def _cell(engine: str, value: FieldValue | None, kind: str, true: Any, *, told: bool) -> Cell:
    if value is None:
        return Cell(engine, None, "", None, None, False, (true is None) if told else None)
    right = None
    if told:
        right = same_value(kind, value.value, true) or (
            isinstance(true, str)
            and _plain(true) in (_plain(value.raw), _plain(as_text(value.value)))
        )
    return Cell(engine, value.value, value.raw, value.confidence, value.page, True, right)


def _normal(field: Field, given: Any) -> Any:
    """The true value in the field's normal form, as given where it is none of its kind."""
    if given is None or given == "":
        return None
    for read in (normal_form, as_written):
        try:
            return read(field, given, force=True).value
        except InvalidValue:
            continue
    return given


def _scores(rows: Sequence[Row], having: Sequence[Found]) -> tuple[Score, ...]:
    told = [row for row in rows if row.known]
    scores = []
    for at, each in enumerate(having):
        cells = [row.cells[at] for row in told]
        right = sum(cell.right is True for cell in cells)
        wrong = sum(cell.found and not cell.right for cell in cells)
        scores.append(Score(each.name, len(cells), right, wrong, len(cells) - right - wrong))
    return tuple(scores)


def _matrix(rows: Sequence[Row], having: Sequence[Found]) -> tuple[Concord, ...]:
    found = []
    for one in range(len(having)):
        for two in range(one + 1, len(having)):
            pairs = [
                (row.kind, row.cells[one], row.cells[two])
                for row in rows
                if row.cells[one].found or row.cells[two].found
            ]
            same = sum(
                a.found and b.found and same_value(kind, a.value, b.value) for kind, a, b in pairs
            )
            found.append(Concord(having[one].name, having[two].name, len(pairs), same))
    return tuple(found)


def _equal(one: Any, two: Any) -> bool:
    try:
        return Decimal(str(one)) == Decimal(str(two))
    except InvalidOperation:
        return bool(one == two)


def _same_row(one: Any, two: Any) -> bool:
    if not isinstance(one, Mapping) or not isinstance(two, Mapping):
        return bool(one == two)
    names = {name for row in (one, two) for name, cell in row.items() if cell is not None}
    return all(_same_cell(one.get(name), two.get(name)) for name in names)


def _same_cell(one: Any, two: Any) -> bool:
    """A cell's kind is told by its form alone: its column may be of a template long gone."""
    if isinstance(one, Mapping) and "amount" in one:
        return same_value("money", one, two)
    if isinstance(one, str) and isinstance(two, str):
        return _plain(one) == _plain(two) or (one[:1].isdigit() and _equal(one, two))
    return bool(one == two)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
