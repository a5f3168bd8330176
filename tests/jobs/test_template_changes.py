"""What differs between two templates, told in sentences."""

from __future__ import annotations

from typing import Any

from extraction.fields.templates import Template, template_from_dict
from jobs.template_changes import as_note, changes


def made(*fields: dict[str, Any], **more: Any) -> Template:
    return template_from_dict({"name": "x", "label": "Ours", "fields": list(fields), **more})


IBAN, TOTAL = {"name": "iban"}, {"name": "total_amount"}
OWN = {"name": "centre", "label": "Cost centre", "kind": "id"}
TABLE = {"name": "t", "label": "Lines", "kind": "table"}
SEEN = {"value": '"x"', "shape": "x", "left": "", "above": "", "page": 1, "place": [0.5, 0.5]}


def column(name: str, kind: str = "text") -> dict[str, Any]:
    return {"name": name, "label": name.title(), "kind": kind}


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return changes(made(old), made(new))


def test_same_templates_differ_in_nothing() -> None:
    assert changes(made(IBAN, OWN), made(IBAN, OWN)) == []


def test_fields_that_came_went_and_moved() -> None:
    assert changes(made(IBAN, TOTAL, OWN), made(OWN, IBAN, {"name": "bic"})) == [
        "Added: BIC.",
        "Removed: Total amount.",
        "The fields are in another order.",
    ]


def test_what_a_field_says() -> None:
    assert told(OWN, {**OWN, "label": "Centre", "kind": "text", "required": True}) == [
        "Cost centre is now called Centre.",
        "Centre: its kind is now Text.",
        "Centre: it is required now.",
        "Centre: labels added: Centre.",
        "Centre: labels removed: Cost centre.",
    ]
    assert told({**IBAN, "required": True, "threshold": 0.9}, IBAN) == [
        "IBAN: it is no longer required.",
        "IBAN: it is checked at the template's confidence.",
    ]
    assert told({**IBAN, "synonyms": ["Konto"]}, {**IBAN, "synonyms": ["Bank"]}) == [
        "IBAN: labels added: Bank.",
        "IBAN: labels removed: Konto.",
    ]
    box, other = [0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.6, 0.5]
    assert told(IBAN, {**IBAN, "region": {"box": box}, "pattern": "DE.*"}) == [
        "IBAN: it has a pattern now.",
        "IBAN: it has a place on the page now.",
    ]
    moved = told({**IBAN, "region": {"box": box}}, {**IBAN, "region": {"box": other}})
    assert moved == ["IBAN: its place on the page was moved."]
    assert told({**IBAN, "instruction": "a", "learned": [SEEN]}, IBAN) == [
        "IBAN: its instruction for models was removed.",
        "IBAN: what it had learned was taken out.",
    ]


def test_columns_of_a_table() -> None:
    old = {**TABLE, "columns": [column("item"), column("price")]}
    new = {**TABLE, "columns": [column("item"), column("price", "money"), column("sum")]}
    assert told(old, new) == ["Lines: column changed: Price.", "Lines: column added: Sum."]
    assert told(new, old)[-1] == "Lines: column removed: Sum."


def test_what_the_template_says() -> None:
    old = made(IBAN, document_type="invoice", issuers=["ACME"], threshold=0.8)
    new = made(IBAN, label="Theirs", issuers=["Other", "Third"], threshold=0.855)
    assert changes(old, new) == [
        "The template is now called Theirs.",
        "It is no longer for a type of document.",
        "Issuers added: Other, Third.",
        "Issuers removed: ACME.",
        "Values are checked below 85.5 % confidence.",
    ]
    assert changes(new, old)[1] == "It is now for documents of the type Invoice."


def test_note_says_as_much_as_fits() -> None:
    assert as_note(["Added: IBAN.", "Removed: BIC."]) == "Added: IBAN. Removed: BIC."
    long = [f"Added: Field number {n}." for n in range(30)]
    note = as_note(long)
    assert len(note) <= 200
    assert note.endswith("and 22 more")
    assert len(as_note(["x" * 500])) <= 200
    assert as_note([]) == ""
