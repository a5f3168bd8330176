"""The folders of this machine that agents may read documents from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ocrsite_client.untrusted import plain

MOST_LOOKED_AT = 20_000  # files


class Folders:
    """Where documents may be read from."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = [Path(folder).resolve(strict=True) for folder in folders]

    def __str__(self) -> str:
        return ", ".join(str(folder) for folder in self._folders)

    def open(self, path: str) -> BinaryIO:
        """The file; a path that is not absolute begins in the first folder.

        Raises PermissionError for what is not in a folder, links followed, or is no file.
        """
        found = (self._folders[0] / path).resolve()
        if not self._holds(found):  # whether it is there is nobody's business
            raise PermissionError(f"{path} is in none of the folders {self}")
        # a pipe does not keep us waiting; a link put in its place meanwhile is not followed
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        file = os.fdopen(os.open(found, flags | getattr(os, "O_BINARY", 0)), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise PermissionError(f"{path} is no file")
        return file

    def files(self) -> Iterator[tuple[str, int]]:
        """What ``open`` takes, and how many bytes, by folder and name; no hidden ones."""
        looked_at = 0
        for folder in self._folders:
            for place, below, names in os.walk(folder):
                below[:] = sorted(name for name in below if not name.startswith("."))
                for name in sorted(names):
                    looked_at += 1
                    if looked_at > MOST_LOOKED_AT:
                        return
                    path = Path(place, name)
                    first = path.is_relative_to(self._folders[0])
                    told = str(path.relative_to(self._folders[0]) if first else path)
                    if name.startswith(".") or plain(told) != told or not path.is_file():
                        continue
                    if self._holds(path.resolve()):
                        yield told, path.stat().st_size

    def _holds(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._folders)
