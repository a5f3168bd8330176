"""`manage.py orphans`: files that no row knows, and rows whose file is gone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from extraction.errors import ExtractionError
from jobs import orphans


class Command(BaseCommand):
    help = "List files that no row knows and rows whose file is gone; --delete removes the files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="remove the files listed")
        parser.add_argument(
            "--older-than",
            type=float,
            default=orphans.HOURS,
            metavar="HOURS",
            help="younger files may belong to a row about to be committed (default %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = orphans.look(
                delete=options["delete"],
                older_than_hours=options["older_than"],
                careful=False,
                found=lambda what, key, size: self.stdout.write(f"{what}\t{key}\t{size}"),
            )
        except ExtractionError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.files} files, {done.known} known; {done.orphans} orphans of "
            f"{done.orphan_bytes} bytes, {done.removed} removed; {done.foreign} not ours; "
            f"{done.missing} missing"
        )
