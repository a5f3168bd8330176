from __future__ import annotations

import random
import time

import pytest

from benchmarks.classification_pages import page_of, written_page
from extraction.classification_weights import OF_ALL, OF_TYPES
from extraction.classify import SURE, classify, fields_for
from extraction.document_features import KINDS, OF_A_TYPE
from extraction.document_features import OF_ALL as FEATURES
from extraction.fields.document_types import BY_NAME, DOCUMENT_TYPES
from extraction.types import Classification, Line, Page, Word

A4 = (595.0, 842.0)


def page(*texts: str, size: tuple[float, float] = A4) -> Page:
    """A page of those lines; ``#`` begins a large one."""
    lines = [(text.lstrip("# "), 20.0 if text.startswith("#") else 10.0) for text in texts]
    return page_of(lines, size)


INVOICE = page(
    "# Rechnung", "Rechnung Nr. 2024-117", "Rechnungsdatum 03.04.2024", "Beratung vor Ort 120,00",
    "Nettobetrag 120,00", "MwSt. 19 % 22,80", "Rechnungsbetrag 142,80 EUR", "zahlbar bis 30.4.",
)  # fmt: skip
STATEMENT = page(
    "# Relevé de compte", "Titulaire du compte A. Lefranc", "Ancien solde 1 204,50",
    "03/04/2024 Virement 120,00", "05/04/2024 Carte 14,20", "Nouveau solde 1 310,30",
)  # fmt: skip
RECEIPT = page(
    "KEDAI MAJU", "Tax Invoice", "2 x Roti 4.00", "Total 4.00", "Cash 5.00", "Change 1.00",
    "Thank you, please come again", size=(226.0, 400.0),
)  # fmt: skip
PASSPORT = page(
    "Bundesrepublik", "C01X00T47", "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<",
    "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4", size=(354.0, 250.0),
)  # fmt: skip
NOTHING_KNOWN = page("# The lighthouse", "It stands upon the outermost rock of all the bay", "1904")


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (INVOICE, "invoice"),
        (STATEMENT, "bank_statement"),
        (RECEIPT, "receipt"),
        (PASSPORT, "passport"),
        (NOTHING_KNOWN, "other"),
    ],
)
def test_classify_tells_the_type(document: Page, kind: str) -> None:
    told = classify([document])
    assert (told.kind, told.label) == (kind, BY_NAME[kind].label)
    assert all(other.confidence <= told.confidence for other in told.alternatives)


def test_classify_shows_the_words_that_told_and_where_they_stand() -> None:
    told = classify([INVOICE])
    title = told.evidence[0]
    assert (title.text, title.page, title.box) == ("Rechnung", 1, INVOICE.lines[0].box)
    assert told.confidence > SURE


def test_classify_shows_the_zone_of_a_passport() -> None:
    told = classify([PASSPORT])
    assert [each.text[:5] for each in told.evidence[:2]] == ["P<D<<", "C01X0"]


def test_classify_knows_a_title_misread_or_spaced() -> None:
    rest = ("Shipper Maju Sdn Bhd", "Port of loading Rotterdam", "Vessel Aurora")
    for title in ("# BlLL OF LADlNG", "# B I L L  O F  L A D I N G"):
        assert classify([page(title, *rest)]).kind == "bill_of_lading"


def test_classify_is_sure_of_nothing_on_an_empty_page() -> None:
    told = classify([Page(1, *A4)])
    assert told.evidence == ()
    assert classify([]).confidence == told.confidence


def test_classify_tells_most_of_the_pages_written_for_measuring() -> None:
    chance = random.Random(7)
    kinds = ("letter", "form", "contract", "medical", "other")
    pages = [
        (kind, written_page(chance, kind, each)) for kind in kinds for each in ("en", "pl", "ms")
    ]
    right = sum(classify([each]).kind == kind for kind, each in pages)
    assert right >= 13  # of 15


def test_classify_takes_bounded_time_on_hostile_pages() -> None:
    words = tuple(Word("no" * 400, (0, 0, 1, 1)) for _ in range(500))
    lines = tuple(Line("<_._.1,1" * 2000, (0, y, 500, y + 9), None, words) for y in range(3000))
    begun = time.perf_counter()
    classify([Page(n, *A4, lines=lines) for n in range(1, 6)])
    assert time.perf_counter() - begun < 2


def test_fields_for_an_unsure_document_are_those_of_bills_too() -> None:
    sure = fields_for(Classification("invoice", "Invoice", 0.99))
    unsure = fields_for(Classification("letter", "Letter", SURE - 0.01))
    other = fields_for(Classification("other", "Other document", 0.99))
    assert "due_date" in {field.name for field in sure}
    assert all("invoice" in field.document_types for field in sure)
    assert {field.name for field in sure} <= {field.name for field in unsure}
    assert {field.name for field in sure} <= {field.name for field in other}
    letter = fields_for(Classification("letter", "Letter", 0.99))
    assert all("letter" in field.document_types for field in letter)


def test_weights_and_titles_are_of_every_type() -> None:
    assert tuple(OF_ALL) == KINDS
    assert len(OF_TYPES) == len(OF_A_TYPE)
    assert {len(row) for row in OF_ALL.values()} == {len(FEATURES)}
    languages = {"en", "de", "fr", "es", "it", "nl", "pl", "ms"}
    assert all(kind.titles.keys() == languages for kind in DOCUMENT_TYPES)
