"""Documents to be sent: paths, bytes, open files and addresses, read in pieces while they go."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

# A text that begins with http:// or https:// is an address, which the site fetches; any other a
# path. Files are read from their beginning, however far they have been read.
Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO


class Readable:
    """An open file as a form takes it; without the file's descriptor, which tells the length of
    what is stored, not of what reading gives (gzip)."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


class OnceOpened:
    """A file that is opened when its turn has come, and closed at its end: a batch may have
    more files than a process can have open."""

    def __init__(self, path: Path) -> None:
        self._path, self._size = path, path.stat().st_size
        self._file: BinaryIO | None = None
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Only as far as a form does: to the beginning, to the end, and back."""
        self.close()
        self._at = self._size if whence == os.SEEK_END else offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        if self._file is None:
            self._file = self._path.open("rb")
            self._file.seek(self._at)
        piece = self._file.read(size)
        self._at += len(piece)
        if not piece:
            self.close()
        return piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_address(source: Source) -> bool:
    """Whether the site is to fetch it."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def name_of(source: Source) -> str:
    """What people are shown of a document that was given no name."""
    if isinstance(source, bytes):
        return "document"
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    name = getattr(source, "name", None)
    named = isinstance(name, str) and name and not name.startswith("<")  # as <stdin>
    return Path(str(name)).name if named else "document"


def size_of(source: Source) -> int:
    """Bytes to send; 0 where that is not known beforehand."""
    if isinstance(source, bytes):
        return len(source)
    if is_address(source):
        return 0
    if isinstance(source, str | os.PathLike):
        return Path(source).stat().st_size
    if not source.seekable():
        return 0
    return source.seek(0, os.SEEK_END)


@contextmanager
def opened(source: Source) -> Iterator[tuple[str, Any]]:
    """Name and content for a form; raises OSError where the file cannot be read."""
    name = name_of(source)
    if isinstance(source, bytes):
        yield name, source
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb"):
            pass  # refused here and now, not while it is sent
        file = OnceOpened(Path(source))
        try:
            yield name, file
        finally:
            file.close()
    elif source.seekable():
        yield name, Readable(source)
    else:  # a pipe: what is sent again must be read again
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            yield name, Readable(copy)


def form_value(value: Any) -> str:
    """An option as a field of a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(str(each) for each in value)
    return str(value)
