"""The invisible text of a searchable PDF: a font without visible glyphs, and words set in it.

The font is a Type 0 font of our own: codes are given out as characters come, so any Unicode text
can be set and the ToUnicode map says exactly which character a code stands for. All have one glyph,
half as wide as high; its outline encloses nothing but has bounds, by which PDFium marks text. Text
is drawn in rendering mode 3, which paints nothing, each word stretched to its box: a reader selects
and marks what it sees.

A glyph's box is as high as the font size and stands on the baseline, so the mark that a reader
draws over a found word is the word's box. The idea of a glyphless font is Tesseract's.
"""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from statistics import median

from extraction.level import Frame, union
from extraction.types import Box

WIDTH = 0.5  # of a character, in parts of the font size
MAX_CHARACTERS = 0xFFFE  # different ones in a document; what comes after is left out

Matrix = tuple[float, float, float, float, float, float]
WordLine = tuple[float, Sequence[tuple[Box, str]]]  # the line's angle beside the page's, words


@dataclass(frozen=True, slots=True)
class Placed:
    """A word on a page: its baseline begins at (x, y), points from the top left of the page as
    displayed, and runs ``angle`` degrees clockwise; ``width`` and ``height`` are its own. After
    ``gap`` points along the baseline comes the next word of the line, if there is one."""

    text: str
    x: float
    y: float
    width: float
    height: float
    angle: float
    gap: float | None = None


class GlyphlessFont:
    """Gives out the codes of a document's characters, and writes the font's parts."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encode(self, text: str) -> bytes:
        """The text as a hexadecimal string of the PDF syntax, two bytes a character."""
        codes = (self._code(character) for character in text)
        return b"<" + b"".join(b"%04X" % code for code in codes if code) + b">"

    def _code(self, character: str) -> int:
        if character not in self._codes:
            if len(self._codes) >= MAX_CHARACTERS:
                return 0
            self._codes[character] = len(self._codes) + 1
        return self._codes[character]

    def glyphs(self) -> bytes:
        """The CIDToGIDMap of all codes given out so far: the one glyph for each."""
        return b"\0\1" * (len(self._codes) + 1)

    def to_unicode(self) -> bytes:
        """The ToUnicode CMap (PDF 32000-1, 9.10.3) of all codes given out so far."""
        pairs = [
            b"<%04X> <%s>" % (code, character.encode("utf-16-be").hex().upper().encode())
            for character, code in self._codes.items()
        ]
        parts = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
        maps = [b"%d beginbfchar\n%s\nendbfchar" % (len(part), b"\n".join(part)) for part in parts]
        return b"\n".join(
            [
                b"/CIDInit /ProcSet findresource begin",
                b"12 dict begin",
                b"begincmap",
                b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
                b"/CMapName /Adobe-Identity-UCS def",
                b"/CMapType 2 def",
                b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange",
                *maps,
                b"endcmap",
                b"CMapName currentdict /CMap defineresource pop",
                b"end",
                b"end",
            ]
        )


FONT = "/Type /Font /Subtype /Type0 /BaseFont /Glyphless /Encoding /Identity-H"
DESCENDANT = (
    "/Type /Font /Subtype /CIDFontType2 /BaseFont /Glyphless"
    " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    f" /DW {WIDTH * 1000:.0f}"
)
DESCRIPTOR = (
    "/Type /FontDescriptor /FontName /Glyphless /Flags 5 /ItalicAngle 0 /StemV 80"
    " /Ascent 1000 /Descent 0 /CapHeight 1000 /FontBBox [0 0 500 1000]"
)


def truetype() -> bytes:
    """A TrueType font of 1000 units to the em; glyph 0 is empty, glyph 1 a line there and back."""
    glyph = struct.pack(
        ">hhhhhHHBB4h", 1, 0, 0, 500, 1000, 1, 0, 1, 1, 0, 500, 0, 1000
    )  # one contour, bounds, its last point, no instructions, flags, then x and y by differences
    tables = {
        b"glyf": glyph,
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 0, 0, 500, 1000, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, 1000, 0, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, 2
        ),
        b"hmtx": struct.pack(">HhHh", 500, 0, 500, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 2, 1, 0, 0, 1, *[0] * 8),
    }
    count = len(tables)
    power = int(math.log2(count))
    head = struct.pack(">IHHHH", 0x10000, count, 2**power * 16, power, (count - 2**power) * 16)
    directory, body = b"", b""
    offset = len(head) + 16 * count
    for tag, data in tables.items():
        padded = data + b"\0" * (-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag, total, offset + len(body), len(data))
        body += padded
    return head + directory + body


def place(lines: Sequence[WordLine], page: Frame) -> list[Placed]:
    """The words of lines in reading order, each with a space to the next one of its line.

    ``page`` tells the skew, so the words of a skewed page run along their lines.
    """
    placed: list[Placed] = []
    for angle, words in lines:
        frame = Frame(page.width, page.height, page.skew + angle)
        level = [
            (frame.to_level(box), unicodedata.normalize("NFC", text))
            for box, text in words
            if text.strip()
        ]
        if not level:
            continue
        if _stands(level):
            placed += [_standing(box, text, frame) for box, text in level]
            continue
        placed += _row(level, frame)
    return placed


def _row(level: list[tuple[Box, str]], frame: Frame) -> list[Placed]:
    """A level line from left to right on one baseline, but for words that lie well off it."""
    level = sorted(level, key=lambda word: word[0][0])
    height = median(box[3] - box[1] for box, _ in level)
    bottom = median(box[3] for box, _ in level)
    placed: list[Placed] = []
    for (box, text), following in zip_longest(level, level[1:]):
        base = bottom if abs(box[3] - bottom) < 0.3 * height else box[3]
        word = _at(box[0], base, box[2] - box[0], height, _visual(text), frame)
        gap = max(following[0][0] - box[2], 0.0) if following else None
        placed.append(replace(word, gap=gap))
    return placed


def _visual(text: str) -> str:
    """Characters as they follow each other on the page: readers put right-to-left text back."""
    strong = [unicodedata.bidirectional(character) for character in text]
    if any(kind in ("R", "AL") for kind in strong) and "L" not in strong:
        return text[::-1]
    return text


def _stands(level: Sequence[tuple[Box, str]]) -> bool:
    """Whether a line runs down (or up) the page, by the shape of its box."""
    left, top, right, bottom = union(box for box, _ in level)
    return sum(len(text) for _, text in level) > 2 and bottom - top > 1.5 * (right - left)


def _standing(box: Box, text: str, frame: Frame) -> Placed:
    """East Asian text running down, other text turned to run up."""
    width, height = box[2] - box[0], box[3] - box[1]
    if any(unicodedata.east_asian_width(character) in "WF" for character in text):
        return _at(box[0], box[1], height, width, text, frame, turn=90.0)
    return _at(box[2], box[3], height, width, text, frame, turn=-90.0)


def _at(
    x: float, y: float, width: float, height: float, text: str, frame: Frame, turn: float = 0.0
) -> Placed:
    """Text whose baseline begins at (x, y) of the level frame, put on the page."""
    angle = math.radians(frame.skew)
    c, s = math.cos(angle), math.sin(angle)
    dx, dy = x - frame.width / 2, y - frame.height / 2
    return Placed(
        text,
        frame.width / 2 + dx * c - dy * s,
        frame.height / 2 + dx * s + dy * c,
        max(width, 0.1),
        max(height, 0.1),
        frame.skew + turn,
    )


def content(placed: Sequence[Placed], font: GlyphlessFont, name: str, to_pdf: Matrix) -> bytes:
    """A content stream that sets the words in ``font``, which the page calls ``name``.

    ``to_pdf`` maps points of the page as displayed (y down) to the page's own space.
    """
    a, b, c, d, e, f = to_pdf
    out = [b"q BT 3 Tr /%s 1 Tf" % name.encode()]
    for word in placed:
        angle = math.radians(word.angle)
        across = word.width / (WIDTH * len(word.text))
        # The vectors of one em along the baseline and up, then where the baseline begins.
        right = math.cos(angle) * across, math.sin(angle) * across
        up = math.sin(angle) * word.height, -math.cos(angle) * word.height
        numbers = (
            right[0] * a + right[1] * c,
            right[0] * b + right[1] * d,
            up[0] * a + up[1] * c,
            up[0] * b + up[1] * d,
            word.x * a + word.y * c + e,
            word.x * b + word.y * d + f,
        )
        text = font.encode(word.text)
        if word.gap is not None:
            # The space reaches a little over the next word: PDFium joins what touches to a line.
            text += b"%.0f %s" % (1000 * (0.9 * WIDTH - word.gap / across), font.encode(" "))
        out.append(b"%.4f %.4f %.4f %.4f %.3f %.3f Tm [%s] TJ" % (*numbers, text))
    out.append(b"ET Q")
    return b"\n".join(out)
