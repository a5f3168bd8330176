from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from extraction.errors import InvalidOption
from extraction.fields import CATALOGUE, known, of_type
from extraction.fields.match import find, gathered
from extraction.types import FieldValue, Line, Page
from tests.extraction.test_level import line


def found(*lines: Line, number: int = 1) -> dict[str, FieldValue]:
    page = Page(number, 600, 800, lines=lines)
    return {value.name: value for value in find([page], of_type("invoice", "receipt"))}


def values(*lines: Line) -> dict[str, Any]:
    return {name: value.value for name, value in found(*lines).items()}


def test_find_reads_the_value_in_the_labels_line() -> None:
    value = found(line("Invoice No.: HP-2024-081", 60, 100))["invoice_number"]
    assert (value.raw, value.value, value.method, value.page) == (
        "HP-2024-081",
        "HP-2024-081",
        "label",
        1,
    )
    assert value.box == (138, 100, 204, 110)
    assert value.confidence is not None and 0.8 < value.confidence < 0.95  # the reading's 0.9
    assert value.grounded


def test_find_reads_the_value_joined_to_its_label() -> None:
    assert values(line("InvoiceNo:HP-2024-081", 60, 100))["invoice_number"] == "HP-2024-081"


def test_find_reads_the_value_far_to_the_right() -> None:
    assert values(line("Grand total", 60, 500), line("€ 1.234,50", 500, 502))["total_amount"] == {
        "amount": "1234.50",
        "currency": "EUR",
    }


def test_find_reads_the_value_below_its_label() -> None:
    got = values(
        line("Invoice number", 60, 100), line("Due date", 300, 100),
        line("4711-A", 60, 114), line("16.06.2024", 300, 114),
    )  # fmt: skip
    assert (got["invoice_number"], got["due_date"]) == ("4711-A", "2024-06-16")


def test_find_takes_no_item_for_a_sum_below_its_label() -> None:
    got = values(
        line("Item", 60, 100), line("Tax", 300, 100), line("Pipe", 60, 114), line("9.00", 300, 114)
    )
    assert "tax_amount" not in got


def test_find_takes_the_currency_the_document_names() -> None:
    got = values(line("All prices in PLN", 60, 100), line("Do zapłaty 120,00", 60, 500))
    assert got["total_amount"] == {"amount": "120.00", "currency": "PLN"}


def test_find_prefers_the_total_that_is_subtotal_plus_tax() -> None:
    value = found(
        line("Total 100.00", 60, 480), line("Subtotal 100.00", 60, 500), line("VAT 20.00", 60, 514),
        line("Total 120.00", 60, 528), line("Cash 150.00", 60, 542),
    )["total_amount"]  # fmt: skip
    assert value.value["amount"] == "120.00"
    others = [other.value["amount"] for other in value.alternatives]
    assert others[0] == "100.00"


def test_find_knows_an_iban_and_a_vat_number_by_sight() -> None:
    got = found(
        line("Bank GB29 NWBK 6016 1331 9268 19", 60, 700), line("BTW NL810433941B01", 60, 714)
    )
    assert (got["iban"].value, got["iban"].method) == ("GB29NWBK60161331926819", "pattern")
    assert (got["vat_number"].value, got["vat_number"].method) == ("NL810433941B01", "pattern")


def test_find_takes_an_unlabelled_date() -> None:
    value = found(line("25/12/2018 8:13:39 PM", 60, 100))["invoice_date"]
    assert (value.value, value.method) == ("2018-12-25", "pattern")


def test_find_takes_the_issuer_from_the_top() -> None:
    value = found(
        line("TAX INVOICE", 60, 40), line("Harbour Plumbing Ltd (123456-X)", 60, 60),
        line("14 Quay Street", 60, 74), line("Bill to", 60, 120),
        line("Another Company Ltd", 60, 134),
    )["issuer_name"]  # fmt: skip
    assert (value.value, value.method) == ("Harbour Plumbing Ltd", "position")


def test_find_takes_no_title_for_an_issuer_where_nothing_speaks_of_money() -> None:
    chapter = line("We went along a path", 60, 60, height=16)
    assert (
        values(chapter, line("the trees at the end", 60, 90), line("of the garden", 60, 104)) == {}
    )
    bill = values(chapter, line("Total 18.00", 60, 300))
    assert bill["issuer_name"] == "We went along a path"


def test_find_takes_a_company_for_the_issuer_of_a_letter() -> None:
    got = values(line("Harbour Plumbing Ltd", 60, 60), line("Dear customer,", 60, 200))
    assert got == {"issuer_name": "Harbour Plumbing Ltd"}


def test_find_tells_a_bill_by_fields_that_were_not_asked_for() -> None:
    page = Page(1, 600, 800, lines=(line("Pipes and more", 60, 60), line("Total 18.00", 60, 300)))
    asked = [field for field in CATALOGUE if field.name == "issuer_name"]
    assert [value.value for value in find([page], asked)] == ["Pipes and more"]


def test_find_takes_no_number_far_behind_a_word_that_may_be_a_label() -> None:
    assert values(line("after the invoice which the council sent in 8974.", 60, 100)) == {}
    assert values(line("Invoice : # 8974", 60, 100)) == {"invoice_number": "8974"}


def test_find_takes_no_end_of_a_code_for_an_amount() -> None:
    assert "tax_amount" not in values(line("Service tax #: AAACW8725FSD001", 60, 100))


def test_gathered_takes_no_from_within_a_sentence_for_a_label() -> None:
    def labelled(text: str) -> list[str]:
        page = Page(1, 600, 800, lines=(line(text, 60, 300),))
        names = gathered([page], known(["issuer_name"])).of["issuer_name"]
        return [name.raw for name in names if name.method == "label"]

    assert labelled("Our pipes last 24 months from delivery. Claims must reach us") == []
    assert labelled("From Harbour Plumbing Ltd") == ["Harbour Plumbing Ltd"]


def test_find_lowers_confidence_with_the_readings() -> None:
    def confidence(reading: float | None) -> float:
        read = line("Invoice No.: HP-2024-081", 60, 100)
        words = tuple(replace(word, confidence=reading) for word in read.words)
        return found(replace(read, words=words))["invoice_number"].confidence or 0.0

    # A PDF's own text is sure; the value is one word.
    assert confidence(0.5) == pytest.approx(confidence(None) * 0.5**0.7, abs=1e-3)


def test_find_reads_rows_of_a_skewed_page() -> None:
    # Two degrees clockwise: the amount 400 points to the right stands 14 points lower.
    page = Page(
        1,
        600,
        800,
        skew=2.0,
        lines=(line("Total due", 60, 400), line("88.00", 460, 414), line("7.00", 460, 400)),
    )
    (value,) = find([page], known(["total_amount"]))
    assert value.value["amount"] == "88.00"


def test_find_names_the_page() -> None:
    pages = [
        Page(1, 600, 800, lines=(line("Dear all", 60, 60),)),
        Page(2, 600, 800, lines=(line("Total 9.00", 60, 60),)),
    ]
    (value,) = find(pages, known(["total_amount"]))
    assert value.page == 2


def test_find_gives_nothing_for_blank_or_failed_pages() -> None:
    assert find([], CATALOGUE) == ()
    assert find([Page(1)], CATALOGUE) == ()


def test_known_gives_the_named_fields_in_the_catalogues_order() -> None:
    assert known(()) == ()
    assert [field.name for field in known(["total_amount", "iban"])] == ["iban", "total_amount"]


def test_known_refuses_an_unknown_name() -> None:
    with pytest.raises(InvalidOption, match="total_amuont"):
        known(["iban", "total_amuont"])


def test_find_passes_over_a_title_beside_a_label_to_the_name_below() -> None:
    page = Page(1, 600, 800, lines=(
        line("Bill to:", 50, 100), line("INVOICE", 400, 100), line("Brackwater Ltd", 50, 114),
    ))  # fmt: skip
    (value,) = find([page], known(["customer_name"]))
    assert value.value == "Brackwater Ltd"


def test_find_takes_a_column_of_dates_for_none_of_the_order() -> None:
    dates = [line(f"{day} March 2026", 50, 114 + 14 * day) for day in range(1, 4)]
    page = Page(1, 600, 800, lines=(line("Date", 50, 114), *dates))
    assert find([page], known(["order_date"])) == ()
    (value,) = find([Page(1, 600, 800, lines=page.lines[:2])], known(["order_date"]))
    assert value.value == "2026-03-01"


def test_find_takes_of_a_text_with_a_pattern_what_matches_it() -> None:
    page = Page(
        1, 600, 800, lines=(line("Uhrzeit: 12:41 PM till 3", 50, 100), line("Sex: 17", 50, 120))
    )
    assert [(v.name, v.value) for v in find([page], known(["transaction_time", "sex"]))] == [
        ("transaction_time", "12:41 PM")
    ]


def of(kind: str, *lines: Line) -> dict[str, Any]:
    return {each.name: each.value for each in find([Page(1, 600, 800, lines=lines)], of_type(kind))}


def test_find_takes_both_ends_of_a_period() -> None:
    got = of("utility_bill", line("Billing period: 17.09.2022 - 15.12.2022", 60, 100))
    assert (got["period_start"], got["period_end"]) == ("2022-09-17", "2022-12-15")


@pytest.mark.parametrize("number", ["578 307 247", "943 8920426", "1 EMH 53 132 987"])
def test_find_takes_all_groups_of_an_identifier(number: str) -> None:
    got = of("utility_bill", line("Customer number", 60, 100), line(number, 200, 100))
    assert got["customer_number"] == number


def test_find_reads_a_rate_on_either_side_of_the_taxs_name() -> None:
    assert values(line("21% IVA: 350,99", 60, 500))["tax_rate"] == "21"
    assert values(line("VAT 20 %", 60, 500), line("12.00", 500, 500))["tax_rate"] == "20"


def test_find_tells_no_rate_where_goods_have_several() -> None:
    got = values(line("VAT 20 % on 60.00", 60, 500), line("VAT 5 % on 10.00", 60, 514))
    assert "tax_rate" not in got


def test_find_takes_the_time_beside_the_date_not_the_opening_hours() -> None:
    got = values(line("Open 09:00", 60, 40), line("03.04.2024", 60, 80), line("17:42", 160, 80))
    assert got["transaction_time"] == "17:42"
    assert "transaction_time" not in values(line("Open 09:00", 60, 40))


def test_find_knows_a_container_by_sight() -> None:
    got = of("bill_of_lading", line("CSQU 305438-3 / SEAL 4711", 60, 300))
    assert got["container_number"] == "CSQU 305438-3"


def test_find_takes_no_word_of_a_sentence_for_a_label() -> None:
    got = of("bill_of_lading", line("Received by the Carrier in good order", 60, 300),
             line("Compagnie Maritime du Levant", 60, 20))  # fmt: skip
    assert "carrier" not in got or got["carrier"] == "Compagnie Maritime du Levant"
