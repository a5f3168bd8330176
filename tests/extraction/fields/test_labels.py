from __future__ import annotations

import random
import time

import pytest

from extraction.fields import CATALOGUE, Field, known, of_type
from extraction.fields.catalogue import OTHER_LABELS
from extraction.fields.labels import LONGEST_LABEL, WEAK, Label, labels_of, squeezed


def labels_in(words: list[str]) -> list[Label]:
    return labels_of(CATALOGUE).in_lines([words])[0]


def fields(text: str) -> list[tuple[str, int, int]]:
    """The labels in the text that mean one thing and nothing else."""
    found = labels_in(text.split())
    return [(label.field, label.first, label.last) for label in found if label.strength > WEAK]


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


def test_labels_end_at_a_colon() -> None:
    # with the name behind it the label would look much like "account holder name"
    assert fields("Account holder: Jane") == [("account_holder", 0, 1)]


def test_labels_prefer_the_longer_one() -> None:
    assert fields("Invoice Date") == [("invoice_date", 0, 1)]
    assert fields("Grand Total") == [("total_amount", 0, 1)]


def test_labels_of_other_things_are_no_fields() -> None:
    assert fields("Total Qty: 4") == [("", 0, 1)]
    assert fields("Tax invoice 4") == [("", 0, 1)]


def test_labels_are_not_seen_in_ordinary_words() -> None:
    assert fields("Brass valves for copper pipes") == []


def test_squeezed_drops_case_accents_and_marks() -> None:
    assert squeezed("N° d'Échéance: Płatność #") == "ndecheanceplatnoscno"


def test_labels_that_may_mean_several_fields_name_each() -> None:
    label = {found.field: found for found in labels_in(["Date:"])}
    assert {"invoice_date", "statement_date", "letter_date"} <= label.keys()
    assert {(found.first, found.last, found.strength) for found in label.values()} == {(0, 0, WEAK)}
    due = {found.field: found.strength for found in labels_in(["zu", "zahlen"])}
    assert due == {"total_amount": 1.0, "amount_due": WEAK}


def test_labels_of_fields_not_looked_for_still_mean_something_else() -> None:
    labels = labels_of(known(["invoice_date"]))
    (delivered, dated) = labels.in_lines([["Delivery", "date"], ["Date"]])
    assert [(found.field, found.last) for found in delivered] == [("delivery_date", 1)]
    assert [found.field for found in dated] == ["invoice_date"]  # only may mean the others


def test_labels_of_an_own_field_are_known_beside_the_catalogues() -> None:
    own = Field("berth", "Berth", "id", ("berth no", "tax invoice"))
    words = [["Berth", "No"], ["Tax", "invoice"], ["Vessel"]]
    found = labels_of((own,)).in_lines(words)
    assert [[label.field for label in line] for line in found] == [
        ["berth"], ["berth"], ["vessel_name"],
    ]  # fmt: skip


def test_labels_can_all_be_found() -> None:
    labels = [label for field in CATALOGUE for label in (*field.synonyms, *field.weak)]
    labels += OTHER_LABELS
    assert [label for label in labels if not squeezed(label)] == []
    assert [label for label in labels if len(label.split()) > LONGEST_LABEL] == []


def test_labels_mean_one_field_at_most_as_strongly_or_not_at_all_something_else() -> None:
    meant = {squeezed(label) for field in CATALOGUE for label in (*field.synonyms, *field.weak)}
    assert [label for label in OTHER_LABELS if squeezed(label) in meant] == []
    for field in CATALOGUE:
        strong = [squeezed(label) for label in field.synonyms]
        weak = [squeezed(label) for label in field.weak]
        assert len({*strong, *weak}) == len(strong) + len(weak), field.name


def test_labels_of_a_page_full_of_lines_are_found_in_seconds() -> None:
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(8000)]
    lines = [chance.choices(words, k=10) for _ in range(3000)]
    labels = labels_of(of_type("invoice", "receipt"))
    begun = time.process_time()
    labels.in_lines(lines)
    assert time.process_time() - begun < 10


def test_labels_misread_are_looked_for_in_what_was_read_alone() -> None:
    lines = [["lnvoice", "Number"], ["lnvoice", "Number"], ["Invoice", "Number"]]
    found = labels_of(CATALOGUE).in_lines(lines, as_read=[True, False, False])
    assert [{label.field for label in line} >= {"invoice_number"} for line in found] == [
        True, False, True,
    ]  # fmt: skip


def test_word_of_names_is_no_label_misread_of_another_language() -> None:
    read = labels_of(of_type("receipt")).in_lines([["HARDWARE", "ENTERPRISE"]], as_read=[True])
    assert read == [[]]
