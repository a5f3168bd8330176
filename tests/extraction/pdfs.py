"""PDF pages made on the spot for the cases in which a page's own text is not the whole story."""

from __future__ import annotations

from collections.abc import Sequence

import pymupdf

from tests.documents import A4

PROSE = (
    "All human beings are born free and equal in dignity",
    "and rights. They are endowed with reason and conscience",
    "and should act towards one another in a spirit of",
    "brotherhood. Everyone has the right to life, liberty",
    "and security of person, in every country of the world.",
)


def prose(
    page: pymupdf.Page, lines: Sequence[str] = PROSE, *, top: float = 80, **how: object
) -> None:
    """The lines at 12 pt, 20 points apart."""
    for number, line in enumerate(lines):
        page.insert_text((60, top + 20 * number), line, fontsize=12, **how)  # type: ignore[arg-type]


def picture(
    lines: Sequence[str], width: float, height: float, *, size: float = 14, dpi: int = 150
) -> bytes:
    """A PNG of the lines, ``width`` x ``height`` points."""
    with pymupdf.open() as document:
        page = document.new_page(width=width, height=height)
        for number, line in enumerate(lines):
            page.insert_text((12, 12 + size + number * size * 1.8), line, fontsize=size)
        return bytes(page.get_pixmap(dpi=dpi).tobytes("png"))


def with_mapping(old: str | None, new: str = "") -> bytes:
    """A page of prose in an embedded font whose mapping to Unicode has ``old`` replaced; None
    takes the mapping away."""
    with pymupdf.open() as made:
        page = made.new_page(width=A4[0], height=A4[1])
        page.insert_font(fontname="F0", fontbuffer=pymupdf.Font("helv").buffer)
        prose(page, fontname="F0")
        body = made.tobytes()
    with pymupdf.open(stream=body) as document:
        font = document[0].get_fonts()[0][0]
        mapping = int(document.xref_get_key(font, "ToUnicode")[1].split()[0])
        if old is None:
            document.xref_set_key(font, "ToUnicode", "null")
        else:
            stream = document.xref_stream(mapping).decode()
            assert old in stream
            document.update_stream(mapping, stream.replace(old, new).encode())
        return bytes(document.tobytes())


def vertical(*columns: str, rotation: int = 0) -> bytes:
    """A page of 300 x 300 points in Japanese vertical writing, 12 pt: the columns from x = 250 to
    the left, 20 points apart, their tops at y = 40."""
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=300)
        page.set_rotation(rotation)
        font, letters, contents = (document.get_new_xref() for _ in range(3))
        document.update_object(
            letters,
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/Mincho/DW 1000"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 5>>"
            "/FontDescriptor<</Type/FontDescriptor/FontName/Mincho/Flags 4/Ascent 900"
            "/Descent -200/FontBBox[0 -200 1000 900]>>>>",
        )
        document.update_object(
            font,
            "<</Type/Font/Subtype/Type0/BaseFont/Mincho/Encoding/UniJIS-UTF16-V"
            f"/DescendantFonts[{letters} 0 R]>>",
        )
        document.xref_set_key(page.xref, "Resources", f"<</Font<</F {font} 0 R>>>>")
        shown = (
            f"1 0 0 1 {250 - 20 * index} 260 Tm <{column.encode('utf-16-be').hex()}> Tj"
            for index, column in enumerate(columns)
        )
        document.update_object(contents, "<<>>")
        document.update_stream(contents, f"BT /F 12 Tf {' '.join(shown)} ET".encode())
        page.set_contents(contents)
        return bytes(document.tobytes())


def saved(document: pymupdf.Document) -> bytes:
    """The document's bytes, its pages as a reader would meet them."""
    return bytes(document.tobytes(deflate=True))
