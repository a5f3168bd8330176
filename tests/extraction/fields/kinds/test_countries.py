from __future__ import annotations

import pytest

from extraction.fields.kinds.languages import country_of_code
from tests.extraction.fields.kinds.found import only, values


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Germany", "DE"), ("DEUTSCHLAND", "DE"), ("Allemagne", "DE"), ("Alemania", "DE"),
        ("Germania", "DE"), ("Duitsland", "DE"), ("Niemcy", "DE"), ("Jerman", "DE"),
        ("Alemanha", "DE"), ("United Kingdom", "GB"), ("USA", "US"), ("U.S.A.", "US"),
        ("Made in China", "CN"), ("Côte d’Ivoire", "CI"), ("DEU", "DE"), ("PL", "PL"),
    ],
)  # fmt: skip
def test_country_is_known_by_name_and_code(text: str, code: str) -> None:
    assert values("country", text) == [code]


def test_country_is_surest_alone() -> None:
    assert only("country", "Malaysia").certainty == 1.0
    assert only("country", "Made in Malaysia").certainty < 1


@pytest.mark.parametrize("text", ["the turkey", "ABC", "QX", "Nowhere", ""])
def test_country_that_is_none_is_refused(text: str) -> None:
    assert values("country", text) == []


def test_code_of_a_passport_becomes_two_letters() -> None:
    assert [country_of_code(code) for code in ("D", "GBR", "UTO", "FR", "XX")] == [
        "DE", "GB", None, "FR", None,
    ]  # fmt: skip
