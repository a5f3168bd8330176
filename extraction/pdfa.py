"""Declares a PDF of pictures as PDF/A-1b (ISO 19005-1).

Such files are ours from the first byte. Their font is embedded, nothing in them acts, is encrypted
or transparent; what is left to do is to say which colours are meant and which standard is kept.
"""

from __future__ import annotations

import re
from typing import Any

_ICC = re.compile(r"\[\s*/ICCBased (\d+) 0 R\s*\]")
_ICC_VERSION = 2  # PDF/A-1 builds on PDF 1.4, which knows no later one
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>1</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def declare(document: Any) -> None:
    """Add output intent and claim to an open PyMuPDF document of pictures.

    Nothing is claimed where a picture has a colour profile of its own that PDF/A-1 does not allow.
    """
    images = {image[0] for page in document for image in page.get_images()}
    if not all(_plain_colours(document, xref) for xref in images):
        return
    profile = document.get_new_xref()
    document.update_object(profile, "<< /N 3 >>")
    document.update_stream(profile, _srgb(), new=True)
    document.xref_set_key(
        document.pdf_catalog(),
        "OutputIntents",
        "[<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB)"
        f" /Info (sRGB) /DestOutputProfile {profile} 0 R >>]",
    )
    document.set_xml_metadata(_XMP)


def _plain_colours(document: Any, image: int) -> bool:
    colours = _text_of(document, image, "ColorSpace")
    if colours in ("/DeviceRGB", "/DeviceGray"):
        return True
    based = _ICC.fullmatch(colours)
    return based is not None and document.xref_stream(int(based[1]))[8] <= _ICC_VERSION


def _text_of(document: Any, xref: int, key: str) -> str:
    """The value of a key of an object, taken from where it stands."""
    kind, value = document.xref_get_key(xref, key)
    return str(document.xref_object(int(value.split()[0])) if kind == "xref" else value).strip()


def _srgb() -> bytes:
    """MuPDF's own sRGB profile, as it comes with every picture without one."""
    import pymupdf

    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 1, 1), 0))
    based = _ICC.fullmatch(_text_of(document, page.get_images()[0][0], "ColorSpace"))
    assert based is not None
    return bytes(document.xref_stream(int(based[1])))
