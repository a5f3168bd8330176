"""Kinds of values: find them in a line of text, check them, bring them to their normal form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from extraction.fields.kinds.accounts import find_bics, find_cards, find_ibans
from extraction.fields.kinds.addresses import find_addresses
from extraction.fields.kinds.boxes import find_boxes
from extraction.fields.kinds.contacts import find_emails, find_phones, find_urls
from extraction.fields.kinds.countries import find_countries
from extraction.fields.kinds.currencies import find_currencies
from extraction.fields.kinds.dates import find_dates
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing
from extraction.fields.kinds.money import find_money
from extraction.fields.kinds.names import (
    find_ids,
    find_nothing,
    find_organisations,
    find_persons,
    find_text,
)
from extraction.fields.kinds.numbers import find_numbers, find_percentages
from extraction.fields.kinds.tax_numbers import find_national_ids, find_vat_numbers

__all__ = ["KINDS", "Hit", "Kind", "Writing", "find"]

LONGEST_LINE = 500  # characters


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    ``find`` gives the values in a line of text, from left to right. ``sight`` is how much it says
    that a value was found without a label: 0 where nothing shows that a text is of this kind.
    ``digits`` says that a value has at least one. ``form`` describes the normal form.
    """

    name: str
    label: str
    find: Callable[[str, Writing], Iterator[Hit]]
    form: str
    sight: float = 0.0
    digits: bool = False


# fmt: off
KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("text", "Text", find_text, "as written"),
    Kind("date", "Date", find_dates, "ISO 8601 date", sight=0.45, digits=True),
    Kind("money", "Amount of money", find_money,
         '{"amount": decimal as text, "currency": ISO 4217 code or null}', digits=True),
    Kind("number", "Number", find_numbers, "decimal as text", digits=True),
    Kind("percent", "Percentage", find_percentages, "percent, decimal as text", digits=True),
    Kind("id", "Identifier", find_ids, "as written", digits=True),
    Kind("vat", "Tax or VAT number", find_vat_numbers, "letters and digits", sight=0.8,
         digits=True),
    Kind("national_id", "National number of a person", find_national_ids, "letters and digits",
         digits=True),
    Kind("iban", "IBAN", find_ibans, "IBAN without spaces", sight=0.95, digits=True),
    Kind("bic", "BIC", find_bics, "8 or 11 letters and digits"),
    Kind("card", "Payment card", find_cards, "masked but for the last four digits", sight=0.7,
         digits=True),
    Kind("email", "E-mail address", find_emails, "domain in small letters", sight=0.9),
    Kind("phone", "Telephone number", find_phones,
         "E.164; as written where the country is not known", sight=0.5, digits=True),
    Kind("url", "Web address", find_urls, "URL, host in small letters", sight=0.85),
    Kind("person", "Person", find_persons, "as written, without title"),
    Kind("organisation", "Organisation", find_organisations, "as written"),
    Kind("country", "Country", find_countries, "ISO 3166-1 alpha-2 code"),
    Kind("currency", "Currency", find_currencies, "ISO 4217 code"),
    Kind("checkbox", "Check box", find_boxes, "true or false"),
    Kind("table", "Table", find_nothing, "rows, made from a table's columns"),
    Kind("address", "Address", find_addresses,
         '{"text": lines joined by commas, "postcode", "city", "country": ISO 3166-1 code}; '
         "null where not told"),
)}
# fmt: on


def find(kind: str, text: str, writing: Writing = UNKNOWN) -> list[Hit]:
    """The values of that kind in the text, from left to right. ``kind`` is a key of ``KINDS``.

    Only the first ``LONGEST_LINE`` characters are looked at.
    """
    return list(KINDS[kind].find(text[:LONGEST_LINE], writing))
