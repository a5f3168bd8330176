"""Files in a folder, each there whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from jobs.stores import PAGE, Stored

PARTIAL = ".partial-"  # begins the names of files that are still being written


@deconstructible
class FolderStore(FileSystemStorage):
    """Django's storage, but a file appears under its key when all of it is on the disk.

    Django's own writes in place, and where it copies between file systems it passes over a short
    write: a disk that becomes full leaves a truncated file behind, at worst without an error.
    """

    def _save(self, name: str, content: File[bytes]) -> str:
        path = Path(self.path(name))
        given = getattr(content, "temporary_file_path", None)
        if given is None or not self._moved(Path(given()), path, content):
            partial = path.with_name(f"{PARTIAL}{uuid4().hex}")
            try:
                with self._created(partial) as out:
                    for chunk in content.chunks():
                        out.write(chunk)
                    out.flush()
                    self._finish(out.fileno(), content)
                os.replace(partial, path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        _sync(path.parent)
        return name

    def _finish(self, descriptor: int, content: File[bytes]) -> None:
        """Have all of the content on the disk, to be named by its key."""
        os.fsync(descriptor)
        size = os.fstat(descriptor).st_size
        if size != content.size:
            raise OSError(errno.EIO, f"{size} of {content.size} bytes are there")
        if self.file_permissions_mode is not None:
            os.fchmod(descriptor, self.file_permissions_mode)

    def _moved(self, source: Path, target: Path, content: File[bytes]) -> bool:
        """Whether the file could be moved: not to another file system."""
        content.flush()
        self._finish(content.fileno(), content)
        for _ in range(3):
            try:
                os.rename(source, target)
            except FileNotFoundError:
                if not source.exists():
                    raise
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                return False
            else:
                return True
        return False

    def _created(self, path: Path) -> Any:
        """The file, open for writing; its folder may be removed meanwhile, as an empty one is."""
        for _ in range(3):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return open(path, "xb")
            except FileNotFoundError:
                continue
        return open(path, "xb")

    def fetch(self, key: str, out: IO[bytes]) -> None:
        """See ``Store``."""
        with open(self.path(key), "rb") as file:
            shutil.copyfileobj(file, out)

    def copy(self, key: str, target: str) -> None:
        """See ``Store``."""
        with self.open(key) as file:
            self.save(target, file)

    def listing(self, prefix: str = "") -> Iterator[list[Stored]]:
        """See ``Store``; in no order."""
        page: list[Stored] = []
        for stored in self._below(prefix):
            page.append(stored)
            if len(page) == PAGE:
                yield page
                page = []
        if page:
            yield page

    def _below(self, prefix: str) -> Iterator[Stored]:
        try:
            entries = os.scandir(self.path(prefix.rstrip("/")))
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                key = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self._below(f"{key}/")
                    continue
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield Stored(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def remove(self, keys: Iterable[str]) -> None:
        """See ``Store``; a folder that becomes empty goes too. Raises OSError if any stays."""
        folders, faults = set(), []
        for key in keys:
            path = Path(self.path(key))
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                faults.append(error)
            folders.add(path.parent)
        for folder in folders - {Path(self.location)}:
            try:
                folder.rmdir()
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST):
                    faults.append(error)
        if faults:
            raise faults[0]

    def check(self) -> None:
        """See ``Store``. A folder that is not there yet is made with the first file."""
        place = Path(self.location)
        while not place.exists():
            place = place.parent
        shutil.disk_usage(place)
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))

    def signed_url(self, key: str, **shown: Any) -> None:
        """See ``Store``: nobody reaches a folder."""


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
