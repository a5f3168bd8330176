from __future__ import annotations

from extraction.alignment import align
from extraction.classify import classify
from extraction.fields import known
from extraction.fields.by_schema.extract import extract
from extraction.fields.supported import told_grounded
from extraction.finding import Wanted, find_wanted
from extraction.tags import parse
from extraction.types import FieldValue, Page
from tests.extraction.test_alignment import HEIGHT, WIDTH, page

WRITTEN = "Invoice\n\nInvoice number: 47118\n\nInvoice date: 2026-03-01\n\nTotal: EUR 12.80"
READ = ("Invoice", "Invoice number: 47118", "Invoice date: 2026-03-01", "Total: EUR 12.80")


def pages_of(written: str, *read: str) -> tuple[Page, ...]:
    """The page as the hybrid engine gives it."""
    aligned = align(parse(written), page(*read), WIDTH, HEIGHT)
    return (Page(1, WIDTH, HEIGHT, blocks=aligned.blocks, lines=aligned.lines),)


def found(written: str, *read: str) -> dict[str, FieldValue]:
    """The fields of what a model wrote, OCR having read those lines."""
    pages = pages_of(written, *read)
    wanted = Wanted(known(("invoice_number", "invoice_date", "total_amount")))
    values = find_wanted(pages, classify(pages), (), wanted).fields
    return {value.name: value for value in values}


def test_fields_in_a_models_text_stand_where_ocr_has_read_them() -> None:
    fields = found(WRITTEN, *READ)
    assert {name: value.raw for name, value in fields.items()} == {
        "invoice_number": "47118",
        "invoice_date": "2026-03-01",
        "total_amount": "EUR 12.80",
    }
    assert all(value.grounded and value.box and value.confidence for value in fields.values())
    number = fields["invoice_number"]
    assert number.box == (146.0, 41.56, 176.0, 50.44)


def test_a_field_of_which_ocr_reads_a_digit_otherwise_is_not_grounded_but_placed() -> None:
    fields = found(WRITTEN, *READ[:3], "Total: EUR 17.80")
    total = fields["total_amount"]
    assert (total.raw, total.grounded, total.checks["page"]) == ("EUR 12.80", False, False)
    assert "page" not in fields["invoice_date"].checks
    assert total.box is not None and round(total.box[1] / 20) == 4
    assert fields["invoice_number"].grounded and fields["invoice_date"].grounded


def test_a_field_that_stands_nowhere_has_no_place() -> None:
    fields = found(WRITTEN, *READ[:3])
    total = fields["total_amount"]
    assert (total.raw, total.grounded, total.box) == ("EUR 12.80", False, None)
    assert fields["invoice_number"].grounded


def test_values_of_a_schema_say_so_too() -> None:
    schema = {
        "type": "object",
        "properties": {"invoice_number": {"type": "string"}, "total": {"type": "number"}},
    }
    (read,) = pages_of(WRITTEN, *READ[:3], "Total: EUR 17.80")
    extraction = extract((read,), schema)
    assert extraction.value == {"invoice_number": "47118", "total": 12.8}
    told = {pointer: cited.grounded for pointer, cited in extraction.citations.items()}
    assert told == {"/invoice_number": True, "/total": False}


def test_a_value_that_ocr_cannot_read_has_no_place_and_is_not_called_wrong() -> None:
    (read,) = pages_of("Invoice 47118\n\nСчёт Иванов", "Invoice 47118")
    (line,) = [line for line in read.lines if line.grounded is None]
    value = FieldValue("x", "X", "text", line.text, line.text, 1, line.box, 0.9)
    told = told_grounded(value, (read,))
    assert (told.grounded, told.box, told.checks) == (None, None, {})
