"""Tax numbers of companies and national numbers of people, by country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from extraction.fields.kinds.checksums import (
    MENDED,
    RIGHT,
    WRONG,
    Check,
    compact,
    group_ends,
    mended,
    verdict,
)
from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing
from extraction.fields.kinds.names import find_ids


@dataclass(frozen=True, slots=True)
class Scheme:
    """A country's numbers: ``module`` of python-stdnum checks them, ``shape`` without marks.

    ``shows`` says that no other number has this shape; ``summed`` that it has a check digit.
    """

    country: str
    module: str
    shape: str
    shows: bool = False
    summed: bool = True


# fmt: off
TAX_SCHEMES = (
    Scheme("CH", "ch.vat", r"CHE\d{9}(?:MWST|TVA|IVA)", shows=True),
    Scheme("CH", "ch.uid", r"CHE\d{9}", shows=True),
    Scheme("NO", "no.mva", r"(?:NO)?\d{9}MVA", shows=True),
    Scheme("NO", "no.orgnr", r"\d{9}"),
    Scheme("IN", "in_.gstin", r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", shows=True),
    Scheme("AU", "au.abn", r"\d{11}"),
    Scheme("BR", "br.cnpj", r"\d{14}"),
    Scheme("US", "us.ein", r"\d{9}", summed=False),
    Scheme("PL", "pl.nip", r"\d{10}"),
    Scheme("PL", "pl.regon", r"\d{9}|\d{14}"),
    Scheme("ES", "es.nif", r"[A-Z0-9]\d{7}[A-Z0-9]"),
    Scheme("IT", "it.iva", r"\d{11}"),
    Scheme("IT", "it.codicefiscale", r"[A-Z]{6}[A-Z0-9]{9}[A-Z]", shows=True),
    Scheme("FR", "fr.siret", r"\d{14}"),
    Scheme("FR", "fr.siren", r"\d{9}"),
    Scheme("DE", "de.vat", r"\d{9}"),
    Scheme("DE", "de.stnr", r"\d{10,11}|\d{13}", summed=False),
    Scheme("DE", "de.idnr", r"\d{11}"),
    Scheme("GB", "gb.vat", r"\d{9}|\d{12}"),
    Scheme("GB", "gb.utr", r"\d{10}"),
    Scheme("PT", "pt.nif", r"\d{9}"),
    Scheme("NL", "nl.btw", r"\d{9}B\d{2}", shows=True),
    Scheme("NL", "nl.bsn", r"\d{9}"),
    Scheme("BE", "be.vat", r"[01]?\d{9}"),
    Scheme("AT", "at.uid", r"U\d{8}"),
    Scheme("SG", "sg.uen", r"\d{8,9}[A-Z]|[RST]\d{2}[A-Z]{2}\d{4}[A-Z]"),
    Scheme("NZ", "nz.ird", r"\d{8,9}"),
    Scheme("CA", "ca.bn", r"\d{9}(?:R[CMPT]\d{4})?"),
    Scheme("ZA", "za.tin", r"\d{10}"),
    Scheme("JP", "jp.cn", r"\d{13}"),
    Scheme("MX", "mx.rfc", r"[A-Z&]{3,4}\d{6}[A-Z0-9]{3}"),
    Scheme("CN", "cn.uscc", r"[0-9A-Z]{2}\d{6}[0-9A-Z]{10}"),
    Scheme("TR", "tr.vkn", r"\d{10}"),
)
NATIONAL_SCHEMES = (
    Scheme("PL", "pl.pesel", r"\d{11}"),
    Scheme("ES", "es.dni", r"\d{8}[A-Z]", shows=True),
    Scheme("ES", "es.nie", r"[XYZ]\d{7}[A-Z]", shows=True),
    Scheme("IT", "it.codicefiscale", r"[A-Z]{6}[A-Z0-9]{9}[A-Z]", shows=True),
    Scheme("FR", "fr.nir", r"[12]\d{4}[0-9AB]\d{9}", shows=True),
    Scheme("NL", "nl.bsn", r"\d{9}"),
    Scheme("BE", "be.nn", r"\d{11}"),
    Scheme("DE", "de.idnr", r"\d{11}"),
    Scheme("PT", "pt.nif", r"\d{9}"),
    Scheme("CH", "ch.ssn", r"756\d{10}", shows=True),
    Scheme("SE", "se.personnummer", r"\d{10}|\d{12}"),
    Scheme("NO", "no.fodselsnummer", r"\d{11}"),
    Scheme("FI", "fi.hetu", r"\d{6}[A-Y]?\d{3}[0-9A-Y]"),
    Scheme("DK", "dk.cpr", r"\d{10}", summed=False),
    Scheme("GB", "gb.nhs", r"\d{10}"),
    Scheme("US", "us.ssn", r"\d{9}", summed=False),
    Scheme("CA", "ca.sin", r"\d{9}"),
    Scheme("MY", "my.nric", r"\d{12}", summed=False),
    Scheme("BR", "br.cpf", r"\d{11}"),
    Scheme("IN", "in_.pan", r"[A-Z]{5}\d{4}[A-Z]", summed=False),
    Scheme("IN", "in_.aadhaar", r"\d{12}"),
    Scheme("CN", "cn.ric", r"\d{17}[0-9X]", shows=True),
    Scheme("TR", "tr.tckimlik", r"\d{11}"),
    Scheme("ZA", "za.idnr", r"\d{13}"),
    Scheme("MX", "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", shows=True),
)
# fmt: on
VAT_PREFIXES = frozenset(
    re.findall(
        r"\w+",
        "AT BE BG CY CZ DE DK EE EL ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI",
    )
)
VAT_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}(?=[ .-]?[0-9A-Za-z])")
NUMBER_START = re.compile(r"(?<![A-Z0-9./-])[A-Z0-9]", re.IGNORECASE)
LONGEST = 24
FEWEST_DIGITS = 6
MOST_STARTS = 40  # in one line, at which numbers are looked for


def find_vat_numbers(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """One tax number: with a country's letters, else of the document's country, else any."""
    if _digits(text) < FEWEST_DIGITS:
        return
    yield from _vat_numbers(text) or _national(TAX_SCHEMES, text, writing) or _any(text)


def find_national_ids(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Numbers that a state gives a person; of countries that are not known, any."""
    yield from _national(NATIONAL_SCHEMES, text, writing) or _any(text)


def _any(text: str) -> Iterator[Hit]:
    """Other countries' numbers, believed only behind a label."""
    for hit in find_ids(text):
        if sum(character.isdigit() for character in hit.value) >= FEWEST_DIGITS:
            number = hit.value.lstrip("#")
            yield Hit(hit.start + len(hit.value) - len(number), hit.end, number, 0.6)


def _vat_numbers(text: str) -> list[Hit]:
    """The first right number after a country's letters, else the first that is nearly right."""
    doubtful: list[Hit] = []
    for match in _first(VAT_START, text):
        if match[0] not in VAT_PREFIXES:
            continue
        check = _check("gb.vat" if match[0] in ("GB", "XI") else "eu.vat")
        numbers = _numbers(text, match.start())
        for end, number in numbers:
            if verdict(check, number) == RIGHT:
                return [Hit(match.start(), end, number, 1.0, {"checksum": True})]
        doubtful = doubtful or _put_right(check, match.start(), numbers, fixed=2)
        doubtful = doubtful or [
            Hit(match.start(), end, number, 0.4, {"checksum": False})
            for end, number in numbers
            if verdict(check, number) == WRONG
        ]
    return doubtful[:1]


def _national(schemes: tuple[Scheme, ...], text: str, writing: Writing) -> list[Hit]:
    """The first number of the document's country, or of a shape that no other number has.

    With none that is right, the first that is nearly so.
    """
    if _digits(text) < FEWEST_DIGITS - 1:
        return []
    likely, shapes, loose_shapes = _likely(schemes, writing.country)
    doubtful: list[Hit] = []
    for match in _first(NUMBER_START, text):
        start = match.start()
        if doubtful and start < doubtful[-1].end:
            continue
        numbers = _numbers(text, start)
        alike = [(end, number) for end, number in numbers if shapes.fullmatch(number)]
        hit = _checked(likely, text, start, alike)
        if hit and hit.certainty >= 0.9:
            return [hit]
        if hit:
            doubtful.append(hit)
            continue
        alike = [(end, number) for end, number in numbers if loose_shapes.fullmatch(number)]
        for scheme in likely if alike else ():
            if scheme.summed:
                hits = _put_right(_check(scheme.module), start, alike)
                doubtful += [hit for hit in hits if re.fullmatch(scheme.shape, hit.value)]
    return doubtful[:1]


def _checked(
    schemes: tuple[Scheme, ...], text: str, start: int, numbers: list[tuple[int, str]]
) -> Hit | None:
    """The longest number of a scheme's shape, right by one scheme or wrong by all."""
    wrong: Hit | None = None
    for end, number in numbers:
        for scheme in schemes:
            if not re.fullmatch(scheme.shape, number):
                continue
            # The hyphen of a Finnish number tells the century.
            written = text[start:end] if scheme.module == "fi.hetu" else number
            found = verdict(_check(scheme.module), written)
            if found == RIGHT:
                sure = 1.0 if scheme.shows and scheme.summed else 0.9
                checks = {"checksum": True} if scheme.summed else {}
                return Hit(start, end, number, sure, checks)
            if found == WRONG and scheme.summed:
                wrong = Hit(start, end, number, 0.4, {"checksum": False})
        if wrong:
            break
    return wrong


@cache
def _likely(
    schemes: tuple[Scheme, ...], country: str | None
) -> tuple[tuple[Scheme, ...], re.Pattern[str], re.Pattern[str]]:
    """The schemes to try, what their numbers look like, and what these look like misread."""
    likely = tuple(each for each in schemes if each.shows or each.country == country)
    shapes = "|".join(each.shape for each in likely)
    loose = shapes.replace(r"\d", "[0-9OILSB]").replace("[A-Z]", "[A-Z0158]")
    return likely, re.compile(shapes), re.compile(loose)


def _numbers(text: str, start: int) -> list[tuple[int, str]]:
    """What may be a number beginning there: where it ends, and its letters and digits."""
    if _digits(text[start : start + LONGEST]) < FEWEST_DIGITS - 1:
        return []
    return [
        (end, compact(text[start:end]))
        for end in group_ends(text, start, LONGEST)
        if _digits(text[start:end]) >= FEWEST_DIGITS - 1
    ]


def _put_right(
    check: Check, start: int, numbers: list[tuple[int, str]], fixed: int = 0
) -> list[Hit]:
    """The first number that its check sum puts right."""
    for end, number in numbers:
        right = mended(check, number, fixed=fixed)
        if right:
            return [Hit(start, end, right, 0.8, {"checksum": True}, (MENDED,))]
    return []


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for match, _ in zip(pattern.finditer(text), range(MOST_STARTS), strict=False)]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


@cache
def _check(module: str) -> Check:
    check: Check = import_module(f"stdnum.{module}").validate
    return check
