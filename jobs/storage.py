"""Files in the storage of the settings (a folder or S3). Every key starts with the tenant's id."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from extraction import tracing
from jobs import downloads
from jobs.errors import StorageFull, StorageUnavailable
from jobs.stores import Store, Stored, is_full
from jobs.uploads import Upload

logger = logging.getLogger(__name__)
UPLOADS, PAGES = "uploads", "pages"  # a key's second part


def upload_key(tenant_id: UUID, file_id: UUID) -> str:
    """Where an uploaded file lies."""
    return f"{tenant_id}/{UPLOADS}/{file_id}"


def preview_key(tenant_id: UUID, job_id: UUID, number: int) -> str:
    """Where the picture of a page lies; a second attempt writes over the first one's."""
    return f"{_pages(tenant_id, job_id)}/{number}.jpg"


def pdf_key(tenant_id: UUID, job_id: UUID, attempt: int) -> str:
    """Where an attempt puts the searchable PDF; the one that ended the job wrote the one that
    counts, so a worker that comes back from the dead spoils nothing."""
    return f"{_pages(tenant_id, job_id)}/{attempt}.pdf"


def _pages(tenant_id: UUID, job_id: UUID) -> str:
    return f"{tenant_id}/{PAGES}/{job_id}"


def store() -> Store:
    """The storage of the settings, with what it offers beyond Django's own interface."""
    return cast(Store, default_storage)


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """Make one of our errors of whatever the storage raises: each backend has its own.

    FileNotFoundError passes through. The span is named after what is done: "storage.storing".
    """
    try:
        with tracing.span(f"storage.{doing.partition(' ')[0]}", kind="client"):
            yield
    except (FileNotFoundError, StorageFull, StorageUnavailable):
        raise
    except Exception as error:
        logger.exception("%s failed", doing)
        raise (StorageFull if is_full(error) else StorageUnavailable)() from error


def put_upload(key: str, upload: Upload) -> None:
    """Keep a received file (moved, not copied, within one file system).

    All of it is there afterwards or, where this raises, nothing: ``StorageFull``,
    ``StorageUnavailable``.
    """
    _save(key, upload)


def put(key: str, body: bytes) -> None:
    """Write an object, over an older one if there is one. Raises as ``put_upload``."""
    _save(key, ContentFile(body))


def put_file(key: str, file: IO[bytes]) -> None:
    """Write an open file as an object. Raises as ``put_upload``."""
    _save(key, File(file))


def copy(key: str, target: str) -> None:
    """Write an object under another key too. Raises FileNotFoundError and as ``put_upload``."""
    with _told(f"copying {key}"):
        store().copy(key, target)


def _save(key: str, content: File[bytes]) -> None:
    with _told(f"storing {key}"):
        try:
            default_storage.save(key, content)
        except FileNotFoundError as error:  # no object is looked for here
            raise StorageUnavailable() from error


def open_file(key: str) -> File[bytes]:
    """The object to be read in parts: all of it is here already, or in a folder.

    Raises FileNotFoundError, ``StorageUnavailable``, ``StorageFull``.
    """
    with _told(f"reading {key}"):
        return default_storage.open(key)


def read(key: str) -> bytes:
    """The object's bytes. Raises FileNotFoundError or ``StorageUnavailable``."""
    with _told(f"reading {key}"), default_storage.open(key) as file:
        return bytes(file.read())


@contextmanager
def local_path(key: str) -> Iterator[Path]:
    """The object as a file on this machine, for the length of the block.

    Raises FileNotFoundError, ``StorageUnavailable``, and ``StorageFull`` where there is no room
    for a copy.
    """
    path: Path | None = None
    with suppress(NotImplementedError):
        path = Path(default_storage.path(key))
    if path is None:  # a remote storage: fetch a copy
        with tempfile.NamedTemporaryFile(prefix="ocrsite-") as copy:
            with _told(f"fetching {key}"):
                store().fetch(key, copy)
                copy.flush()
            yield Path(copy.name)
    else:
        if not path.exists():
            raise FileNotFoundError(key)
        yield path


def delete(keys: Iterable[str]) -> None:
    """Remove objects as far as it goes; one that is gone already is no error, a fault is logged."""
    try:
        store().remove(keys)
    except Exception:
        logger.exception("deleting files failed")


def files_of(tenant_id: UUID, job_id: UUID, upload: str) -> list[str]:
    """The keys of a job's files: the upload, and every page picture and PDF of every attempt.

    Raises ``StorageUnavailable``.
    """
    with _told(f"listing the files of job {job_id}"):
        folder = f"{_pages(tenant_id, job_id)}/"
        return [upload, *(one.key for page in store().listing(folder) for one in page)]


def remove(keys: Collection[str]) -> None:
    """Remove objects; one that is gone already is no error. Raises ``StorageUnavailable``."""
    with _told(f"removing {len(keys)} files"):
        store().remove(keys)


def pages(prefix: str = "") -> Iterator[list[Stored]]:
    """Every object below the prefix, some at a time. Raises ``StorageUnavailable``."""
    with _told("listing the storage"):  # outside of any span: it may be left halfway
        yield from store().listing(prefix)


def signed_url(key: str, *, seconds: int, name: str, media_type: str) -> str | None:
    """An address at the storage's own server by which anybody saves the object for a while.

    None where clients do not reach such a server.
    """
    told = downloads.disposition(name)
    return store().signed_url(key, seconds=seconds, disposition=told, media_type=media_type)


def available() -> bool:
    """Whether the storage answers."""
    try:
        store().check()
    except Exception as error:
        logger.error("the storage does not answer: %s", error)
        return False
    return True
