"""Papers between firms: invoices, purchase orders, delivery notes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from benchmarks.field_content import fill, party, person, pick
from benchmarks.field_drawing import Fact, Sheet
from benchmarks.field_items import draw_items, items, sums
from benchmarks.field_layouts import draw_facts, draw_party, signature
from benchmarks.field_letterheads import Firm, firm, footer, letterhead
from benchmarks.field_numbers import reference
from benchmarks.field_phrases import (
    CUSTOMER_NUMBERS,
    DATED,
    INVOICE_NUMBERS,
    NOTES,
    NUMBERED,
    ORDER_NUMBERS,
    PAY_BY,
    TERMS,
)


def head(
    sheet: Sheet, own: Firm, title: str, facts: list[Fact], other: str, prefix: str,
    *, label_always: bool = False,
) -> float:  # fmt: skip
    """Letterhead, address of the other side, title and facts, in one of several arrangements."""
    chance = sheet.chance
    y = letterhead(sheet, own)
    whom = party(chance, sheet.country)
    label = sheet.label(other) if label_always or chance.random() < 0.55 else ""
    abroad = chance.random() < 0.12
    wide = sheet.right - sheet.margin
    big = sheet.look.size * chance.uniform(1.4, 2.3)
    if chance.random() < 0.18:  # "Invoice No. 12 dated 3 May"
        numbered, dated = facts[:2]
        sheet.said(numbered)
        sheet.said(dated)
        title = (
            f"{title} {NUMBERED[sheet.language]}{numbered.raw} {DATED[sheet.language]} {dated.raw}"
        )
        facts = facts[2:]
    big = sheet.fitting(title, big, wide)
    y += sheet.air * 6
    half = sheet.width / 2 + 14
    plan = chance.choice(("window", "window", "mirror", "band", "title first"))
    if plan == "title first":
        sheet.text(*((sheet.margin, y) if chance.random() < 0.6 else (sheet.width / 2, y)), title,
                   big, bold=True, align="left", color=sheet.look.accent)  # fmt: skip
        y += big * 1.6
    if plan != "band" and not label and own.prefix and chance.random() < 0.5:
        back = f"{own.party.name} · {own.party.street} · {own.party.town}"
        if sheet.measure(back, 6.2) < wide / 2:
            at = half if plan == "mirror" else sheet.margin
            sheet.text(at, y, back, 6.2)
            y += 11
    left, right = (half, sheet.margin) if plan == "mirror" else (sheet.margin, half)
    bottom = draw_party(sheet, left, y, whom, prefix, label=label, country=abroad)
    if chance.random() < 0.3:
        chance.shuffle(facts)
    if plan != "band":
        form = chance.choice(("rows", "rows", "edges", "grid", "stacked"))
        bottom = max(bottom, draw_facts(sheet, right, y, half - sheet.margin - 28, facts, form))
    y = bottom + chance.uniform(8, 20) * sheet.air
    if plan != "title first":
        number = (
            facts[0].raw if facts and "number" in facts[0].name and chance.random() < 0.15 else ""
        )
        heading = f"{title} {number}".strip()
        big = sheet.fitting(heading, big, wide)
        sheet.text(sheet.margin, y, heading, big, bold=True,
                   color=sheet.look.accent)  # fmt: skip
        y += big * (1.2 + 0.3 * sheet.air)
    if plan == "band":
        y = (
            draw_facts(
                sheet,
                sheet.margin,
                y,
                wide,
                facts,
                chance.choice(("head", "grid", "inline", "stacked")),
            )
            + 4
        )
    return y


def invoice(sheet: Sheet) -> None:
    chance, day = sheet.chance, sheet.recent()
    own = firm(sheet, party(chance, sheet.country))
    number = reference(chance, day.year, INVOICE_NUMBERS)
    due = day + timedelta(days=chance.choice((7, 14, 21, 30, 30, 45, 60)))
    facts = [
        sheet.fact("invoice_number", number, "invoice_number"),
        sheet.day("invoice_date", day, "invoice_date"),
    ]
    facts += sheet.some(
        (0.55, sheet.day("due_date", due, "due_date")),
        (
            0.5,
            sheet.fact(
                "customer_number", fill(chance, pick(chance, CUSTOMER_NUMBERS)), "customer_number"
            ),
        ),
        (
            0.4,
            sheet.fact(
                "their_order", reference(chance, day.year, ORDER_NUMBERS), "purchase_order_number"
            ),
        ),
        (0.25, sheet.day("order_date", day - timedelta(days=chance.randint(3, 40)), "order_date")),
        (
            0.35,
            sheet.day("delivery_date", day - timedelta(days=chance.randint(0, 6)), "delivery_date"),
        ),
        (
            0.2,
            sheet.fact(
                "delivery_number",
                reference(chance, day.year, "LS-#####|8#######|{y}/####"),
                "delivery_note_number",
            ),
        ),
        (0.25, sheet.fact("contact", person(chance, sheet.country).full, "contact_person")),
        (0.25, sheet.fact("payment_terms", pick(chance, TERMS[sheet.language]), "payment_terms")),
    )
    y = head(sheet, own, sheet.label("title_invoice"), facts, "bill_to", "customer")
    lines = items(sheet, 1, 8)
    y = draw_items(
        sheet,
        y,
        lines,
        chance.choice(("tqea", "ptqea", "cptqea", "ptquea", "ctqera", "ta", "qtea", "ptquera")),
    )
    y = sums(sheet, y + 4 * sheet.air, lines) + 4 * sheet.air
    if "due_date" not in sheet.truth.values and chance.random() < 0.35:
        fact = sheet.day("due_date", due, "due_date")
        sheet.said(fact)
        plain = f"{fact.label} {fact.raw}"
        text = plain if chance.random() < 0.4 else PAY_BY[sheet.language].format(fact.raw)
        sheet.text(sheet.margin, y, text)
        y += sheet.step
    for note in chance.sample(NOTES[sheet.language].split("|"), chance.randint(0, 2)):
        y = sheet.lines(sheet.margin, y + 2, sheet.wrapped(note, sheet.right - sheet.margin))
    pay = own
    if own.bank and chance.random() < 0.3:  # bank data above the foot
        y = draw_facts(
            sheet,
            sheet.margin,
            y + 8,
            (sheet.right - sheet.margin) * 0.8,
            own.bank,
            chance.choice(("rows", "inline")),
        )
        pay = Firm(own.party, own.contact, own.legal, (), own.prefix)
    footer(sheet, pay)


def purchase_order(sheet: Sheet) -> None:
    chance, day = sheet.chance, sheet.recent()
    own = firm(sheet, party(chance, sheet.country), bank=False)
    facts = [
        sheet.fact(
            "order_number", reference(chance, day.year, ORDER_NUMBERS), "purchase_order_number"
        ),
        sheet.day("po_date", day, "order_date"),
    ]
    facts += sheet.some(
        (
            0.65,
            sheet.day(
                "delivery_date", day + timedelta(days=chance.randint(5, 60)), "delivery_date"
            ),
        ),
        (0.4, sheet.fact("payment_terms", pick(chance, TERMS[sheet.language]), "payment_terms")),
        (0.35, sheet.fact("contact", person(chance, sheet.country).full, "contact_person")),
        (
            0.25,
            sheet.fact(
                "customer_number", fill(chance, pick(chance, CUSTOMER_NUMBERS)), "customer_number"
            ),
        ),
    )
    y = head(
        sheet,
        own,
        sheet.label("title_purchase_order"),
        facts,
        "supplier",
        "supplier",
        label_always=chance.random() < 0.8,
    )
    if chance.random() < 0.5:
        y = ship_to(sheet, y)
    sheet.truth.open |= {"customer_name", "customer_address"}  # whoever orders
    lines = items(sheet, 2, 9)
    y = draw_items(sheet, y, lines, chance.choice(("ptqea", "ctqea", "pctquea", "tqua", "pctqe")))
    if chance.random() < 0.85:
        y = sums(sheet, y, lines)
    else:
        sheet.claim("currency", sheet.country.currency, "")
        sheet.text(sheet.margin, y, f"{sheet.label('currency')}: {sheet.country.currency}")
        y += sheet.step
    signature(sheet, y + 20)
    footer(sheet, own)


def ship_to(sheet: Sheet, y: float) -> float:
    where = party(sheet.chance, sheet.country)
    label = sheet.label("ship_to")
    if sheet.chance.random() < 0.5:
        text = f"{where.name}, {where.address}"
        at = sheet.text(sheet.margin, y, label + (sheet.look.colon or ":") + " ", bold=True)
        for line in sheet.wrapped(text, sheet.right - at):
            sheet.text(at, y, line)
            y += sheet.step
    else:
        y = draw_party(sheet, sheet.margin, y, where, "", label=label)
    sheet.claim("delivery_address", where.address, where.address)
    return y + 8


def tenths(number: Decimal) -> str:
    """The normal value of a number printed with one decimal."""
    return f"{Decimal(f'{number:.1f}').normalize():f}"


def delivery_note(sheet: Sheet) -> None:
    chance, day = sheet.chance, sheet.recent()
    own = firm(sheet, party(chance, sheet.country))
    facts = [
        sheet.fact(
            "delivery_number",
            reference(chance, day.year, "LS-#####|8#######|{y}/####|DN{y}###|WZ/###/{Y}|DO-#####"),
            "delivery_note_number",
        ),
        sheet.day("delivery_note_date", day, "delivery_note_date"),
    ]
    weight = Decimal(chance.randint(40, 90000)) / 10
    facts += sheet.some(
        (
            0.7,
            sheet.fact(
                "order_number", reference(chance, day.year, ORDER_NUMBERS), "purchase_order_number"
            ),
        ),
        (0.3, sheet.day("order_date", day - timedelta(days=chance.randint(2, 30)), "order_date")),
        (
            0.45,
            sheet.fact(
                "customer_number", fill(chance, pick(chance, CUSTOMER_NUMBERS)), "customer_number"
            ),
        ),
        (0.25, sheet.fact("contact", person(chance, sheet.country).full, "contact_person")),
    )
    whose = chance.choice(("ship_to", "bill_to"))
    y = head(
        sheet,
        own,
        sheet.label("title_delivery_note"),
        facts,
        whose,
        "customer",
        label_always=whose == "ship_to",
    )
    if whose == "ship_to":
        address = sheet.truth.values.pop("customer_address")
        sheet.claim("delivery_address", address, sheet.truth.raw.pop("customer_address"))
    else:
        sheet.truth.open.add("delivery_address")  # goods go there too
    lines = items(sheet, 2, 10, whole=True)
    y = draw_items(sheet, y, lines, chance.choice(("ptd", "pctqu", "ctod", "ctuq", "qut", "pctod")))
    net = weight * Decimal("0.9")
    freight = sheet.some(
        (0.6, sheet.fact("packages", str(chance.randint(1, 40)), "package_count")),
        (0.55, sheet.fact("gross_weight", f"{sheet.hand.number(weight, 1)} kg", "gross_weight", tenths(weight))),
        (0.3, sheet.fact("net_weight", f"{sheet.hand.number(net, 1)} kg", "net_weight", tenths(net))),
        (0.45, sheet.fact("carrier", chance.choice(("DPD", "DHL Freight", "Kuehne Cargo", "UPS", "Transbalt")), "carrier")),
    )  # fmt: skip
    y = draw_facts(sheet, sheet.margin, y + 4, (sheet.right - sheet.margin) * 0.8, freight)
    signature(sheet, y + 10)
    footer(sheet, own)
