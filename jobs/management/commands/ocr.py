"""``manage.py ocr``: read documents here and now, without server, database or Redis."""

from __future__ import annotations

import json
import logging
import re
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from extraction import engines, fields, pipeline
from extraction.errors import ExtractionError, InvalidTemplate
from extraction.fields.by_schema.checks import MAX_BYTES, parse_schema
from extraction.fields.templates import MAX_BYTES as MAX_TEMPLATE_BYTES
from extraction.fields.templates import Template
from extraction.formats import FORMATS, render
from extraction.options import Options
from extraction.searchable_pdf import write_searchable_pdf
from extraction.types import Document
from jobs import templates
from jobs.errors import TemplateNotFound, TemplateTooLarge

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Read documents with no server running. One file goes to standard output, several go to "
        "DIR/NAME.FORMAT. The exit code is 1 where a file or a page could not be read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--pages", default="", help='pages to read, as "1-3,7"; default: all')
        parser.add_argument("--engine", choices=engines.ENGINES, default=engines.DEFAULT_ENGINE)
        parser.add_argument("--format", choices=FORMATS, default="json")
        parser.add_argument("--fields", default="", help="names, with commas; default: by type")
        parser.add_argument(
            "--template", default="", metavar="NAME_OR_FILE", help="a starter's name or JSON file"
        )
        parser.add_argument(
            "--strip-furniture",
            action="store_true",
            help="leave out headers, footers, page numbers and watermarks",
        )
        parser.add_argument("--schema", type=Path, metavar="FILE", help="JSON Schema to be filled")
        parser.add_argument(
            "--split", action="store_true", help="tell the documents of a file apart"
        )
        parser.add_argument("--password", default="", help="opens encrypted documents")
        parser.add_argument("--out", type=Path, metavar="DIR", help="for several files: default .")
        parser.add_argument(
            "--progress", action="store_true", help="show progress also where no terminal is"
        )

    def handle(self, *args: Any, **arguments: Any) -> None:
        files: list[Path] = arguments["files"]
        options = Options(
            engine=arguments["engine"],
            pages=arguments["pages"],
            fields=tuple(filter(None, map(str.strip, arguments["fields"].split(",")))),
            password=arguments["password"],
            strip_furniture=arguments["strip_furniture"],
            split=arguments["split"],
        )
        targets: list[Path] | list[None] = [None]
        try:
            if arguments["schema"]:
                options = replace(options, schema=_schema(arguments["schema"]))
            fields.known(options.fields)
            templates.refuse_both(options.fields, arguments["template"])
            template = _template(arguments["template"])
            engine = engines.get(options.engine)
            if arguments["out"] or len(files) > 1:
                out: Path = arguments["out"] or Path()
                out.mkdir(parents=True, exist_ok=True)
                targets = output_paths(files, out, FORMATS[arguments["format"]].suffix)
        except (ExtractionError, OSError) as error:
            raise CommandError(_message(error)) from error

        shown = arguments["progress"] or sys.stderr.isatty()
        complete = True
        for file, target in zip(files, targets, strict=True):
            try:
                document = _read(file, options, engine, template, shown=shown)
                self._write(_rendered(file, document, options, arguments["format"]), target)
            except Exception as error:
                if not isinstance(error, ExtractionError | OSError):
                    logger.exception("reading %s failed", file)
                complete = False
                self.stderr.write(f"{file}: {_message(error)}")
                continue
            for page in document.pages:
                if page.error:
                    complete = False
                    failure = page.error
                    self.stderr.write(
                        f"{file}: page {page.number}: {failure.code}: {failure.detail}"
                    )
        if not complete:
            sys.exit(1)

    def _write(self, body: bytes, target: Path | None) -> None:
        if target is None:
            self.stdout.flush()
            cast(BinaryIO, self.stdout.buffer).write(body)
        else:
            target.write_bytes(body)


def output_paths(files: Sequence[Path], out: Path, suffix: str) -> list[Path]:
    """A path in ``out`` for each file, named after it; no two are the same.

    Characters other than letters, digits, ".", "-" and "_" become "_". Names that differ only in
    case count as the same, for on some file systems they are.
    """
    taken: set[str] = set()
    paths = []
    for file in files:
        stem = re.sub(r"[^\w.-]+", "_", file.stem).lstrip(".")[:100] or "document"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        paths.append(out / f"{name}.{suffix}")
    return paths


def _rendered(file: Path, document: Document, options: Options, name: str) -> bytes:
    if FORMATS[name].render is not None:
        return render(document, name).body
    with tempfile.TemporaryFile() as out:
        write_searchable_pdf(file, document, out, password=options.password, limits=settings.LIMITS)
        return out.read()


def _read(
    file: Path,
    options: Options,
    engine: engines.Engine,
    template: Template | None,
    *,
    shown: bool,
) -> Document:
    with tqdm(desc=file.name, unit="page", file=sys.stderr, disable=not shown) as bar:

        def opened(document: pipeline.Opened) -> None:
            bar.reset(total=len(document.numbers))

        return pipeline.run(
            file,
            options,
            engine,
            limits=settings.LIMITS,
            template=template,
            on_open=opened,
            on_page=lambda page, preview: bar.update(),
        )


def _schema(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return parse_schema(file.read(MAX_BYTES + 1))


def _template(wanted: str) -> Template | None:
    """The starter of that name, else the template in that file; None for "".

    Raises ``InvalidTemplate``, ``TemplateTooLarge``, ``TemplateNotFound``.
    """
    if not wanted:
        return None
    if named := templates.starter(wanted):
        return named
    path = Path(wanted)
    if not path.is_file():
        raise TemplateNotFound(f"{wanted!r} is neither a starter nor a file.")
    with path.open("rb") as file:
        body = file.read(MAX_TEMPLATE_BYTES + 1)
    if len(body) > MAX_TEMPLATE_BYTES:
        raise TemplateTooLarge(limit=MAX_TEMPLATE_BYTES)
    try:
        return templates.read_template(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise InvalidTemplate(f"template: {path.name} is not valid JSON") from error


def _message(error: Exception) -> str:
    if isinstance(error, ExtractionError):
        return f"{error.code}: {error.detail}"
    if isinstance(error, OSError):
        return f"file_error: {error.strerror or error}"
    return f"internal_error: {type(error).__name__}"
