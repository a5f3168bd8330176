from __future__ import annotations

from typing import Any

import pytest

from extraction.fields import kinds


def values(kind: str, text: str) -> list[Any]:
    return [hit.value for hit in kinds.find(kind, text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25/12/2018 8:13:39 PM", "2018-12-25"),
        ("2024-05-17", "2024-05-17"),
        ("7.5.24", "2024-05-07"),
        ("05/17/2024", "2024-05-17"),
        ("12 Mar 2018 18:19", "2018-03-12"),
        ("August 3 , 2014", "2014-08-03"),
        ("7. Mai 2014", "2014-05-07"),
        ("19 april 2014", "2014-04-19"),
        ("3 février 2021", "2021-02-03"),
        ("15 de octubre de 2022", "2022-10-15"),
        ("3 maja 2023", "2023-05-03"),
        ("12 Ogos 2023", "2023-08-12"),
    ],
)
def test_dates_become_iso_8601(text: str, value: str) -> None:
    assert values("date", text) == [value]


@pytest.mark.parametrize(
    "text", ["31/02/2024", "1.2.3.4", "12/2024", "99 Bottles 2024", "03-33623608"]
)
def test_dates_that_are_none_are_refused(text: str) -> None:
    assert values("date", text) == []


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("€ 1.234,50", "1234.50", "EUR"),
        ("1,234.50 USD", "1234.50", "USD"),
        ("RM 9.00", "9.00", "MYR"),
        ("1'200.00 CHF", "1200.00", "CHF"),
        ("12 345,67 zł", "12345.67", "PLN"),
        ("-5.40", "-5.40", None),
        ("(5.40)", "-5.40", None),
        ("£20", "20.00", "GBP"),
    ],
)
def test_money_becomes_amount_and_currency(text: str, amount: str, currency: str | None) -> None:
    assert values("money", text) == [{"amount": amount, "currency": currency}]


def test_money_is_surer_with_cents_or_currency() -> None:
    sure = {text: kinds.find("money", text)[0].certainty for text in ("9.00", "RM 9", "9")}
    assert sure == {"9.00": 1.0, "RM 9": 0.8, "9": 0.5}


def test_money_is_no_part_of_a_code_but_may_be_read_joined_to_a_word() -> None:
    assert values("money", "AAACW8725FSD001") == values("money", "16GB") == []
    assert values("money", "TOTAL18.00") == [{"amount": "18.00", "currency": None}]
    assert values("money", "RM18") == [{"amount": "18.00", "currency": "MYR"}]


@pytest.mark.parametrize("text", ["19 %", "6%", "17/05/2024", "August 3, 2014", "12:30", "1.2.3"])
def test_money_refuses_percentages_dates_and_times(text: str) -> None:
    assert values("money", text) == []


def test_iban_is_found_by_its_checksum() -> None:
    assert values("iban", "IBAN GB29 NWBK 6016 1331 9268 19 BIC NWBKGB2L") == [
        "GB29NWBK60161331926819"
    ]
    assert values("iban", "IBAN GB29 NWBK 6016 1331 9268 18") == []


def test_vat_number_is_surest_with_its_checksum() -> None:
    (hit,) = kinds.find("vat", "USt-IdNr. DE 136 695 976")
    assert (hit.value, hit.certainty) == ("DE136695976", 1.0)
    (other,) = kinds.find("vat", "000689913856")
    assert (other.value, other.certainty) == ("000689913856", 0.6)


def test_ids_are_words_with_digits() -> None:
    assert values("id", "No. INV-2024/081, page") == ["INV-2024/081"]
    assert values("id", "of 17/05/2024 9.00 20%") == []


def test_organisation_ends_at_its_legal_form_or_before_its_register_number() -> None:
    assert values("organisation", "QualityHosting AG - Uferweg 40") == ["QualityHosting AG"]
    assert values("organisation", "GARDENIA BAKERIES (KL) SDN BHD (139386 X)") == [
        "GARDENIA BAKERIES (KL) SDN BHD"
    ]
    assert values("organisation", "Corner Shop (123456-A)") == ["Corner Shop"]
