"""Templates: their JSON form, what is refused, the starters, and which one is chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extraction.errors import InvalidTemplate
from extraction.fields import CATALOGUE
from extraction.fields.definition import Column, Region, Sighting
from extraction.fields.document_types import BY_NAME
from extraction.fields.templates import (
    SCHEMA,
    Template,
    chosen_for,
    starters,
    template_from_dict,
    template_to_dict,
)
from extraction.types import Classification, Page
from tests.extraction.test_level import line

ACME: dict[str, Any] = {
    "name": "acme",
    "label": "ACME",
    "document_type": "invoice",
    "issuers": ["ACME Trading GmbH"],
    "threshold": 0.8,
    "fields": [
        {
            "name": "invoice_number",
            "synonyms": ["Vorgang"],
            "anchors": ["Unser Zeichen"],
            "examples": ["V-000001"],
            "pattern": r"V-\d{6}",
            "required": True,
        },
        {
            "name": "cost_centre",
            "label": "Cost centre",
            "kind": "id",
            "region": {"box": [0.5, 0.0, 1.0, 0.4], "page": -1},
            "instruction": "The cost centre that the buyer wrote on it.",
            "required": False,
            "threshold": 0.95,
            "learned": [
                {
                    "value": "4711",
                    "shape": "9999",
                    "left": "kst",
                    "above": "",
                    "page": 1,
                    "place": [0.5, 0.25],
                }
            ],
        },
        {
            "name": "tours",
            "label": "Tours",
            "kind": "table",
            "columns": [{"name": "from", "label": "From", "kind": "text", "synonyms": ["ab"]}],
            "required": False,
        },
    ],
}


def changed(**rows: Any) -> dict[str, Any]:
    """ACME with these entries of its first field."""
    first = {**ACME["fields"][0], **rows}
    return {**ACME, "fields": [first, *ACME["fields"][1:]]}


def test_form_is_kept_there_and_back() -> None:
    template = template_from_dict(json.loads(json.dumps(ACME)))
    assert template_to_dict(template) == ACME


def test_field_of_the_catalogue_keeps_what_it_has() -> None:
    template = template_from_dict(ACME)
    base = next(field for field in CATALOGUE if field.name == "invoice_number")
    number, centre, tours = template.fields
    assert (number.label, number.kind) == (base.label, "id")
    assert number.synonyms == (*base.synonyms, "Vorgang")
    assert centre.region == Region((0.5, 0.0, 1.0, 0.4), -1)
    assert centre.synonyms == ("Cost centre",)
    assert centre.learned == (Sighting("4711", "9999", "kst", "", 1, (0.5, 0.25)),)
    assert tours.columns == (Column("from", "From", "text", ("ab",)),)


def test_every_starter_is_a_template_that_can_be_sent_back() -> None:
    assert [template.name for template in starters()] == [
        "invoice", "receipt", "bank_statement", "id_card", "passport", "payslip",
        "bill_of_lading", "purchase_order", "delivery_note", "utility_bill",
    ]  # fmt: skip
    for template in starters():
        assert template.document_type in BY_NAME
        assert any(field.required for field in template.fields)
        sent = json.loads(json.dumps(template_to_dict(template)))
        assert template_from_dict(sent).fields == template.fields


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "the template"),
        ({**ACME, "name": "Not a slug"}, "/name"),
        ({**ACME, "document_type": "poem"}, "/document_type"),
        ({**ACME, "colour": "red"}, "colour"),
        ({**ACME, "fields": []}, "/fields"),
        ({**ACME, "threshold": 1.5}, "/threshold"),
        ({**ACME, "label": "a\0b"}, "/label"),
        ({**ACME, "fields": [ACME["fields"][0]] * 2}, "/fields/1/name: 'invoice_number' is there"),
        (changed(kind="date"), "/fields/0/kind: the catalogue's invoice_number is of kind id"),
        (changed(name="mine"), "/fields/0/kind: is not one of"),
        (changed(name="mine", kind="colour"), "/fields/0/kind: is not one of"),
        (changed(name="mine", kind="table"), "/fields/0/columns: a table needs some"),
        (changed(columns=[{"name": "a", "kind": "text"}]), "/fields/0/columns"),
        (changed(pattern="^(a|aa)+$"), "/fields/0/pattern: takes too long"),
        (changed(pattern="a\0"), "/fields/0/pattern"),
        (changed(name="total\n", kind="id"), "/fields/0/name"),
        ({**ACME, "name": "acme\n"}, "/name"),
        (changed(pattern="("), "/fields/0/pattern: is not a regular expression"),
        (changed(region={"box": [0.5, 0.5, 0.5, 0.9]}), "/fields/0/region/box: is empty"),
        (changed(region={"box": [0, 0, 1, 1], "page": 0}), "/fields/0/region/page"),
        (changed(region={"box": [0, 0, 2, 1]}), "/fields/0/region/box/2"),
        (changed(synonyms=[" "]), "/fields/0/synonyms/0"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data: object, told: str) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        template_from_dict(data)
    assert told in caught.value.detail
    assert caught.value.code == "invalid_template"


def test_too_many_are_told_with_limit_and_actual() -> None:
    with pytest.raises(InvalidTemplate) as caught:
        template_from_dict(changed(synonyms=[f"label {n}" for n in range(51)]))
    assert (caught.value.limit, caught.value.actual) == (50, 51)


def test_published_schema_is_one() -> None:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text("utf-8")))


def invoice(confidence: float) -> Classification:
    return Classification("invoice", "Invoice", confidence)


def template(name: str, *issuers: str, kind: str = "invoice") -> Template:
    return Template(name, name, (), kind, issuers)


PAGES = [Page(1, 600, 800, lines=(line("A.C.M.E. Trading GmbH, Bonn", 60, 40),))]


def test_template_of_the_issuer_goes_before_one_for_all() -> None:
    choices = [template("all"), template("other", "Foo Ltd"), template("acme", "ACME Trading")]
    assert chosen_for(invoice(0.9), PAGES, choices) == choices[2]
    assert chosen_for(invoice(0.3), PAGES, choices) == choices[2]
    assert chosen_for(invoice(0.9), PAGES, choices[:2]) == choices[0]


def test_none_is_chosen_where_none_fits() -> None:
    assert chosen_for(invoice(0.3), PAGES, [template("all")]) is None
    assert chosen_for(invoice(0.9), PAGES, [template("pay", kind="payslip")]) is None
    assert chosen_for(invoice(0.9), PAGES, [template("foo", "Foo Ltd")]) is None
    assert chosen_for(invoice(0.9), PAGES, [template("odd", "...")]) is None
