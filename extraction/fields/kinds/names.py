"""Words: identifiers, names of organisations, any text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.dates import NUMERIC_DATE
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

ID = re.compile(r"(?<![\w/#-])#?[A-Z0-9][\w/.*-]*", re.IGNORECASE)


def find_ids(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Words with a digit; dates, amounts and percentages are no identifiers."""
    for match in ID.finditer(text):
        word = match[0].rstrip(".-/*")
        digits = sum(character.isdigit() for character in word)
        if not digits or len(word) < 2 or re.fullmatch(r"\d+[.,]\d{2}", word):
            continue
        if NUMERIC_DATE.fullmatch(word) or text[match.end() : match.end() + 1] == "%":
            continue
        certainty = 1.0 if digits >= 3 else 0.6
        yield Hit(match.start(), match.start() + len(word), word, certainty)


COMPANY = re.compile(
    r"(?<!\w)(?:GmbH(?: & Co\.? ?KG)?|(?-i:AG|KG|UG|SA|NV|BV|AB|SL|SAS|SRL|SpA|SARL|Oy)|e\.K\.|"
    r"Ltd|Limited|LLC|Inc|Corp|Corporation|PLC|LLP|S\.A\.(?:R\.L\.|S\.)?|S\.L\.U?|S\.p\.A|"
    r"S\.r\.l|B\.V|N\.V|Sp\. ?z ?o\. ?o|Sdn\.? ?Bhd|S/B|Bhd|Pte\.? Ltd|Pty\.? Ltd|A/S)\.?(?!\w)",
    re.IGNORECASE,
)
REGISTRATION = re.compile(r"[\s(\[]*(?:reg\.?|no\.?|co\.?|\W)*\d[\w\s./-]*\W*$", re.IGNORECASE)


def find_text(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    stripped = text.strip(" :;,-–#")
    if sum(character.isalpha() for character in stripped) >= 2:
        start = text.index(stripped)
        yield Hit(start, start + len(stripped), stripped, 0.8)


def find_organisations(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """A name up to its legal form, or without the registration number that often follows it."""
    for hit in find_text(text):
        form = COMPANY.search(hit.value)
        if form and form.start() > 2:
            name = hit.value[: form.end()]
        else:
            name = REGISTRATION.sub("", hit.value).rstrip(" ,;:-(")
        if sum(character.isalpha() for character in name) >= 3:
            yield Hit(hit.start, hit.start + len(name), name, hit.certainty)
