from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest

from extraction.formats.json import field_to_dict, page_to_dict, render, to_dict
from extraction.formats.json_reading import field_from_dict, from_dict, page_from_dict
from extraction.schema import json_schema
from extraction.types import Document, Line, Page, Word
from tests.extraction.formats.results import BOX, document, hostile, split_document

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_to_dict_stores_words_once_and_lines_as_ranges() -> None:
    page = to_dict(document())["pages"][0]

    assert [word["text"] for word in page["words"]] == ["Invoice", "4711", "Total"]
    assert page["lines"] == [
        {"text": "Invoice 4711", "box": list(BOX), "confidence": 0.74, "words": [0, 2]},
        {"text": "unsplit", "box": list(BOX), "confidence": None, "words": [2, 2]},
        {
            "text": "Total",
            "box": list(BOX),
            "confidence": 0.9,
            "words": [2, 3],
            "angle": -90.0,
            "grounded": True,
        },
    ]


def test_to_dict_gives_optional_parts_only_where_they_are() -> None:
    blocks = {block["id"]: block for block in to_dict(document())["pages"][0]["blocks"]}

    assert blocks["p1-b1"] == {
        "id": "p1-b1",
        "kind": "title",
        "level": 1,
        "text": "Invoice 4711",
        "box": list(BOX),
        "confidence": 0.97,
    }
    assert blocks["p1-b3"]["table"]["cells"][3] == {
        "row": 1,
        "column": 1,
        "row_span": 1,
        "column_span": 1,
        "text": "-12.50",
        "box": None,
        "header": False,
        "confidence": None,
    }
    assert blocks["p1-b6"]["checked"] is False
    assert blocks["p1-b7"]["latex"] == "E = mc^2"
    assert blocks["p1-b10"]["diagram"] == "graph TD\n  A --> B"
    assert to_dict(document())["pages"][0]["tokens"] == 321
    assert "tokens" not in to_dict(document())["pages"][1]


def test_to_dict_keeps_a_page_error() -> None:
    assert to_dict(document())["pages"][1]["error"] == {
        "code": "page_too_large",
        "title": "Too large",
        "detail": "page 2 is 9 m wide",
        "limit": 40,
        "actual": 81.5,
    }


def test_to_dict_rounds_boxes_and_confidences_of_any_float_type() -> None:
    word = Word("a", (np.float32(0.126), 1 / 3, 2, 3.999), np.float32(2 / 3))  # type: ignore[arg-type]
    page = page_to_dict(Page(number=1, lines=(Line("a", word.box, 1 / 3, (word,)),)))

    assert page["words"] == [{"text": "a", "box": [0.13, 0.33, 2.0, 4.0], "confidence": 0.6667}]
    assert json.loads(json.dumps(page)) == page


@pytest.mark.parametrize("value", [document(), split_document(), Document(document().source, ())])
def test_from_dict_gives_back_the_document(value: Document) -> None:
    assert from_dict(to_dict(value)) == value
    assert from_dict(json.loads(render(value))) == value


def test_to_dict_gives_each_part_its_fields() -> None:
    first, second = to_dict(split_document())["documents"]

    assert (first["number"], first["pages"], first["confidence"]) == (1, [1], 1.0)
    assert [field["name"] for field in first["fields"]] == ["total"]
    assert [field["name"] for field in second["fields"]] == ["invoice_date"]
    assert second["classification"]["kind"] == "other"


def test_page_and_field_come_back_one_by_one() -> None:
    for page in document().pages:
        assert page_from_dict(json.loads(json.dumps(page_to_dict(page)))) == page
    for field in document().fields:
        assert field_from_dict(json.loads(json.dumps(field_to_dict(field)))) == field


@pytest.mark.parametrize(
    "value", [document(), split_document(), hostile(), Document(document().source, ())]
)
def test_render_is_valid_against_the_json_schema(value: Document) -> None:
    VALIDATOR.validate(json.loads(render(value)))


def test_json_schema_names_every_property_that_is_written() -> None:
    strict = _closed(json_schema())
    jsonschema.Draft202012Validator(strict).validate(to_dict(split_document()))


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": "2.0"},
        {"pages": [{"number": 1}]},
        {"source": {"name": "x"}},
        {"warnings": None},
    ],
)
def test_json_schema_refuses_another_shape(change: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**to_dict(document()), **change})


def test_page_to_dict_is_fit_for_jsonb() -> None:
    stored = json.dumps(page_to_dict(hostile().pages[0]), ensure_ascii=False)

    assert "\\u0000" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored


def test_render_refuses_what_json_cannot_say() -> None:
    page = replace(document().pages[0], skew=float("nan"))

    with pytest.raises(ValueError, match="Out of range float"):
        render(replace(document(), pages=(page,)))


def _closed(schema: Any) -> Any:
    """The schema with no further properties allowed, so that an undocumented one fails."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(item) for name, item in schema.items()}
    if "properties" in schema and "required" in schema:
        closed["additionalProperties"] = False
    return closed
