"""Writes a searchable PDF from an untrusted original; runs in a child of ``extraction.sandbox``.

A PDF's own pages stay as they are; a picture becomes a page, its JPEG data untouched where it can
be. Beneath goes the text (see ``invisible_text``), and what could act when the file is opened is
taken out (see ``disarm``).
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

from extraction import pdfa
from extraction.channel import Channel, ChildDied
from extraction.disarm import disarm
from extraction.errors import (
    CorruptDocument,
    Encrypted,
    ExtractionError,
    ImageTooLarge,
    PageTooLarge,
)
from extraction.fork_server import allow_cpu
from extraction.glyphless import (
    DESCENDANT,
    DESCRIPTOR,
    FONT,
    GlyphlessFont,
    truetype,
)
from extraction.image_decoder import open_image
from extraction.invisible_text import WordLine, content, place
from extraction.level import Frame
from extraction.pdf_decoder import PdfDocument
from extraction.types import Box

FONT_NAME = "OCRSiteText"
JPEG_QUALITY = 90
LOSSY = {"WEBP", "JPEG2000", "AVIF", "HEIF", "JPEG"}


def preload() -> None:
    """Write a PDF of each kind once, which imports all that writing needs."""
    from PIL import Image

    memory = io.BytesIO()
    Image.new("RGB", (64, 64)).save(memory, "PNG")
    page: dict[str, Any] = {"number": 1, "width": 64, "height": 64, "skew": 1, "replaces": False}
    page["lines"] = [(0, [((8, 8, 40, 20), "x")])]
    picture = ImagePages(memory.getvalue(), "PNG", 4096)
    picture.add(page)
    pages = PdfPages(picture.save(), "", [1])
    pages.add(page)
    pages.save()


def serve(channel: Channel, files: Sequence[int]) -> None:
    """Answer requests about the document in ``files[0]``; the PDF goes to ``files[1]``.

    ``open``, then ``page`` for each page of the result in turn, then ``save``. What fails is
    answered ``{"error": why}``.
    """
    writer: PdfPages | ImagePages | None = None
    while True:
        request, _ = channel.receive()
        allow_cpu(request["seconds"])
        try:
            if request["ask"] == "open":
                data = os.pread(files[0], os.lseek(files[0], 0, os.SEEK_END), 0)
                writer = _open(data, request)
                channel.send({})
                continue
            assert writer is not None
            if request["ask"] == "page":
                writer.add(request)
                channel.send({})
            else:
                channel.send({"size": _write(files[1], writer.save())})
        except ChildDied:
            raise
        except Exception as error:
            channel.send({"error": _why(error)})


def _open(data: bytes, request: dict[str, Any]) -> PdfPages | ImagePages:
    if request["format"] == "PDF":
        return PdfPages(data, request["password"], request["numbers"])
    return ImagePages(data, request["format"], request["max_pixels"])


def _why(error: Exception) -> str:
    from PIL import Image

    if isinstance(error, ExtractionError):
        return error.detail
    if isinstance(error, MemoryError):
        return PageTooLarge.title
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return ImageTooLarge.title
    return f"{CorruptDocument.title} ({type(error).__name__}: {' '.join(str(error).split())})"[:300]


def _write(fd: int, body: bytes) -> int:
    rest = memoryview(body)
    offset = 0
    while rest:
        written = os.pwrite(fd, rest, offset)
        offset += written
        rest = rest[written:]
    return offset


class _Layers:
    """Adds the text of pages to ``self.document`` in one font."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._font = GlyphlessFont()
        self._to_unicode = self._object("", b" ")
        program = self._object(f"/Length1 {len(truetype())}", truetype())
        descriptor = self._object(f"{DESCRIPTOR} /FontFile2 {program} 0 R")
        self._glyphs = self._object("", b" ")
        descendant = self._object(
            f"{DESCENDANT} /FontDescriptor {descriptor} 0 R /CIDToGIDMap {self._glyphs} 0 R"
        )
        self._font_xref = self._object(
            f"{FONT} /DescendantFonts [{descendant} 0 R] /ToUnicode {self._to_unicode} 0 R"
        )

    def add_text(self, page: Any, lines: Sequence[WordLine], frame: Frame) -> None:
        """Put the lines under what the page shows, where nothing of it can displace them."""
        import pymupdf

        mupdf = pymupdf.mupdf
        placed = place(lines, frame)
        if not placed:
            return
        ours = mupdf.pdf_page_from_fz_page(page.this)
        box, to_page = mupdf.FzRect(), mupdf.FzMatrix()
        mupdf.pdf_page_transform(ours, box, to_page)
        m = mupdf.fz_invert_matrix(to_page)
        stream = content(placed, self._font, FONT_NAME, (m.a, m.b, m.c, m.d, m.e, m.f))
        number = self._object("", stream)
        pdf = mupdf.pdf_document_from_fz_document(self.document.this)
        node = ours.obj()
        resources = mupdf.pdf_dict_get_inheritable(node, pymupdf.PDF_NAME("Resources"))
        resources = (
            mupdf.pdf_copy_dict(resources)
            if mupdf.pdf_is_dict(resources)
            else mupdf.pdf_new_dict(pdf, 1)
        )
        fonts = mupdf.pdf_dict_get(resources, pymupdf.PDF_NAME("Font"))
        fonts = (
            mupdf.pdf_copy_dict(fonts) if mupdf.pdf_is_dict(fonts) else mupdf.pdf_new_dict(pdf, 1)
        )
        mupdf.pdf_dict_puts(fonts, FONT_NAME, mupdf.pdf_new_indirect(pdf, self._font_xref, 0))
        mupdf.pdf_dict_put(resources, pymupdf.PDF_NAME("Font"), fonts)
        mupdf.pdf_dict_put(node, pymupdf.PDF_NAME("Resources"), resources)
        parts = " ".join(f"{xref} 0 R" for xref in [number, *page.get_contents()])
        self.document.xref_set_key(page.xref, "Contents", f"[{parts}]")

    def silence(self, page: Any) -> None:
        """Have the page's own text read as a blank (ActualText, PDF 32000-1, 14.9.4): it was not
        trusted, but its letters are to be seen."""
        before = self._object("", b"/Span << /ActualText ( ) >> BDC")
        after = self._object("", b"EMC")
        parts = " ".join(f"{xref} 0 R" for xref in [before, *page.get_contents(), after])
        self.document.xref_set_key(page.xref, "Contents", f"[{parts}]")

    def save(self) -> bytes:
        """The file, made of nothing but what its pages need."""
        import pymupdf

        self.document.update_stream(self._to_unicode, self._font.to_unicode())
        self.document.update_stream(self._glyphs, self._font.glyphs())
        disarm(self.document)
        self._set_metadata()
        keep = self.stays_encrypted()
        return bytes(
            self.document.tobytes(
                garbage=2,
                deflate=True,
                encryption=pymupdf.PDF_ENCRYPT_KEEP if keep else pymupdf.PDF_ENCRYPT_NONE,  # type: ignore[attr-defined]
            )
        )

    def stays_encrypted(self) -> bool:
        return False

    def _set_metadata(self) -> None:
        self.document.del_xml_metadata()  # it may claim a conformance that is not ours to give

    def _object(self, entries: str, stream: bytes | None = None) -> int:
        xref = self.document.get_new_xref()
        self.document.update_object(xref, f"<< {entries} >>")
        if stream is not None:
            self.document.update_stream(xref, stream, new=True)
        return int(xref)


class PdfPages(_Layers):
    """The chosen pages of a PDF as they are, in the order of ``numbers`` (from 1)."""

    def __init__(self, data: bytes, password: str, numbers: Sequence[int]) -> None:
        import pymupdf

        document = pymupdf.open(stream=data, filetype="pdf")
        if document.needs_pass and not document.authenticate(password):
            raise Encrypted
        self._encrypted = bool(document.metadata and document.metadata["encryption"])
        self._password = password
        self._original = PdfDocument(data, password, 1_000_000)
        if list(numbers) != list(range(1, document.page_count + 1)):
            document.select([number - 1 for number in numbers])
        super().__init__(document)
        self._next = 0

    def stays_encrypted(self) -> bool:
        # Without a password nobody has shown the right to lift what the owner has set.
        return self._encrypted and not self._password

    def add(self, request: dict[str, Any]) -> None:
        """Text for the next page: what the page's own visible text does not say already."""
        import pymupdf

        page = self.document[self._next]
        self._next += 1
        if not request["lines"]:
            return
        own = self._original.page(request["number"], wants="text", dpi=72, preview=False)
        if "hidden_text" in own.warnings:
            # An older OCR's layer, which the new one replaces.
            page.add_redact_annot(page.rect)
            page.apply_redactions(
                images=pymupdf.PDF_REDACT_IMAGE_NONE,  # type: ignore[attr-defined]
                graphics=pymupdf.PDF_REDACT_LINE_ART_NONE,  # type: ignore[attr-defined]
                text=2,  # PDF_REDACT_TEXT_REMOVE_INVISIBLE, which PyMuPDF does not name
            )
            page = self.document.reload_page(page)
        taken = [box for _, words in own.lines for box, _ in words]
        if request["replaces"]:
            self.silence(page)
            taken = []
        lines = [
            (angle, [(box, text) for box, text in words if not _covered(box, taken)])
            for angle, words in request["lines"]
        ]
        self.add_text(page, lines, _frame(request))


def _covered(box: Box, taken: Sequence[Box]) -> bool:
    """Whether the middle of a word lies on text that is there already."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in taken)


class ImagePages(_Layers):
    """The pages of an image file, each as large as it was read."""

    def __init__(self, data: bytes, name: str, max_pixels: int) -> None:
        import pymupdf

        self._data = data
        self._format = name
        self._image = open_image(data, name, max_pixels)
        super().__init__(pymupdf.open())

    def add(self, request: dict[str, Any]) -> None:
        """The picture of the next page and its text; an empty page if it was not decoded."""
        if not request["width"]:
            self.document.new_page()
            return
        page = self.document.new_page(width=request["width"], height=request["height"])
        stream, turn = self._picture(request["number"])
        page.insert_image(page.rect, stream=stream, rotate=turn, keep_proportion=False)
        self.add_text(page, request["lines"], _frame(request))

    def _set_metadata(self) -> None:
        pdfa.declare(self.document)

    def _picture(self, number: int) -> tuple[bytes, int]:
        """The picture as JPEG or PNG, and by how many degrees anticlockwise it is to be turned."""
        from PIL import Image

        if self._format == "JPEG":
            with Image.open(io.BytesIO(self._data), formats=["JPEG"]) as image:
                orientation = image.getexif().get(274, 1)
                if image.mode in ("L", "RGB") and orientation in _QUARTERS:
                    return self._data, _QUARTERS[orientation]
        decoded = self._image.page(number, wants="pixels", dpi=72, preview=False)
        assert decoded.pixels is not None
        picture = Image.fromarray(decoded.pixels)
        memory = io.BytesIO()
        if self._format in LOSSY:
            picture.save(memory, "JPEG", quality=JPEG_QUALITY)
        else:
            _plain(picture).save(memory, "PNG")
        return memory.getvalue(), 0


_QUARTERS = {0: 0, 1: 0, 3: 180, 6: 270, 8: 90}  # EXIF orientations without a mirror


def _plain(picture: Any) -> Any:
    """An RGB picture in grey or in black and white where it has no more than that."""
    from PIL import ImageChops

    red, green, blue = picture.split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
        return picture
    levels = red.histogram()
    return red.convert("1", dither=0) if sum(levels[1:255]) == 0 else red


def _frame(request: dict[str, Any]) -> Frame:
    return Frame(request["width"], request["height"], request["skew"])
