from __future__ import annotations

import pytest

from tests.extraction.fields.kinds.found import only, values

IBANS = {
    "DE": "DE89370400440532013000", "GB": "GB29NWBK60161331926819",
    "FR": "FR1420041010050500013M02606", "NL": "NL91ABNA0417164300",
    "ES": "ES9121000418450200051332", "IT": "IT60X0542811101000000123456",
    "PL": "PL61109010140000071219812874",
}  # fmt: skip


@pytest.mark.parametrize("iban", IBANS.values(), ids=IBANS)
def test_iban_passes_by_its_checksum(iban: str) -> None:
    groups = " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))
    for text in (iban, f"IBAN: {groups} BIC NWBKGB2L", f"IBAN{iban}"):
        hit = only("iban", text)
        assert (hit.value, hit.certainty, hit.checks) == (iban, 1.0, {"checksum": True})


@pytest.mark.parametrize("iban", IBANS.values(), ids=IBANS)
def test_iban_with_any_one_digit_flipped_is_caught(iban: str) -> None:
    for place, digit in enumerate(iban):
        for other in "0123456789":
            if digit.isdigit() and digit != other:
                wrong = iban[:place] + other + iban[place + 1 :]
                hit = only("iban", wrong)
                assert (hit.value, hit.certainty, hit.checks) == (wrong, 0.4, {"checksum": False})


def test_two_ibans_in_a_line_are_both_found() -> None:
    assert values("iban", f"{IBANS['GB']} or {IBANS['DE']}") == [IBANS["GB"], IBANS["DE"]]


@pytest.mark.parametrize(
    ("read", "iban"),
    [
        ("DE89 37O4 0O44 0532 0130 00", IBANS["DE"]),
        ("DE89 3704 0044 0532 0l3O 00", IBANS["DE"]),
        ("NL91 A8NA 0417 1643 00", IBANS["NL"]),
        ("FR14 2OO4 1010 0505 0001 3M02 606", IBANS["FR"]),
    ],
)
def test_iban_misread_is_put_right_by_its_checksum(read: str, iban: str) -> None:
    hit = only("iban", read)
    assert (hit.value, hit.checks) == (iban, {"checksum": True})
    assert hit.notes == ("mended_by_checksum",)
    assert hit.certainty < 1


def test_iban_that_lacks_a_digit_is_caught() -> None:
    assert only("iban", "DE89 3704 0044 0532 0130 0").checks == {"checksum": False}


@pytest.mark.parametrize(
    "text", ["in20 minutes", "MY12 3456 7890", "DE89", "AB12 CDEF GHIJ KLMN OP"]
)
def test_iban_is_nothing_that_only_begins_like_one(text: str) -> None:
    assert values("iban", text) == []


@pytest.mark.parametrize("bic", ["COBADEFFXXX", "DEUTDEFF500", "NWBKGB2L"])
def test_bic_is_known_by_its_country(bic: str) -> None:
    assert values("bic", f"BIC: {bic}") == [bic]
    assert values("bic", bic[:4] + "QQ" + bic[6:]) == []


def test_bic_that_may_be_a_word_is_less_sure() -> None:
    assert only("bic", "the DOCUMENT").certainty < only("bic", "the DEUTDEFF500").certainty


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("4111 1111 1111 1111", "************1111"),
        ("5500-0000-0000-0004", "************0004"),
        ("378282246310005", "***********0005"),
    ],
)
def test_card_passes_by_luhn_and_shows_its_last_digits_alone(number: str, value: str) -> None:
    text = f"Card {number} paid"
    hit = only("card", text)
    assert (hit.value, hit.certainty, hit.checks) == (value, 1.0, {"checksum": True})
    assert text[hit.start : hit.end] == value[-4:]


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005"])
def test_card_with_any_one_digit_flipped_is_caught(number: str) -> None:
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            hit = only("card", number[:place] + other + number[place + 1 :])
            assert (hit.certainty, hit.checks) == (0.4, {"checksum": False})


def test_card_misread_is_put_right_by_its_checksum() -> None:
    hit = only("card", "4111 1111 1111 l111")
    assert (hit.value, hit.notes) == ("************1111", ("mended_by_checksum",))


@pytest.mark.parametrize(
    "text",
    ["**** **** **** 1234", "XXXX-XXXX-XXXX-1234", "VISA ************1234", "4111 11** **** 1234"],
)
def test_card_printed_masked_stays_so(text: str) -> None:
    assert values("card", text) == ["************1234"]


def test_card_is_no_long_number_of_another_kind() -> None:
    assert values("card", "12345678901") == values("card", "total....1234.50") == []
