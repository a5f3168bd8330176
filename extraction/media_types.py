"""The types of documents that are read, told by a file's first bytes, whatever its name says."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class MediaType:
    """A supported type: its name for people, its extensions, its decoder's name for it."""

    name: str
    extensions: tuple[str, ...]
    format: str


MEDIA_TYPES: dict[str, MediaType] = {
    "application/pdf": MediaType("PDF", (".pdf",), "PDF"),
    "image/png": MediaType("PNG", (".png",), "PNG"),
    "image/jpeg": MediaType("JPEG", (".jpg", ".jpeg"), "JPEG"),
    "image/tiff": MediaType("TIFF (all pages)", (".tif", ".tiff"), "TIFF"),
    "image/webp": MediaType("WebP (first frame)", (".webp",), "WEBP"),
    "image/bmp": MediaType("BMP", (".bmp",), "BMP"),
    "image/gif": MediaType("GIF (first frame)", (".gif",), "GIF"),
    "image/jp2": MediaType("JPEG 2000", (".jp2", ".j2k", ".jpx"), "JPEG2000"),
    "image/avif": MediaType("AVIF (first frame)", (".avif",), "AVIF"),
    "image/heic": MediaType("HEIC (where pillow-heif is installed)", (".heic", ".heif"), "HEIF"),
}

_TYPES = mimetypes.MimeTypes()  # as Python knows them, whatever the system has

_MAGIC: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", "image/tiff"),
        (rb"RIFF.{4}WEBP", "image/webp"),
        (rb"BM.{4}.{4}.{4}[\x0c-\x7c]\x00\x00\x00", "image/bmp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "image/jp2"),
        (rb".{4}ftypavi[fs]", "image/avif"),
        (rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1)", "image/heic"),
        (rb".{0,1019}%PDF-", "application/pdf"),  # readers look in the first 1024 bytes
    )
)


def sniff(head: bytes) -> str | None:
    """The media type told by a file's first ``HEAD_BYTES``, None when it is not supported.

    Looks at magic numbers only and decodes nothing.
    """
    for pattern, media_type in _MAGIC:
        if pattern.match(head):
            return media_type
    return None


def named_otherwise(name: str, media_type: str) -> bool:
    """Whether a file's name says another type than its content; names that say none do not."""
    stem, _, suffix = name.rpartition(".")
    extension = f".{suffix.lower()}"
    if not stem or extension in MEDIA_TYPES[media_type].extensions:
        return False
    told = _TYPES.guess_type(f"a{extension}")[0]
    return told not in (None, media_type) or any(
        extension in kind.extensions for kind in MEDIA_TYPES.values()
    )
