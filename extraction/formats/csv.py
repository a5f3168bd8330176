"""CSV for spreadsheets: a split file's documents, fields, every table, entities, a section each.

A section is a title line, its rows and a blank line; a table over several pages is one. A spanned
cell stands at its first position, the rest is empty. A document without fields and tables gives its
text, one line a row. UTF-8 with a byte order mark, by which Excel knows the encoding; CRLF and
quoting per RFC 4180.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from extraction.continued import whole_tables
from extraction.formats import grid
from extraction.formats.characters import clean
from extraction.types import Document, Entity, FieldValue, Part, Table

_FIELD_COLUMNS = ("name", "label", "value", "currency", "raw", "page", "confidence", "document")
_ENTITY_COLUMNS = ("kind", "value", "currency", "raw", "page", "confidence")
_PART_COLUMNS = ("document", "pages", "type", "type_confidence", "confidence")

# What a spreadsheet may run as a formula where a cell begins with it (OWASP, "CSV Injection"), with
# the full-width forms that East Asian versions take as the same signs. The same after what would
# begin another cell for a spreadsheet that takes ";" or tab as the separator, as German Excel does.
_FORMULA = re.compile(r'(^|[;\t\n])(?=(?:"|[^\S\t\n])*[=+\-@＝＋－＠])([^;\t\n]*)')
# A signed number with separators, currency sign or per cent, or only signs (a dash for "none").
_PLAIN_NUMBER = re.compile(r"[+-]\s?[€$£¥]?\s?\d[\d., '’]*[%€$£¥]?|[+-]+")


def render(document: Document) -> bytes:
    """The sections as one CSV file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for number, (title, rows) in enumerate(_sections(document)):
        if number:
            out.write("\r\n")
        writer.writerow([title])
        writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def table_file(table: Table, separator: str = ",") -> bytes:
    """One table as rows of cells, a spanned one at its first position; encoded as ``render``."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in grid.texts(table))
    return out.getvalue().encode("utf-8-sig")


def safe_cell(value: object) -> str:
    """The value as cell text that no spreadsheet takes for a formula; plain numbers stay intact.

    A text that could be one gets an apostrophe in front, the spreadsheets' own mark of text.
    """
    if isinstance(value, int | float):
        return str(value)
    text = clean("" if value is None else str(value)).strip()
    return _FORMULA.sub(_disarm, text.replace("\r\n", "\n").replace("\r", "\n"))


def _disarm(match: re.Match[str]) -> str:
    separator, text = match.groups()
    plain = _PLAIN_NUMBER.fullmatch(text.strip())
    return separator + (text if plain else f"'{text}")


def _sections(document: Document) -> Iterator[tuple[str, Iterable[Sequence[object]]]]:
    found = False
    if document.documents:
        found = True
        yield "Documents", [_PART_COLUMNS, *map(_part_row, document.documents)]
    if document.fields:
        found = True
        yield "Fields", [_FIELD_COLUMNS, *map(_field_row, document.fields)]
    number = 0
    whole = whole_tables(document.pages)
    for page in document.pages:
        for block in page.blocks:
            if block.table is not None and not block.continues:
                found = True
                number += 1
                over = whole.get(block.id)
                where = f"pages {page.number}-{over.last_page}" if over else f"page {page.number}"
                table = over.table if over else block.table
                yield f"Table {number}, {where}", grid.texts(table)
    if not found:
        rows = [
            (page.number, line)
            for page in document.pages
            for block in page.blocks
            for line in block.text.splitlines()
        ]
        yield "Text", [("page", "text"), *rows]
    entities = [
        (entity.kind, *value_cells(entity.value), entity.raw, page.number, _rounded(entity))
        for page in document.pages
        for entity in page.entities or ()
    ]
    if entities:
        yield "Entities", [_ENTITY_COLUMNS, *entities]


def _field_row(field: FieldValue) -> tuple[object, ...]:
    value, currency = value_cells(field.value)
    told = (field.name, field.label, value, currency, field.raw, field.page, _rounded(field))
    return (*told, field.document)


def _rounded(found: FieldValue | Entity) -> float | None:
    return round(found.confidence, 4) if found.confidence is not None else None


def _part_row(part: Part) -> tuple[object, ...]:
    pages = f"{part.pages[0]}-{part.pages[-1]}" if len(part.pages) > 1 else part.pages[0]
    told = part.classification
    return (part.number, pages, told.kind, round(told.confidence, 4), round(part.confidence, 4))


def value_cells(value: Any) -> tuple[object, object]:
    """A field's value and its currency: money in two, an address as its text, lists as JSON."""
    if isinstance(value, Mapping) and "amount" in value:
        return value["amount"], value.get("currency")
    if isinstance(value, Mapping) and "text" in value:
        return value["text"], None
    if isinstance(value, Mapping | list | tuple | bool):
        return json.dumps(value, ensure_ascii=False), None
    return value, None
