from __future__ import annotations

import pytest

from extraction.fields.kinds import find
from extraction.fields.kinds.addresses import evidence, normal_form


@pytest.mark.parametrize(
    ("text", "postcode", "city", "country"),
    [
        ("Uferweg 40-42, 63571 Gelnhausen", "63571", "Gelnhausen", None),
        ("Weena 664, 3012 CN Rotterdam", "3012 CN", "Rotterdam", "NL"),
        ("ul. Prosta 51, 00-838 Warszawa, Polska", "00-838", "Warszawa", "PL"),
        ("14 Quay Street, Bristol BS1 4DJ", "BS1 4DJ", "Bristol", "GB"),
        ("410 Terry Avenue, Seattle, WA 98109-5210", "98109-5210", "Seattle", "US"),
        ("12 Jalan Tampoi 7/4, 81200 Johor Bahru, Johor", "81200", "Johor Bahru", "MY"),
    ],
)
def test_find_address_tells_postcode_town_and_country(
    text: str, postcode: str, city: str, country: str | None
) -> None:
    (hit,) = find("address", text)
    assert hit.value == {"text": text, "postcode": postcode, "city": city, "country": country}


@pytest.mark.parametrize("text", ["Total 63.50", "Tel 030 12345 Hauptstraße 4", "Harbour Road"])
def test_find_address_refuses_what_is_none(text: str) -> None:
    assert find("address", text) == []


def test_normal_form_joins_lines_by_commas_once() -> None:
    value = normal_form(["NO.53 55,57 & 59, JALAN SAGU 18,", "81100 JOHOR BAHRU", "JOHOR."])
    assert value["text"] == "NO.53 55,57 & 59, JALAN SAGU 18, 81100 JOHOR BAHRU, JOHOR."


def test_evidence_tells_lines_of_an_address_from_others() -> None:
    assert {"street", "number_last"} <= evidence("Hauptstraße 12")
    assert evidence("GST REG NO: 001559298048") & {"register", "street"} == {"register"}
    assert "number_alone" in evidence("(789417-W)")
    assert "contact" in evidence("TEL: 03-51217970")
