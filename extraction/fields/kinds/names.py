"""Words: identifiers, names of organisations, any text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.dates import NUMERIC_DATE, find_dates
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

# An identifier set in groups: "578 307 247", "943 8920426", "1 EMH 53 132 987", "MX 59 77 86 J".
SPACED = re.compile(
    r"(?:\d [A-Z]{2,4} |[A-Z]{1,4} )?\d{2,12}(?: \d{2,12}(?:-\d)?){1,6}(?: [A-Z])?"
    r"|[A-Z]{4} \d{6} ?-?\d"
)
ACCOUNT = re.compile(r"[A-Z]{2}\d{2} (?:[A-Z0-9]{4} ){2}")  # an IBAN's first groups
ID = re.compile(r"(?<![\w/#-])#?[A-Z0-9][\w/.*-]*", re.IGNORECASE)


def find_ids(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Words with a digit, or all groups of a text; dates, amounts and percentages are none."""
    groups = SPACED.fullmatch(text.strip(" :#."))
    if groups and not any(find_dates(text)):
        start = text.index(groups[0])
        yield Hit(start, start + len(groups[0]), groups[0], 1.0)
        return
    for match in ID.finditer(text):
        word = match[0].rstrip(".-/*")
        digits = sum(character.isdigit() for character in word)
        if not digits or len(word) < 2 or re.fullmatch(r"\d+[.,]\d{2}", word):
            continue
        if ACCOUNT.match(text, match.start()) or re.match(r",\d", text[match.end() :]):
            continue  # the beginning of an IBAN, of an amount
        if NUMERIC_DATE.fullmatch(word) or text[match.end() : match.end() + 1] == "%":
            continue
        certainty = 1.0 if digits >= 3 else 0.6
        yield Hit(match.start(), match.start() + len(word), word, certainty)


COMPANY = re.compile(
    r"(?<!\w)(?:GmbH(?: & Co\.? ?KG(?:aA)?)?|e\.K\.|e\.V\.|"
    r"(?-i:AG|KG|KGaA|OHG|OG|GbR|eG|UG|SA|NV|BV|AB|SL|SAS|SASU|EURL|SRL|SpA|SARL|Oy|ApS|VOF)|"
    r"Ltd|Limited|LLC|Inc|Corp|Corporation|PLC|LLP|S\.A\.(?:R\.L\.|S\.)?|S\.L\.U?|S\.p\.A|"
    r"S\.r\.l|S\.n\.c|S\.a\.s|B\.V|N\.V|V\.O\.F|Sp\. ?z ?o\. ?o(?:\.? [Ss]p\. ?k)?|Sp\. ?[kj]|s\.c|"
    r"s\.r\.o|d\.o\.o|Ltda|Lda|(?:\(\w{1,4}\) )?(?:Pte\.? Ltd|Sdn\.? ?Bhd)|S/B|Bhd|Berhad|"
    r"Pty\.? Ltd|Pvt\.? Ltd|A/S)\.?(?!\w)",
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


TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Herrn?|Frau|Dipl\.-Ing|Ing|Mag|M|Mme|Mlle|Monsieur|"
    r"Madame|Sr|Sra|Srta|Don|Doña|Sig|Sig\.ra|Sig\.na|Dott|Dott\.ssa|Dhr|Mevr|Mw|Drs|Ir|Pan|Pani|"
    r"Encik|En|Puan|Pn|Cik|Datuk|Dato|Tuan|Senhor|Senhora)"
)
_LOWER = (
    r"(?:de la|de los|de|del|della|di|da|do|dos|van der|van den|van|von der|von|zu|ter|y|e|bin|"
    r"binti|bte|a/l|a/p)"
)
_NAME = r"[^\W\d_a-z][^\W\d_]{0,24}(?:['’-][^\W\d_]{1,24}){0,2}\.?"
PERSON = re.compile(
    rf"(?<!\w)(?P<titles>(?:{TITLE}\.?\s){{0,3}})"
    rf"(?P<name>{_NAME}(?:,?\s(?:(?i:{_LOWER})\s)?{_NAME}){{1,4}})(?![\w@&])"
)
# Words of headings and addresses, which begin with capitals too.
NO_NAME = re.compile(
    r"(?<!\w)(?:date|number|no|total|invoice|account|bank|street|road|avenue|lane|tax|vat|page|order|"
    r"address|name|customer|department|ltd|inc|gmbh|rechnung|datum|nummer|stra(?:ß|ss)e|konto|"
    r"betrag|kunde|facture|numéro|compte|rue|adresse|factura|número|cuenta|calle|fecha|fattura|"
    r"conto|via|piazza|indirizzo|faktura|numer|konta|ulica|adres|factuur|rekening|straat|"
    r"invois|akaun|jalan|taman|alamat|terms|payment|balance|amount)(?!\w)",
    re.IGNORECASE,
)


def find_persons(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Names as written, without title; two words with capitals at least, and no company's."""
    for match in PERSON.finditer(text):
        name = match["name"].rstrip(".") if match["name"].count(".") == 1 else match["name"]
        if COMPANY.search(name) or NO_NAME.search(name):
            continue
        alone = match[0].strip() == text.strip(" :;,.")
        certainty = 1.0 if match["titles"] else 0.9 if alone else 0.6
        yield Hit(match.start(), match.start("name") + len(name), name, certainty)


def find_nothing(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """None: what is more than a line of text is made elsewhere."""
    return iter(())
