from __future__ import annotations

import pytest

from extraction.fields import kinds
from extraction.fields.kinds import Writing
from tests.extraction.fields.kinds.found import only, values


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("€ 1.234,50", "1234.50", "EUR"),
        ("1,234.50 USD", "1234.50", "USD"),
        ("RM 9.00", "9.00", "MYR"),
        ("1'200.00 CHF", "1200.00", "CHF"),
        ("CHF 20.--", "20.00", "CHF"),
        ("12 345,67 zł", "12345.67", "PLN"),
        ("₹ 1,23,456.00", "123456.00", "INR"),
        ("£20", "20.00", "GBP"),
        ("12,50 Euro", "12.50", "EUR"),
        ("Euro 12,50", "12.50", "EUR"),
        ("3 ringgit", "3.00", "MYR"),
        ("20,-", "20.00", None),
    ],
)
def test_money_becomes_amount_and_currency(text: str, amount: str, currency: str | None) -> None:
    assert values("money", text) == [{"amount": amount, "currency": currency}]


@pytest.mark.parametrize(
    "text", ["-5.40", "−5.40", "(5.40)", "5.40-", "€ -5.40", "-€5.40", "5.40 EUR-", "(RM 5.40)"]
)
def test_money_is_negative_by_minus_or_brackets(text: str) -> None:
    assert [value["amount"] for value in values("money", text)] == ["-5.40"]


def test_money_takes_no_minus_between_two_numbers_for_the_first_ones() -> None:
    assert [value["amount"] for value in values("money", "Qty 2 - 5.00")] == ["2.00", "-5.00"]


def test_money_says_the_side_of_a_statement() -> None:
    credit, debit = only("money", "120.00 CR"), only("money", "120.00 DR")
    assert (credit.value["amount"], credit.notes) == ("120.00", ("credit",))
    assert (debit.value["amount"], debit.notes) == ("-120.00", ("debit",))


@pytest.mark.parametrize(
    ("text", "mark", "amount", "note"),
    [
        ("1.234", None, "1234.00", "thousands_assumed"),
        ("1.234", ",", "1234.00", "thousands_by_document"),
        ("1.234", ".", "1.234", "decimals_by_document"),
        ("1,234", ".", "1234.00", "thousands_by_document"),
        ("1,234", ",", "1.234", "decimals_by_document"),
    ],
)
def test_thousands_or_decimals_are_the_documents_and_said(
    text: str, mark: str | None, amount: str, note: str
) -> None:
    hit = only("money", text, Writing(decimal_mark=mark))
    assert (hit.value["amount"], hit.notes) == (amount, (note,))


def test_a_shared_symbol_is_the_documents_currency() -> None:
    hit = only("money", "$ 5.00", Writing(currency="SGD"))
    assert (hit.value["currency"], hit.notes) == ("SGD", ("currency_by_document",))
    assert only("money", "$ 5.00").value["currency"] == "USD"
    assert only("money", "€ 5.00", Writing(currency="SGD")).value["currency"] == "EUR"


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EUR", "EUR"), ("£", "GBP"), ("RM", "MYR"), ("US Dollars", "USD"), ("złoty polski", "PLN"),
        ("all sums in ringgit", "MYR"), ("Schweizer Franken", "CHF"), ("Euro", "EUR"),
    ],
)  # fmt: skip
def test_currencies_are_known_by_code_symbol_and_name(text: str, code: str) -> None:
    assert values("currency", text) == [code]


def test_currencies_that_are_none_are_refused() -> None:
    assert values("currency", "everything in a line") == []
