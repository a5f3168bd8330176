"""Files in the storage of the settings (a folder or S3). Every key starts with the tenant's id."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from jobs.errors import StorageUnavailable
from jobs.uploads import Upload

logger = logging.getLogger(__name__)


def upload_key(tenant_id: UUID, file_id: UUID) -> str:
    """Where an uploaded file lies."""
    return f"{tenant_id}/uploads/{file_id}"


def preview_key(tenant_id: UUID, job_id: UUID, number: int) -> str:
    """Where the picture of a page lies; a second attempt writes over the first one's."""
    return f"{_pages(tenant_id, job_id)}/{number}.jpg"


def pdf_key(tenant_id: UUID, job_id: UUID, attempt: int) -> str:
    """Where an attempt puts the searchable PDF; the one that ended the job wrote the one that
    counts, so a worker that comes back from the dead spoils nothing."""
    return f"{_pages(tenant_id, job_id)}/{attempt}.pdf"


def _pages(tenant_id: UUID, job_id: UUID) -> str:
    return f"{tenant_id}/pages/{job_id}"


def put_upload(key: str, upload: Upload) -> None:
    """Keep a received file (moved, not copied, within one file system).

    Raises ``StorageUnavailable``.
    """
    try:
        default_storage.save(key, upload)
    except Exception as error:  # each storage backend has exceptions of its own
        logger.exception("storing %s failed", key)
        raise StorageUnavailable() from error


def put(key: str, body: bytes) -> None:
    """Write an object, over an older one if there is one. Raises ``StorageUnavailable``."""
    try:
        default_storage.save(key, ContentFile(body))
    except Exception as error:
        logger.exception("storing %s failed", key)
        raise StorageUnavailable() from error


def put_file(key: str, file: IO[bytes]) -> None:
    """Write an open file as an object. Raises ``StorageUnavailable``."""
    try:
        default_storage.save(key, File(file))
    except Exception as error:
        logger.exception("storing %s failed", key)
        raise StorageUnavailable() from error


def open_file(key: str) -> File[bytes]:
    """The object to be read in parts. Raises FileNotFoundError or ``StorageUnavailable``."""
    try:
        return default_storage.open(key)
    except FileNotFoundError:
        raise
    except Exception as error:
        logger.exception("reading %s failed", key)
        raise StorageUnavailable() from error


def read(key: str) -> bytes:
    """The object's bytes. Raises FileNotFoundError or ``StorageUnavailable``."""
    try:
        with default_storage.open(key) as file:
            return bytes(file.read())
    except FileNotFoundError:
        raise
    except Exception as error:
        logger.exception("reading %s failed", key)
        raise StorageUnavailable() from error


@contextmanager
def local_path(key: str) -> Iterator[Path]:
    """The object as a file on this machine, for the length of the block.

    Raises FileNotFoundError or ``StorageUnavailable``.
    """
    try:
        path = Path(default_storage.path(key))
    except NotImplementedError:  # a remote storage: fetch a copy
        with tempfile.NamedTemporaryFile(prefix="ocrsite-") as copy:
            try:
                with default_storage.open(key) as remote:
                    shutil.copyfileobj(remote, copy)
            except FileNotFoundError:
                raise
            except Exception as error:
                logger.exception("fetching %s failed", key)
                raise StorageUnavailable() from error
            copy.flush()
            yield Path(copy.name)
    else:
        if not path.exists():
            raise FileNotFoundError(key)
        yield path


def delete(keys: Iterable[str]) -> None:
    """Remove objects; one that is gone already is no error, one that resists is logged."""
    for key in keys:
        try:
            default_storage.delete(key)
        except Exception:
            logger.exception("deleting %s failed", key)


def delete_job(tenant_id: UUID, job_id: UUID, upload: str) -> None:
    """Remove all files of a job: the upload and every page picture, whichever attempt wrote it.

    What is gone already is no error. Raises ``StorageUnavailable``.
    """
    folder = _pages(tenant_id, job_id)
    try:
        default_storage.delete(upload)
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")
        default_storage.delete(folder)  # where folders are, an empty one stays behind
    except FileNotFoundError:
        pass  # no page had been read
    except Exception as error:
        logger.exception("deleting the files of job %s failed", job_id)
        raise StorageUnavailable() from error


def available() -> bool:
    """Whether the storage answers."""
    try:
        default_storage.exists("health")
    except Exception:
        logger.exception("the storage does not answer")
        return False
    return True
