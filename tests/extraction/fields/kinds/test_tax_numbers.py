from __future__ import annotations

import pytest

from extraction.fields.kinds import Writing
from tests.extraction.fields.kinds.found import only, values

WITH_LETTERS = [
    "DE136695976", "FR40303265045", "ESB58378431", "BE0428759497", "ATU13585627", "GB980780684",
    "NL004495445B01", "PL8567346215", "IT00743110157", "PT501964843",
]  # fmt: skip


@pytest.mark.parametrize("number", WITH_LETTERS)
def test_vat_number_passes_by_its_checksum(number: str) -> None:
    for text in (number, f"VAT no. {number[:2]} {number[2:]}"):
        hit = only("vat", text)
        assert (hit.value, hit.certainty, hit.checks) == (number, 1.0, {"checksum": True})


@pytest.mark.parametrize("number", WITH_LETTERS)
def test_vat_number_with_its_last_digit_flipped_is_caught(number: str) -> None:
    place = 10 if number.startswith("NL") else len(number) - 1
    for other in set("0123456789") - {number[place]}:
        wrong = number[:place] + other + number[place + 1 :]
        hit = only("vat", wrong)
        assert (hit.value, hit.certainty, hit.checks) == (wrong, 0.4, {"checksum": False})


@pytest.mark.parametrize("number", ["DE136695976", "PL8567346215", "IT00743110157", "PT501964843"])
def test_vat_number_with_any_one_digit_flipped_is_caught(number: str) -> None:
    for place, digit in enumerate(number):
        for other in "0123456789":
            if digit.isdigit() and digit != other:
                hit = only("vat", number[:place] + other + number[place + 1 :])
                assert hit.checks.get("checksum") is not True
                assert hit.certainty < 1


def test_british_vat_number_flipped_is_caught_but_where_it_is_of_the_other_series() -> None:
    # British numbers have one of three check sums (python-stdnum, gb.vat).
    number, passed = "980780684", []
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            wrong = number[:place] + other + number[place + 1 :]
            if only("vat", f"GB{wrong}").checks != {"checksum": False}:
                passed.append(wrong)
    assert sorted(passed) == ["920780684", "987780684"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("NO 995 525 828 MVA", "NO995525828MVA"),
        ("GSTIN 27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
        ("C.F. RCCMNL83S18D969H", "RCCMNL83S18D969H"),
    ],
)
def test_tax_number_that_shows_needs_no_country(text: str, value: str) -> None:
    hit = only("vat", text)
    assert (hit.value, hit.certainty, hit.checks) == (value, 1.0, {"checksum": True})


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("AU", "51 824 753 556", "51 824 753 557"),
        ("BR", "16.727.230/0001-97", "16.727.230/0001-98"),
        ("PL", "856-734-62-15", "856-734-62-16"),
        ("ES", "B-58378431", "B-58378432"),
        ("IT", "00743110157", "00743110158"),
        ("FR", "732 829 320 00074", "732 829 320 00075"),
        ("FR", "552 008 443", "552 008 444"),
        ("DE", "136695976", "136695977"),
        ("NO", "988 077 917", "988 077 918"),
    ],
)
def test_tax_number_is_checked_as_of_the_documents_country(
    country: str, right: str, wrong: str
) -> None:
    writing = Writing(country=country)
    assert only("vat", right, writing).checks == {"checksum": True}
    assert only("vat", wrong, writing).checks == {"checksum": False}
    assert only("vat", right.replace(" ", "")).checks == {}


@pytest.mark.parametrize(("country", "text"), [("US", "04-2103594"), ("DE", "181/815/08155")])
def test_tax_number_without_check_digit_claims_no_check(country: str, text: str) -> None:
    hit = only("vat", text, Writing(country=country))
    assert (hit.certainty, hit.checks) == (0.9, {})


def test_tax_number_of_another_country_is_believed_behind_a_label_only() -> None:
    hit = only("vat", "000689913856")
    assert (hit.value, hit.certainty, hit.checks) == ("000689913856", 0.6, {})
    assert values("vat", "No. 123") == []


def test_tax_number_misread_is_put_right_by_its_checksum() -> None:
    for text, number in (("DE l36695976", "DE136695976"), ("NL0O4495445B01", "NL004495445B01")):
        hit = only("vat", text)
        assert (hit.value, hit.notes) == (number, ("mended_by_checksum",))
        assert hit.certainty < 1


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("PL", "44051401359", "44051401358"),
        ("ES", "54362315K", "54362315L"),
        ("ES", "X2482300W", "X2482300T"),
        ("IT", "RCCMNL83S18D969H", "RCCMNL83S18D969I"),
        ("FR", "2 95 10 99 126 111 93", "2 95 10 99 126 111 94"),
        ("CH", "756.9217.0769.85", "756.9217.0769.86"),
        ("FI", "131052-308T", "131052-308U"),
        ("BE", "85.07.30-033 28", "85.07.30-033 29"),
        ("NL", "111222333", "111222334"),
    ],
)
def test_national_id_is_checked(country: str, right: str, wrong: str) -> None:
    writing = Writing(country=country)
    assert only("national_id", right, writing).checks == {"checksum": True}
    assert only("national_id", wrong, writing).checks == {"checksum": False}


def test_national_id_without_check_digit_claims_no_check() -> None:
    hit = only("national_id", "770305-02-1234", Writing(country="MY"))
    assert (hit.value, hit.checks) == ("770305021234", {})
