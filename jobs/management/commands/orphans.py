"""`manage.py orphans`: files that no row knows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from extraction.errors import ExtractionError
from jobs import orphans


class Command(BaseCommand):
    help = "List files that no row knows; --delete removes them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="remove the files listed")
        parser.add_argument("--force", action="store_true", help="even most of the files there are")
        parser.add_argument(
            "--older-than",
            type=float,
            default=orphans.HOURS,
            metavar="HOURS",
            help="younger files may belong to a row about to be committed (default %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings, then their numbers."""
        try:
            done = orphans.look(
                delete=options["delete"],
                older_than_hours=options["older_than"],
                careful=not options["force"],
                found=lambda what, key, size: self.stdout.write(f"{what}\t{key}\t{size}"),
            )
        except ExtractionError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.files} files, {done.known} known; {done.orphans} orphans of "
            f"{done.orphan_bytes} bytes, {done.removed} removed; {done.foreign} not ours"
        )
        if options["delete"] and done.stopped:
            raise CommandError(
                "Most files have no row. Is this the right database? --force removes them."
            )
