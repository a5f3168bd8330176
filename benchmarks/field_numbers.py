"""Numbers with right check digits: IBAN, BIC, tax numbers, cards, containers, machine-readable zones.

Written from the published rules and checked with python-stdnum; nothing of ``extraction`` is used.
"""

from __future__ import annotations

import random
import unicodedata
from datetime import date

from benchmarks.field_content import Country, fill

# The domestic part of IBANs, and tax numbers: drawn until the sum is right.
BBAN = {
    "DE": "##################", "AT": "################", "CH": "#################",
    "GB": "HBUK##############", "FR": "#######################", "ES": "####################",
    "IT": "X######################", "NL": "ABNA##########", "PL": "########################",
}  # fmt: skip
CALLING = {
    "DE": 49,
    "AT": 43,
    "CH": 41,
    "GB": 44,
    "US": 1,
    "SG": 65,
    "MY": 60,
    "FR": 33,
    "ES": 34,
    "IT": 39,
    "NL": 31,
    "PL": 48,
}
TAX = {
    "DE": "DE#########", "AT": "ATU########", "CH": "CHE######### MWST", "GB": "GB#########",
    "FR": "FR###########", "ES": "ESB########", "IT": "IT###########", "NL": "NL#########B01",
    "PL": "PL##########",
}  # fmt: skip


def iban(chance: random.Random, country: Country) -> str:
    """A valid IBAN without spaces; of a neighbour where the country has none."""
    from stdnum import iban as rules

    code = country.code if country.code in BBAN else "GB"
    for _ in range(5000):
        rest = "".join(
            str(chance.randint(0, 9))
            if m == "#"
            else chance.choice("ABCDEFGHKLM")
            if m == "X"
            else m
            for m in BBAN[code]
        )
        number = f"{code}{rules.calc_check_digits(f'{code}00{rest}')}{rest}"
        if rules.is_valid(number):
            return number
    raise AssertionError(f"no IBAN drawn for {code}")


def grouped(number: str, size: int = 4) -> str:
    return " ".join(number[i : i + size] for i in range(0, len(number), size))


def bic(chance: random.Random, country: Country) -> str:
    bank = "".join(chance.choice("ABCDEFGHKLMNPRSTVW") for _ in range(4))
    return f"{bank}{country.code}{chance.choice(('2X', '21', 'MM', '22'))}{chance.choice(('XXX', '', ''))}"


def tax_number(chance: random.Random, country: Country) -> str:
    """A tax number as a firm of the country prints it."""
    if country.code == "US":
        return fill(chance, "##-#######")
    if country.code == "SG":
        return fill(chance, chance.choice(("20#######?", "M#-#######-#")))
    if country.code == "MY":
        return fill(chance, chance.choice(("0000########", "W##-####-########", "############")))
    number = _eu_number(chance, country.code)
    bare = number[2:]
    if country.code == "PL":
        written = (bare, f"{bare[:3]}-{bare[3:6]}-{bare[6:8]}-{bare[8:]}", number)
    elif country.code in ("IT", "ES"):
        written = (bare, bare, number)
    elif country.code == "CH":
        written = (f"CHE-{bare[1:4]}.{bare[4:7]}.{bare[7:10]} MWST",) * 3
    elif country.code == "FR":
        written = (number, f"FR {bare[:2]} {grouped(bare[2:], 3)}", number)
    elif country.code == "GB":
        written = (
            number,
            f"GB {bare[:3]} {bare[3:7]} {bare[7:]}",
            f"{bare[:3]} {bare[3:7]} {bare[7:]}",
        )
    elif country.code == "NL":
        written = (number, f"{number[:2]} {bare[:9]} {bare[9:]}", number)
    else:
        written = (number, f"{number[:2]} {bare}", number)
    return chance.choice(written)


def _eu_number(chance: random.Random, code: str) -> str:
    from stdnum.ch import vat as swiss
    from stdnum.eu import vat as european
    from stdnum.gb import vat as british

    rules = {"CH": swiss, "GB": british}.get(code, european)
    for _ in range(20000):
        number = fill(chance, TAX[code])
        if rules.is_valid(number):
            return number.replace(" MWST", "MWST")
    raise AssertionError(f"no tax number drawn for {code}")


def e164(phone: str, country: Country) -> str:
    """A telephone number of the country with its country's code."""
    digits = "".join(filter(str.isdigit, phone.replace("(0)", "")))
    if phone.startswith("+"):
        return f"+{digits}"
    code = CALLING[country.code]
    return f"+{code}{digits if country.code == 'IT' else digits.removeprefix('0')}"


def card_number(chance: random.Random) -> str:
    """Sixteen digits that pass Luhn's check."""
    from stdnum import luhn

    first = chance.choice("45") + "".join(str(chance.randint(0, 9)) for _ in range(14))
    return first + luhn.calc_check_digit(first)


def container(chance: random.Random) -> str:
    """A container's number after ISO 6346."""
    from stdnum import iso6346

    first = "".join(chance.choice("ABCEGHKLMSTX") for _ in range(3)) + "U"
    first += "".join(str(chance.randint(0, 9)) for _ in range(6))
    return first + iso6346.calc_check_digit(first)


# Machine-readable zones (ICAO Doc 9303, parts 3 to 5) ------------------------------------------

_TWO = {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "Ł": "L", "Ñ": "N", "Œ": "OE"}


def mrz_name(text: str) -> str:
    """A name in the letters of the zone, ``<`` for what parts its words."""
    upper = "".join(_TWO.get(c, c) for c in text.replace("ß", "SS").upper())
    plain = unicodedata.normalize("NFD", upper)
    kept = "".join(
        c if c.isascii() and c.isalpha() else " "
        for c in plain.replace("'", "")
        if not unicodedata.combining(c)
    )
    return "<".join(kept.split())


def check_digit(text: str) -> str:
    """Weights 7, 3, 1; letters count from 10, the filler 0."""
    value = sum(
        (0 if c == "<" else int(c, 36)) * (7, 3, 1)[place % 3] for place, c in enumerate(text)
    )
    return str(value % 10)


def _checked(text: str) -> str:
    return text + check_digit(text)


def passport_zone(
    state: str,
    surname: str,
    given: str,
    number: str,
    born: date,
    sex: str,
    expires: date,
    personal: str = "",
) -> tuple[str, str]:
    """The two lines of 44 characters of a passport; ``state`` also is the nationality."""
    first = f"P<{state:<<3}{mrz_name(surname)}<<{mrz_name(given)}"[:44]
    number = _checked(f"{number:<<9}")
    dates = _checked(f"{born:%y%m%d}"), _checked(f"{expires:%y%m%d}")
    optional = _checked(f"{personal:<<14}") if personal else "<" * 14 + "0"
    whole = check_digit(number + dates[0] + dates[1] + optional)
    return f"{first:<<44}", f"{number}{state:<<3}{dates[0]}{sex}{dates[1]}{optional}{whole}"


def card_zone(
    state: str, surname: str, given: str, number: str, born: date, sex: str, expires: date
) -> tuple[str, str, str]:
    """The three lines of 30 characters of an identity card."""
    first = f"ID{state:<<3}{_checked(f'{number:<<9}')}"
    dates = _checked(f"{born:%y%m%d}"), _checked(f"{expires:%y%m%d}")
    first = f"{first:<<30}"
    whole = check_digit(first[5:30] + dates[0] + dates[1] + "<" * 11)
    second = f"{dates[0]}{sex}{dates[1]}{state:<<3}{'<' * 11}{whole}"
    third = f"{mrz_name(surname)}<<{mrz_name(given)}"[:30]
    return first, second, f"{third:<<30}"


def reference(chance: random.Random, year: int, patterns: str) -> str:
    """A number of a document: ``{Y}`` stands for the year, ``{y}`` for its last two digits."""
    pattern = chance.choice(patterns.split("|"))
    return fill(chance, pattern.replace("{Y}", str(year)).replace("{y}", f"{year % 100:02}"))
