from __future__ import annotations

import pytest

from tests.extraction.fields.kinds.found import only, values


def test_ids_are_words_with_digits() -> None:
    assert values("id", "No. INV-2024/081, page") == ["INV-2024/081"]
    assert values("id", "of 17/05/2024 9.00 20%") == []


def test_organisation_ends_at_its_legal_form_or_before_its_register_number() -> None:
    assert values("organisation", "QualityHosting AG - Uferweg 40") == ["QualityHosting AG"]
    assert values("organisation", "GARDENIA BAKERIES (KL) SDN BHD (139386 X)") == [
        "GARDENIA BAKERIES (KL) SDN BHD"
    ]
    assert values("organisation", "Corner Shop (123456-A)") == ["Corner Shop"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mr. John Smith", "John Smith"),
        ("Frau Dr. Anna-Maria Müller", "Anna-Maria Müller"),
        ("Mme Élodie O'Neil", "Élodie O'Neil"),
        ("MUSTERMANN, ERIKA", "MUSTERMANN, ERIKA"),
        ("Juan de la Cruz", "Juan de la Cruz"),
        ("Jan van den Berg", "Jan van den Berg"),
        ("Ahmad bin Abdullah", "Ahmad bin Abdullah"),
        ("J. R. Smith", "J. R. Smith"),
        ("Łucja Żak", "Łucja Żak"),
    ],
)
def test_person_is_a_name_as_written_without_title(text: str, name: str) -> None:
    assert values("person", text) == [name]


@pytest.mark.parametrize(
    "text",
    ["Invoice Date", "Harbour Plumbing Ltd", "hello world", "Quay Street", "Smith", "Total 12.50"],
)
def test_person_is_no_heading_company_or_street(text: str) -> None:
    assert values("person", text) == []


def test_person_is_surest_with_a_title_and_least_within_a_sentence() -> None:
    texts = ("Mrs Jane Doe", "Jane Doe", "ask for Jane Doe today")
    assert [only("person", text).certainty for text in texts] == [1.0, 0.9, 0.6]
