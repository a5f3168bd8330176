"""`manage.py files`: all files as one tar, back from it, and whether they are as their rows say."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from extraction.errors import ExtractionError
from jobs import file_archive


class Command(BaseCommand):
    help = "Save all files to a tar (standard output), load them from one (standard input), check."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("save", help="write a tar of all files to standard output")
        actions.add_parser("load", help="put those of a tar on standard input into it, and check")
        actions.add_parser("check", help="read all documents and compare them with their hashes")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """What is told goes to standard error where standard output may be the tar."""
        try:
            if action == "check":
                wrong = self._wrong()
                if wrong:
                    raise CommandError(f"{wrong} documents are not as they were sent.")
                self.stdout.write("All documents are as they were sent.")
                return
            pipe = sys.stdout.buffer if action == "save" else sys.stdin.buffer
            if pipe.isatty():
                raise CommandError("This is a terminal: give a file, or a pipe.")
            if action == "save":
                done = file_archive.save(pipe)
                pipe.flush()
                self.stderr.write(f"{done.files} files of {done.bytes} bytes saved")
                return
            done = file_archive.load(pipe)
            self.stdout.write(f"{done.files} files of {done.bytes} bytes loaded")
            if wrong := self._wrong():
                self.stderr.write(
                    f"{wrong} documents are not as they were sent: deleted while they were saved, "
                    "or lost"
                )
        except (ExtractionError, file_archive.WrongArchive) as error:
            raise CommandError(str(error)) from error

    def _wrong(self) -> int:
        """List the documents that are not as their rows say; how many."""
        found = 0
        for what, key in file_archive.wrong():
            found += 1
            self.stdout.write(f"{what}\t{key}")
        return found
