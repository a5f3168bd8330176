"""Opens and decodes one untrusted document; runs in a child of ``extraction.sandbox`` only.

It reads requests and answers each with one message: ``open`` with the number of pages, ``page``
with the page's size, its text and, where wanted, its pixels (written to the shared memory) and a
JPEG preview. An expected error is an answer too: ``{"error": code, "detail", "limit", "actual"}``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from extraction.channel import Channel, ChildDied
from extraction.decoded import Decoded
from extraction.errors import (
    CorruptDocument,
    EmptyDocument,
    ExtractionError,
    ImageTooLarge,
    PageTooLarge,
)
from extraction.fork_server import allow_cpu
from extraction.image_decoder import open_image
from extraction.pdf_decoder import PdfDocument, is_limit
from extraction.types import Pixels


class Opened(Protocol):
    """A document that is open: its ``page_count``, and its pages by number from 1."""

    page_count: int

    def page(self, number: int, *, wants: str, dpi: int, preview: bool) -> Decoded: ...


def preload() -> None:
    """Import all that decoding needs: a child can open no files, so it can import nothing."""
    import encodings.idna  # noqa: F401
    import sys
    import xml.etree.ElementTree  # noqa: F401

    # PyMuPDF imports its layout models and onnxruntime where it finds them: half a second, 450 MB
    # of address space and a thread, which is none too good in a process that forks.
    for unused in ("pymupdf.layout", "pymupdf4llm"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    import pymupdf
    from PIL import AvifImagePlugin, Image

    Image.init()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the engine has the other cores
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
        pillow_heif.options.DECODE_THREADS = 1
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    # The first use of a format imports more; so use each once.
    for name in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF", "HEIF"):
        if name in Image.SAVE:
            memory = io.BytesIO()
            Image.new("RGB", (64, 64)).save(memory, name)
            open_image(memory.getvalue(), name, 4096).page(1, wants="pixels", dpi=72, preview=True)
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "x")
        opened = PdfDocument(document.tobytes(), "", 1_000_000)
    opened.page(1, wants="auto", dpi=72, preview=True)
    from extraction import pdf_writer

    pdf_writer.preload()


def serve(channel: Channel, files: Sequence[int]) -> None:
    """Answer requests about the document in ``files[0]``, pixels go to ``files[1]``."""
    document: Opened | None = None
    max_pixels = 0
    while True:
        request, _ = channel.receive()
        allow_cpu(request["seconds"])
        try:
            if request["ask"] == "open":
                max_pixels = request["max_pixels"]
                document = _open(files[0], request)
                channel.send({"pages": document.page_count})
            else:
                assert document is not None
                reply, preview = _page(document, files[1], request)
                channel.send(reply, preview)
        except ChildDied:
            raise
        except Exception as error:
            failure = _expected(error, request["ask"], max_pixels).failure()
            channel.send(
                {
                    "error": failure.code,
                    "detail": failure.detail,
                    "limit": failure.limit,
                    "actual": failure.actual,
                }
            )


def _open(fd: int, request: dict[str, Any]) -> Opened:
    size = os.lseek(fd, 0, os.SEEK_END)
    data = os.pread(fd, size, 0)
    document: Opened
    if request["format"] == "PDF":
        document = PdfDocument(data, request["password"], request["max_pixels"])
    else:
        document = open_image(data, request["format"], request["max_pixels"])
    if document.page_count < 1:
        raise EmptyDocument
    return document


def _page(
    document: Opened, pixels_fd: int, request: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    page = document.page(
        request["number"], wants=request["wants"], dpi=request["dpi"], preview=request["preview"]
    )
    shape: list[int] = []
    if page.pixels is not None:
        shape = list(page.pixels.shape)
        _write(pixels_fd, page.pixels, request["offset"])
    reply = {
        "width": page.width,
        "height": page.height,
        "rotation": page.rotation,
        "dpi": page.dpi,
        "shape": shape,
        "lines": page.lines,
        "rules": page.rules,
        "images": page.images,
        "squares": page.squares,
        "warnings": page.warnings,
    }
    return reply, page.preview


def _write(fd: int, pixels: Pixels, offset: int) -> None:
    rest = np.ascontiguousarray(pixels).data.cast("B")
    while rest:
        written = os.pwrite(fd, rest, offset)
        offset += written
        rest = rest[written:]


def _expected(error: Exception, ask: str, max_pixels: int) -> ExtractionError:
    """The error of our family that says what ``error`` means.

    MuPDF and Pillow raise whatever the bad bytes lead them to (Pillow nine classes besides
    OSError), so every exception while decoding is taken for damage in the file.
    """
    if isinstance(error, ExtractionError):
        return error
    if _is_bomb(error):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        return ImageTooLarge(limit=max_pixels, actual=int(pixels[1]) if pixels else None)
    if isinstance(error, MemoryError) or is_limit(error):
        return ImageTooLarge(_said(error)) if ask == "open" else PageTooLarge(_said(error))
    return CorruptDocument(_said(error))


def _said(error: Exception) -> str:
    text = re.sub(r" ?<[^<>]* at 0x[0-9a-f]+>", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"[:300]


def _is_bomb(error: Exception) -> bool:
    from PIL import Image

    return isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning)
