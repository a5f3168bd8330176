"""hOCR 1.2 (http://kba.github.io/hocr-spec/1.2/): XHTML whose ``title``s hold the positions.

Boxes are pixels at the resolution in which the page was read, which ``scan_res`` states.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from extraction.formats.characters import clean
from extraction.formats.raster import Raster
from extraction.formats.regions import Region, regions
from extraction.types import Document, Line, Page, Word

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
)
# Typesetting elements of the specification beside the plain areas
_CLASSES = {
    "table": "ocr_table",
    "figure": "ocr_image",
    "caption": "ocr_caption",
    "header": "ocr_header",
    "footer": "ocr_footer",
    "page_number": "ocr_pageno",
    "equation": "ocr_display",
}
_CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf ocrp_lang " + " ".join(
    sorted(set(_CLASSES.values()))
)


def render(document: Document) -> bytes:
    """The document as XHTML, one ``ocr_page`` a page."""
    root = Element("html", xmlns="http://www.w3.org/1999/xhtml")
    head = SubElement(root, "head")
    SubElement(head, "title").text = clean(document.source.name) or "Document"
    SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html;charset=utf-8"})
    SubElement(head, "meta", name="ocr-system", content="OCRSite")
    SubElement(head, "meta", name="ocr-number-of-pages", content=str(len(document.pages)))
    SubElement(head, "meta", name="ocr-capabilities", content=_CAPABILITIES)
    body = SubElement(root, "body")
    for page in document.pages:
        _page(body, page, document)
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    return _HEAD.encode() + text.encode() + b"\n"


def _element(parent: Element, tag: str, kind: str, name: str, properties: Iterable[str]) -> Element:
    return SubElement(
        parent, tag, {"class": kind, "id": name, "title": clean("; ".join(properties))}
    )


def _page(body: Element, page: Page, document: Document) -> None:
    raster = Raster.of(page)
    name = clean(document.source.name).replace("\\", "\\\\").replace('"', '\\"')
    properties = [
        f'image "{name}"',
        f"bbox 0 0 {raster.width} {raster.height}",
        f"ppageno {page.number - 1}",
        f"scan_res {raster.dpi:.0f} {raster.dpi:.0f}",
    ]
    element = _element(body, "div", "ocr_page", f"page_{page.number}", properties)
    if page.language is not None:
        element.set("lang", page.language.code)
    counts = {"block": 0, "par": 0, "line": 0, "word": 0}
    for region in regions(page):
        _region(element, region, page, raster, counts)


def _region(
    parent: Element, region: Region, page: Page, raster: Raster, counts: dict[str, int]
) -> None:
    if region.box is None:
        return
    kind = region.block.kind if region.block is not None else "paragraph"
    box = _box(raster, region.box)
    area = _element(
        parent, "div", _CLASSES.get(kind, "ocr_carea"), _name(page, "block", counts), [box]
    )
    own = region.block.language if region.block is not None else None
    if own is not None and (page.language is None or own.code != page.language.code):
        area.set("lang", own.code)
    if not region.lines:
        return
    paragraph = _element(area, "p", "ocr_par", _name(page, "par", counts), [box])
    for line in region.lines:
        _line(paragraph, line, page, raster, counts)


def _line(parent: Element, line: Line, page: Page, raster: Raster, counts: dict[str, int]) -> None:
    properties = [_box(raster, line.box)]
    if turned := round(-(page.skew + line.angle), 2) % 360:
        properties.append(f"textangle {turned:g}")  # anticlockwise, as the specification counts
    element = _element(parent, "span", "ocr_line", _name(page, "line", counts), properties)
    words = line.words or (Word(line.text, line.box, line.confidence),)
    for index, word in enumerate(words):
        properties = [_box(raster, word.box)]
        if word.confidence is not None:
            properties.append(f"x_wconf {round(100 * word.confidence)}")
        span = _element(element, "span", "ocrx_word", _name(page, "word", counts), properties)
        span.text = clean(word.text)
        span.tail = " " if index + 1 < len(words) else "\n"


def _name(page: Page, kind: str, counts: dict[str, int]) -> str:
    counts[kind] += 1
    return f"{kind}_{page.number}_{counts[kind]}"


def _box(raster: Raster, box: tuple[float, float, float, float]) -> str:
    return "bbox {} {} {} {}".format(*raster.pixels(box))
