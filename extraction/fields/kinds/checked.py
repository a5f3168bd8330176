"""Numbers that carry a check of their own: IBAN and VAT numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing
from extraction.fields.kinds.names import find_ids

IBAN_START = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?=[A-Z0-9 ])", re.IGNORECASE)
VAT_START = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[A-Z]?(?=[ .-]?[0-9A-Z])", re.IGNORECASE)
PART_END = re.compile(r"(?<=[A-Z0-9])(?![A-Z0-9])", re.IGNORECASE)


def find_ibans(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    from stdnum import iban

    for match in IBAN_START.finditer(text):
        for end in _ends(text, match.start(), 34 + 12):
            if iban.is_valid(text[match.start() : end]):
                value = iban.compact(text[match.start() : end])
                yield Hit(match.start(), end, value, 1.0)
                break


def find_vat_numbers(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    from stdnum.ch import vat as swiss
    from stdnum.eu import vat as european
    from stdnum.gb import vat as british

    for match in VAT_START.finditer(text):
        for end in _ends(text, match.start(), 20):
            part = text[match.start() : end]
            checks = {"GB": british, "CH": swiss}.get(part[:2].upper(), european)
            if checks.is_valid(part):
                value = re.sub(r"[^A-Z0-9]", "", part.upper())
                yield Hit(match.start(), end, value, 1.0)
                return
    # Other countries' numbers, believed only behind a label.
    for hit in find_ids(text):
        if sum(character.isdigit() for character in hit.value) >= 6:
            yield Hit(hit.start, hit.end, hit.value, 0.6)


def _ends(text: str, start: int, longest: int) -> list[int]:
    """Where a number beginning at ``start`` may end, the longest first."""
    piece = text[start : start + longest]
    return [start + m.start() for m in PART_END.finditer(piece) if m.start() > 4][::-1]
