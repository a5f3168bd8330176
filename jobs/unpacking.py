"""What the request of a batch holds, document by document: files as sent, and archives' entries."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs.archives import Archive, Entry, display_name, is_archive
from jobs.batch_fetching import NotFetched
from jobs.errors import BatchTooLarge, TooManyFiles, UnpackTimeout, UnsupportedEntry, UploadTooLarge
from jobs.submit import media_type_of
from jobs.uploads import Upload, received


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document that has been sent: an upload, or an entry of one that is an archive.

    ``refusal`` is set where it is known already that it cannot be taken; an exception's traceback
    would hold the archive's entries. What could not be fetched is no upload either.
    """

    name: str
    upload: Upload | None
    archive: Archive | None = None
    entry: Entry | None = None
    refusal: Failure | None = None


def incoming(uploads: Iterable[Upload | NotFetched]) -> list[Incoming]:
    """The documents of what was sent, in their order; nothing is unpacked yet.

    Raises ``TooManyFiles``.
    """
    limit = settings.MAX_BATCH_FILES
    documents: list[Incoming] = []
    for upload in uploads:
        if isinstance(upload, NotFetched):
            documents.append(Incoming(upload.name, None, refusal=upload.refusal))
        else:
            documents += _documents_of(upload, limit)
        if len(documents) > limit:
            raise TooManyFiles(limit=limit, actual=len(documents))
    return documents


def _documents_of(upload: Upload, limit: int) -> list[Incoming]:
    name = display_name(upload.name or "")
    try:
        if is_archive(upload.head):
            archive = Archive(upload, max_files=limit)
            return [Incoming(entry.name, upload, archive, entry) for entry in archive.entries]
        if (upload.size or 0) > settings.LIMITS.max_bytes:
            raise UploadTooLarge(limit=settings.LIMITS.max_bytes, actual=upload.size)
    except TooManyFiles:
        raise
    except ExtractionError as error:
        return [Incoming(name, upload, refusal=error.failure())]
    return [Incoming(name, upload)]


class Unpacking:
    """Opens documents one by one, all of them within MAX_BATCH_BYTES and UNPACK_SECONDS."""

    def __init__(self, documents: Iterable[Incoming]) -> None:
        files = [d.upload for d in documents if d.archive is None and d.refusal is None]
        sent = sum(upload.size or 0 for upload in files if upload)
        self._bytes_left = settings.MAX_BATCH_BYTES - sent
        self._seconds_left = float(settings.UNPACK_SECONDS)

    @contextmanager
    def opened(self, document: Incoming) -> Iterator[Upload]:
        """The document as an upload, for the length of the block.

        Raises ``UnsupportedType``, ``UnsupportedEntry``, ``UploadTooLarge``, ``BatchTooLarge``,
        ``UnpackTimeout``, ``CorruptArchive``, ``CompressionTooHigh``.
        """
        if document.archive is None or document.entry is None:
            assert document.upload is not None
            yield document.upload
            return
        if document.entry.refusal is not None:
            raise document.entry.refusal
        began = time.monotonic()
        try:
            upload = received(
                self._chunks(document.archive, document.entry, began + self._seconds_left),
                name=document.name,
                limit=settings.LIMITS.max_bytes,
            )
        finally:
            self._seconds_left -= time.monotonic() - began
        with upload:
            yield upload

    def _chunks(self, archive: Archive, entry: Entry, until: float) -> Iterator[bytes]:
        """Ends at the first one where that shows that it is no document."""
        begun = False
        for chunk in archive.chunks(entry):
            if time.monotonic() > until:
                raise UnpackTimeout(limit=settings.UNPACK_SECONDS)
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                raise BatchTooLarge(limit=settings.MAX_BATCH_BYTES)
            if not begun and is_archive(chunk):
                raise UnsupportedEntry("An archive or office document inside an archive.")
            if not begun:
                media_type_of(chunk)
            begun = True
            yield chunk
