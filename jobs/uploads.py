"""Uploads stream to a temporary file, counted and hashed on the way; nothing is decoded here."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser

from extraction.errors import InvalidOption
from jobs import archives
from jobs.errors import BatchTooLarge, StorageFull, TooManyFiles, UploadTooLarge
from jobs.stores import is_full

HEAD_BYTES = 4096


class Upload(TemporaryUploadedFile):
    """A received file with its ``sha256`` (hex) and first ``HEAD_BYTES`` bytes."""

    sha256: str = ""
    head: bytes = b""


@contextmanager
def _room() -> Iterator[None]:
    """Raises ``StorageFull`` where the temporary folder has no room left."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull() from error
        raise


def received(chunks: Iterable[bytes], *, name: str, limit: int) -> Upload:
    """The bytes as an upload, at its beginning; the caller closes it.

    Raises ``UploadTooLarge``, ``StorageFull``.
    """
    upload = Upload("upload", "application/octet-stream", 0, None)
    upload.name = name
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise UploadTooLarge(limit=limit, actual=size)
            digest.update(chunk)
            if len(upload.head) < HEAD_BYTES:
                upload.head += chunk[: HEAD_BYTES - len(upload.head)]
            with _room():
                upload.write(chunk)
        with _room():
            upload.seek(0)  # what was kept back is written now
    except BaseException:
        upload.close()
        raise
    upload.size, upload.sha256 = size, digest.hexdigest()
    return upload


def decoded(content: str, *, name: str) -> Upload:
    """The document that base64 text holds, at most MAX_INLINE_BYTES.

    Raises ``InvalidOption``, ``UploadTooLarge``.
    """
    limit = settings.MAX_INLINE_BYTES
    actual = len(content) * 3 // 4
    if actual > limit + 3:
        raise UploadTooLarge("Send a larger file as a form.", limit=limit, actual=actual)

    def chunks() -> Iterator[bytes]:
        step = 65_536  # of four characters each, three bytes
        for begin in range(0, len(content), step):
            yield base64.b64decode(content[begin : begin + step], validate=True)

    try:
        return received(chunks(), name=name, limit=limit)
    except (binascii.Error, ValueError) as error:
        raise InvalidOption("content is not base64.") from error


class DocumentJSONParser(BaseParser):
    """JSON that may hold a document: more of it than of other bodies, still in memory.

    No JSONParser itself: of those DRF reads DATA_UPLOAD_MAX_MEMORY_SIZE at most.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The parsed body. Raises ``UploadTooLarge``, ParseError."""
        request = parser_context["request"]
        limit, size = settings.MAX_INLINE_BYTES, int(request.META["CONTENT_LENGTH"])
        if size > limit * 4 // 3 + 65_536:
            raise UploadTooLarge("Send a larger file as a form.", limit=limit, actual=size * 3 // 4)
        (usual,) = GenericAPIView.parser_classes
        return usual().parse(stream, media_type, parser_context)


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Stops reading at the size limit, so that no more than the limit ever reaches the disk."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse by Content-Length before the body is read (64 KB for the form around it)."""
        limit = settings.LIMITS.max_bytes
        if content_length > limit + 65_536:
            raise UploadTooLarge(limit=limit, actual=content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        # Named afterwards: a long extension would not fit into the temporary file's name
        self.file = Upload("upload", self.content_type, 0, self.charset, self.content_type_extra)
        self.file.name = self.file_name
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > settings.LIMITS.max_bytes:
            self.file.close()
            raise UploadTooLarge(limit=settings.LIMITS.max_bytes, actual=self._size)
        self._write(raw_data)

    def _write(self, raw_data: bytes) -> None:
        self._hash.update(raw_data)
        if len(self._head) < HEAD_BYTES:
            self._head += raw_data[: HEAD_BYTES - len(self._head)]
        with _room():
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> Upload | None:
        with _room():
            upload = super().file_complete(file_size)
        if upload is None:
            return None
        assert isinstance(upload, Upload)
        upload.sha256 = self._hash.hexdigest()
        upload.head = self._head
        return upload


class BatchUploadHandler(CappedUploadHandler):
    """Takes many files, up to MAX_BATCH_BYTES together.

    A file larger than a document may be is kept where it is an archive. Of any other the bytes are
    dropped and counted, so that it alone can be refused.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._files = self._total = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse by Content-Length, with room for the form around the files."""
        limit = settings.MAX_BATCH_BYTES
        form = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 4096 * settings.MAX_BATCH_FILES
        if content_length > limit + form:
            raise BatchTooLarge(limit=limit, actual=content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self._files += 1
        if self._files > settings.MAX_BATCH_FILES:
            raise TooManyFiles(limit=settings.MAX_BATCH_FILES)
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._total += len(raw_data)
        if self._total > settings.MAX_BATCH_BYTES:
            self.file.close()
            raise BatchTooLarge(limit=settings.MAX_BATCH_BYTES, actual=self._total)
        self._size += len(raw_data)
        if self._size <= settings.LIMITS.max_bytes or archives.is_archive(self._head):
            self._write(raw_data)
        else:
            self.file.truncate(0)
