"""The commands that read documents: ocr, batch, fields, watch."""

from __future__ import annotations

import argparse
import getpass
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from ocrsite_client.cli.showing import (
    Progress,
    printable,
    put_json,
    put_result,
    put_table,
    say,
)
from ocrsite_client.client import Client
from ocrsite_client.errors import ApiError, JobFailed
from ocrsite_client.models import Job, Options
from ocrsite_client.sources import Source, is_address, name_of

OF_THE_DOCUMENT = frozenset({409, 410, 413, 415, 422})  # refusals that the next one need not meet
OK, FAILED = 0, 1


def ocr(site: Client, given: argparse.Namespace) -> int:
    """Read files, one to standard output or all into a folder."""
    if len(given.files) > 1 and not given.out:
        raise Usage("several files need --out FOLDER")
    names = Names(given.out, given.format) if given.out else None
    options, progress = options_of(given), Progress(given.quiet)
    failed = 0
    sent: list[tuple[str, Job]] = []
    for source in given.files:  # all are sent first, so that they are read beside each other
        progress.show(source, len(sent), len(given.files), "sending")
        try:
            sent.append((source, site.submit(opened_input(source), **options)))
        except (ApiError, OSError) as error:
            failed += not_read(progress, source, error)
    for source, job in sent:
        try:
            job = follow(site, job, progress, given.timeout)
            if not job.has_result:
                raise JobFailed(job)
            if names:
                site.download(job, names.path(source), given.format)
            else:
                put(site, job, given.format)
            if job.status == "partial":
                progress.clear()
                say(f"{source}: {job.pages_failed} of {job.pages_total} pages could not be read")
        except (ApiError, JobFailed, OSError) as error:
            failed += not_read(progress, source, error)
    progress.clear()
    return FAILED if failed else OK


def batch(site: Client, given: argparse.Namespace) -> int:
    """Send any number of files and folders, and tell of each when it has ended."""
    files = list(walked(given.files))
    if not files:
        raise Usage("no files in there")
    names = Names(given.out, given.format) if given.out else None
    progress = Progress(given.quiet)
    failed = 0
    progress.show("", 0, len(files), "sending")
    for done, item in enumerate(site.read_many(files, **options_of(given)), start=1):
        saved: Path | None = None
        error = item.error
        if item.readable and item.job and names:
            saved = names.path(str(item.source or item.name))
            try:
                site.download(item.job, saved, given.format)
            except ApiError as refusal:
                if refusal.status not in OF_THE_DOCUMENT:
                    raise
                saved, error = None, {"code": refusal.code, "detail": refusal.detail}
        failed += not item.readable or error is not None
        progress.clear()
        row = {
            "name": item.name,
            "source": item.source,
            "status": item.status,
            "job": item.job,
            "error": error,
            "saved": saved and str(saved),
        }
        if given.json:
            put_json(row)
        else:
            told = f"{error['code']}: {error.get('detail') or ''}" if error else saved or item.job
            put_result(printable(f"{item.status:<9}  {item.source or item.name}  {told}"))
        progress.show("", done, max(done, len(files)), "read")
    progress.clear()
    return FAILED if failed else OK


def fields(site: Client, given: argparse.Namespace) -> int:
    """Show the fields of a file, which is read, or of a job."""
    progress = Progress(given.quiet)
    job: Job | str = given.what
    options = options_of(given)
    if not is_job(given.what):
        job = site.submit(opened_input(given.what), **options)
    elif options:
        raise Usage(f"a job keeps the options that it was begun with: no {', '.join(options)}")
    found = follow(site, site.job(job), progress, given.timeout)
    progress.clear()
    if not found.has_result:
        raise JobFailed(found)
    rows = site.fields(found)
    if given.json:
        put_json(rows)
    else:
        shown = [row for row in rows if given.all or row["required"] or row["value"] is not None]
        put_table(
            ["FIELD", "VALUE", "PAGE", "CONFIDENCE", "STATUS"],
            [
                [row["name"], shortly(row), row["page"], sureness(row), row["status"]]
                for row in shown
            ],
        )
    return OK


def watch(site: Client, given: argparse.Namespace) -> int:
    """Follow a job until it ends."""
    progress = Progress(given.quiet)
    if given.json:
        for event in site.events(given.job):
            put_json({"event": event.name, **event.data})
        job = site.job(given.job)
    else:
        job = follow(site, site.job(given.job), progress, given.timeout)
        progress.clear()
        put_table(
            ["JOB", "STATUS", "PAGES", "FAILED", "NAME"],
            [[job.id, job.status, job.pages_total, job.pages_failed, job.name]],
        )
        if job.error:
            say(f"{job.error['code']}: {job.error['detail'] or job.error['title']}")
    return OK if job.has_result else FAILED


# What these are made of


class Usage(Exception):
    """The command was not given what it needs."""


class Names:
    """Files of a folder, one for each result; of the same name, the later ones are numbered."""

    def __init__(self, folder: str, ending: str) -> None:
        self._folder, self._ending = Path(folder), ending
        self._given: set[str] = set()
        self._folder.mkdir(parents=True, exist_ok=True)

    def path(self, source: str) -> Path:
        """Where the result of this document goes."""
        path = source.split("?")[0] if is_address(source) else source
        stem = Path(path).stem if path != "-" else "document"
        name, number = stem, 1
        while name in self._given:
            number += 1
            name = f"{stem}-{number}"
        self._given.add(name)
        return self._folder / f"{name}.{self._ending}"


def options_of(given: argparse.Namespace) -> Options:
    """The API's options in a command line."""
    options: dict[str, Any] = {
        name: getattr(given, name)
        for name in ("engine", "pages", "template", "dpi", "text_layer", "priority", "name")
        if getattr(given, name, None) is not None
    }
    if getattr(given, "only_fields", None) is not None:
        options["fields"] = given.only_fields.split(",")
    if getattr(given, "format", "") == "pdf":
        options["outputs"] = ["pdf"]
    if given.no_cache:
        options["cache"] = False
    if given.ask_password:
        options["password"] = getpass.getpass("Password of the documents: ", sys.stderr)
    return Options(**options)  # type: ignore[typeddict-item]


def opened_input(source: str) -> Source:
    """A path or address; ``-`` is standard input."""
    return sys.stdin.buffer if source == "-" else source


def is_job(text: str) -> bool:
    """Whether it is a job's id; a file of that name is a file."""
    try:
        UUID(text)
    except ValueError:
        return False
    return not Path(text).exists()


def walked(sources: Iterable[str]) -> Iterator[str]:
    """The files, and those in folders; hidden ones are passed over."""
    for source in sources:
        if is_address(source) or Path(source).is_file():
            yield source
            continue
        if not Path(source).is_dir():
            raise Usage(f"{source}: no such file or folder")
        for path in sorted(Path(source).rglob("*")):
            inside = path.relative_to(source).parts
            if path.is_file() and not any(part.startswith(".") for part in inside):
                yield str(path)


def follow(site: Client, job: Job, progress: Progress, timeout: float | None) -> Job:
    """The job when it has ended, shown while it goes on. Raises ``WaitTimeout``."""
    if not progress.shown:
        return site.wait(job, timeout)
    now = job
    progress.show(now.name, now.pages_done, now.pages_total, now.status)
    if not job.ended:
        for now in site.watch(job, timeout, every=1):
            progress.show(now.name, now.pages_done, now.pages_total, now.status)
    return now


def put(site: Client, job: Job, format: str) -> None:
    """A result to standard output."""
    if format != "pdf":
        put_result(site.text(job, format))
        return
    if sys.stdout.isatty():
        raise Usage("a PDF is nothing for a terminal: --out FOLDER, or > FILE")
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.buffer.write(site.download(job, Path(folder) / "result.pdf").read_bytes())
        sys.stdout.buffer.flush()


def not_read(progress: Progress, source: str, error: Exception) -> int:
    """Tell of a document that failed, 1; what the others would meet too is raised again."""
    if isinstance(error, ApiError) and error.status not in OF_THE_DOCUMENT:
        raise error
    progress.clear()
    told = str(error)
    name = name_of(source)
    say(f"ocrsite: {told}" if told.startswith(name) else f"ocrsite: {source}: {told}")
    return 1


def shortly(field: dict[str, Any]) -> str:
    """A field's value in a cell: what is no single value as it is written."""
    value = field["value"]
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency'] or ''}".strip()
    if isinstance(value, dict):
        return ", ".join(str(field["raw"] or "").split("\n"))
    if isinstance(value, list):
        return f"{len(value)} rows"
    return str(value)


def sureness(field: dict[str, Any]) -> str:
    """A field's confidence in a cell."""
    return "" if field["confidence"] is None else f"{field['confidence']:.2f}"
