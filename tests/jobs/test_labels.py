"""jobs/labels.py, jobs/engine_titles.py: what the catalogue and the engines are called on pages."""

from __future__ import annotations

from django.utils.translation import override

from extraction.engines import BUILT_IN
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.templates import starters
from jobs import engine_titles, labels


def test_labels_are_in_the_language_of_the_page() -> None:
    number = next(field for field in CATALOGUE if field.name == "invoice_number")
    items = next(field for field in CATALOGUE if field.name == "line_items")
    with override("de"):
        assert labels.field_label(number) == "Rechnungsnummer"
        assert labels.field_label(items.columns[2]) == "Beschreibung"
        assert (labels.kind_label("money"), labels.type_label("invoice")) == (
            "Geldbetrag",
            "Rechnung",
        )
        assert labels.template_label(starters()[0]) == "Rechnung"
    with override("en"):
        assert labels.field_label(number) == number.label == "Invoice number"


def test_what_somebody_wrote_stays_as_it_is() -> None:
    with override("de"):
        for own in (Field("our_number", "Invoice number", "id"), Field("iban", "Account", "iban")):
            assert labels.field_label(own) == own.label
        assert labels.kind_label("gone") == labels.type_label("gone") == "gone"


def test_engines_are_called_as_in_the_api() -> None:
    with override("en"):
        for row in BUILT_IN:
            assert engine_titles.title_of(row.name) == row.title
    with override("de"):
        assert engine_titles.title_of_taught("rapidocr") == "PP-OCRv6 auf der CPU, trainiert"
