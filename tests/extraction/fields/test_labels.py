from __future__ import annotations

import pytest

from extraction.fields.catalogue import CATALOGUE
from extraction.fields.labels import Label, labels_of, squeezed


def labels_in(words: list[str]) -> list[Label]:
    return labels_of(CATALOGUE).in_lines([words])[0]


def fields(text: str) -> list[tuple[str, int, int]]:
    return [(label.field, label.first, label.last) for label in labels_in(text.split())]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Invoice No.:", "invoice_number"),
        ("INVOICENO", "invoice_number"),
        ("Rechnungsdatum", "invoice_date"),
        ("Date d'échéance", "due_date"),
        ("Zahlbar bis", "due_date"),
        ("Nº de pedido", "purchase_order_number"),
        ("Partita IVA", "vat_number"),
        ("Do zapłaty:", "total_amount"),
        ("Jumlah Cukai", "tax_amount"),
        ("Sub-Total", "subtotal"),
    ],
)
def test_labels_are_known_in_seven_languages(text: str, field: str) -> None:
    assert fields(text) == [(field, 0, len(text.split()) - 1)]


def test_labels_are_found_though_misread() -> None:
    (label,) = labels_in(["lnvoice", "Number"])
    assert label.field == "invoice_number"
    assert 0.88 < label.strength < 1


def test_labels_prefer_the_longer_one() -> None:
    assert fields("Invoice Date") == [("invoice_date", 0, 1)]
    assert fields("Grand Total") == [("total_amount", 0, 1)]


def test_labels_of_other_things_are_no_fields() -> None:
    assert fields("Total Qty: 4") == [("", 0, 1)]
    assert fields("Delivery date") == [("", 0, 1)]


def test_labels_are_not_seen_in_ordinary_words() -> None:
    assert fields("Brass valves for copper pipes") == []


def test_squeezed_drops_case_accents_and_marks() -> None:
    assert squeezed("N° d'Échéance: Płatność #") == "ndecheanceplatnoscno"
