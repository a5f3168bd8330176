from __future__ import annotations

from typing import Any

import pytest

from extraction.fields import of_type
from extraction.fields.match import find
from extraction.types import Line, Page
from tests.extraction.test_level import line


def of(kind: str, *lines: Line) -> dict[str, Any]:
    found = find([Page(1, 600, 800, lines=lines)], of_type(kind))
    return {
        each.name: each.value["text"] if each.kind == "address" else each.value for each in found
    }


HEAD = (
    line("Ostermoor Instruments GmbH", 60, 30, height=16), line("Deichweg 4", 60, 50),
    line("26121 Oldenburg", 60, 62), line("Tel. +49 441 555120", 60, 74),
)  # fmt: skip


def block(x: float, y: float, *texts: str) -> list[Line]:
    return [line(text, x, y + 12 * number) for number, text in enumerate(texts)]


def test_parties_stand_in_boxes_below_their_labels() -> None:
    got = of(
        "bill_of_lading",
        line("Bill of Lading No. 4711", 300, 60),
        *block(60, 60, "Shipper", "Tonsberg Fish AS", "Havnegata 12", "3110 Tonsberg",
               "+47 33 555 120"),
        *block(60, 130, "Consignee", "Mill Road Foods Ltd", "14 Mill Road", "Bristol BS1 4DJ"),
        *block(60, 200, "Notify party", "SAME AS CONSIGNEE"),
        line("Received by the carrier in apparent good order", 300, 131),
    )  # fmt: skip
    assert (got["shipper_name"], got["shipper_address"]) == (
        "Tonsberg Fish AS", "Havnegata 12, 3110 Tonsberg"
    )  # fmt: skip
    assert (got["consignee_name"], got["consignee_address"]) == (
        "Mill Road Foods Ltd", "14 Mill Road, Bristol BS1 4DJ"
    )  # fmt: skip
    assert not {"notify_party_name", "notify_party_address"} & got.keys()


@pytest.mark.parametrize(
    ("label", "texts"),
    [
        ("Bill to", ("Brackwater Analytics GmbH", "Hauptstraße 9", "28195 Bremen")),
        ("", ("Brackwater Analytics GmbH", "Hauptstraße 9", "28195 Bremen")),
        ("", ("Firma", "Brackwater Analytics GmbH", "Hauptstraße 9", "28195 Bremen")),
    ],
)
def test_customer_is_found_below_a_label_or_in_the_window(
    label: str, texts: tuple[str, ...]
) -> None:
    lines = block(60, 130, *([label] if label else []), *texts)
    got = of("invoice", *HEAD, *lines, line("Invoice number: 2024-17", 350, 130),
             line("Total EUR 120.00", 350, 500))  # fmt: skip
    assert (got["customer_name"], got["customer_address"]) == (
        "Brackwater Analytics GmbH", "Hauptstraße 9, 28195 Bremen"
    )  # fmt: skip
    assert (got["issuer_name"], got["issuer_address"]) == (
        "Ostermoor Instruments GmbH", "Deichweg 4, 26121 Oldenburg"
    )  # fmt: skip


def test_party_may_stand_with_its_address_in_one_line() -> None:
    got = of(
        "purchase_order",
        *HEAD,
        line("Purchase order number: 4711", 350, 130),
        line("Delivery address: Hollis Inc, 7 Mill Road, Bristol BS1 4DJ", 60, 300),
    )
    assert got["delivery_address"] == "7 Mill Road, Bristol BS1 4DJ"


def test_head_of_a_payslip_is_the_employer_and_the_window_the_employee() -> None:
    got = of(
        "payslip", *HEAD, line("Lohnabrechnung", 60, 110, height=16),
        *block(60, 150, "Reto Ryffel", "Seestrasse 8", "8302 Kloten"),
        line("Personalnummer: 4711", 350, 150), line("Nettolohn", 60, 300),
        line("3,200.00", 400, 300),
    )  # fmt: skip
    assert (got["employer_name"], got["employee_name"]) == (
        "Ostermoor Instruments GmbH", "Reto Ryffel"
    )  # fmt: skip


def test_bank_keeps_the_word_that_is_its_label_too() -> None:
    got = of("bank_statement", line("Bank Mutiara Berhad", 60, 30, height=16),
             line("Lot 4, Jalan Besar", 60, 50), line("81200 Johor Bahru", 60, 62),
             *block(60, 130, "Priya Tan", "14 Jalan Satu", "50450 Kuala Lumpur"),
             line("Account number: 943 8920426", 350, 130),
             line("Closing balance RM 120.00", 60, 400))  # fmt: skip
    assert (got["bank_name"], got["account_holder"]) == ("Bank Mutiara Berhad", "Priya Tan")
    assert got["account_number"] == "943 8920426"


def test_no_party_is_taken_from_a_text_that_is_no_business_paper() -> None:
    lines = block(60, 60, "Anna Lehmann", "Seestrasse 8", "8302 Kloten", "has moved here.")
    assert "customer_name" not in of("invoice", *lines)
    assert "employee_name" not in of("payslip", *lines)


def test_currency_is_told_by_the_amounts() -> None:
    assert (
        of("receipt", line("Tea RM 4.50", 60, 100), line("Total RM 4.50", 60, 120))["currency"]
        == "MYR"
    )
    assert "currency" not in of("receipt", line("Tea 4.50", 60, 100), line("Total 4.50", 60, 120))


def test_reference_to_an_item_is_no_reference_of_the_paper() -> None:
    got = of("invoice", *HEAD, line("Resistor, Ref. 100 ohm", 60, 300), line("4", 300, 300),
             line("112.30", 400, 300), line("Total 112.30", 350, 400))  # fmt: skip
    assert "our_reference" not in got


def test_heading_below_a_word_is_no_value_of_it_nor_a_town_a_number() -> None:
    got = of(
        "invoice", *HEAD, line("Invoice number: 2024-17", 350, 130),
        *block(60, 130, "Bill to", "Brackwater Analytics GmbH", "Accounts payable", "28195 Bremen"),
        *block(60, 400, "Terms", "1. Payment", "The goods remain our property."),
    )  # fmt: skip
    assert not {"payment_terms", "account_number"} & got.keys()
