"""Results together, of a batch or of jobs: CSV, JSON or zip, made document by document while sent.

Memory holds one document at a time. What has no result is told of too, with the reason.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Tenant
from extraction.errors import ExtractionError
from extraction.formats import FORMATS, render
from extraction.formats.csv import safe_cell
from extraction.types import Document, Failure
from jobs import batches
from jobs.batch_csv import as_csv, as_lines
from jobs.batches import Item
from jobs.models import Batch, Job, Status
from jobs.results import document_of, open_pdf

CHUNK_BYTES = 65_536
ERROR_COLUMNS = ("position", "name", "status", "job", "format", "code", "detail")


@dataclass(frozen=True, slots=True)
class Collection:
    """The documents that are exported together, read when their turn comes.

    ``jobs`` finds their rows; ``filled`` are the first names of the schemas filled from them.
    """

    items: Callable[[], Sequence[Item]]
    jobs: QuerySet[Job]
    filled: Sequence[str] = ()


def of_batch(batch: Batch) -> Collection:
    """The documents of a batch."""
    filled = list((batch.options.get("schema") or {}).get("properties", {}))
    return Collection(lambda: batches.items(batch), Job.objects.filter(batch=batch), filled)


def of_jobs(tenant: Tenant, ids: Sequence[UUID]) -> Collection:
    """Those of the ids that are the tenant's jobs, in their order."""
    jobs = Job.objects.for_tenant(tenant).filter(pk__in=ids)
    schemas = jobs.filter(options__schema__properties__isnull=False).order_by("pk")
    filled: dict[str, None] = {}
    for properties in schemas.values_list("options__schema__properties", flat=True):
        filled |= dict.fromkeys(properties)

    def items() -> list[Item]:
        found = jobs.select_related("file", "tenant").in_bulk()
        rows = [found[job_id] for job_id in ids if job_id in found]
        return [batches.item_of(job, place) for place, job in enumerate(rows, start=1)]

    return Collection(items, jobs, list(filled))


@dataclass(frozen=True, slots=True)
class Export:
    """One row of the table.

    ``make`` takes the documents, for the zip the formats wanted of each, and a list to which it
    adds the jobs whose results are whole in what it has made so far.
    """

    name: str
    media_type: str
    make: Callable[[Collection, Sequence[str], list[UUID]], Iterator[bytes]]


def as_json(documents: Collection, formats: Sequence[str], sent: list[UUID]) -> Iterator[bytes]:
    """An array: a document's place, name, status, job and error, and its whole result or null."""
    yield b"["
    for number, item in enumerate(documents.items()):
        read = _read(item)
        head = {
            "position": item.position,
            "name": item.name,
            "status": item.status,
            "job": str(item.job.pk) if item.job else None,
            "error": asdict(read) if isinstance(read, Failure) else None,
        }
        yield (",\n" if number else "\n").encode()
        yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "result": '
        yield b"null" if isinstance(read, Failure) else render(read, "json").body
        yield b"}"
        if item.job and not isinstance(read, Failure):
            sent.append(item.job.pk)
    yield b"\n]\n"


def as_zip(documents: Collection, formats: Sequence[str], sent: list[UUID]) -> Iterator[bytes]:
    """A folder a document with its result in each of the formats.

    errors.csv, its last entry, lists what is missing or not whole, and why.
    """
    pipe = Pipe()
    listed = io.StringIO(newline="")
    writer = csv.writer(listed, lineterminator="\r\n")
    writer.writerow(ERROR_COLUMNS)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in documents.items():
            read = _read(item)
            if isinstance(read, Failure):
                writer.writerow(_error_row(item, "", read))
                continue
            if item.status != Status.SUCCEEDED:
                writer.writerow(_error_row(item, "", _not_whole(item)))
            made = 0
            for name in formats:
                try:
                    body = _body(item, read, name)
                except ExtractionError as error:
                    writer.writerow(_error_row(item, name, error.failure()))
                else:
                    yield from _packed(archive, pipe, _entry(item, name), body)
                    made += 1
            if item.job and made == len(formats):
                sent.append(item.job.pk)
        archive.writestr("errors.csv", "\ufeff" + listed.getvalue())
    yield pipe.taken()


EXPORTS: dict[str, Export] = {
    row.name: row
    for row in (
        Export("csv", "text/csv; charset=utf-8", as_csv),
        Export("lines.csv", "text/csv; charset=utf-8", as_lines),
        Export("json", "application/json", as_json),
        Export("zip", "application/zip", as_zip),
    )
}


def folder_name(item: Item) -> str:
    """The document's folder: its place and so much of its name as every system takes for a name."""
    stem = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*%]', "_", item.name.rsplit(".", 1)[0])
    stem = "".join(char for char in stem if char.isprintable())[:60].strip(" .")
    return f"{item.position:03d}-{stem}".rstrip("-")


class Pipe:
    """What zipfile writes, to be taken out again; like a socket it cannot go back."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        """What was written since the last call."""
        data = bytes(self._held)
        self._held.clear()
        return data


def _packed(
    archive: zipfile.ZipFile, pipe: Pipe, info: zipfile.ZipInfo, body: IO[bytes]
) -> Iterator[bytes]:
    """Write the entry, handing over what has come out of the archive after each chunk."""
    with body, archive.open(info, "w") as entry:
        while chunk := body.read(CHUNK_BYTES):
            entry.write(chunk)
            yield pipe.taken()


def _entry(item: Item, name: str) -> zipfile.ZipInfo:
    ended = item.job.finished_at if item.job else None
    info = zipfile.ZipInfo(
        f"{folder_name(item)}/result.{FORMATS[name].suffix}",
        ended.timetuple()[:6] if ended else (1980, 1, 1, 0, 0, 0),
    )
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if name == "pdf" else zipfile.ZIP_DEFLATED
    return info


def _read(item: Item) -> Document | Failure:
    """The item's result, or why there is none."""
    if item.job is None:
        return Failure(**(item.error or {}))
    try:
        return document_of(item.job)
    except ExtractionError as error:
        return Failure(**item.error) if item.error else error.failure()


def _body(item: Item, document: Document, name: str) -> IO[bytes]:
    """The result in the format, to be read. Raises ``NotMade``, ``StorageUnavailable``."""
    if FORMATS[name].render is not None:
        return io.BytesIO(render(document, name).body)
    assert item.job is not None
    return open_pdf(item.job)


def _not_whole(item: Item) -> Failure:
    job = item.job
    assert job is not None
    read = job.pages_done - job.pages_failed
    return Failure(job.status, "", f"{read} of {job.pages_total} pages were read.")


def _error_row(item: Item, name: str, failure: Failure) -> list[str]:
    job = item.job.pk if item.job else ""
    told = (item.position, item.name, item.status, job, name, failure.code, failure.detail)
    return [safe_cell(cell) for cell in told]
