from __future__ import annotations

import pytest

from extraction.fields.kinds import Writing
from tests.extraction.fields.kinds.found import only, values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2,5 kg", "2.5"), ("12", "12"), ("0,125", "0.125"), ("1.234.567", "1234567"),
        ("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("12 345", "12345"), ("-3", "-3"),
        ("(4)", "-4"), ("5-", "-5"), ("1,23,456", "123456"), ("100", "100"),
    ],
)  # fmt: skip
def test_numbers_become_plain_decimals(text: str, value: str) -> None:
    assert values("number", text) == [value]


@pytest.mark.parametrize("text", ["17.05.2024", "2024-05-17", "12:30", "AB123", "19 %", "3-5 days"])
def test_numbers_refuse_what_is_another_kind(text: str) -> None:
    assert values("number", text) == []


def test_thousands_or_decimals_are_the_documents() -> None:
    assert values("number", "1.234", Writing(decimal_mark=".")) == ["1.234"]
    assert values("number", "1.234", Writing(decimal_mark=",")) == ["1234"]
    assert only("number", "1.234").notes == ("thousands_assumed",)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19 %", "19"), ("VAT 19,5% on 100", "19.5"), ("5 per cent", "5"), ("12 Prozent", "12"),
        ("7 v.H.", "7"), ("20 pour cent", "20"), ("21 por ciento", "21"), ("3 ‰", "0.3"),
    ],
)  # fmt: skip
def test_percentages_are_known_by_sign_and_word(text: str, value: str) -> None:
    assert values("percent", text)[0] == value


def test_percentages_are_less_sure_without_a_sign() -> None:
    assert only("percent", "19 %").certainty == 1.0
    assert only("percent", "19").certainty == 0.5
    assert values("percent", "19 pieces") == values("percent", "250") == []
