"""Identity cards and passports: small type over a photograph's side, and a machine-readable zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import sin

from benchmarks.field_content import Person, fill, party, person, pick
from benchmarks.field_drawing import Fact, Sheet, font
from benchmarks.field_numbers import card_zone, passport_zone
from benchmarks.field_wordings import words

NATIONALITIES = {
    "DE": "DEUTSCH", "AT": "ÖSTERREICH|Österreich", "CH": "Schweiz Suisse Svizzera|SCHWEIZ", "GB": "BRITISH CITIZEN", "US": "UNITED STATES OF AMERICA|USA",
    "SG": "SINGAPORE CITIZEN", "MY": "MALAYSIA|WARGANEGARA", "FR": "Française|FRANÇAISE", "ES": "ESPAÑOLA|ESP", "IT": "ITALIANA|ITA",
    "NL": "Nederlandse|NLD", "PL": "POLSKIE|POLSKIE / POLISH",
}  # fmt: skip
STATES = {
    "DE": "BUNDESREPUBLIK DEUTSCHLAND", "AT": "REPUBLIK ÖSTERREICH", "CH": "SCHWEIZERISCHE EIDGENOSSENSCHAFT", "GB": "UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND",
    "US": "UNITED STATES OF AMERICA", "SG": "REPUBLIC OF SINGAPORE", "MY": "MALAYSIA", "FR": "RÉPUBLIQUE FRANÇAISE", "ES": "REINO DE ESPAÑA",
    "IT": "REPUBBLICA ITALIANA", "NL": "KONINKRIJK DER NEDERLANDEN", "PL": "RZECZPOSPOLITA POLSKA",
}  # fmt: skip
OFFICES = {
    "de": "Stadt {t}|Landratsamt {t}", "en": "HMPO|Registry {t}|Department of State", "fr": "Préfecture de {t}|Mairie de {t}", "es": "{t}|Comisaría {t}",
    "it": "Comune di {t}|Questura {t}", "nl": "Burg. van {t}|Burgemeester {t}", "pl": "Prezydent Miasta {t}|Wojewoda {t}", "ms": "JPN {t}|Putrajaya",
}  # fmt: skip
DATES = "%d.%m.%Y|%d %b %Y|%d/%m/%Y|%d %b %Y|%d-%m-%Y|%d %m %Y"
NUMBERS = {"DE": "C01X#?###|L?#?##?##", "GB": "#########", "US": "#########|A########", "FR": "##??#####", "IT": "??#######|YA#######",
           "ES": "???######|PA?######", "NL": "N??#?#?#9", "PL": "??#######|E?#######", "AT": "P#######|U#######", "CH": "X#######|C#######",
           "SG": "K#######?", "MY": "A########"}  # fmt: skip


def _names(sheet: Sheet, holder: Person) -> tuple[str, str]:
    surname, given = holder.surname, holder.given
    if sheet.chance.random() < 0.75:
        surname = surname.upper()
        given = given.upper() if sheet.chance.random() < 0.7 else given
    return surname, given


def _life(sheet: Sheet) -> tuple[date, date, date]:
    """Born, issued, expires."""
    chance = sheet.chance
    issued = date(2017, 1, 1) + timedelta(days=chance.randint(0, 3200))
    born = date(1950, 1, 1) + timedelta(days=chance.randint(0, 19000))
    return (
        born,
        issued,
        date(issued.year + 10, issued.month, min(issued.day, 28)) - timedelta(days=1),
    )


def _also(sheet: Sheet) -> None:
    """What a passport or card says besides its labelled fields."""
    state = STATES[sheet.country.code]
    sheet.claim("issuing_country", sheet.country.code, state)
    sheet.truth.open |= {"full_name", "personal_number"} - set(sheet.truth.values)


def _zone(sheet: Sheet, x: float, y: float, lines: tuple[str, ...], width: float) -> float:
    """The machine-readable lines, set to the width in a typewriter's face; claims ``mrz``."""
    mono = font(None, "cour")
    look, sheet.look = sheet.look, replace(sheet.look, regular=mono)
    size = width / (0.6 * len(lines[0]))
    y = sheet.lines(x, y, lines, size=size)
    sheet.look = look
    sheet.claim("mrz", "\n".join(lines), "\n".join(lines))
    return y


def _photo(sheet: Sheet, x: float, y: float, wide: float) -> None:
    tone = sheet.chance.uniform(0.45, 0.75)
    page, tall = sheet.page, wide * 1.28
    page.draw_rect((x, y, x + wide, y + tall), fill=(0.86, 0.88, 0.9), color=None)
    page.draw_oval(
        (x + wide * 0.28, y + tall * 0.16, x + wide * 0.72, y + tall * 0.62),
        fill=(tone, tone * 0.85, tone * 0.75),
        color=None,
    )
    shoulders = [(0.08, 1.0), (0.14, 0.8), (0.38, 0.66), (0.62, 0.66), (0.86, 0.8), (0.92, 1.0)]
    page.draw_polyline([(x + a * wide, y + b * tall) for a, b in shoulders], closePath=True,
                       fill=(0.25, 0.27, 0.35), color=None)  # fmt: skip


def _ground(sheet: Sheet, x: float, y: float, wide: float, tall: float) -> None:
    """A tinted ground with fine waves, as against forgery."""
    tint = tuple(sheet.chance.uniform(0.88, 0.98) for _ in range(3))
    sheet.page.draw_rect((x, y, x + wide, y + tall), fill=tint, color=(0.6, 0.6, 0.6), radius=0.03)
    pale = tuple(c - 0.07 for c in tint)
    for n in range(sheet.chance.randint(0, 9)):
        level = y + tall * (n + 1) / 11
        points = [(x + 4 + k * (wide - 8) / 40, level + 5 * sin(k / 3 + n)) for k in range(41)]
        sheet.page.draw_polyline(points, color=pale, width=0.5)


def _labelled(sheet: Sheet, key: str) -> str:
    """A small label in the country's language, mostly with English beside it."""
    own = words(sheet.chance, key, sheet.country.language)
    if sheet.country.language != "en" and sheet.chance.random() < 0.75:
        return f"{own} / {words(sheet.chance, key, 'en')}"
    return own


def _columns(
    sheet: Sheet, x: float, y: float, width: float, height: float, facts: list[Fact], unit: float
) -> None:
    """Small labels over values, one or two facts a row, or labels at the left."""
    chance = sheet.chance
    style = chance.choice(("pairs", "pairs", "single", "single", "beside"))
    rows = (len(facts) + 1) // 2 + 1 if style == "pairs" else len(facts)
    step = min(height / rows, 21 * unit)
    size = min(step * (0.75 if style == "beside" else 0.56), chance.uniform(8.0, 10.5) * unit)
    tiny = min(size * 0.68, 6 * unit)
    if style == "beside":
        widest = max(sheet.measure(fact.label, 1.0) for fact in facts) or 1.0
        tiny = min(tiny, 0.39 * width / widest)
    bold = chance.random() < 0.5
    second = False
    for fact in facts:
        sheet.said(fact)
        if style == "beside":
            sheet.text(x, y + size * 0.2, fact.label, tiny * 1.1)
            room = sheet.fitting(fact.raw, size, width * 0.55)
            sheet.text(x + width * 0.45, y, fact.raw, room, bold=bold)
            y += step
            continue
        widest = max(sheet.measure(fact.raw, size, bold=bold), sheet.measure(fact.label, tiny))
        narrow = style == "pairs" and widest < width / 2 - 5
        if second and not narrow:
            y, second = y + step, False
        at = x + width / 2 if second else x
        sheet.text(at, y, fact.label, tiny)
        room = sheet.fitting(fact.raw, size, x + width - at)
        sheet.text(at, y + tiny * 1.1, fact.raw, room, bold=bold)
        second = narrow and not second
        y += 0 if second else step


def _crop(sheet: Sheet, x: float, y: float, wide: float, tall: float) -> None:
    """Half of the copies show nothing but the document."""
    if sheet.chance.random() < 0.5:
        edge = sheet.chance.uniform(3, 16)
        sheet.crop = (max(x - edge, 0), max(y - edge, 0), x + wide + edge, y + tall + edge)


def _issuer(sheet: Sheet) -> str:
    town = pick(sheet.chance, sheet.country.towns).title()
    return pick(sheet.chance, OFFICES[sheet.country.language]).format(t=town)


def _day(sheet: Sheet, pattern: str, key: str, day: date, name: str) -> Fact:
    return Fact(_labelled(sheet, key), sheet.hand.date(day, pattern).upper(), name, day.isoformat())


def _plain(sheet: Sheet, key: str, raw: str, name: str, value: str = "") -> Fact:
    return Fact(_labelled(sheet, key), raw, name, value or raw)


def passport(sheet: Sheet) -> None:
    """A passport's data page, alone or at the top of a copy on A4."""
    chance, country = sheet.chance, sheet.country
    holder = person(chance, country)
    born, issued, expires = _life(sheet)
    surname, given = _names(sheet, holder)
    number = fill(chance, pick(chance, NUMBERS[country.code]))
    unit = chance.uniform(1.0, 1.35)
    wide, tall = 354 * unit, 249 * unit
    x = chance.uniform(40, sheet.width - wide - 30)
    y = chance.uniform(30, 330)
    _ground(sheet, x, y, wide, tall)
    zone_top = y + tall * 0.83
    sheet.page.draw_rect(
        (x, zone_top - 4 * unit, x + wide, y + tall), fill=(0.99, 0.99, 0.97), color=None
    )
    code = "D" if country.code == "DE" else country.alpha3
    sheet.text(
        x + 14 * unit,
        y + 10 * unit,
        words(chance, "title_passport", country.language),
        11 * unit,
        bold=True,
    )
    sheet.text(x + wide - 14 * unit, y + 10 * unit, STATES[country.code], 6.4 * unit, align="right")
    _photo(sheet, x + 14 * unit, y + 34 * unit, 84 * unit)
    left, pattern = x + 112 * unit, pick(chance, DATES)
    top = y + 26 * unit
    for key, raw, at in (("Type", "P", 0.0), ("Code", code, 44.0)):
        sheet.text(left + at * unit, top, key, 5.2 * unit)
        sheet.text(left + at * unit, top + 6 * unit, raw, 8 * unit)
    doc = _plain(sheet, "passport_number", number, "document_number")
    sheet.said(doc)
    sheet.text(left + 96 * unit, top, doc.label, 5.2 * unit)
    sheet.text(left + 96 * unit, top + 6 * unit, number, 8 * unit, bold=True)
    facts = [
        _plain(sheet, "surname", surname, "surname"),
        _plain(sheet, "given_names", given, "given_names"),
        _plain(
            sheet,
            "nationality",
            pick(chance, NATIONALITIES[country.code]),
            "nationality",
            country.code,
        ),
        _day(sheet, pattern, "born", born, "date_of_birth"),
        _plain(sheet, "sex", holder.sex, "sex"),
        _plain(sheet, "birthplace", pick(chance, country.towns).upper(), "place_of_birth"),
        _day(sheet, pattern, "issued", issued, "issue_date"),
        _day(sheet, pattern, "expires", expires, "expiry_date"),
        _plain(sheet, "authority", _issuer(sheet), "issuing_authority"),
    ]
    if chance.random() < 0.3:
        facts.pop(5)
    _columns(
        sheet, left, top + 18 * unit, wide - 120 * unit, zone_top - top - 24 * unit, facts, unit
    )
    _also(sheet)
    lines = passport_zone(code, holder.surname, holder.given, number, born, holder.sex, expires)
    _zone(sheet, x + 12 * unit, zone_top, lines, wide - 26 * unit)
    _crop(sheet, x, y, wide, tall)


def id_card(sheet: Sheet) -> None:
    """A card's front, and mostly its back with the zone below or beside it."""
    chance, country = sheet.chance, sheet.country
    holder = person(chance, country)
    born, issued, expires = _life(sheet)
    surname, given = _names(sheet, holder)
    number = fill(chance, pick(chance, NUMBERS[country.code]))
    unit = chance.uniform(1.1, 1.7)
    wide, tall = 270 * unit, 172 * unit
    x, y = chance.uniform(40, sheet.width - wide - 30), chance.uniform(40, 160)
    _ground(sheet, x, y, wide, tall)
    sheet.text(x + 10 * unit, y + 7 * unit, STATES[country.code], 6.5 * unit)
    sheet.text(
        x + 10 * unit,
        y + 16 * unit,
        words(chance, "title_id_card", country.language),
        9 * unit,
        bold=True,
    )
    pattern = pick(chance, DATES)
    at_left = chance.random() < 0.75
    _photo(sheet, x + (10 if at_left else 188) * unit, y + 34 * unit, 68 * unit)
    left = x + (88 if at_left else 12) * unit
    back = chance.random() < 0.7
    if country.code in ("MY", "SG"):
        facts, rest = _eastern(sheet, holder, born), []
        back = False
    else:
        facts = [
            _plain(sheet, "surname", surname, "surname"),
            _plain(sheet, "given_names", given, "given_names"),
            _day(sheet, pattern, "born", born, "date_of_birth"),
            _plain(
                sheet,
                "nationality",
                pick(chance, NATIONALITIES[country.code]),
                "nationality",
                country.code,
            ),
            _plain(sheet, "card_number", number, "document_number"),
            _day(sheet, pattern, "expires", expires, "expiry_date"),
        ]
        rest = [
            _plain(sheet, "sex", holder.sex, "sex"),
            _plain(sheet, "birthplace", pick(chance, country.towns), "place_of_birth"),
            _day(sheet, pattern, "issued", issued, "issue_date"),
            _plain(sheet, "authority", _issuer(sheet), "issuing_authority"),
            _plain(sheet, "height", f"{chance.randint(152, 199)} cm", ""),
        ]
        chance.shuffle(rest)
        front = chance.randint(0, 1)
        facts, rest = facts + rest[:front], rest[front:]
    _columns(sheet, left, y + 31 * unit, wide - 100 * unit, tall - 36 * unit, facts, unit)
    _also(sheet)
    if not back:
        _crop(sheet, x, y, wide, tall)
        return
    y += tall + chance.uniform(20, 90)
    _ground(sheet, x, y, wide, tall)
    _columns(sheet, x + 12 * unit, y + 10 * unit, wide - 30 * unit, tall * 0.58, rest, unit)
    code = "D" if country.code == "DE" else country.alpha3
    lines = card_zone(code, holder.surname, holder.given, number, born, holder.sex, expires)
    _zone(sheet, x + 10 * unit, y + tall * 0.7, lines, wide - 20 * unit)


def _eastern(sheet: Sheet, holder: Person, born: date) -> list[Fact]:
    """What cards of Malaysia and Singapore say: one name, a number, an address."""
    chance, country = sheet.chance, sheet.country
    home = party(chance, country)
    if country.code == "MY":
        sheet.claim("holder_address", home.address.upper(), home.address.upper())
        link = "BIN" if holder.sex == "M" else "BINTI"
        name = f"{holder.given} {link} {holder.surname}".upper()
        number = f"{born:%y%m%d}-{chance.randint(1, 14):02}-{fill(chance, '####')}"
        return [
            Fact("", number, "document_number", number), Fact("", name, "full_name", name),
            Fact("", home.street.upper(), "", None), Fact("", home.town.upper(), "", None),
            Fact("", "WARGANEGARA", "", None), Fact("", "LELAKI" if holder.sex == "M" else "PEREMPUAN", "sex", holder.sex),
        ]  # fmt: skip
    name = f"{holder.surname} {holder.given}".upper()
    number = fill(chance, "S#######?")
    return [
        Fact("IDENTITY CARD NO.", number, "document_number", number), Fact("Name", name, "full_name", name),
        Fact("Date of birth", f"{born:%d-%m-%Y}", "date_of_birth", born.isoformat()), Fact("Sex", holder.sex, "sex", holder.sex),
        Fact("Country/Place of birth", "SINGAPORE", "place_of_birth", "SINGAPORE"),
    ]  # fmt: skip
