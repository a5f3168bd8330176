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
    Block,
    Box,
    Classification,
    Disagreement,
    Document,
    Entity,
    Extraction,
    Failure,
    FieldValue,
    Language,
    Line,
    Page,
    Part,
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
        "language": _language_to_dict(page.language),
        "entities": entities_to_list(page),
    }
    if page.tokens:
        data["tokens"] = page.tokens
    if page.disagreements:
        data["disagreements"] = [_disagreement_to_dict(each) for each in page.disagreements]
    return data


def entities_to_list(page: Page) -> list[dict[str, Any]] | None:
    """The page's entities as JSON values, None where none were looked for."""
    if page.entities is None:
        return None
    return [_entity_to_dict(entity) | {"page": page.number} for entity in page.entities]


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


def part_to_dict(part: Part) -> dict[str, Any]:
    """One of a file's documents as JSON values, without its fields."""
    return {
        "number": part.number,
        "pages": list(part.pages),
        "confidence": _confidence(part.confidence),
        "classification": classification_to_dict(part.classification),
        "template": clean(part.template) or None,
    }


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


def _entity_to_dict(entity: Entity) -> dict[str, Any]:
    return {
        "kind": entity.kind,
        "raw": clean(entity.raw),
        "value": _json_value(entity.value),
        "box": _box(entity.box),
        "confidence": _confidence(entity.confidence),
        "checks": dict(entity.checks),
        "notes": list(entity.notes),
    }


def _language_to_dict(language: Language | None) -> dict[str, Any] | None:
    if language is None:
        return None
    return {"code": language.code, "confidence": _confidence(language.confidence)}


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
    if block.language is not None:
        data["language"] = _language_to_dict(block.language)
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
