"""What confirmed documents teach a template's fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.template_learning import compare, share
from benchmarks.vendor_papers import template, vendor_paper
from extraction.fields import known
from extraction.fields.definition import Field, Sighting
from extraction.fields.learning import shape_of
from extraction.fields.lessons import MOST_SIGHTINGS, Confirmed, Gain, Lessons, Right
from extraction.fields.match import find
from extraction.fields.templates import Template, template_from_dict, template_to_dict
from extraction.types import FieldValue, Page
from tests.extraction.test_level import line

NUMBER = Field("case", "Case", "id", ("Case",), document_types=())
NAME = Field("firm", "Firm", "organisation", ("Firm",), document_types=())
WHERE = Field("where", "Where", "address", ("Where",), document_types=())


def paper(*texts: tuple[str, float, float]) -> Page:
    return Page(1, 600, 800, lines=tuple(line(text, x, y) for text, x, y in texts))


def letter(number: str, other: str, name: str = "Blue Barn Foods") -> Page:
    """Two bare numbers, the wanted one at the right; and a name without a legal form."""
    return paper(
        (name, 60, 700), ("12 Mill Road", 60, 715), (other, 60, 60), (number, 400, 60),
        ("Folio", 400, 48), ("Batch", 60, 48),
    )  # fmt: skip


def learned(fields: Sequence[Field], documents: Any) -> tuple[Field, ...]:
    return Lessons(fields, [Confirmed(*document) for document in documents]).learned()


def taught(*fields: Field, count: int = 4) -> tuple[Field, ...]:
    right: list[Any] = [
        (
            [letter(f"A-{n}{n}1", f"B-{n}{n}2")],
            {
                "case": Right(f"A-{n}{n}1"),
                "firm": Right("Blue Barn Foods"),
                "where": Right({"text": "12 Mill Road"}),
            },
        )
        for n in range(count)
    ]
    return learned(fields, right)


def found(page: Page, *fields: Field) -> dict[str, FieldValue]:
    return {value.name: value for value in find([page], fields)}


def test_value_without_a_known_label_is_found_where_it_stood_before() -> None:
    new = letter("A-771", "B-772")
    assert found(new, NUMBER) == {}
    value = found(new, *taught(NUMBER))["case"]
    assert value.value == "A-771"
    assert (value.confidence or 0) > 0.7


def test_label_beside_confirmed_values_becomes_one_of_the_fields() -> None:
    (field,) = taught(NUMBER)
    assert field.learned_labels == ("folio",)
    moved = paper(("Folio A-778", 200, 500), ("Batch B-779", 60, 60))
    assert found(moved, field)["case"].value == "A-778"


def test_usual_value_is_told_though_a_letter_of_it_is_misread() -> None:
    new = letter("A-771", "B-772", name="Blue Barn Fo0ds")
    value = found(new, *taught(NAME))["firm"]
    assert (value.raw, value.value, value.method) == (
        "Blue Barn Fo0ds",
        "Blue Barn Foods",
        "learned",
    )
    assert value.notes == ("known_value",)
    other = letter("A-771", "B-772", name="Green Silo Trading")
    known = found(other, *taught(NAME)).get("firm")
    assert known is None or known.value != "Blue Barn Foods"


def test_known_address_is_found_over_lines_and_in_a_row() -> None:
    fields = learned(
        [WHERE],
        [
            ([paper(("12 Mill Road", 60, 700), ("York YO1 7HH", 60, 715))],
             {"where": Right({"text": "12 Mill Road, York YO1 7HH"})})
            for _ in range(3)
        ],
    )  # fmt: skip
    assert len(fields[0].learned) == 3
    row = paper(("12 Mill Road", 60, 700), ("York YO1 7HH", 300, 700), ("Tel 1", 500, 700))
    inside = paper(("Blue Barn - 12 Mill Road - York YO1 7HH - Tel 12", 60, 700))
    for page in (row, inside):
        assert found(page, *fields)["where"].value["text"] == "12 Mill Road, York YO1 7HH"


def test_value_that_always_differs_does_not_mind_a_new_one() -> None:
    (field,) = taught(NUMBER)
    seen = found(letter("A-001", "B-002"), field)["case"]  # a value met before
    new = found(letter("A-999", "B-998"), field)["case"]
    assert abs((seen.confidence or 0) - (new.confidence or 0)) < 0.3


def test_value_that_does_not_stand_on_its_document_teaches_nothing() -> None:
    (field,) = learned([NUMBER], [([letter("A-1", "B-2")], {"case": Right("Z-9")})])
    assert field.learned == ()


def test_box_tells_which_of_several_places_was_meant() -> None:
    page = paper(("Twice 4711", 60, 60), ("Again 4711", 60, 400))
    box = page.lines[1].box
    (field,) = learned([NUMBER], [([page], {"case": Right("4711", 1, box)})])
    assert [seen.left for seen in field.learned] == ["again"]


def test_place_shared_with_other_documents_is_the_one_meant() -> None:
    pages = [
        paper((f"Copy {n}{n}{n}", 60, 60 + 40 * n), (f"Due {n}{n}{n}", 300, 400)) for n in range(4)
    ]
    pages.append(paper(("Total 555", 60, 60), ("Due 555", 300, 400)))
    right = [str(n) * 3 for n in (*range(4), 5)]
    documents: Any = [
        ([page], {"case": Right(value)}) for page, value in zip(pages, right, strict=True)
    ]
    (field,) = learned([NUMBER], documents)
    assert field.learned[-1].left == "due"


def test_learning_again_replaces_what_was_learned() -> None:
    once = taught(NUMBER)
    again = learned(once, [([letter("A-1", "B-2")], {"case": Right("A-1")})])
    assert len(again[0].learned) == 1
    assert len(taught(NUMBER, count=MOST_SIGHTINGS + 5)[0].learned) == MOST_SIGHTINGS
    assert replace(again[0], learned=()) == NUMBER


def test_what_was_learned_is_kept_in_the_templates_form() -> None:
    of = Template("t", "T", taught(NUMBER, NAME, WHERE))
    assert template_from_dict(template_to_dict(of)) == of
    assert isinstance(of.fields[0].learned[0], Sighting)


@pytest.mark.parametrize(
    ("raw", "kind", "shape"),
    [("V-0012", "id", "A-9999"), ("1,234.50", "money", "9,9.9"), ("Kim Lee", "person", "Aa Aa")],
)
def test_shape_tells_how_a_value_is_written(raw: str, kind: str, shape: str) -> None:
    assert shape_of(raw, kind) == shape


def test_ten_corrections_raise_the_score_on_a_vendors_unseen_documents() -> None:
    vendors = [[vendor_paper(seed, number) for number in range(16)] for seed in (501, 502, 503)]
    before, after, gains = compare(template(), vendors, 10)
    assert share(after) > 0.9
    assert min(gains) > 0.3
    assert share(before) < 0.5


def test_fields_that_learned_nothing_are_found_as_ever() -> None:
    page = paper(("Invoice no. 4711", 60, 60))
    fields = known(["invoice_number"])
    assert find([page], learned(fields, [])) == find([page], fields)


def test_gain_is_told_by_leaving_each_document_out() -> None:
    documents = [
        Confirmed(
            [letter(f"A-{n}{n}1", f"B-{n}{n}2")],
            {"case": Right(f"A-{n}{n}1"), "firm": Right("Blue Barn Foods")},
        )
        for n in range(4)
    ]
    gains = Lessons([NUMBER, NAME, WHERE], documents).gains()
    assert gains == {"case": Gain(4, 0, 4), "firm": Gain(4, 0, 4)}


def test_document_alone_gains_nothing() -> None:
    documents = [Confirmed([letter("A-1", "B-2")], {"case": Right("A-1"), "firm": None})]
    gains = Lessons([NUMBER, NAME], documents).gains()
    assert gains == {"case": Gain(1, 0, 0), "firm": Gain(1, 1, 1)}
