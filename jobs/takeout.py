"""Everything that an organisation has here, as one zip, made while it is sent.

Memory holds one document's result and the archive's list of entries. What comes or goes meanwhile
may be in it or not. manifest.json comes last: an archive without it is not whole.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from accounts import clock
from accounts.models import AuditEntry, Membership, Tenant, UsageRecord
from accounts.organisation_settings import settings_of
from extraction.errors import ExtractionError
from extraction.formats.csv import safe_cell
from extraction.formats.json import to_dict
from jobs import results, storage
from jobs.batch_export import CHUNK_BYTES, Pipe
from jobs.belongings import Table, tables
from jobs.departure import sum_of_documents
from jobs.downloads import file_name
from jobs.models import FieldTemplateVersion, Job, Status, StoredFile

JOBS_AT_ONCE = 200
# Columns that would let whoever reads the export act for somebody
SECRET = re.compile(r"hash|secret|seal|token|password|fingerprint")
# Tables of which nothing is told: in results.jsonl already, or about the work and not the outcome
LEFT_OUT = {
    "jobs.page": "results.jsonl",
    "jobs.extraction": "results.jsonl",
    "jobs.searchtext": "results.jsonl",
    "jobs.searchwords": "results.jsonl",
    "jobs.task": "work to be done",
    "jobs.turn": "work to be done",
    "jobs.idempotencykey": "requests that may come again",
    "accounts.reservation": "work to be done",
}
USAGE = ("submitted_at", "created_at", "job_id", "run", "engine", "pages", "compute_seconds",
         "outcome", "cached")  # fmt: skip
AUDIT = ("at", "actor", "action", "object_type", "object_id", "address", "before", "after")
PEOPLE = ("user__email", "user__name", "role", "created_at")


@dataclass(slots=True)
class Told:
    """What the archive holds so far: entries of each kind, and files that are gone."""

    counts: dict[str, int] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)

    def count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the archive: its name, its bytes in parts; ``packed`` ones are not made smaller."""

    name: str
    parts: Iterator[bytes]
    packed: bool = False


def stream(tenant: Tenant) -> Iterator[bytes]:
    """The archive's bytes."""
    pipe, told = Pipe(), Told()
    with (
        tempfile.SpooledTemporaryFile(1_000_000, prefix="ocrsite-") as listed,
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for entry in _entries(tenant, told):
            for _ in _packed(archive, entry, listed):
                yield pipe.taken()
        manifest = Entry("manifest.json", _manifest(tenant, told, listed))
        for _ in _packed(archive, manifest, io.BytesIO()):
            yield pipe.taken()
    yield pipe.taken()


def _packed(archive: zipfile.ZipFile, entry: Entry, listed: IO[bytes]) -> Iterator[None]:
    """Write the entry, pausing after each part, and then its line of the manifest."""
    info = zipfile.ZipInfo(entry.name, time.gmtime()[:6])
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if entry.packed else zipfile.ZIP_DEFLATED
    size, digest = 0, hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as out:
        for part in entry.parts:
            out.write(part)
            size += len(part)
            digest.update(part)
            yield
    row = {"name": entry.name, "bytes": size, "sha256": digest.hexdigest()}
    listed.write((",\n" if listed.tell() else "").encode() + _json(row))
    yield


def _entries(tenant: Tenant, told: Told) -> Iterator[Entry]:
    yield Entry("organisation.json", iter([_json(_organisation(tenant))]))
    members = Membership.objects.for_tenant(tenant)
    yield Entry("members.csv", _table(members.order_by("pk"), PEOPLE))
    yield Entry("usage.csv", _table(UsageRecord.objects.for_tenant(tenant).order_by("pk"), USAGE))
    yield Entry("audit.csv", _table(AuditEntry.objects.for_tenant(tenant).order_by("pk"), AUDIT))
    for table in tables():
        if table.label not in LEFT_OUT:
            yield Entry(f"rows/{table.label}.jsonl", _rows(table, tenant, told))
    newest = FieldTemplateVersion.objects.filter(template__tenant=tenant)
    for version in newest.order_by("template_id", "-number").distinct("template_id").iterator():
        told.count("templates")
        yield Entry(f"templates/{version.content['name']}.json", iter([_json(version.content)]))
    yield Entry("results.jsonl", _results(tenant, told))
    for job in _jobs(tenant):
        yield from _files(job, told)
    for file in StoredFile.objects.for_tenant(tenant).filter(job=None).order_by("pk"):
        yield from _kept(file, told)


def _organisation(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.pk,
        "slug": tenant.slug,
        "created_at": tenant.created_at,
        "plan": tenant.plan.name if tenant.plan else None,
        **asdict(settings_of(tenant)),
    }


def columns_of(table: Table) -> list[str]:
    """The table's columns that the export has."""
    names = [field.attname for field in table.model._meta.local_concrete_fields]
    return [name for name in names if not SECRET.search(name) or name == "sha256"]


def _rows(table: Table, tenant: Tenant, told: Told) -> Iterator[bytes]:
    """The table's rows, an object a line."""
    told.counts[table.label] = 0
    for row in table.rows(tenant.pk).values(*columns_of(table)).iterator(chunk_size=500):
        told.count(table.label)
        yield _json(row) + b"\n"


def _table(rows: Any, columns: tuple[str, ...]) -> Iterator[bytes]:
    """Rows as CSV, with a head; cells are no formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([name.removeprefix("user__") for name in columns])
    yield b"\xef\xbb\xbf"  # by which Excel knows UTF-8
    for row in rows.values_list(*columns).iterator(chunk_size=500):
        cells = (_json(cell).decode() if isinstance(cell, dict) else cell for cell in row)
        writer.writerow([safe_cell(cell) for cell in cells])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def _jobs(tenant: Tenant) -> Iterator[Job]:
    """The jobs of which files are kept, some at a time."""
    rows = Job.objects.for_tenant(tenant).exclude(status=Status.EXPIRED).order_by("pk")
    rows = rows.select_related("file", "tenant")
    some = list(rows[:JOBS_AT_ONCE])
    while some:
        yield from some
        some = list(rows.filter(pk__gt=some[-1].pk)[:JOBS_AT_ONCE])


def _results(tenant: Tenant, told: Told) -> Iterator[bytes]:
    """The result of every job that has one, with what people corrected, an object a line."""
    told.counts["results"] = 0
    for job in _jobs(tenant):
        if not (job.ended and job.pages_done):
            continue
        try:
            result = to_dict(results.document_of(job))
        except ExtractionError as error:
            told.missing.append({"job": str(job.pk), "what": "result", "why": error.code})
            continue
        told.count("results")
        yield _json({"job": job.pk, "result": result}) + b"\n"


def _files(job: Job, told: Told) -> Iterator[Entry]:
    """The document as it was sent, and its searchable PDF."""
    wanted = [("documents", f"documents/{job.pk}/{file_name(job.file.name)}", job.file.key)]
    if job.ended and results.pdf_made(job):
        key = storage.pdf_key(job.tenant_id, job.pk, job.attempt)
        wanted.append(("searchable", f"searchable/{job.pk}.pdf", key))
    for kind, name, key in wanted:
        try:
            file = storage.open_file(key)
        except FileNotFoundError:
            told.missing.append({"job": str(job.pk), "what": kind, "why": "gone"})
        else:
            told.count(kind)
            yield Entry(name, _parts(file), packed=True)


def _kept(file: StoredFile, told: Told) -> Iterator[Entry]:
    """A file that is no job's: a document of a dataset, or what a training has learned."""
    try:
        content = storage.open_file(file.key)
    except FileNotFoundError:
        told.missing.append({"file": str(file.pk), "what": "training", "why": "gone"})
    else:
        told.count("training")
        yield Entry(f"training/{file.pk}/{file_name(file.name)}", _parts(content), packed=True)


def _parts(file: Any) -> Iterator[bytes]:
    with file:
        while part := file.read(CHUNK_BYTES):
            yield part


def _manifest(tenant: Tenant, told: Told, listed: Any) -> Iterator[bytes]:
    """What the archive holds: numbers, what is missing, and each entry with its SHA-256."""
    head = {
        "organisation": {"id": tenant.pk, "name": tenant.name, "slug": tenant.slug},
        "made_at": clock.now(),
        "version": settings.VERSION,
        "counts": told.counts,
        "missing": told.missing,
        "documents_sha256": sum_of_documents(tenant.pk),
    }
    yield _json(head)[:-1] + b', "entries": [\n'
    listed.seek(0)
    yield from _lines(listed)
    yield b"\n]}\n"


def _lines(file: IO[bytes]) -> Iterable[bytes]:
    while part := file.read(CHUNK_BYTES):
        yield part


def _json(value: Any) -> bytes:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
