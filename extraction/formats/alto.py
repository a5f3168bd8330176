"""ALTO 4 (https://www.loc.gov/standards/alto/): text and its place on the page, for archives.

Positions are pixels at the resolution in which each page was read; ``Page`` gives its size in
them. What a block is stands in ``Tags``; a table is a ``ComposedBlock`` with a block a cell.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from extraction.formats.characters import clean
from extraction.formats.raster import Raster
from extraction.formats.regions import Region, regions, within
from extraction.types import Box, Document, Line, Page, Word

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def render(document: Document) -> bytes:
    """The document as UTF-8 XML with its declaration."""
    root = Element("alto", xmlns=NAMESPACE, SCHEMAVERSION="4.4")
    description = SubElement(root, "Description")
    SubElement(description, "MeasurementUnit").text = "pixel"
    source = SubElement(description, "sourceImageInformation")
    SubElement(source, "fileName").text = clean(document.source.name)
    _processing(description, document)
    kinds = sorted({block.kind for page in document.pages for block in page.blocks})
    if kinds:
        tags = SubElement(root, "Tags")
        for kind in kinds:
            SubElement(tags, "LayoutTag", ID=_tag(kind), LABEL=kind)
    layout = SubElement(root, "Layout")
    for page in document.pages:
        _Page(page).write(layout)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _processing(description: Element, document: Document) -> None:
    engines = sorted({(page.engine, page.revision) for page in document.pages if page.engine})
    for number, (engine, revision) in enumerate(engines, start=1):
        step = SubElement(description, "Processing", ID=f"engine_{number}")
        software = SubElement(step, "processingSoftware")
        SubElement(software, "softwareName").text = f"OCRSite, engine {clean(engine)}"
        if revision:
            SubElement(software, "softwareVersion").text = clean(revision)


def _tag(kind: str) -> str:
    return f"kind_{kind}"


@dataclass(slots=True)
class _Page:
    """Writes one page; ``counts`` number its elements."""

    page: Page
    counts: dict[str, int] = field(default_factory=dict)
    raster: Raster = field(init=False)

    def __post_init__(self) -> None:
        self.raster = Raster.of(self.page)

    @property
    def _language(self) -> str:
        return self.page.language.code if self.page.language else ""

    def write(self, layout: Element) -> None:
        page = self.page
        attributes = {
            "ID": f"page_{page.number}",
            "PHYSICAL_IMG_NR": str(page.number),
            "HEIGHT": str(self.raster.height),
            "WIDTH": str(self.raster.width),
        }
        if self._language:
            attributes["LANG"] = self._language
        if page.confidence is not None:
            attributes["PC"] = f"{page.confidence:.4f}"
        element = SubElement(layout, "Page", attributes)
        space = SubElement(element, "PrintSpace", self._place((0, 0, page.width, page.height)))
        for region in regions(page):
            self._region(space, region)

    def _region(self, space: Element, region: Region) -> None:
        if region.box is None:
            return
        block = region.block
        tag = {"TAGREFS": _tag(block.kind)} if block is not None else {}
        told = block.language if block is not None else None
        language = {"LANG": told.code} if told and told.code != self._language else {}
        if block is not None and block.kind == "figure":
            self._add(space, "Illustration", "figure", region.box, tag)
            if region.lines:  # what is written in it
                self._text(space, region.lines, region.box, language)
        elif block is not None and block.table is not None:
            table = self._add(space, "ComposedBlock", "block", region.box, {**tag, "TYPE": "table"})
            rest = list(region.lines)
            for cell in block.table.cells:
                if cell.box is None:
                    continue
                lines, rest = within(cell.box, rest)
                if lines:
                    self._text(table, lines, cell.box, language)
            if rest:
                self._text(table, rest, region.box, language)
        else:
            self._text(space, region.lines, region.box, tag | language)

    def _text(
        self, parent: Element, lines: Sequence[Line], box: Box, attributes: dict[str, str]
    ) -> None:
        element = self._add(parent, "TextBlock", "block", box, attributes)
        for line in lines:
            turned = round(-(self.page.skew + line.angle), 2)
            if turned:
                element.set("ROTATION", f"{turned:g}")  # anticlockwise
            self._line(element, line)

    def _line(self, parent: Element, line: Line) -> None:
        element = self._add(parent, "TextLine", "line", line.box)
        words = line.words or (Word(line.text, line.box, line.confidence),)
        for index, word in enumerate(words):
            if index:
                self._space(element, words[index - 1].box, word.box)
            attributes = {"CONTENT": clean(word.text)}
            if word.confidence is not None:
                attributes["WC"] = f"{word.confidence:.4f}"
            self._add(element, "String", "word", word.box, attributes)

    def _space(self, line: Element, before: Box, after: Box) -> None:
        left, top, right, _ = self.raster.pixels(
            (before[2], before[1], max(after[0], before[2]), before[3])
        )
        SubElement(line, "SP", HPOS=str(left), VPOS=str(top), WIDTH=str(right - left))

    def _add(
        self,
        parent: Element,
        tag: str,
        kind: str,
        box: Box,
        attributes: dict[str, str] | None = None,
    ) -> Element:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        name = f"{kind}_{self.page.number}_{self.counts[kind]}"
        return SubElement(parent, tag, {"ID": name, **self._place(box), **(attributes or {})})

    def _place(self, box: Box) -> dict[str, str]:
        left, top, right, bottom = self.raster.pixels(box)
        return {
            "HPOS": str(left),
            "VPOS": str(top),
            "WIDTH": str(right - left),
            "HEIGHT": str(bottom - top),
        }
