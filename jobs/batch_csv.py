"""Results together as CSV for spreadsheets: a row a document, or a row for each line of tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Min, QuerySet

from extraction.fields import CATALOGUE
from extraction.formats.csv import safe_cell, value_cells
from jobs import revisions
from jobs.batches import Item
from jobs.models import KEPT, Extraction, FieldRevision, FieldValue, Job, Status

if TYPE_CHECKING:
    from jobs.batch_export import Collection

MARK = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
MONEY = "money"  # the kind of fields that have a currency
TABLE = "table"  # the kind of fields whose value is a list of rows
CSV_COLUMNS = ("position", "name", "status", "job", "document", "pages", "type", "error")
LINE_COLUMNS = ("position", "name", "job", "document", "field", "page", "line")


def as_csv(documents: Collection, formats: Sequence[str], sent: list[UUID]) -> Iterator[bytes]:
    """A row a document (a part of a split file is one), a column for every field that any has.

    Money has a second column for its currency, ``NAME.currency``; tables are JSON. Values of a
    schema stand below ``extraction.NAME``, for its first level. Cells are no formulas.
    """
    names, filled = _field_columns(documents.jobs), documents.filled
    heads = [name if part == "value" else f"{name}.currency" for name, part in names]
    yield MARK + _line([*CSV_COLUMNS, *heads, *(f"extraction.{name}" for name in filled)])
    for item in documents.items():
        yield b"".join(map(_line, _csv_rows(item, names, filled)))
        if item.job and item.status in KEPT and item.job.pages_done:
            sent.append(item.job.pk)


def as_lines(documents: Collection, formats: Sequence[str], sent: list[UUID]) -> Iterator[bytes]:
    """A row for each line of the documents' table fields, a column for what any of them has.

    Money has a second column for its currency. No result is whole in it: ``sent`` stays as it is.
    """
    columns = _line_columns(documents.jobs)
    heads = [name if part == "value" else f"{name}.currency" for name, part in columns]
    yield MARK + _line([*LINE_COLUMNS, *heads])
    for item in documents.items():
        if item.job is not None and item.status != Status.EXPIRED:
            yield b"".join(map(_line, _table_rows(item, item.job, columns)))


def _line(cells: Iterable[object]) -> bytes:
    """A row of the file; no cell is a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return out.getvalue().encode()


def _field_columns(jobs: QuerySet[Job]) -> list[tuple[str, str]]:
    """A column for each field that was found or added: its name, and "value" or "currency"."""
    found = FieldValue.objects.filter(job__in=jobs).order_by()
    rows = found.values("name", "kind").annotate(first=Min("position")).order_by("first", "name")
    kinds: dict[str, set[str]] = {}
    for name, kind, _ in rows.values_list("name", "kind", "first"):
        kinds.setdefault(name, set()).add(kind)
    added = FieldRevision.objects.filter(job__in=jobs).order_by("name")
    for name, kind in added.values_list("name", "kind").distinct():
        kinds.setdefault(name, set()).add(kind)
    columns: list[tuple[str, str]] = []
    for name, of_name in kinds.items():
        columns.append((name, "value"))
        if MONEY in of_name:
            columns.append((name, "currency"))
    return columns


def _csv_rows(
    item: Item, columns: Sequence[tuple[str, str]], filled: Sequence[str]
) -> Iterator[list[object]]:
    """The rows of a document: one, or one a part where the file was split."""
    job = item.job
    error = "{code}: {detail}".format(**item.error) if item.error else ""
    if job is None or item.status == Status.EXPIRED:
        known = job.pk if job else ""
        yield [item.position, item.name, item.status, known, "", "", "", error]
        return
    cells: dict[int | None, dict[tuple[str, str], object]] = {}
    for field in revisions.values_of(job):
        value, currency = value_cells(field.value)
        of_part = cells.setdefault(field.document, {})
        of_part.setdefault((field.name, "value"), value)
        of_part.setdefault((field.name, "currency"), currency)
    content = Extraction.objects.filter(job=job).values_list("content", flat=True).first() or {}
    values = content.get("value") or {}
    parts = job.documents or [{"classification": job.classification}]
    for part in parts:
        number = part.get("number")
        pages = part.get("pages")
        found = cells.get(number, {})
        yield [
            item.position,
            item.name,
            item.status,
            job.pk,
            number,
            f"{pages[0]}-{pages[-1]}" if pages else job.page_count,
            (part.get("classification") or {}).get("kind"),
            error,
            *(found.get(column) for column in columns),
            *(value_cells(values.get(name))[0] for name in filled),
        ]


def _line_columns(jobs: QuerySet[Job]) -> list[tuple[str, str]]:
    """A column for what any line of a table has, in the catalogue's order: as of a document's."""
    usual = dict.fromkeys(c.name for field in CATALOGUE for c in field.columns)
    found: dict[str, bool] = {}
    for rows in (FieldValue.objects, FieldRevision.objects):
        for value in (
            rows.filter(job__in=jobs, kind=TABLE).values_list("value", flat=True).iterator()
        ):
            for line in _lines_of(value):
                for name, cell in line.items():
                    is_money = isinstance(cell, Mapping) and "amount" in cell
                    found[name] = found.get(name, False) or is_money
    names = [*(name for name in usual if name in found), *sorted(found.keys() - usual.keys())]
    columns: list[tuple[str, str]] = []
    for name in names:
        columns.append((name, "value"))
        if found[name]:
            columns.append((name, "currency"))
    return columns


def _table_rows(item: Item, job: Job, columns: Sequence[tuple[str, str]]) -> Iterator[list[object]]:
    """The lines of a document's tables, numbered from 1 in each."""
    for field in revisions.values_of(job):
        if field.kind != TABLE:
            continue
        for number, line in enumerate(_lines_of(field.value), start=1):
            cells: dict[tuple[str, str], object] = {}
            for name, value in line.items():
                cells[name, "value"], cells[name, "currency"] = value_cells(value)
            told = (item.position, item.name, job.pk, field.document, field.name, field.page)
            yield [*told, number, *(cells.get(column) for column in columns)]


def _lines_of(value: Any) -> list[Mapping[str, Any]]:
    return [line for line in value or () if isinstance(line, Mapping)]
