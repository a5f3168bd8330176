"""What words mean in the languages that documents are expected in: months, countries, currencies.

The names are those of the Unicode CLDR, by Babel, with a few that people write besides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "ms", "pt")

_MONTHS_BESIDES = {
    "sept": 9, "okt": 10, "mrz": 3, "mrt": 3, "marz": 3, "ogo": 8, "mac": 3, "juill": 7, "fevr": 2,
    "janv": 1, "set": 9, "styczen": 1, "luty": 2,
}  # fmt: skip
_COUNTRIES_BESIDES = {
    "usa": "US", "unitedstatesofamerica": "US", "etatsunis": "US", "eeuu": "US", "uk": "GB",
    "greatbritain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northernireland": "GB",
    "holland": "NL", "thenetherlands": "NL", "koninkrijkdernederlanden": "NL", "uae": "AE",
    "czechrepublic": "CZ", "turkey": "TR", "vrchina": "CN", "prchina": "CN",
    "bundesrepublikdeutschland": "DE", "federalrepublicofgermany": "DE", "republikosterreich": "AT",
    "republicofsingapore": "SG", "republiquefrancaise": "FR", "repubblicaitaliana": "IT",
    "rzeczpospolitapolska": "PL",
}  # fmt: skip
_CURRENCIES_BESIDES = {
    "euro": "EUR", "euros": "EUR", "euri": "EUR", "dollar": "USD", "dollars": "USD",
    "usdollars": "USD", "dolar": "USD", "dolares": "USD", "pound": "GBP", "pounds": "GBP",
    "poundssterling": "GBP", "sterling": "GBP", "pfund": "GBP", "franken": "CHF",
    "swissfrancs": "CHF",
    "francssuisses": "CHF", "zloty": "PLN", "zlote": "PLN", "zlotych": "PLN", "ringgit": "MYR",
    "rupees": "INR", "rupee": "INR", "rupien": "INR", "yen": "JPY", "yuan": "CNY",
    "renminbi": "CNY",
    "kroner": "DKK", "kronor": "SEK", "reais": "BRL", "real": "BRL", "forint": "HUF", "lira": "TRY",
}  # fmt: skip


def plain(text: str) -> str:
    """The text's letters alone, small and without accents."""
    text = text.casefold().replace("ł", "l")
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", text))


@cache
def months() -> dict[str, int]:
    """The number of a month by its ``plain`` name or abbreviation."""
    from babel import Locale

    named: dict[str, int] = {}
    for language in LANGUAGES:
        for forms in Locale(language).months.values():
            for width in ("wide", "abbreviated"):
                for number, name in forms.get(width, {}).items():
                    named.setdefault(plain(name), number)
    return {name: number for name, number in {**named, **_MONTHS_BESIDES}.items() if len(name) > 2}


@cache
def countries() -> dict[str, str]:
    """The ISO 3166-1 alpha-2 code of a country by its ``plain`` name."""
    from babel import Locale

    named = {
        plain(name): code
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if re.fullmatch(r"[A-Z]{2}", code)
        and code not in {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    }
    return {**named, **_COUNTRIES_BESIDES}


def country_of_code(code: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of an alpha-2 or alpha-3 code; None where it is none."""
    from babel.core import get_global

    if code == "D":  # on passports
        return "DE"
    if re.fullmatch(r"[A-Z]{3}", code):
        code = " ".join(get_global("territory_aliases").get(code, ()))
    return code if code in set(countries().values()) else None


@cache
def currency_names() -> dict[str, str]:
    """The ISO 4217 code of a currency that is in use by its ``plain`` name."""
    from babel import Locale

    from extraction.fields.kinds.currencies import CURRENCIES

    named = {
        plain(name): code
        for language in LANGUAGES
        for code, name in Locale(language).currencies.items()
        if code in CURRENCIES
    }
    return {**named, **_CURRENCIES_BESIDES}
