"""Zip archives taken apart without believing them.

Nothing is read before the directory has been checked: its size, the number of entries, that no two
share bytes of the file. What an entry unpacks to is counted as it comes, whatever its header says.
Sizes are in bytes.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from extraction.errors import EmptyDocument, ExtractionError, UnsupportedType
from jobs.errors import CompressionTooHigh, CorruptArchive, TooManyFiles, UnsupportedEntry

DIRECTORY_BYTES = 2_500  # at most, for each file allowed: its entry and what lies beside it
MAX_RATIO = 200  # unpacked to packed, where more than FREE_BYTES come out
FREE_BYTES = 1_000_000
CHUNK_BYTES = 65_536
LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of the name and of the extra field behind it
# Flags of an entry
ENCRYPTED = 0x1 | 0x40 | 0x2000  # by password, strongly, the directory too
UTF_8 = 0x800

# What systems put beside the documents, and what marks a zip as one document of another kind
_RUBBISH = re.compile(r"(^|/)(__MACOSX/|\.[^./][^/]*(/|$)|(Thumbs\.db|desktop\.ini)$)", re.I)
_NO_ARCHIVE = {"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"}
# zipfile's ways to say that an archive is damaged; OverflowError for offsets beyond any file
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive. ``name`` is display text; ``refusal`` says why it is not unpacked."""

    name: str
    info: zipfile.ZipInfo
    refusal: ExtractionError | None = None


def is_archive(head: bytes) -> bool:
    """Whether these first bytes of a file are a zip's, an empty one's included."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def display_name(path: str) -> str:
    """The last part of a path without what does not print, at most 255 characters."""
    last = re.split(r"[/\\]", path)[-1]
    name = "".join(char for char in last if char.isprintable()).strip()[:255]
    return name if name.strip(".") else "document"


class Archive:
    """A zip in an open file, which must stay open: its entries, then what each unpacks to."""

    def __init__(self, file: IO[bytes], *, max_files: int) -> None:
        """Read the directory.

        Raises ``TooManyFiles``, ``CorruptArchive``, ``EmptyDocument`` where no file is in it, and
        ``UnsupportedType`` for the zips that office documents and programs are.
        """
        self._file = _Bounded(file, max(2 * CHUNK_BYTES, DIRECTORY_BYTES * max_files))
        try:
            self._zip = zipfile.ZipFile(self._file)
        except _DAMAGE as error:
            raise CorruptArchive("The archive's directory cannot be read.") from error
        infos = list(self._zip.infolist())
        if any(info.filename in _NO_ARCHIVE for info in infos):
            raise UnsupportedType("An office document or a program is not an archive of documents.")
        files = [i for i in infos if not i.is_dir() and not _RUBBISH.search(i.filename)]
        if len(files) > max_files:
            raise TooManyFiles(limit=max_files, actual=len(files))
        if not files:
            raise EmptyDocument("The archive has no file in it.")
        self._zip.filelist.clear()  # many archives may be open, each with thousands of entries
        self._zip.NameToInfo.clear()
        self.entries = tuple(Entry(display_name(_name(i)), i, _refusal(i)) for i in files)
        self._refuse_overlaps()

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """What the entry unpacks to. Raises ``CorruptArchive``, ``CompressionTooHigh``."""
        limit = max(FREE_BYTES, MAX_RATIO * entry.info.compress_size)
        size = 0
        try:
            with self._zip.open(entry.info) as unpacked:
                while chunk := unpacked.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > limit:
                        raise CompressionTooHigh(limit=limit, actual=size)
                    yield chunk
        except _DAMAGE as error:
            raise CorruptArchive("The entry is damaged.") from error
        if size != entry.info.file_size:
            raise CorruptArchive("The entry has another size than the archive says.")

    def _refuse_overlaps(self) -> None:
        """Entries that share bytes unpack to far more than was sent. Raises ``CorruptArchive``."""
        end = 0
        infos = (entry.info for entry in self.entries if entry.refusal is None)
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise CorruptArchive("Entries of the archive overlap.")
            try:
                self._file.seek(info.header_offset)
                lengths = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
            except _DAMAGE as error:
                raise CorruptArchive("An entry lies outside of the archive.") from error
            end = info.header_offset + LOCAL_HEADER.size + sum(lengths) + info.compress_size
        if end > self._zip.start_dir:
            raise CorruptArchive("Entries of the archive overlap its directory.")


class _Bounded:
    """The file, of which zipfile can read no more at once than a directory may have.

    zipfile reads the whole directory, of the size that the archive says, into memory.
    """

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit = file, limit
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._limit:
            raise TooManyFiles("The archive's directory is too large.")
        return self._file.read(self._limit if size < 0 else size)


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's path: UTF-8 where it is that, whether the archive says so or not."""
    if not info.flag_bits & UTF_8:
        try:
            return info.filename.encode("cp437").decode()
        except ValueError:
            pass
    return info.filename


def _refusal(info: zipfile.ZipInfo) -> ExtractionError | None:
    if info.flag_bits & ENCRYPTED:
        return UnsupportedEntry("It is encrypted; archives are unpacked without a password.")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return UnsupportedEntry("It is a link or a device, not a file.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return UnsupportedEntry("It is compressed by a method other than deflate.")
    return None
