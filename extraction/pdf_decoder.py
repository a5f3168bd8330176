"""Decodes a PDF with MuPDF; runs in a child process only (see ``decoder``).

JavaScript, actions, links and embedded files are never run, followed or opened: MuPDF is built
without a JavaScript engine and nothing here asks for them.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from extraction.decoded import (
    PREVIEW_PIXELS,
    Decoded,
    RawLine,
    RawWord,
    is_blank,
    make_preview,
)
from extraction.errors import CorruptDocument, Encrypted, PageTooLarge, WrongPassword
from extraction.pdf_drawings import Drawings, Placing, drawings
from extraction.pictures import has_detail, worth_reading
from extraction.text_quality import is_sound
from extraction.types import Box, Pixels

MAX_SIDE_PIXELS = 30_000
MIN_DPI = 18.0
MAX_WORDS = 50_000
MAX_PATHS_BESIDE = 10  # painted beside few words; letters drawn as paths are more
MAX_COVERED = 0.5  # of the text; more lies under a picture, the page's scan
SCAN_IMAGE_SHARE = 0.5


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
        pictures: tuple[Box, ...] = ()
        render = wants == "pixels"
        if not render:
            hidden, drawn = _read(page, decoded)
            if wants == "text":
                if _is_old_ocr(hidden, decoded, drawn):
                    decoded.lines += hidden
            elif _is_sound(hidden, decoded, drawn):
                pictures = worth_reading(drawn.images, decoded.width, decoded.height)
                render = bool(pictures)
            else:
                if decoded.lines:
                    decoded.warnings.append("text_layer_unsound")
                    decoded.lines.clear()
                render = True
        if not render:
            if preview:
                small = PREVIEW_PIXELS * 72 / max(bounds.width, bounds.height)
                with contextlib.suppress(Exception):  # the text is what was asked for
                    decoded.preview = make_preview(self._render(page, min(small, dpi))[0])
            return decoded
        pixels, decoded.dpi = self._render(page, dpi)
        if "error" in pymupdf.TOOLS.mupdf_warnings():
            decoded.warnings.append("damaged_page")
        if is_blank(pixels):
            decoded.warnings.append("blank_page")
        if preview:
            decoded.preview = make_preview(pixels)
        words = [box for _, line in decoded.lines for box, _ in line]
        if not pictures or any(has_detail(pixels, decoded.dpi, box, words) for box in pictures):
            decoded.pixels = pixels
        else:
            decoded.dpi = 0.0
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


def _read(page: Any, decoded: Decoded) -> tuple[list[RawLine], Drawings]:
    """Fill in the visible text and what is drawn; returns the text that no reader sees, and that.

    Text runs in the order in which MuPDF has it, which for scripts from right to left is the
    logical one, as it is read.
    """
    import pymupdf

    # Without the flag that makes up characters from glyph numbers: text whose Unicode is not known
    # then says so. Without the one that keeps ligatures: they become letters.
    flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
    text = page.get_textpage(flags=flags)
    placed = Placing(page)
    hidden: list[RawLine] = []
    if _is_plain(text.extractDICT()["blocks"]):
        decoded.lines = _plain_lines(text, placed, _angle((1.0, 0.0), page.rotation))
    else:
        decoded.lines, hidden = _lines(text, placed, page.rotation)
    if sum(len(words) for _, words in decoded.lines) > MAX_WORDS:
        decoded.warnings.append("text_truncated")
        _truncate(decoded.lines)
    if hidden:
        decoded.warnings.append("hidden_text")
    drawn = drawings(page)
    decoded.rules, decoded.images = drawn.rules, drawn.images
    decoded.squares = drawn.squares
    return hidden, drawn


def _is_plain(blocks: Sequence[dict[str, Any]]) -> bool:
    """Whether all text is seen, runs across the page, and is parted by plain spaces only."""
    for block in blocks:
        for line in block.get("lines", ()):
            if line["dir"] != (1.0, 0.0):
                return False
            for span in line["spans"]:
                if not _is_seen(span) or _ODD.search(span["text"]):
                    return False
    return True


# White space other than spaces, control characters, joiners, scripts from right to left: MuPDF's
# own words are not parted there as ours are.
_ODD = re.compile(r"[^\S \u00a0]|[\x00-\x1f\x7f-\x9f\u0590-\u08ff\u200b-\u206f\ufb1d-\U0010ffff]")


def _is_seen(span: dict[str, Any]) -> bool:
    """Not so where neither filled nor stroked (text rendering modes 3 and 7), transparent, tiny."""
    import pymupdf

    painted = pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED
    return bool(span["char_flags"] & painted and span["alpha"] and span["size"] >= 1)


def _plain_lines(text: Any, placed: Placing, angle: float) -> list[RawLine]:
    """The lines of plain text, by MuPDF's own words: a fifth of the time of going by letters."""
    lines: list[RawLine] = []
    last = None
    for x0, y0, x1, y1, word, block, line, _ in text.extractWORDS():
        if (box := placed((x0, y0, x1, y1))) and box[0] < box[2] and box[1] < box[3]:
            if last != (block, line):
                lines.append((angle, []))
                last = block, line
            lines[-1][1].append((box, word))
    return lines


def _lines(text: Any, placed: Placing, rotation: int) -> tuple[list[RawLine], list[RawLine]]:
    """The lines of any text, seen and not seen."""
    seen: list[RawLine] = []
    hidden: list[RawLine] = []
    for direction, spans in _whole_columns(text.extractRAWDICT()["blocks"]):
        angle = _angle(direction, rotation)
        for lines, wanted in ((seen, True), (hidden, False)):
            chosen = (span for span in spans if _is_seen(span) == wanted)
            if words := _words([char for span in chosen for char in span["chars"]], placed):
                lines.append((angle, words))
    return seen, hidden


def _whole_columns(
    blocks: Sequence[dict[str, Any]],
) -> Iterator[tuple[tuple[float, float], list[dict[str, Any]]]]:
    """The direction and spans of each line, columns of vertical writing whole.

    MuPDF ends a line after each of their letters; without a gap between them they are one.
    """
    direction, spans = (1.0, 0.0), list[dict[str, Any]]()
    above: Sequence[float] | None = None  # the letter that the next one may follow
    for line in (line for block in blocks for line in block.get("lines", ())):
        box = line["bbox"]
        upright = line["wmode"] == 1 and line["dir"] == _DOWN
        if not (upright and above and _follows(above, box)):
            if spans:
                yield direction, spans
            direction, spans = line["dir"], []
        spans.extend(line["spans"])
        above = box if upright else None
    if spans:
        yield direction, spans


_DOWN = (0.0, 1.0)


def _follows(above: Sequence[float], below: Sequence[float]) -> bool:
    size = below[2] - below[0]
    across = abs(above[0] + above[2] - below[0] - below[2]) / 2
    return abs(below[1] - above[3]) < 0.3 * size and across < 0.3 * size


def _truncate(lines: list[RawLine]) -> None:
    """Drop the lines beyond ``MAX_WORDS`` words."""
    count = 0
    for index, (_, words) in enumerate(lines):
        count += len(words)
        if count > MAX_WORDS:
            del lines[index:]
            return


def _words(chars: Sequence[dict[str, Any]], placed: Placing) -> list[RawWord]:
    """Words of a line, split at white space, with boxes on the page as displayed."""
    words: list[RawWord] = []
    text = ""
    x0 = y0 = x1 = y1 = 0.0
    for char in (*chars, _END):
        letter = char["c"]
        if letter.isspace():
            if text and (box := placed((x0, y0, x1, y1))) and box[0] < box[2] and box[1] < box[3]:
                words.append((box, text))
            text = ""
            continue
        left, top, right, bottom = char["bbox"]
        if text:
            x0 = left if left < x0 else x0
            y0 = top if top < y0 else y0
            x1 = right if right > x1 else x1
            y1 = bottom if bottom > y1 else y1
            text += letter
        else:
            x0, y0, x1, y1, text = left, top, right, bottom, letter
    return words


_END = {"c": " "}


def _is_sound(hidden: Sequence[RawLine], decoded: Decoded, drawn: Drawings) -> bool:
    """Whether the page's visible text can stand for what it covers of the page."""
    text = " ".join(word for _, line in decoded.lines for _, word in line)
    read = worth_reading(drawn.images, decoded.width, decoded.height)
    small = any(not any(_within(image, box) for box in read) for image in drawn.images)
    complete = not small and drawn.paths <= MAX_PATHS_BESIDE
    covered = drawn.text_covered > MAX_COVERED
    return not covered and is_sound(text, hidden_characters=_count(hidden), complete=complete)


def _is_old_ocr(hidden: Sequence[RawLine], decoded: Decoded, drawn: Drawings) -> bool:
    """Whether the hidden text is what OCR once read on a scan: more than what is visible, and
    the page mostly picture (overlapping ones count twice)."""
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in drawn.images)
    scanned = area >= SCAN_IMAGE_SHARE * decoded.width * decoded.height
    return scanned and _count(hidden) > _count(decoded.lines)


def _count(lines: Sequence[RawLine]) -> int:
    return sum(len(word) for _, line in lines for _, word in line)


def _within(box: Box, other: Box) -> bool:
    return other[0] <= box[0] and other[1] <= box[1] and box[2] <= other[2] and box[3] <= other[3]


def _angle(direction: tuple[float, float], rotation: int) -> float:
    """The angle of a line whose direction on the page as it lies is that unit vector, y down."""
    if direction == (1.0, 0.0) and not rotation:
        return 0.0
    angle = math.degrees(math.atan2(direction[1], direction[0])) + rotation
    return round(180 - (180 - angle) % 360, 1)


def is_limit(error: Exception) -> bool:
    import pymupdf

    # MuPDF reports failed allocations as system errors.
    mupdf = pymupdf.mupdf
    return isinstance(error, mupdf.FzErrorLimit | mupdf.FzErrorSystem)
