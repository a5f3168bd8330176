"""Decodes a PDF with MuPDF; runs in a child process only (see ``decoder``).

JavaScript, actions, links and embedded files are never run, followed or opened: MuPDF is built
without a JavaScript engine and nothing here asks for them.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from extraction.decoded import PREVIEW_PIXELS, Decoded, RawWord, is_blank, make_preview
from extraction.errors import CorruptDocument, Encrypted, PageTooLarge, WrongPassword
from extraction.text_quality import is_sound
from extraction.types import Pixels

MAX_SIDE_PIXELS = 30_000
MIN_DPI = 18.0
MAX_WORDS = 50_000
MAX_RULES = 10  # painted paths that a page of nothing but text may have


def fitting_dpi(width: float, height: float, dpi: float, max_pixels: int) -> float:
    """``dpi``, lowered so that a page of that size in points has at most ``max_pixels`` pixels."""
    # Each side is rounded up: (width * scale + 1) * (height * scale + 1) <= max_pixels.
    area, sides = width * height, width + height
    scale = (math.sqrt(sides**2 + 4 * area * (max_pixels - 1)) - sides) / (2 * area)
    return min(dpi, scale * 72, MAX_SIDE_PIXELS * 72 / max(width, height))


class PdfDocument:
    """A PDF opened by MuPDF, which repairs what it can."""

    def __init__(self, data: bytes, password: str, max_pixels: int) -> None:
        import pymupdf

        self._document = pymupdf.open(stream=data, filetype="pdf")
        if self._document.needs_pass:
            if not password:
                raise Encrypted
            if not self._document.authenticate(password):
                raise WrongPassword
        self._max_pixels = max_pixels
        self.page_count: int = self._document.page_count

    def page(self, number: int, *, wants: str, dpi: int, preview: bool) -> Decoded:
        import pymupdf

        pymupdf.TOOLS.reset_mupdf_warnings()
        page = self._document.load_page(number - 1)
        bounds = page.rect
        if not (0 < bounds.width < 1e6 and 0 < bounds.height < 1e6):
            raise CorruptDocument("the page has no usable size")
        decoded = Decoded(bounds.width, bounds.height, rotation=page.rotation)
        sound = False
        if wants != "pixels":
            hidden = self._read_text(page, decoded)
            if wants == "auto":
                text = " ".join(word for line in decoded.lines for _, word in line)
                image_share, only_text = _painted(page)
                sound = is_sound(
                    text, hidden_characters=hidden, image_share=image_share, only_text=only_text
                )
                if text and not sound:
                    decoded.warnings.append("text_layer_unsound")
        if wants == "text" or sound:
            if preview:
                small = PREVIEW_PIXELS * 72 / max(bounds.width, bounds.height)
                with contextlib.suppress(Exception):  # the text is what was asked for
                    decoded.preview = make_preview(self._render(page, min(small, dpi))[0])
            return decoded
        decoded.pixels, decoded.dpi = self._render(page, dpi)
        if "error" in pymupdf.TOOLS.mupdf_warnings():
            decoded.warnings.append("damaged_page")
        if is_blank(decoded.pixels):
            decoded.warnings.append("blank_page")
        if preview:
            decoded.preview = make_preview(decoded.pixels)
        return decoded

    def _render(self, page: Any, dpi: float) -> tuple[Pixels, float]:
        import pymupdf

        dpi = fitting_dpi(page.rect.width, page.rect.height, dpi, self._max_pixels)
        while True:
            try:
                scale = pymupdf.Matrix(dpi / 72, dpi / 72)
                pixmap = page.get_pixmap(matrix=scale, colorspace=pymupdf.csRGB, alpha=False)
                break
            except Exception as error:
                # A picture too large for MuPDF, or for the memory allowed, at this size may
                # still fit at a smaller one.
                pymupdf.TOOLS.store_shrink(100)
                if not (is_limit(error) or isinstance(error, MemoryError)) or dpi / 2 < MIN_DPI:
                    raise
                dpi /= 2
        if pixmap.width * pixmap.height > self._max_pixels:
            raise PageTooLarge(limit=self._max_pixels, actual=pixmap.width * pixmap.height)
        self._pixmap = pixmap  # owns the memory that the array is a view on
        pixels: Pixels = np.frombuffer(pixmap.samples_mv, np.uint8)
        return pixels.reshape(pixmap.height, pixmap.width, 3), dpi

    def _read_text(self, page: Any, decoded: Decoded) -> int:
        """Fill in the lines of visible text; returns the number of hidden characters."""
        import pymupdf

        # Without the flag that makes up characters from glyph numbers: text whose Unicode is not
        # known then says so. Without the one that keeps ligatures: they become letters.
        flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
        blocks = page.get_text("rawdict", flags=flags)["blocks"]
        displayed = page.rotation_matrix
        hidden = words = 0
        for line in (line for block in blocks for line in block.get("lines", ())):
            visible: list[dict[str, Any]] = []
            for span in line["spans"]:
                if _is_hidden(span):
                    hidden += sum(not char["c"].isspace() for char in span["chars"])
                else:
                    visible += span["chars"]
            found = _words(visible, displayed, page.rect)
            words += len(found)
            if words > MAX_WORDS:
                decoded.warnings.append("text_truncated")
                break
            if found:
                decoded.lines.append(found)
        if hidden:
            decoded.warnings.append("hidden_text")
        return hidden


def _is_hidden(span: dict[str, Any]) -> bool:
    """Neither filled nor stroked (text rendering modes 3 and 7), fully transparent, or tiny."""
    import pymupdf

    painted = pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED
    return not span["char_flags"] & painted or span["alpha"] == 0 or span["size"] < 1


def _words(chars: Sequence[dict[str, Any]], displayed: Any, bounds: Any) -> list[RawWord]:
    """Words of a line, split at white space, with boxes on the page as displayed."""
    import pymupdf

    words: list[RawWord] = []
    text: list[str] = []
    box = pymupdf.Rect()

    def finish() -> None:
        if text:
            on_page = (box * displayed).normalize() & bounds
            if not on_page.is_empty:
                words.append((tuple(round(value, 2) for value in on_page), "".join(text)))
        text.clear()

    for char in chars:
        if char["c"].isspace():
            finish()
        else:
            box = box | char["bbox"] if text else pymupdf.Rect(char["bbox"])
            text.append(char["c"])
    finish()
    return words


def _painted(page: Any) -> tuple[float, bool]:
    """The part of the page covered by images, 0 to 1 (overlapping ones count twice), and whether
    nothing but text is painted, a few rules apart (letters drawn as paths are many)."""
    import pymupdf

    bounds = page.rect * page.derotation_matrix
    covered = 0.0
    paths = 0
    for kind, box in page.get_bboxlog():
        if kind in ("fill-image", "fill-imgmask"):
            covered += (pymupdf.Rect(box) & bounds).get_area()
        elif kind in ("fill-path", "stroke-path", "fill-shade"):
            paths += 1
    share = min(1.0, covered / (page.rect.width * page.rect.height))
    return share, share == 0 and paths <= MAX_RULES


def is_limit(error: Exception) -> bool:
    import pymupdf

    # MuPDF reports failed allocations as system errors.
    mupdf = pymupdf.mupdf
    return isinstance(error, mupdf.FzErrorLimit | mupdf.FzErrorSystem)
