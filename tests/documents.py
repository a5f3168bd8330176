"""Small documents made on the spot for tests: born-digital, pictured and encrypted.

Sizes are in points for PDFs and in pixels for pictures; text is Helvetica, black on white.
"""

from __future__ import annotations

from collections.abc import Sequence

import pymupdf

A4 = (595.0, 842.0)
MARGIN = 56.0


def text_pdf(pages: Sequence[str], *, size: tuple[float, float] = A4) -> bytes:
    """A born-digital PDF: one page a string, one line of 12 pt text a line of the string."""
    document = pymupdf.open()
    for text in pages:
        page = document.new_page(width=size[0], height=size[1])
        if text:
            page.insert_text((MARGIN, MARGIN + 12), text.split("\n"), fontsize=12)
    return _saved(document)


def image_png(text_lines: Sequence[str], width: int = 640, height: int = 240) -> bytes:
    """A PNG of ``width`` x ``height`` pixels, the lines spread evenly from the top."""
    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    pitch = height / (len(text_lines) + 1)
    size = min(pitch * 0.6, 32.0)
    for index, line in enumerate(text_lines, start=1):
        page.insert_text((width * 0.05, index * pitch + size * 0.3), line, fontsize=size)
    return bytes(page.get_pixmap(dpi=72).tobytes("png"))


def image_pdf(pages: Sequence[Sequence[str]], *, dpi: int = 150) -> bytes:
    """A "scanned" A4 PDF: each page one picture of its lines (14 pt), no text layer."""
    document = pymupdf.open()
    for text_lines in pages:
        drawn = pymupdf.open()
        sheet = drawn.new_page(width=A4[0], height=A4[1])
        if text_lines:
            sheet.insert_text((MARGIN, MARGIN + 14), list(text_lines), fontsize=14)
        picture = sheet.get_pixmap(dpi=dpi).tobytes("png")
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_image(page.rect, stream=picture)
    return _saved(document)


def encrypted_pdf(password: str, text: str = "Secret contents") -> bytes:
    """A one-page PDF that opens with ``password`` only (AES-256)."""
    document = pymupdf.open()
    document.new_page().insert_text((MARGIN, MARGIN + 12), text, fontsize=12)
    aes_256 = pymupdf.PDF_ENCRYPT_AES_256  # type: ignore[attr-defined]
    return bytes(
        document.tobytes(encryption=aes_256, user_pw=password, owner_pw=password + "-owner")
    )


def _saved(document: pymupdf.Document) -> bytes:
    return bytes(document.tobytes(deflate=True, no_new_id=True))
