from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from extraction.errors import EngineFailed, EngineUnavailable
from extraction.fields.by_schema.by_model import MAX_TEXT, Ask, filled
from extraction.laid_out import laid_out
from extraction.tags import parse
from extraction.types import Citation, Page, Written

TEXT = """\
Invoice number: 4711-B

Invoice date: 14 March 2026

Total: EUR 1.119,50
"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "total": {"type": "number"},
        "paid": {"type": "boolean"},
        "mood": {"type": ["string", "null"]},
        "pieces": {"type": "integer"},
    },
    "required": ["invoice_number", "total"],
    "additionalProperties": False,
}
RIGHT = {"invoice_number": "4711-B", "date": "2026-03-14", "total": 1119.5}


def page(text: str = TEXT) -> Page:
    return Page(1, 595.0, 842.0, blocks=parse(text), markdown=text)


class Model:
    """Answers with these texts, one after the other; of one that is no text, what it says."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> Written:
        self.prompts.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Written):
            return answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Written(text, whole=True, tokens=10, confidence=0.9)


def cited(pages: Sequence[Page], value: dict[str, Any]) -> dict[str, Citation]:
    found, warnings = filled(pages, SCHEMA, Model(value))
    assert (found.value, found.problems, warnings) == (value, (), ())
    return dict(found.citations)


def test_the_models_answer_is_the_value_and_is_looked_for_on_the_pages() -> None:
    placed = replace(laid_out([page()])[0], confidence=None)
    told = cited([placed], {**RIGHT, "paid": True, "mood": "gloomy", "pieces": 3})
    for pointer, raw in (("/invoice_number", "4711-B"), ("/date", "14 March 2026")):
        assert (told[pointer].raw, told[pointer].page) == (raw, 1)
        assert (told[pointer].method, told[pointer].grounded) == ("model", True)
        assert told[pointer].confidence == 0.9
        assert told[pointer].box is not None
    assert (told["/total"].raw, told["/total"].grounded) == ("EUR 1.119,50", True)
    assert (told["/mood"].raw, told["/mood"].page, told["/mood"].grounded) == (
        "gloomy",
        None,
        False,
    )
    assert told["/paid"].grounded is told["/pieces"].grounded is None  # nobody can tell


def test_values_in_text_without_places_cannot_be_told_to_be_grounded() -> None:
    told = cited([page()], {**RIGHT, "mood": "gloomy"})
    number = told["/invoice_number"]
    assert (number.page, number.box, number.grounded) == (1, None, None)
    assert number.method == "model_in_text"
    assert (told["/mood"].grounded, told["/mood"].method) == (False, "model")


@pytest.mark.parametrize(
    "useless",
    [
        "I am sorry",
        '{"invoice_number": "4711-B", "total": 1',
        {"invoice_number": "4711-B"},
        {**RIGHT, "extra": 1},
        {**RIGHT, "date": "14 March 2026"},
        '{"invoice_number": "4711-B", "total": NaN}',
        '{"invoice_number": "4711-B", "total": 1e999}',
        "[" * 100_000,
        Written(json.dumps(RIGHT), whole=False, tokens=10),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_of_no_use_is_asked_for_once_more(useless: Any) -> None:
    model = Model(useless, RIGHT)
    found, warnings = filled([page()], SCHEMA, model)
    assert (found.value, warnings, found.tokens) == (RIGHT, (), 20)
    first, second = model.prompts
    assert TEXT in first and json.dumps(SCHEMA) in first
    assert second.startswith(first) and "Your last answer was of no use" in second


def test_values_are_found_by_their_labels_where_the_model_is_of_no_use() -> None:
    refused = EngineFailed("it keeps to no schema")
    for answers in (("no", "no"), (refused,), ("no", refused)):
        found, warnings = filled([page()], SCHEMA, Model(*answers))
        assert warnings == ("schema_not_by_model",)
        assert found.value == RIGHT
        assert found.citations["/total"].method == "label_in_text"
        assert found.tokens == 10 * answers.count("no")
    with pytest.raises(EngineUnavailable):
        filled([page()], SCHEMA, Model(EngineUnavailable("away")))


def test_the_model_is_not_asked_of_nothing_or_too_much() -> None:
    never: Ask = Model()
    assert filled([Page(1)], SCHEMA, never)[1] == ()
    long = page(TEXT + "word " * (MAX_TEXT // 5))
    found, warnings = filled([long], SCHEMA, never)
    assert (found.value, warnings) == (RIGHT, ("schema_not_by_model",))
    assert filled([page()], SCHEMA, None)[0].value == RIGHT


def test_whatever_a_model_says_is_only_a_value() -> None:
    schema = {"type": "object", "additionalProperties": True}
    odd = {
        "a/b~c": "<script>alert(1)</script>",
        "": "=1+1",
        "n": 10**400,
        "t": "\u0000\ud800 \u202e",
    }
    found, warnings = filled([page()], schema, Model(odd))
    assert (found.value, warnings) == (odd, ())
    assert {each.grounded for each in found.citations.values()} == {False}
    assert list(found.citations) == ["/a~1b~0c", "/", "/n", "/t"]
