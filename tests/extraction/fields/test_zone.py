from __future__ import annotations

from dataclasses import replace

import pytest

from extraction.fields import of_type
from extraction.fields.match import find
from extraction.types import FieldValue, Line, Page
from tests.extraction.fields.test_mrz import TD1, TD3, printed
from tests.extraction.test_level import line


def found(*lines: Line, kind: str = "passport") -> dict[str, FieldValue]:
    return {each.name: each for each in find([Page(1, 600, 800, lines=lines)], of_type(kind))}


@pytest.mark.parametrize(
    ("zone", "kind", "number"), [(TD3, "passport", "L898902C3"), (TD1, "id_card", "D23145890")]
)
def test_zone_fills_the_fields_of_its_document(zone: list[str], kind: str, number: str) -> None:
    got = found(*printed(zone), kind=kind)
    assert {name: value.value for name, value in got.items()} == {
        "surname": "ERIKSSON", "given_names": "ANNA MARIA", "full_name": "ANNA MARIA ERIKSSON",
        "document_number": number, "nationality": "UTO", "date_of_birth": "1974-08-12",
        "sex": "F", "expiry_date": "2012-04-15", "issuing_country": "UTO",
    }  # fmt: skip
    assert {value.method for value in got.values()} == {"mrz"}
    assert got["document_number"].checks == {"checksum": True, "composite": True}


def test_values_of_the_zone_stand_where_their_characters_do() -> None:
    got = found(*printed(TD3))
    assert (got["document_number"].raw, got["document_number"].box) == (
        "L898902C3", (10, 112, 64, 122)
    )  # fmt: skip
    assert (got["surname"].raw, got["surname"].box) == ("ERIKSSON", (40, 100, 88, 110))
    assert (got["given_names"].raw, got["given_names"].box) == ("ANNA<MARIA", (100, 100, 160, 110))


def test_country_of_the_zone_is_an_iso_code() -> None:
    german = printed([TD3[0].replace("P<UTO", "P<D<<"), TD3[1].replace("UTO", "D<<")])
    got = found(*german)
    assert (got["issuing_country"].value, got["nationality"].value) == ("DE", "DE")


def test_printed_value_that_is_the_zones_makes_it_surer() -> None:
    alone = found(*printed(TD3))["document_number"].confidence
    both = found(line("Passport No L898902C3", 60, 20), *printed(TD3))["document_number"].confidence
    assert alone is not None and both is not None and both > alone


def test_name_is_spelled_as_printed_where_the_zone_lacks_its_letters() -> None:
    zone = printed([TD3[0].replace("ERIKSSON<<ANNA<MARIA<<", "MUELLER<<NICCOLO<<<<<<"), TD3[1]])
    got = found(line("Surname", 60, 20), line("MÜLLER", 60, 32), line("Given names", 60, 50),
                line("Niccolò", 60, 62), *zone)  # fmt: skip
    assert [got[name].value for name in ("surname", "given_names")] == ["MÜLLER", "Niccolò"]
    assert {got[name].method for name in ("surname", "given_names")} == {"mrz"}


def test_printed_value_stands_before_one_whose_check_digit_is_wrong() -> None:
    wrong = printed([TD3[0], TD3[1].replace("L898902C", "L898903C")])
    got = found(line("Passport No L898902C3", 60, 20), *wrong)["document_number"]
    assert (got.value, got.method) == ("L898902C3", "label")
    assert got.alternatives[0].value == "L898903C3"
    unlabelled = found(*wrong)["document_number"]
    assert (unlabelled.method, unlabelled.checks["checksum"]) == ("mrz", False)
    assert unlabelled.confidence is not None and unlabelled.confidence < 0.5


def test_zone_is_read_from_any_page_but_for_no_invoice() -> None:
    pages = [Page(1, 600, 800), Page(2, 600, 800, lines=tuple(printed(TD3)))]
    assert {value.page for value in find(pages, of_type("passport"))} == {2}
    assert not [
        value for value in find(pages, of_type("invoice", "receipt")) if value.method == "mrz"
    ]
    words = tuple(replace(each, text="no zone here") for each in printed(TD3))
    assert found(*words) == {}
