"""XML: the whole result, described by ``extraction/schema/document.xsd``.

It carries what the JSON carries, but words stand inside their lines, and a field's value, which
can be any JSON value, is spelled out with its type.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from extraction.formats.characters import clean
from extraction.types import (
    Block,
    Box,
    Classification,
    Document,
    Entity,
    Extraction,
    FieldValue,
    Language,
    Line,
    Page,
    Part,
    Table,
    Word,
)

NAMESPACE = "urn:ocrsite:document:1"


def render(document: Document) -> bytes:
    """The document as UTF-8 XML with its declaration."""
    root = Element("document", xmlns=NAMESPACE, schemaVersion=document.schema_version)
    source = document.source
    _add(
        root,
        "source",
        name=source.name,
        mediaType=source.media_type,
        sha256=source.sha256,
        pageCount=source.page_count,
    )
    if document.template:
        root.set("template", clean(document.template))
    pages = SubElement(root, "pages")
    for page in document.pages:
        _page(pages, page)
    fields = SubElement(root, "fields")
    for field in document.fields:
        _field(fields, field)
    if document.classification is not None:
        _classification(root, document.classification)
    if document.documents:
        documents = SubElement(root, "documents")
        for part in document.documents:
            _part(documents, part)
    if document.extraction is not None:
        _extraction(root, document.extraction)
    _texts(root, "warning", document.warnings)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _add(parent: Element, tag: str, text: str = "", /, **attributes: object) -> Element:
    """A child element; attributes that are None are left out."""
    element = SubElement(parent, tag)
    if text:
        element.text = clean(text)
    for name, value in attributes.items():
        if value is not None:
            element.set(name, _scalar(value))
    return element


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value))


def _position(box: Box | None, confidence: float | None) -> dict[str, object]:
    """The attributes of everything that stands on a page."""
    return {
        "box": " ".join(str(round(float(edge), 2)) for edge in box) if box else None,
        "confidence": round(float(confidence), 4) if confidence is not None else None,
    }


def _texts(parent: Element, tag: str, texts: Sequence[str]) -> None:
    for text in texts:
        _add(parent, tag, text)


def _page(parent: Element, page: Page) -> None:
    element = _add(
        parent,
        "page",
        number=page.number,
        width=round(float(page.width), 2),
        height=round(float(page.height), 2),
        rotation=page.rotation,
        dpi=round(float(page.dpi), 2),
        engine=page.engine,
        revision=page.revision,
        seconds=round(float(page.seconds), 3),
        skew=round(float(page.skew), 3),
        tokens=page.tokens or None,
        **_language(page.language),
        **_position(None, page.confidence),
    )
    if page.error:
        error = page.error
        _add(
            element,
            "error",
            error.detail,
            code=error.code,
            title=error.title,
            limit=error.limit,
            actual=error.actual,
        )
    blocks = SubElement(element, "blocks")
    for block in page.blocks:
        _block(blocks, block)
    lines = SubElement(element, "lines")
    for line in page.lines:
        _line(lines, line)
    _add(element, "markdown", page.markdown)
    for told in page.disagreements:
        position = _position(told.box, told.confidence)
        similarity = round(float(told.similarity), 4)
        each = _add(element, "disagreement", kind=told.kind, similarity=similarity, **position)
        _add(each, "written", told.written)
        _add(each, "read", told.read)
    if page.entities is not None:
        entities = SubElement(element, "entities")
        for entity in page.entities:
            _entity(entities, entity)
    _texts(element, "warning", page.warnings)


def _entity(parent: Element, entity: Entity) -> None:
    position = _position(entity.box, entity.confidence)
    element = _add(parent, "entity", kind=entity.kind, **position)
    _add(element, "raw", entity.raw)
    _value(element, "value", entity.value)
    for name, passed in entity.checks.items():
        _add(element, "check", name=name, passed=passed)
    _texts(element, "note", entity.notes)


def _language(language: Language | None) -> dict[str, object]:
    if language is None:
        return {}
    confidence = round(float(language.confidence), 4)
    return {"language": language.code, "languageConfidence": confidence}


def _block(parent: Element, block: Block) -> None:
    element = _add(
        parent,
        "block",
        id=block.id,
        kind=block.kind,
        level=block.level,
        checked=block.checked,
        continues=block.continues,
        grounded=block.grounded,
        **_language(block.language),
        **_position(block.box, block.confidence),
    )
    _add(element, "text", block.text)
    if block.table is not None:
        _table(element, block.table)
    if block.latex is not None:
        _add(element, "latex", block.latex)
    if block.diagram is not None:
        _add(element, "diagram", block.diagram)


def _table(parent: Element, table: Table) -> None:
    element = _add(parent, "table", rows=table.rows, columns=table.columns)
    for cell in table.cells:
        _add(
            element,
            "cell",
            cell.text,
            row=cell.row,
            column=cell.column,
            rowSpan=cell.row_span,
            columnSpan=cell.column_span,
            header=cell.header,
            grounded=cell.grounded,
            **_position(cell.box, cell.confidence),
        )


def _line(parent: Element, line: Line) -> None:
    angle = round(float(line.angle), 2) or None
    position = _position(line.box, line.confidence)
    told = {"angle": angle, "grounded": line.grounded}
    element = _add(parent, "line", text=line.text, **told, **position)
    for word in line.words:
        _word(element, word)


def _word(parent: Element, word: Word) -> None:
    position = _position(word.box, word.confidence)
    _add(parent, "word", word.text, grounded=word.grounded, **position)


def _field(parent: Element, field: FieldValue) -> None:
    element = _add(
        parent,
        "field",
        name=field.name,
        label=field.label,
        kind=field.kind,
        page=field.page,
        method=field.method,
        grounded=field.grounded,
        document=field.document,
        **_position(field.box, field.confidence),
    )
    _add(element, "raw", field.raw)
    _value(element, "value", field.value)
    for other in field.alternatives:
        alternative = _add(
            element, "alternative", page=other.page, **_position(other.box, other.confidence)
        )
        _add(alternative, "raw", other.raw)
        _value(alternative, "value", other.value)
    for name, passed in field.checks.items():
        _add(element, "check", name=name, passed=passed)
    for note in field.notes:
        _add(element, "note", note)


def _classification(parent: Element, found: Classification) -> None:
    element = _add(
        parent,
        "classification",
        kind=found.kind,
        label=found.label,
        **_position(None, found.confidence),
    )
    for other in found.alternatives:
        _add(element, "alternative", kind=other.kind, **_position(None, other.confidence))
    for told in found.evidence:
        _add(element, "evidence", told.text, page=told.page, **_position(told.box, None))


def _part(parent: Element, part: Part) -> None:
    """One of the file's documents; its fields name its number."""
    pages = " ".join(map(str, part.pages))
    position = _position(None, part.confidence)
    element = _add(
        parent,
        "part",
        number=part.number,
        pages=pages,
        template=part.template or None,
        **position,
    )
    _classification(element, part.classification)


def _extraction(parent: Element, extraction: Extraction) -> None:
    element = _add(parent, "extraction", tokens=extraction.tokens or None)
    _value(element, "value", extraction.value)
    _value(element, "partial", extraction.partial)
    for pointer, cited in extraction.citations.items():
        citation = _add(
            element,
            "citation",
            pointer=pointer,
            page=cited.page,
            method=cited.method,
            grounded=cited.grounded,
            field=cited.field or None,
            **_position(cited.box, cited.confidence),
        )
        _add(citation, "raw", cited.raw)
        _texts(citation, "note", cited.notes)
    for problem in extraction.problems:
        told = _add(element, "problem", pointer=problem.pointer, code=problem.code)
        _add(told, "detail", problem.detail)
        _texts(told, "candidate", problem.candidates)


def _value(parent: Element, tag: str, value: Any, **attributes: object) -> None:
    """Any JSON value: ``type`` names its kind, objects hold ``member``s and arrays ``item``s."""
    if isinstance(value, Mapping):
        element = _add(parent, tag, type="object", **attributes)
        for name, member in value.items():
            _value(element, "member", member, name=name)
    elif isinstance(value, list | tuple):
        element = _add(parent, tag, type="array", **attributes)
        for item in value:
            _value(element, "item", item)
    elif value is None:
        _add(parent, tag, type="null", **attributes)
    elif isinstance(value, str):
        _add(parent, tag, value, type="string", **attributes)
    else:
        kind = "boolean" if isinstance(value, bool) else "number"
        _add(parent, tag, json.dumps(value), type=kind, **attributes)
