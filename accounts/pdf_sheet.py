"""Text and lines on A4 pages of a PDF, in embedded fonts (pydyf, fontTools).

Texts are glyphs by number, never PDF syntax, so nothing in a name is read as anything else. Only
the glyphs used are embedded, with the table by which the text can be copied and searched. The
fonts (DejaVu) cover the Latin, Greek and Cyrillic scripts; other characters become "?".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
WIDTH, HEIGHT = 595, 842  # points
MISSING = ord("?")


@dataclass
class Sheet:
    """Pages that are drawn one after the other; places are points from the top left."""

    title: str
    pages: list[list[bytes]] = field(default_factory=list)
    used: dict[str, dict[int, int]] = field(default_factory=lambda: {REGULAR: {}, BOLD: {}})

    def new_page(self) -> None:
        """Draw on a new page from here on."""
        self.pages.append([])

    def text(self, x: float, y: float, text: str, *, size: float = 9, font: str = REGULAR) -> None:
        """One line of text that begins at ``x``, its baseline at ``y``."""
        glyphs = b"".join(self._glyph(char, font).to_bytes(2, "big") for char in plain(text))
        name = b"F1" if font == REGULAR else b"F2"
        self.pages[-1].append(
            b"BT /%s %.1f Tf %.2f %.2f Td <%s> Tj ET"
            % (name, size, x, HEIGHT - y, glyphs.hex().encode())
        )

    def right(self, x: float, y: float, text: str, *, size: float = 9, font: str = REGULAR) -> None:
        """One line of text that ends at ``x``."""
        self.text(x - width(text, size, font), y, text, size=size, font=font)

    def rule(self, y: float, left: float, right: float) -> None:
        """A thin line from left to right."""
        self.pages[-1].append(
            b"0.5 w %.1f %.1f m %.1f %.1f l S" % (left, HEIGHT - y, right, HEIGHT - y)
        )

    def body(self) -> bytes:
        """The PDF."""
        import pydyf

        pdf = pydyf.PDF()
        fonts = pydyf.Dictionary(
            {
                "F1": _embedded(pdf, REGULAR, self.used[REGULAR]),
                "F2": _embedded(pdf, BOLD, self.used[BOLD]),
            }
        )
        for drawn in self.pages:
            content = pydyf.Stream(drawn, compress=True)
            pdf.add_object(content)
            pdf.add_page(
                pydyf.Dictionary(
                    {
                        "Type": "/Page",
                        "Parent": pdf.pages.reference,
                        "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
                        "Resources": pydyf.Dictionary({"Font": fonts}),
                        "Contents": content.reference,
                    }
                )
            )
        pdf.info["Title"] = pydyf.String(plain(self.title))
        pdf.info["Producer"] = pydyf.String("OCRSite")
        out = BytesIO()
        pdf.write(out)
        return out.getvalue()

    def _glyph(self, char: str, font: str) -> int:
        cmap, _ = _measures(font)
        code = ord(char) if ord(char) in cmap else MISSING
        number = cmap[code]
        self.used[font][number] = code
        return number


def width(text: str, size: float, font: str = REGULAR) -> float:
    """How wide the text is, in points."""
    cmap, widths = _measures(font)
    total = sum(widths[cmap.get(ord(char), cmap[MISSING])] for char in plain(text))
    return total * size / 1000


def wrapped(text: str, most: float, size: float, font: str = REGULAR) -> list[str]:
    """The text in lines of at most that width, broken between words where that is possible."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in plain(paragraph).split():
            while width(word, size, font) > most:
                head = next(
                    word[:n] for n in range(len(word), 0, -1)
                    if n == 1 or width(word[:n], size, font) <= most
                )  # fmt: skip
                lines += [line, head] if line else [head]
                line, word = "", word[len(head) :]
            longer = f"{line} {word}".strip()
            if width(longer, size, font) > most:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def plain(text: str) -> str:
    """Without control and format characters; composed, as fonts have them."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))


@cache
def _measures(font: str) -> tuple[dict[int, int], list[float]]:
    """Glyph by character, and each glyph's width in thousandths of the size."""
    from fontTools.ttLib import TTFont

    with TTFont(FONTS / f"{font}.ttf") as loaded:
        numbers = loaded.getReverseGlyphMap()
        cmap = {code: int(numbers[name]) for code, name in loaded.getBestCmap().items()}
        scale = 1000 / loaded["head"].unitsPerEm
        widths = [loaded["hmtx"][name][0] * scale for name in loaded.getGlyphOrder()]
    return cmap, widths


def _embedded(pdf: Any, font: str, used: dict[int, int]) -> Any:
    """The font with the used glyphs alone, as objects of the PDF; returns its reference."""
    import pydyf
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.retain_gids = True
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "MATH", "gasp", "name", "post", "OS/2"]
    with TTFont(FONTS / f"{font}.ttf", recalcTimestamp=False) as loaded:
        head, hhea = loaded["head"], loaded["hhea"]
        scale = 1000 / head.unitsPerEm
        box = [round(x * scale) for x in (head.xMin, head.yMin, head.xMax, head.yMax)]
        ascent, descent = round(hhea.ascent * scale), round(hhea.descent * scale)
        cutter = subset.Subsetter(options)
        cutter.populate(gids=sorted(used))
        cutter.subset(loaded)
        out = BytesIO()
        loaded.save(out)
    program = pydyf.Stream([out.getvalue()], {"Length1": len(out.getvalue())}, compress=True)
    pdf.add_object(program)
    name = f"/OCRSIT+{font}"
    descriptor = pydyf.Dictionary(
        {
            "Type": "/FontDescriptor",
            "FontName": name,
            "Flags": 4,
            "FontBBox": pydyf.Array(box),
            "ItalicAngle": 0,
            "Ascent": ascent,
            "Descent": descent,
            "CapHeight": ascent,
            "StemV": 80,
            "FontFile2": program.reference,
        }
    )
    pdf.add_object(descriptor)
    _, widths = _measures(font)
    listed = pydyf.Array([])
    for number in sorted(used):
        listed += [number, pydyf.Array([round(widths[number])])]
    descendant = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/CIDFontType2",
            "BaseFont": name,
            "CIDSystemInfo": pydyf.Dictionary(
                {
                    "Registry": pydyf.String("Adobe"),
                    "Ordering": pydyf.String("Identity"),
                    "Supplement": 0,
                }
            ),
            "FontDescriptor": descriptor.reference,
            "W": listed,
            "CIDToGIDMap": "/Identity",
        }
    )
    pdf.add_object(descendant)
    texts = pydyf.Stream([_to_unicode(used)], compress=True)
    pdf.add_object(texts)
    whole = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": name,
            "Encoding": "/Identity-H",
            "DescendantFonts": pydyf.Array([descendant.reference]),
            "ToUnicode": texts.reference,
        }
    )
    pdf.add_object(whole)
    return whole.reference


def _to_unicode(used: dict[int, int]) -> bytes:
    """The CMap by which glyphs are text again (ISO 32000-1, 9.10.3)."""
    rows = [f"<{number:04x}> <{code:04x}>" for number, code in sorted(used.items())]
    parts = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CMapName /Texts def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in parts),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    ).encode()
