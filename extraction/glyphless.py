"""The font of a searchable PDF's text: it has no visible glyphs.

A Type 0 font of our own: codes are given out as characters come, so any Unicode text can be set and
the ToUnicode map says exactly which character a code stands for. All have one glyph, half as wide
as high; its outline encloses nothing but has bounds, by which PDFium marks text. The idea of a
glyphless font is Tesseract's.
"""

from __future__ import annotations

import math
import struct

WIDTH = 0.5  # of a character, in parts of the font size
MAX_CHARACTERS = 0xFFFE  # different ones in a document; what comes after is left out


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
