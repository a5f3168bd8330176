"""Kinds of values: find them in a line of text, check them, bring them to their normal form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from extraction.fields.kinds.addresses import find_addresses
from extraction.fields.kinds.checked import find_ibans, find_vat_numbers
from extraction.fields.kinds.dates import find_dates
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing
from extraction.fields.kinds.money import find_money
from extraction.fields.kinds.names import find_ids, find_organisations, find_text

__all__ = ["KINDS", "Hit", "Kind", "Writing", "find"]


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
    Kind("date", "Date", find_dates, "ISO 8601 date", sight=0.45, digits=True),
    Kind("money", "Amount of money", find_money,
         '{"amount": decimal as text, "currency": ISO 4217 code or null}', digits=True),
    Kind("iban", "IBAN", find_ibans, "IBAN without spaces", sight=0.95, digits=True),
    Kind("vat", "VAT number", find_vat_numbers, "letters and digits", sight=0.8, digits=True),
    Kind("id", "Identifier", find_ids, "as written", digits=True),
    Kind("organisation", "Organisation", find_organisations, "as written"),
    Kind("address", "Address", find_addresses,
         '{"text": lines joined by commas, "postcode", "city", "country": ISO 3166-1 code}; '
         "null where not told"),
    Kind("text", "Text", find_text, "as written"),
)}
# fmt: on


def find(kind: str, text: str, writing: Writing = UNKNOWN) -> list[Hit]:
    """The values of that kind in the text, from left to right. ``kind`` is a key of ``KINDS``."""
    return list(KINDS[kind].find(text, writing))
