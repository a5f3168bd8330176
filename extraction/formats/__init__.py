"""The output formats: one table. A new format is one file and one row in ``FORMATS``.

Every format turns a ``Document`` into bytes, and escapes the text for its own reader: what stands
on a page never becomes markup, script or a spreadsheet formula. The searchable PDF alone needs the
original too: ``extraction.searchable_pdf`` makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from extraction.errors import InvalidOption, NotMade
from extraction.formats import alto, csv, hocr, html, json, md, txt, xml
from extraction.types import Document


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document in one format."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table; ``suffix`` is the file name's ending without its dot.

    ``render`` is None where the document alone does not do: the original is needed.
    """

    name: str
    media_type: str
    suffix: str
    render: Callable[[Document], bytes] | None
    title: str


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("json", "application/json", "json", json.render, "JSON, the whole result"),
        Format("md", "text/markdown; charset=utf-8", "md", md.render, "Markdown"),
        Format("txt", "text/plain; charset=utf-8", "txt", txt.render, "Plain text"),
        Format("html", "text/html; charset=utf-8", "html", html.render, "Web page"),
        Format(
            "csv",
            "text/csv; charset=utf-8",
            "csv",
            csv.render,
            "Fields, tables and entities as CSV",
        ),
        Format("xml", "application/xml", "xml", xml.render, "XML, the whole result"),
        Format("hocr", "application/xhtml+xml", "hocr", hocr.render, "hOCR, text with positions"),
        Format("alto", "application/alto+xml", "alto.xml", alto.render, "ALTO XML for archives"),
        Format("pdf", "application/pdf", "pdf", None, "Searchable PDF"),
    )
}


def render(document: Document, name: str) -> Rendered:
    """The document in the format of that name.

    Raises ``InvalidOption`` for an unknown name, ``NotMade`` for one that needs the original.
    """
    if name not in FORMATS:
        raise InvalidOption(f"format {name!r} is not one of: {', '.join(FORMATS)}")
    row = FORMATS[name]
    if row.render is None:
        raise NotMade(f"{row.title} is made from the original, not from the result alone")
    return Rendered(row.render(document), row.media_type)
