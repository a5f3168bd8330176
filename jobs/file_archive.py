"""All files of the storage as one tar, and back into this storage or another.

It is the half of a backup that is not in the database, and the way from a folder into a bucket. The
rows stay as they are, for a key is the same in every storage.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from jobs import storage
from jobs.models import Status, StoredFile
from jobs.orphans import OURS


class WrongArchive(Exception):
    """What was given is no tar of the site's files, or was cut off."""


@dataclass(slots=True)
class Moved:
    """How many files were written, and their bytes."""

    files: int = 0
    bytes: int = 0


def save(out: IO[bytes]) -> Moved:
    """Write all files of ours to a tar as they are listed, but those that are removed meanwhile.

    Raises ``StorageUnavailable``, and ``StorageFull`` where a copy from a bucket has no room.
    """
    done = Moved()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for page in storage.pages():
            for one in page:
                if not OURS.fullmatch(one.key):
                    continue
                try:
                    with storage.local_path(one.key) as path, path.open("rb") as file:
                        entry = tarfile.TarInfo(one.key)
                        entry.size = path.stat().st_size
                        entry.mtime, entry.mode = int(one.modified.timestamp()), 0o600
                        archive.addfile(entry, file)
                except FileNotFoundError:
                    continue
                done.files += 1
                done.bytes += entry.size
    return done


def load(source: IO[bytes]) -> Moved:
    """Put the files of such a tar into the storage, over those of the same key.

    Raises ``WrongArchive`` before a file of another making is written; ``StorageUnavailable``,
    ``StorageFull``.
    """
    done = Moved()
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if OURS.fullmatch(entry.name) else None
                if content is None:
                    raise WrongArchive(f"{entry.name} is no file of the site")
                with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
                    shutil.copyfileobj(content, file)
                    file.seek(0)
                    storage.put_file(entry.name, file)
                done.files += 1
                done.bytes += entry.size
    except tarfile.TarError as error:
        raise WrongArchive(f"This is no archive of files, or it was cut off: {error}") from error
    return done


def wrong() -> Iterator[tuple[str, str]]:
    """Documents that are not as their rows say: "missing" or "changed", and the key.

    Every document is read whole. Raises ``StorageUnavailable``.
    """
    rows = StoredFile.objects.exclude(job__status=Status.EXPIRED).order_by("pk")
    for key, sha256 in rows.values_list("key", "sha256").iterator():
        try:
            with storage.open_file(key) as file:
                found = hashlib.sha256()
                for chunk in file.chunks():
                    found.update(chunk)
        except FileNotFoundError:
            if StoredFile.objects.filter(key=key).exists():  # else it was removed just now
                yield "missing", key
            continue
        if found.hexdigest() != sha256:
            yield "changed", key
