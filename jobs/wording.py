"""What the codes of results are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, Promise | str]

BLOCK_KINDS: Words = {
    "title": _("Title"),
    "paragraph": _("Paragraph"),
    "list": _("List"),
    "table": _("Table"),
    "equation": _("Equation"),
    "figure": _("Figure"),
    "caption": _("Caption"),
    "footnote": _("Footnote"),
    "watermark": _("Watermark"),
    "stamp": _("Stamp"),
    "page_number": _("Page number"),
    "header": _("Header"),
    "footer": _("Footer"),
    "signature": _("Signature"),
    "checkbox": _("Check box"),
}

# The letters of jobs.shown_page.BANDS
BANDS: Words = {
    "a": _("95 % and more"),
    "b": _("80 to 95 %"),
    "c": _("60 to 80 %"),
    "d": _("Below 60 %"),
    "n": _("Not measured"),
}

WARNINGS: Words = {
    "blank_page": _("The page is of one colour."),
    "all_pages_blank": _("No text was found on any page."),
    "fields_failed": _("A fault of ours while fields were looked for. The text is complete."),
    "entities_failed": _("A fault of ours while entities were looked for. The text is complete."),
    "language_failed": _("A fault of ours while the language was told. The text is complete."),
    "schema_not_by_model": _(
        "The model gave no valid answer to the schema. Its values were found by their labels."
    ),
    "region_without_places": _(
        "A template looks for a field in a region, but the engine does not tell where text stands."
    ),
    "no_text_layer": _("The page has no text of its own, and OCR was not asked for."),
    "text_layer_unsound": _("The PDF's own text was not trusted. The page was read by OCR."),
    "hidden_text": _("Text that no reader sees was left out."),
    "text_truncated": _("More words than a page can have. The rest was left out."),
    "pdf_not_made": _("The searchable PDF could not be made."),
    "damaged_page": _("Parts of the page could not be drawn."),
    "degraded": _("The model could not read the page. It was read by OCR."),
    "model_looped": _("The model wrote the same over and over."),
    "model_cut_short": _("The model wrote more than a page may have."),
    "model_wrote_nothing": _("The model wrote nothing though there is something on the page."),
    "model_retried": _("The model's first answer was no good. This is its second."),
    "engine_away": _("The engine was out of order. OCR read the page instead."),
    "extension_mismatch": _("The file's name says another type than its content, which decides."),
    "not_compared": _("OCR could not read the page, so the model's text has no places on it."),
}

# Tests made of a field's value
CHECKS: Words = {
    "checksum": _("Check digits"),
    "sum": _("Net and tax make the total"),
    "paid": _("Paid less change makes the total"),
    "lines": _("The rows add up to it"),
    "products": _("Quantity times price in every row"),
    "country": _("The account is of the issuer's country"),
    "order": _("Dates are in order"),
    "page": _("It stands on the page as written"),
}

NOTES: Words = {
    "day_first_by_document": _("Read with the day first, as in the rest of the document."),
    "month_first_by_document": _("Read with the month first, as in the rest of the document."),
    "day_first_assumed": _("The day was taken to come first."),
    "century_assumed": _("The century was assumed."),
    "thousands_by_document": _("Thousands are separated as in the rest of the document."),
    "decimals_by_document": _("Decimals are separated as in the rest of the document."),
    "thousands_assumed": _("Three digits were taken for thousands."),
    "currency_by_document": _("The currency is the document's."),
    "currency_assumed": _("The currency was assumed from its symbol."),
    "credit": _("A credit."),
    "debit": _("A debit, so it is negative."),
    "country_not_known": _("The country is not known, so the number was not checked."),
    "mended_by_checksum": _("Misread characters were put right by the check digits."),
    "known_value": _("The template knows this value."),
    "time_zone_assumed_utc": _("The time zone was taken to be UTC."),
    "midnight_assumed": _("The hour was taken to be midnight."),
    "scheme_assumed": _("http:// was put before the address."),
}

ENTITY_KINDS: Words = {
    "date": _("Date"),
    "money": _("Amount"),
    "iban": _("IBAN"),
    "vat": _("Tax number"),
    "email": _("E-mail address"),
    "phone": _("Telephone number"),
    "url": _("Web address"),
}

ENTITIES: Words = {
    "date": _("Dates"),
    "money": _("Amounts"),
    "iban": _("IBANs"),
    "vat": _("Tax numbers"),
    "email": _("E-mail addresses"),
    "phone": _("Telephone numbers"),
    "url": _("Web addresses"),
}

METHODS: Words = {
    "label": _("Found by the label beside it."),
    "pattern": _("Known by its form, without a label."),
    "position": _("Found by its place alone."),
    "region": _("Found where the template says."),
    "learned": _("Found where earlier documents had it."),
    "label_in_text": _("Found by its label in the model's text."),
    "pattern_in_text": _("Known by its form in the model's text."),
    "table": _("Read from a table."),
}

REASONS: Words = {
    "missing": _("Required, but not found"),
    "unsure": _("Not sure enough"),
    "inconsistent": _("Does not agree with other values"),
}

DISAGREEMENTS: Words = {
    "differs": _("Read otherwise"),
    "invented": _("Not on the page"),
    "omitted": _("Left out by the model"),
}

# Why a part of a schema was not filled
PROBLEMS: Words = {
    "not_found": _("Not found"),
    "not_valid": _("What stands there does not fit the schema"),
    "ambiguous": _("Several values fit"),
}

FORMATS: Words = {
    "json": _("JSON, the whole result"),
    "md": _("Markdown"),
    "txt": _("Plain text"),
    "html": _("Web page"),
    "csv": _("Fields, tables and entities as CSV"),
    "xml": _("XML, the whole result"),
    "hocr": _("hOCR, text with positions"),
    "alto": _("ALTO XML for archives"),
    "pdf": _("Searchable PDF"),
}

DOUBTS: Words = {
    "absent": _("not found on the page"),
    "otherwise": _("the page reads otherwise"),
}

TABLE: Mapping[str, Words] = {
    "block": BLOCK_KINDS,
    "entity": ENTITY_KINDS,
    "entities": ENTITIES,
    "band": BANDS,
    "warning": WARNINGS,
    "check": CHECKS,
    "note": NOTES,
    "method": METHODS,
    "reason": REASONS,
    "disagreement": DISAGREEMENTS,
    "doubt": DOUBTS,
    "problem": PROBLEMS,
    "format": FORMATS,
}


def words_for(code: str, kind: str) -> str:
    """What a code of that kind is called; one unknown here is told as it is, readable."""
    known = TABLE[kind].get(code)
    return str(known) if known is not None else code.replace("_", " ").capitalize()
