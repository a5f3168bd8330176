"""The head and the foot of a firm's paper: its name, address, bank and registration numbers."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.field_content import Party, fill, pick
from benchmarks.field_drawing import Fact, Sheet
from benchmarks.field_numbers import BBAN, bic, e164, grouped, iban, tax_number


@dataclass(frozen=True, slots=True)
class Firm:
    """Whose paper it is. ``facts`` are its standing data; ``prefix`` names its fields."""

    party: Party
    contact: tuple[Fact, ...]
    legal: tuple[Fact, ...]
    bank: tuple[Fact, ...]
    prefix: str = "issuer"


def firm(sheet: Sheet, party: Party, *, prefix: str = "issuer", bank: bool = True) -> Firm:
    """The firm's standing data, some of it left out as on real papers.

    ``bank`` says that its account is one to be paid to: a field. Without an IBAN in its country, an
    account's number stands there.
    """
    chance, country = sheet.chance, sheet.country
    issuer = prefix == "issuer"
    phone = e164(party.phone, country)
    contact = [
        sheet.fact("phone", party.phone, "issuer_phone" if issuer else "", phone),
        sheet.fact("email", party.email, "issuer_email" if issuer else ""),
        sheet.fact("web", party.web, "issuer_website" if issuer else ""),
    ]
    contact = [fact for fact in contact if chance.random() < 0.7]
    legal = []
    if chance.random() < 0.85:
        number = tax_number(chance, country)
        value = "".join(filter(str.isalnum, number))
        legal.append(sheet.fact("vat", number, "vat_number" if issuer else "", value))
    if chance.random() < 0.5:
        legal.append(
            sheet.fact(
                "registration", fill(chance, chance.choice(("######", "B #####", "########")))
            )
        )
    accounts = []
    if bank and chance.random() < 0.8:
        accounts.append(
            sheet.fact("bank", pick(chance, country.banks), "bank_name" if issuer else "")
        )
        if country.code in BBAN:
            number = iban(chance, country)
            printed = grouped(number) if chance.random() < 0.75 else number
            accounts.append(sheet.fact("iban", printed, "iban" if issuer else "", number))
            if chance.random() < 0.7:
                accounts.append(sheet.fact("bic", bic(chance, country), "bic" if issuer else ""))
        else:
            number = fill(chance, chance.choice(("####-####-####", "############", "##########")))
            accounts.append(sheet.fact("account", number, "account_number" if issuer else ""))
    return Firm(party, tuple(contact), tuple(legal), tuple(accounts), prefix)


def letterhead(sheet: Sheet, firm: Firm) -> float:
    """The head of the page, with the contact data; returns the y below."""
    chance, size = sheet.chance, sheet.look.size
    party, y = firm.party, chance.uniform(24, 50)
    place = chance.choice(("left", "left", "right", "center", "split"))
    big = chance.choice((size * 1.1, size * 1.5, size * 2.0, size * 2.3))
    small = size * chance.choice((0.8, 0.9, 1.0))
    align = "left" if place == "split" else place
    x = {"left": sheet.margin, "right": sheet.right, "center": sheet.width / 2}[align]
    big = sheet.fitting(party.name, big, sheet.width * 0.62)
    if chance.random() < 0.45:
        y, x = _mark(sheet, x, y, align, big)
    sheet.text(x, y, party.name, big, bold=True, align=align, color=sheet.look.accent)
    if firm.prefix:
        sheet.claim(f"{firm.prefix}_name", party.name, party.name)
        sheet.claim(f"{firm.prefix}_address", party.address, party.address)
    under = y + big * 1.3
    if place == "split":
        room = sheet.right - x - sheet.measure(party.name, big, bold=True) - 12
        contacts = "   ".join(f"{fact.label}: {fact.raw}" for fact in firm.contact)
        widest = max(
            sheet.measure(f"{party.street} - {party.town}", small), sheet.measure(contacts, small)
        )
        fits = widest < room
        x, y, align = sheet.right, y + 2 if fits else under, "right"
    else:
        y = under
    if chance.random() < 0.5:
        y = sheet.lines(x, y, [party.street, party.town], size=small, align=align)
    else:
        mark = chance.choice((", ", " · ", " - ", " | "))
        y = sheet.lines(x, y, [f"{party.street}{mark}{party.town}"], size=small, align=align)
    colon = sheet.look.colon or ":"
    contact = list(firm.contact)
    for fact in contact:
        sheet.said(fact)
    texts = [f"{f.label}{colon if chance.random() < 0.8 else ''} {f.raw}" for f in contact]
    if chance.random() < 0.4:
        texts = ["   ".join(texts)]
    y = sheet.lines(x, y, [text for text in texts if text], size=small, align=align)
    y = max(y, under)
    if chance.random() < 0.3:
        sheet.rule(sheet.margin, y + 3, sheet.right, y + 3, chance.choice((0.5, 1.5, 3)))
    return y + 10


def _mark(sheet: Sheet, x: float, y: float, align: str, big: float) -> tuple[float, float]:
    """A mark beside or above the name; returns where the name goes."""
    chance, side = sheet.chance, max(big * 1.3, 16)
    left = {"left": x, "right": x - side, "center": x - side / 2}[align]
    tint = tuple(chance.uniform(0.1, 0.75) for _ in range(3))
    shape = chance.choice(("circle", "bars", "square"))
    if shape == "circle":
        sheet.page.draw_circle((left + side / 2, y + side / 2), side / 2, fill=tint, color=None)
    elif shape == "square":
        sheet.page.draw_rect((left, y, left + side, y + side), fill=tint, color=None)
    else:
        for n in range(3):
            at = left + n * side / 3
            sheet.page.draw_rect((at, y + n * 3, at + side / 4, y + side), fill=tint, color=None)
    if align == "left":
        return y, x + side + 8
    return y + side + 4, x


def footer(sheet: Sheet, firm: Firm) -> None:
    """Bank data and registration numbers at the bottom: in columns, or run on in small type."""
    chance, party = sheet.chance, firm.party
    size = chance.uniform(6.3, 7.8)
    colon = chance.choice((":", "", " "))
    groups = [
        [party.name, party.street, party.town],
        [f"{f.label}{colon} {f.raw}" for f in firm.legal],
        [f"{f.label}{colon} {f.raw}" for f in firm.bank],
    ]
    for fact in (*firm.legal, *firm.bank):
        sheet.said(fact)
    if chance.random() < 0.5:
        groups = groups[1:]
    groups = [group for group in groups if group]
    if not groups:
        return
    y = sheet.height - chance.uniform(46, 62)
    if chance.random() < 0.6:
        sheet.rule(sheet.margin, y - 5, sheet.right, y - 5, 0.4)
    wide = (sheet.right - sheet.margin) / len(groups)
    fits = all(sheet.measure(text, size) < wide - 4 for group in groups for text in group)
    if chance.random() < 0.6 and fits:
        for number, group in enumerate(groups):
            sheet.lines(sheet.margin + number * wide, y, group, size=size)
        return
    mark = chance.choice((" · ", " | ", " - ", "   "))
    lines = [mark.join(group) for group in groups]
    if sheet.chance.random() < 0.5:
        sheet.lines(sheet.width / 2, y, lines, size=size, align="center")
    else:
        sheet.lines(sheet.margin, y, lines, size=size)
