"""Results and their parts made again of the JSON in which they are stored (``formats.json``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extraction.types import (
    Alternative,
    Block,
    Box,
    Cell,
    Citation,
    Classification,
    Disagreement,
    Document,
    Entity,
    Evidence,
    Extraction,
    Failure,
    FieldValue,
    Language,
    Likelihood,
    Line,
    Page,
    Part,
    SchemaProblem,
    Source,
    Table,
    Word,
)


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
        language=_language_from(data.get("language")),
        entities=_entities_from(data.get("entities")),
    )


def _entities_from(data: Sequence[Mapping[str, Any]] | None) -> tuple[Entity, ...] | None:
    if data is None:
        return None
    return tuple(
        Entity(
            kind=each["kind"],
            raw=each["raw"],
            value=each["value"],
            box=_box_from(each["box"]),
            confidence=each["confidence"],
            checks=each["checks"],
            notes=tuple(each["notes"]),
        )
        for each in data
    )


def _language_from(data: Mapping[str, Any] | None) -> Language | None:
    return Language(**data) if data else None


def field_from_dict(data: Mapping[str, Any]) -> FieldValue:
    """The field that ``field_to_dict`` gave."""
    alternatives = tuple(
        Alternative(**{**other, "box": _box_from(other["box"])}) for other in data["alternatives"]
    )
    changed = {"alternatives": alternatives, "notes": tuple(data["notes"])}
    return FieldValue(**{**data, "box": _box_from(data["box"]), **changed})


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


def part_from_dict(data: Mapping[str, Any]) -> Part:
    """The part that ``part_to_dict`` gave."""
    return Part(
        number=data["number"],
        pages=tuple(data["pages"]),
        confidence=data["confidence"],
        classification=_classification_from(data["classification"]),
        template=data.get("template") or "",
    )


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
        language=_language_from(data.get("language")),
    )


def _table_from_dict(data: Mapping[str, Any]) -> Table:
    cells = tuple(Cell(**{**cell, "box": _box_from(cell["box"])}) for cell in data["cells"])
    return Table(data["rows"], data["columns"], cells)


def _box_from(edges: Sequence[float] | None) -> Box | None:
    if edges is None:
        return None
    x0, y0, x1, y1 = edges
    return (x0, y0, x1, y1)
