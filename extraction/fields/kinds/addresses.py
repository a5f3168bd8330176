"""Postal addresses: what in a line speaks for one, and its town, postcode and country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

LONGEST = 300  # characters looked at

_STREETS = (
    "street|road|rd|avenue|ave|lane|drive|boulevard|blvd|highway|hwy|square|parkway|pkwy|terrace|"
    "crescent|quay|court|way|close|mews|straße|strasse|platz|gasse|allee|weg|damm|ufer|chaussee|"
    "rue|quai|impasse|cours|chemin|allée|faubourg|lotissement|zi|z\\.i|"
    "calle|c/|avenida|avda|paseo|plaza|carrer|carretera|ctra|camino|polígono|pol|ronda|"
    "rua|travessa|via|viale|piazza|corso|largo|strada|contrada|vicolo|"
    "straat|laan|plein|gracht|kade|dijk|singel|ul|ulica|al|aleja|plac|pl|os|"
    "jalan|jln|lorong|lrg|persiaran|lebuh|lebuhraya|lingkaran|taman|tmn|kampung|bandar|kawasan|"
    "seksyen|sek|mukim|bukit|medan|pusat|bangunan|wisma|menara|dataran|sec|section"
)
_INSIDES = (
    "lot|no|unit|suite|ste|floor|flr|level|blk|block|ground|g/f|ptd|building|bldg|mall|tower|"
    "centre|center|park|estate|plaza|complex|kompleks|shop|kiosk|room|p\\.?o\\.? ?box|postfach|"
    "bp|apartado|apt|gedung|etage|stock|piso|planta|piano"
)
# Streets whose word is the end of a longer one: Hauptstr., Keizersgracht.
STREET = re.compile(
    rf"(?<!\w)(?:{_STREETS})\.?(?!\w)|\w{{2,}}(?:str\.|straße|strasse|straat|laan|weg|platz|gasse|"
    r"allee|gracht|plein|kade|dijk|singel|ring|damm|steig|graben|zeile|kai|ufer|steenweg|dreef)"
    r"(?!\w)|[a-z] (?-i:St|Dr|Ln|Ct)\.?(?=,|$)",
    re.IGNORECASE,
)
INSIDE = re.compile(rf"(?<!\w)(?:{_INSIDES})\.?(?!\w)", re.IGNORECASE)
NUMBER_FIRST = re.compile(
    r"\W*(?:(?:no|lot|unit|suite|blk|block|pt|ptd|plot)\b[\s.,:]*)*[A-Z]{0,2}-?\d+[A-Z]?\b",
    re.IGNORECASE,
)
NUMBER_LAST = re.compile(r"[^\W\d_]{3,}\.?,?\s+\d{1,4}\s?[A-Za-z]?(?:\s?[-/]\s?\d{1,4})?\s*,?$")
CONTACT = re.compile(
    r"(?<!\w)(?:tel|telephone|phone|fax|mobile|mob|hp|h/p|hotline|telefon|telefoon|téléphone|"
    r"teléfono|telefono|e-?mail|website|web|www|https?|t/f)(?!\w)|@\w|\w\.com?(?!\w)",
    re.IGNORECASE,
)
REGISTER = re.compile(
    r"(?<!\w)(?:gst|sst|vat|roc|reg|regn|co\.? ?reg|company no|co\.? no|uen|ust|ustid\w*|"
    r"steuer\w*|tva|siret|siren|rcs|iva|nif|cif|btw|kvk|nip|regon|hrb|handelsregister|amtsgericht|"
    r"tax id|tin|abn|cin|pan|tax invoice|licen[cs]e|brn)(?!\w)",
    re.IGNORECASE,
)
# Only a register's number, as "(789417-W)".
NUMBER_ALONE = re.compile(r"\W*(?:no\W*)?[A-Z]{0,3}\d{5,}[\s-]*[A-Z\d]{0,3}\W*", re.IGNORECASE)
CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)|\d[./-]\d{1,2}[./-]\d{2,4}(?!\d)")
HOURS = re.compile(r"(?<!\w)(?:hours?|open|daily|mon|sun|am|pm|hrs)(?!\w)", re.IGNORECASE)

_TOWN = r"[^\W\d_][^\d,;|·•]{2,40}"
# The postcode and what stands beside it: the town after it, or before it.
POSTCODES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (country, re.compile(pattern))
    for country, pattern in (
        (
            "",
            rf"(?<![\w/.-])(?:[A-Z]{{1,2}}[- ])?(?P<code>\d{{5}})[,\s]\s*(?:- )?(?P<town>{_TOWN})",
        ),
        ("NL", rf"(?<![\w/-])(?P<code>\d{{4}} ?[A-Z]{{2}})[,\s]\s*(?P<town>{_TOWN})"),
        ("PL", rf"(?<![\w/-])(?P<code>\d{{2}}-\d{{3}})[,\s]\s*(?P<town>{_TOWN})"),
        ("PT", rf"(?<![\w/-])(?P<code>\d{{4}}-\d{{3}})[,\s]\s*(?P<town>{_TOWN})"),
        ("BR", rf"(?P<town>{_TOWN})[,\s-]+(?P<code>\d{{5}}-\d{{3}})(?![\w-])"),
        ("US", rf"(?P<town>{_TOWN}),\s*[A-Z]{{2}},?\s+(?P<code>\d{{5}}(?:-\d{{4}})?)(?![\w-])"),
        ("CA", rf"(?P<town>{_TOWN}),?\s*[A-Z]{{2}},?\s+(?P<code>[A-Z]\d[A-Z] ?\d[A-Z]\d)(?!\w)"),
        (
            "GB",
            rf"(?:(?P<town>{_TOWN})[,\s]\s*)?(?<!\w)(?P<code>[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}})"
            r"(?!\w)",
        ),
        ("SG", r"(?P<town>(?i:singapore))[,\s]+\(?(?P<code>\d{6})\)?(?!\w)"),
        ("IN", rf"(?P<town>{_TOWN})[,\s-]+(?P<code>\d{{3}} ?\d{{3}})(?![\w-])"),
        ("", rf"(?<![\w/.-])(?P<code>\d{{3}} \d{{2}})[,\s]\s*(?P<town>{_TOWN})"),
        ("AU", rf"(?P<town>{_TOWN})\s+(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT)\s+(?P<code>\d{{4}})(?!\w)"),
        ("", rf"(?<![\w/.-])(?:[A-Z]{{1,2}}-)?(?P<code>\d{{4}})\s+(?P<town>{_TOWN})"),
        ("", r"(?<![\w/.-])(?P<code>\d{5})(?P<town>)[\s,.]*$"),
    )
)
# fmt: off
COUNTRIES: dict[str, tuple[str, ...]] = {
    "AT": ("austria", "österreich"), "AU": ("australia",), "BE": ("belgium", "belgique", "belgië"),
    "BR": ("brazil", "brasil"), "CA": ("canada",), "CH": ("switzerland", "schweiz", "suisse"),
    "CN": ("china",), "CZ": ("czech republic", "czechia", "česko"),
    "DE": ("germany", "deutschland", "allemagne", "duitsland", "niemcy"),
    "DK": ("denmark", "danmark"), "ES": ("spain", "españa"), "FI": ("finland", "suomi"),
    "FR": ("france", "frankreich"), "GB": ("united kingdom", "england", "scotland", "wales"),
    "HK": ("hong kong",), "ID": ("indonesia",), "IE": ("ireland",), "IN": ("india",),
    "IT": ("italy", "italia"), "JP": ("japan",), "KR": ("south korea",), "LU": ("luxembourg",),
    "MX": ("mexico", "méxico"), "MY": ("malaysia",), "NL": ("netherlands", "nederland"),
    "NO": ("norway", "norge"), "NZ": ("new zealand",), "PH": ("philippines",),
    "PL": ("poland", "polska"), "PT": ("portugal",), "SE": ("sweden", "sverige"),
    "SG": ("singapore",), "TH": ("thailand",), "US": ("united states", "usa"), "VN": ("vietnam",),
    "ZA": ("south africa",),
}
# Parts of a country that end an address by themselves.
REGIONS: dict[str, tuple[str, ...]] = {
    "MY": ("selangor", "johor", "kuala lumpur", "penang", "pulau pinang", "perak", "pahang",
           "kedah", "kelantan", "melaka", "negeri sembilan", "sabah", "sarawak", "terengganu",
           "perlis", "putrajaya", "labuan"),
    "US": ("california", "texas", "florida", "new york", "washington"),
    "IN": ("karnataka", "maharashtra", "tamil nadu", "kerala", "gujarat", "haryana"),
    "GB": ("london", "kent", "surrey", "essex"),
}
# fmt: on
PLACES = re.compile(
    r"(?<!\w)(?:"
    + "|".join(
        re.escape(name)
        for table in (COUNTRIES, REGIONS)
        for names in table.values()
        for name in names
    )
    + r")(?!\w)",
    re.IGNORECASE,
)
_COUNTRY_OF = {
    name: code for table in (REGIONS, COUNTRIES) for code, names in table.items() for name in names
}


def evidence(text: str) -> frozenset[str]:
    """What in a line of text speaks for an address or against it, by name."""
    text = text[:LONGEST]
    tests = {
        "street": STREET.search(text),
        "inside": INSIDE.search(text),
        "number_first": NUMBER_FIRST.match(text),
        "number_last": NUMBER_LAST.search(text),
        "postcode": postcode(text),
        "place": PLACES.search(text),
        "comma": "," in text,
        "contact": CONTACT.search(text),
        "register": REGISTER.search(text),
        "number_alone": NUMBER_ALONE.fullmatch(text),
        "clock": CLOCK.search(text),
        "hours": HOURS.search(text),
    }
    return frozenset(name for name, found in tests.items() if found)


@lru_cache(maxsize=1024)  # runs of lines are tried that share most of them
def postcode(text: str) -> tuple[str, str, str] | None:
    """Postcode, town and the country whose postcodes look so ("" for many) in the text."""
    if not any(character.isdigit() for character in text):
        return None
    for country, pattern in POSTCODES:
        match = pattern.search(text)
        if match:
            return match["code"], (match["town"] or "").strip(" .,-"), country
    return None


def normal_form(lines: list[str]) -> dict[str, Any]:
    """An address of several lines: its text joined by commas, and what is told of its place."""
    text = ""
    for line in lines:
        line = line.strip()
        text += ("" if not text else " " if text[-1] in ",;-/" else ", ") + line
    code = next((found for found in map(postcode, reversed(lines)) if found), None)
    named = [match[0].lower() for match in PLACES.finditer(text)]
    countries = [_COUNTRY_OF[name] for name in named]
    country = countries[-1] if countries else (code[2] if code else "")
    return {
        "text": text.strip(" ,;"),
        "postcode": code[0] if code else None,
        "city": _town(code[1]) if code else None,
        "country": country or None,
    }


def _town(town: str) -> str | None:
    """The town without the part of the country behind it."""
    place = PLACES.search(town)
    if place and place.start() > 2:
        town = town[: place.start()].strip(" .,-")
    return town or None


def find_addresses(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """The text as an address, where a street and a number, or a postcode and a town show it.

    A telephone number or a web address behind it is no part of it.
    """
    contact = CONTACT.search(text[:LONGEST])
    end = text.rfind(" ", 0, contact.start() + 1) + 1 if contact else len(text)
    stripped = text[:end].strip(" :;,-")
    found = evidence(stripped)
    if not ("postcode" in found or ("street" in found and re.search(r"\d", stripped))):
        return
    start = text.index(stripped)
    certainty = 1.0 if {"postcode", "street"} <= found else 0.7
    yield Hit(start, start + len(stripped), normal_form([stripped]), certainty)
