"""What people see: tables, JSON, and how far it is. Results go to standard output, all else to
standard error; a bar is drawn on a terminal alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

BAR = 24


class Progress:
    """One line on a terminal, drawn over itself; nothing where there is none."""

    def __init__(self, quiet: bool = False) -> None:
        self.shown = not quiet and sys.stderr.isatty()
        self._width = 0

    def show(self, name: str, done: int, total: int | None, state: str = "") -> None:
        """So many of so many are done; the total is None while it is not known."""
        if not self.shown:
            return
        part = done / total if total else 0.0
        filled = round(min(part, 1.0) * BAR)
        count = f"{done}/{total}" if total else "..."
        line = f"[{'#' * filled}{'.' * (BAR - filled)}] {count} {state} {printable(name)}"
        line = line[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away, before other lines."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0


def printable(text: str, keep: str = "") -> str:
    """The text without what moves a terminal's cursor or colours it: documents may hold that."""
    return "".join(
        each if each.isprintable() or each in keep else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def say(text: str) -> None:
    """A line for people."""
    print(printable(text), file=sys.stderr, flush=True)


def put_json(value: Any) -> None:
    """A value to standard output, in one line where it goes to a program."""
    indent = 2 if sys.stdout.isatty() else None
    print(json.dumps(value, ensure_ascii=not sys.stdout.isatty(), indent=indent), flush=True)


def put_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table to standard output, columns as wide as they must be."""
    cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in [list(head), *cells]) for n in range(len(head))]
    for row in [list(head), *cells]:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    sys.stdout.flush()


def put_result(text: str) -> None:
    """A result to standard output, as it is, but on a terminal without what is not text."""
    shown = printable(text, keep="\n\t") if sys.stdout.isatty() else text
    sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
    sys.stdout.flush()
