"""JSON: the whole result, and the shape in which pages and fields are stored.

The shape is ``extraction/schema/document.schema.json``. Boxes are rounded to 2 decimals,
confidences to 4; apart from that ``from_dict(to_dict(document)) == document``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from extraction.formats.characters import clean
from extraction.formats.md import document_markdown
from extraction.types import (
    Alternative,
    Block,
    Box,
    Cell,
    Citation,
    Classification,
    Disagreement,
    Document,
    Evidence,
    Extraction,
    Failure,
    FieldValue,
    Likelihood,
    Line,
    Page,
    Part,
    SchemaProblem,
    Source,
    Table,
    Word,
)


def render(document: Document) -> bytes:
    """The document as compact UTF-8 JSON, with a newline at the end."""
    text = json.dumps(to_dict(document), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def to_dict(document: Document) -> dict[str, Any]:
    """The document as JSON values."""
    source = document.source
    return {
        "schema_version": document.schema_version,
        "source": {
            "name": clean(source.name),
            "media_type": clean(source.media_type),
            "sha256": source.sha256,
            "page_count": source.page_count,
        },
        "pages": [page_to_dict(page) for page in document.pages],
        "fields": [field_to_dict(field) for field in document.fields],
        "classification": classification_to_dict(document.classification),
        "template": clean(document.template) or None,
        "documents": [
            part_to_dict(part)
            | {"fields": [field_to_dict(field) for field in document.fields_of(part)]}
            for part in document.documents
        ],
        "extraction": extraction_to_dict(document.extraction) if document.extraction else None,
        "warnings": [clean(warning) for warning in document.warnings],
        "markdown": clean(document_markdown(document)),
    }


def from_dict(data: Mapping[str, Any]) -> Document:
    """The document that ``to_dict`` gave."""
    return Document(
        source=Source(**data["source"]),
        pages=tuple(page_from_dict(page) for page in data["pages"]),
        fields=tuple(field_from_dict(field) for field in data["fields"]),
        classification=classification_from_dict(data["classification"]),
        warnings=tuple(data["warnings"]),
        schema_version=data["schema_version"],
        extraction=extraction_from_dict(data["extraction"]) if data.get("extraction") else None,
        documents=tuple(part_from_dict(part) for part in data["documents"]),
        template=data.get("template") or "",
    )


def page_to_dict(page: Page) -> dict[str, Any]:
    """One page as JSON values, fit for PostgreSQL's JSONB (no NUL, no lone surrogate).

    Words are stored once, in ``words``; each line names its own by a range of indexes.
    """
    lines = []
    start = 0
    for line in page.lines:
        end = start + len(line.words)
        turned = {"angle": round(float(line.angle), 2)} if line.angle else {}
        lines.append(_text_to_dict(line) | {"words": [start, end]} | turned)
        start = end
    data: dict[str, Any] = {
        "number": page.number,
        "width": round(float(page.width), 2),
        "height": round(float(page.height), 2),
        "rotation": page.rotation,
        "dpi": round(float(page.dpi), 2),
        "engine": page.engine,
        "revision": clean(page.revision),
        "seconds": round(float(page.seconds), 3),
        "confidence": _confidence(page.confidence),
        "skew": round(float(page.skew), 3),
        "blocks": [_block_to_dict(block) for block in page.blocks],
        "lines": lines,
        "words": [_text_to_dict(word) for word in page.words],
        "markdown": clean(page.markdown),
        "error": _failure_to_dict(page.error) if page.error else None,
        "warnings": [clean(warning) for warning in page.warnings],
    }
    if page.tokens:
        data["tokens"] = page.tokens
    if page.disagreements:
        data["disagreements"] = [_disagreement_to_dict(each) for each in page.disagreements]
    return data


def page_from_dict(data: Mapping[str, Any]) -> Page:
    """The page that ``page_to_dict`` gave."""
    words = tuple(
        Word(word["text"], tuple(word["box"]), word["confidence"], word.get("grounded"))
        for word in data["words"]
    )
    return Page(
        number=data["number"],
        width=data["width"],
        height=data["height"],
        rotation=data["rotation"],
        dpi=data["dpi"],
        engine=data["engine"],
        revision=data["revision"],
        seconds=data["seconds"],
        confidence=data["confidence"],
        skew=data["skew"],
        blocks=tuple(block_from_dict(block) for block in data["blocks"]),
        lines=tuple(
            Line(
                text=line["text"],
                box=tuple(line["box"]),
                confidence=line["confidence"],
                words=words[slice(*line["words"])],
                angle=line.get("angle", 0.0),
                grounded=line.get("grounded"),
            )
            for line in data["lines"]
        ),
        markdown=data["markdown"],
        error=Failure(**data["error"]) if data["error"] else None,
        warnings=tuple(data["warnings"]),
        tokens=data.get("tokens", 0),
        disagreements=tuple(
            Disagreement(**{**each, "box": _box_from(each["box"])})
            for each in data.get("disagreements", ())
        ),
    )


def field_to_dict(field: FieldValue) -> dict[str, Any]:
    """One found field as JSON values."""
    return {
        "name": field.name,
        "label": clean(field.label),
        "kind": field.kind,
        "raw": clean(field.raw),
        "value": _json_value(field.value),
        "page": field.page,
        "box": _box(field.box),
        "confidence": _confidence(field.confidence),
        "method": field.method,
        "grounded": field.grounded,
        "alternatives": [
            {
                "raw": clean(other.raw),
                "value": _json_value(other.value),
                "page": other.page,
                "box": _box(other.box),
                "confidence": _confidence(other.confidence),
            }
            for other in field.alternatives
        ],
        "checks": dict(field.checks),
        "notes": list(field.notes),
        "document": field.document,
    }


def field_from_dict(data: Mapping[str, Any]) -> FieldValue:
    """The field that ``field_to_dict`` gave."""
    alternatives = tuple(
        Alternative(**{**other, "box": _box_from(other["box"])}) for other in data["alternatives"]
    )
    changed = {"alternatives": alternatives, "notes": tuple(data["notes"])}
    return FieldValue(**{**data, "box": _box_from(data["box"]), **changed})


def classification_to_dict(found: Classification | None) -> dict[str, Any] | None:
    """What a document is, as JSON values."""
    if found is None:
        return None
    return {
        "kind": found.kind,
        "label": clean(found.label),
        "confidence": _confidence(found.confidence),
        "alternatives": [
            {"kind": other.kind, "confidence": _confidence(other.confidence)}
            for other in found.alternatives
        ],
        "evidence": [
            {"text": clean(told.text), "page": told.page, "box": _box(told.box)}
            for told in found.evidence
        ],
    }


def classification_from_dict(data: Mapping[str, Any] | None) -> Classification | None:
    """The classification that ``classification_to_dict`` gave."""
    return _classification_from(data) if data is not None else None


def _classification_from(data: Mapping[str, Any]) -> Classification:
    return Classification(
        kind=data["kind"],
        label=data["label"],
        confidence=data["confidence"],
        alternatives=tuple(Likelihood(**other) for other in data["alternatives"]),
        evidence=tuple(
            Evidence(told["text"], told["page"], _box_from(told["box"]))
            for told in data["evidence"]
        ),
    )


def part_to_dict(part: Part) -> dict[str, Any]:
    """One of a file's documents as JSON values, without its fields."""
    return {
        "number": part.number,
        "pages": list(part.pages),
        "confidence": _confidence(part.confidence),
        "classification": classification_to_dict(part.classification),
        "template": clean(part.template) or None,
    }


def part_from_dict(data: Mapping[str, Any]) -> Part:
    """The part that ``part_to_dict`` gave."""
    return Part(
        number=data["number"],
        pages=tuple(data["pages"]),
        confidence=data["confidence"],
        classification=_classification_from(data["classification"]),
        template=data.get("template") or "",
    )


def extraction_to_dict(extraction: Extraction) -> dict[str, Any]:
    """A filled schema as JSON values."""
    return {
        "value": _json_value(extraction.value),
        "partial": _json_value(extraction.partial),
        "citations": {
            clean(pointer): {
                "raw": clean(cited.raw),
                "page": cited.page,
                "box": _box(cited.box),
                "confidence": _confidence(cited.confidence),
                "method": cited.method,
                "grounded": cited.grounded,
                "field": cited.field,
                "notes": list(cited.notes),
            }
            for pointer, cited in extraction.citations.items()
        },
        "problems": [
            {
                "pointer": clean(problem.pointer),
                "code": problem.code,
                "detail": clean(problem.detail),
                "candidates": [clean(text) for text in problem.candidates],
            }
            for problem in extraction.problems
        ],
    } | ({"tokens": extraction.tokens} if extraction.tokens else {})


def extraction_from_dict(data: Mapping[str, Any]) -> Extraction:
    """The filled schema that ``extraction_to_dict`` gave."""
    return Extraction(
        value=data["value"],
        partial=data["partial"],
        tokens=data.get("tokens", 0),
        citations={
            pointer: Citation(
                **{**cited, "box": _box_from(cited["box"]), "notes": tuple(cited["notes"])}
            )
            for pointer, cited in data["citations"].items()
        },
        problems=tuple(
            SchemaProblem(**{**problem, "candidates": tuple(problem["candidates"])})
            for problem in data["problems"]
        ),
    )


def _text_to_dict(text: Line | Word) -> dict[str, Any]:
    return {
        "text": clean(text.text),
        "box": _box(text.box),
        "confidence": _confidence(text.confidence),
    } | _grounded(text.grounded)


def _grounded(grounded: bool | None) -> dict[str, bool]:
    """Nothing where it is not told."""
    return {} if grounded is None else {"grounded": grounded}


def _disagreement_to_dict(told: Disagreement) -> dict[str, Any]:
    return {
        "kind": told.kind,
        "written": clean(told.written),
        "read": clean(told.read),
        "box": _box(told.box),
        "similarity": _confidence(told.similarity),
        "confidence": _confidence(told.confidence),
    }


def _block_to_dict(block: Block) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": block.id,
        "kind": block.kind,
        "level": block.level,
        "text": clean(block.text),
        "box": _box(block.box),
        "confidence": _confidence(block.confidence),
    }
    if block.table is not None:
        data["table"] = _table_to_dict(block.table)
    if block.latex is not None:
        data["latex"] = clean(block.latex)
    if block.checked is not None:
        data["checked"] = block.checked
    if block.continues is not None:
        data["continues"] = block.continues
    if block.diagram is not None:
        data["diagram"] = clean(block.diagram)
    return data | _grounded(block.grounded)


def block_from_dict(data: Mapping[str, Any]) -> Block:
    """The block that a page's dictionary holds."""
    table = data.get("table")
    return Block(
        id=data["id"],
        kind=data["kind"],
        text=data["text"],
        box=_box_from(data["box"]),
        confidence=data["confidence"],
        level=data["level"],
        table=_table_from_dict(table) if table else None,
        latex=data.get("latex"),
        checked=data.get("checked"),
        continues=data.get("continues"),
        diagram=data.get("diagram"),
        grounded=data.get("grounded"),
    )


def _table_to_dict(table: Table) -> dict[str, Any]:
    cells = [
        {
            "row": cell.row,
            "column": cell.column,
            "row_span": cell.row_span,
            "column_span": cell.column_span,
            "text": clean(cell.text),
            "box": _box(cell.box),
            "header": cell.header,
            "confidence": _confidence(cell.confidence),
        }
        | _grounded(cell.grounded)
        for cell in table.cells
    ]
    return {"rows": table.rows, "columns": table.columns, "cells": cells}


def _table_from_dict(data: Mapping[str, Any]) -> Table:
    cells = tuple(Cell(**{**cell, "box": _box_from(cell["box"])}) for cell in data["cells"])
    return Table(data["rows"], data["columns"], cells)


def _failure_to_dict(failure: Failure) -> dict[str, Any]:
    return {
        "code": failure.code,
        "title": failure.title,
        "detail": clean(failure.detail),
        "limit": failure.limit,
        "actual": failure.actual,
    }


def _box(box: Box | None) -> list[float] | None:
    return [round(float(edge), 2) for edge in box] if box is not None else None


def _box_from(edges: Sequence[float] | None) -> Box | None:
    if edges is None:
        return None
    x0, y0, x1, y1 = edges
    return (x0, y0, x1, y1)


def _confidence(confidence: float | None) -> float | None:
    return round(float(confidence), 4) if confidence is not None else None


def _json_value(value: Any) -> Any:
    """A field's value with every text in it cleaned; mappings and sequences as dict and list."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_json_value(item) for item in value]
    return value
