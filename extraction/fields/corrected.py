"""What a person says a field holds, brought to the normal form of the field's kind or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from extraction.errors import InvalidCell, InvalidValue, WrongCheckSum
from extraction.fields import kinds
from extraction.fields.definition import Field
from extraction.fields.kinds import KINDS, Hit, Writing
from extraction.fields.kinds.addresses import normal_form as address_of
from extraction.fields.kinds.dates import FIRST_YEAR, LAST_YEAR
from extraction.fields.kinds.hit import UNKNOWN
from extraction.fields.kinds.numbers import plain_decimal
from extraction.types import FieldValue

MAX_TEXT = 2000  # characters
MAX_ADDRESS = 300
MAX_ROWS = 2000
# Kinds whose values are as written: a person may write what no pattern expects.
FREE = frozenset({"text", "id", "person", "organisation"})
NOT_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")
YES, NO = ("true", "yes", "x"), ("false", "no")
ADDRESS_PARTS = ("text", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Given:
    """A person's value: ``raw`` as it is written, ``value`` its normal form.

    ``checks`` and ``notes`` are as of ``FieldValue``.
    """

    raw: str
    value: Any
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A cell of a table whose value stays as it is, in the normal form of its column's kind."""

    value: Any


def as_written(wanted: Field, text: object, writing: Writing = UNKNOWN, *, force: bool) -> Given:
    """The value of a text as it stands on the page, or as a person types it.

    The whole text must be the value. Of a table it is a list of rows, each with the texts of its
    cells by the columns' names, or with what is ``Kept`` of them. ``writing`` is the document's. A
    number whose check sum is wrong is taken only with ``force``. Raises ``InvalidValue``.
    """
    if wanted.kind == "table":
        return _table(wanted, text, writing, force, written=True)
    text = _text(wanted, text)
    if wanted.kind in FREE:
        return Given(text, text)
    if wanted.kind == "address":
        if len(text) > MAX_ADDRESS:
            raise InvalidValue("The address is too long.", limit=MAX_ADDRESS, actual=len(text))
        return Given(text, address_of(text.splitlines()))
    plain = " ".join(text.split())
    if wanted.kind == "checkbox" and plain.casefold() in YES + NO:
        return Given(plain, plain.casefold() in YES)
    if wanted.kind == "money" and re.fullmatch(r"\d{8,15}", plain):  # longer than in running text
        return Given(plain, {"amount": f"{plain}.00", "currency": writing.currency})
    hit = _whole(wanted.kind, plain, writing)
    if hit is None:
        raise _refused(wanted)
    if not force and not all(hit.checks.values()):
        raise WrongCheckSum(
            f"{wanted.label}: the check sum of this number is wrong. Send force to keep it."
        )
    value = hit.value
    if wanted.kind == "money" and value["currency"] is None:
        value = {**value, "currency": writing.currency}
    if wanted.kind == "card":
        plain = plain[hit.start : hit.end]  # the last digits alone
    return Given(plain, value, dict(hit.checks), hit.notes)


def normal_form(wanted: Field, value: object, writing: Writing = UNKNOWN, *, force: bool) -> Given:
    """The value that a program gives in the normal form of the field's kind.

    Of kinds whose normal form is one text with one meaning, other ways to write it are taken too;
    never of dates, numbers and percentages, where "1.234" would mean two things. ``raw`` is the
    value as text. Raises ``InvalidValue``.
    """
    match wanted.kind:
        case "table":
            return _table(wanted, value, writing, force, written=False)
        case "checkbox":
            if not isinstance(value, bool):
                raise _refused(wanted)
            return Given(as_text(value), value)
        case "number" | "percent":
            return _given(plain_decimal(_decimal(wanted, value)))
        case "date":
            return _given(_date(wanted, value))
        case "money" if isinstance(value, Mapping):
            return _given(_money(wanted, value, writing))
        case "address" if isinstance(value, Mapping):
            return _given(_address(wanted, value))
    return as_written(wanted, value, writing, force=force)


def as_text(value: Any) -> str:
    """A normal form in words: "119.00 EUR"; a table's rows one a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if "amount" in value:
            return f"{value['amount']} {value.get('currency') or ''}".strip()
        if "text" in value:
            return str(value["text"])
        return " | ".join(as_text(item) for item in value.values())
    if isinstance(value, list | tuple):
        return "\n".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def rechecked(values: Sequence[FieldValue]) -> list[FieldValue]:
    """One document's values, with what they say of each other as they are now."""
    from extraction.fields import agreement, arithmetic

    told = {"sum", *agreement.CHECKS}
    bare = [
        replace(value, checks={name: ok for name, ok in value.checks.items() if name not in told})
        for value in values
    ]
    return agreement.checked(arithmetic.checked(bare, arithmetic.NO_AMOUNTS))


def _given(value: Any) -> Given:
    return Given(as_text(value), value)


def _refused(wanted: Field) -> InvalidValue:
    kind = KINDS[wanted.kind]
    return InvalidValue(
        f"{wanted.label} is of the kind {kind.name} ({kind.label}); its normal form: {kind.form}."
    )


def _text(wanted: Field, text: object) -> str:
    """The text, line by line without needless spaces."""
    if not isinstance(text, str):
        raise _refused(wanted)
    if len(text) > MAX_TEXT:
        raise InvalidValue("The text is too long.", limit=MAX_TEXT, actual=len(text))
    if NOT_TEXT.search(text):
        raise InvalidValue(f"{wanted.label}: the text holds characters that cannot be kept.")
    lines = (" ".join(line.split()) for line in text.splitlines())
    joined = "\n".join(line for line in lines if line)
    if not joined:
        raise InvalidValue(f"{wanted.label}: the text is empty.")
    return joined if wanted.kind in ("text", "address") else joined.replace("\n", " ")


def _whole(kind: str, text: str, writing: Writing) -> Hit | None:
    """The surest value that takes up all of the text, also if its capitals are wrong."""
    for way in dict.fromkeys((text, text.upper(), text.title())):
        hits = [
            hit
            for hit in kinds.find(kind, way, writing)
            if not _has_word(way[hit.end :])
            and not _has_word("" if kind == "card" else way[: hit.start])  # it has but its end
        ]
        if hits:
            return max(hits, key=lambda hit: hit.certainty)
        if kind in ("email", "url"):
            return None  # capitals there mean something
    return None


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _decimal(wanted: Field, value: object) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{Decimal(repr(value)):f}"
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise _refused(wanted)
    return Decimal(value)


def _date(wanted: Field, value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise _refused(wanted) from error
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return value
    raise _refused(wanted)


def _money(wanted: Field, value: Mapping[Any, Any], writing: Writing) -> dict[str, Any]:
    if value.keys() - {"amount", "currency"} or "amount" not in value:
        raise _refused(wanted)
    amount = _decimal(wanted, value["amount"])
    decimals = len(f"{amount:f}".partition(".")[2])
    currency = value.get("currency", writing.currency)
    if currency is not None and not _is_currency(currency):
        raise InvalidValue(f"{wanted.label}: the currency is no ISO 4217 code.")
    return {"amount": f"{amount:.{max(2, decimals)}f}", "currency": currency}


def _is_currency(code: object) -> bool:
    from babel import Locale

    return isinstance(code, str) and code in Locale("en").currencies


def _address(wanted: Field, value: Mapping[Any, Any]) -> dict[str, Any]:
    from extraction.fields.kinds.languages import country_of_code

    if value.keys() - set(ADDRESS_PARTS):
        raise _refused(wanted)
    parts = {name: value.get(name) for name in ADDRESS_PARTS}
    found = {name: _text(wanted, part) for name, part in parts.items() if part is not None}
    if "text" not in found:
        raise _refused(wanted)
    if "country" in found and country_of_code(found["country"]) != found["country"]:
        raise InvalidValue(f"{wanted.label}: the country is no ISO 3166-1 alpha-2 code.")
    return {name: found.get(name, "").replace("\n", ", ") or None for name in ADDRESS_PARTS}


def _table(wanted: Field, rows: object, writing: Writing, force: bool, *, written: bool) -> Given:
    from extraction.fields.tabular.checks import checks_of

    columns = {
        column.name: Field(column.name, f"{wanted.label}, {column.label}", column.kind)
        for column in wanted.columns
    }
    if not isinstance(rows, list) or not rows:
        raise InvalidValue(f"{wanted.label} is a table: a list of rows.")
    if len(rows) > MAX_ROWS:
        raise InvalidValue("The table has too many rows.", limit=MAX_ROWS, actual=len(rows))
    read = as_written if written else normal_form
    table = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping) or row.keys() - columns.keys():
            raise InvalidValue(
                f"{wanted.label}, row {number}: the columns are: {', '.join(columns) or 'none'}."
            )
        cells = {name: cell for name, cell in row.items() if cell is not None and cell != ""}
        if not cells:
            raise InvalidValue(f"{wanted.label}, row {number} is empty.")
        values = {}
        for name, cell in cells.items():
            try:
                values[name] = (
                    cell.value
                    if isinstance(cell, Kept)
                    else read(columns[name], cell, writing, force=force).value
                )
            except InvalidValue as error:
                raise InvalidCell(number, name, error) from error
        table.append(values)
    checks, notes = checks_of(table, None, None)
    return Given(as_text(table), table, checks, notes)
