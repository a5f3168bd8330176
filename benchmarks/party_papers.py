"""Papers with parties set by lot: shipping forms, statements, payslips, orders, letters.

Names and addresses stand in boxes below small labels, beside or behind labels, in the window of an
envelope without one, and in the letterhead; other lines stand around them. Labels are the
catalogue's own, in all its languages. Drawn as ``business_papers`` are, apart from what
``field_pages`` draws.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from benchmarks.business_papers import Draft, address, company, contacts, label_of, page_of
from extraction.types import Page

GIVEN = (
    "Anna", "Marek", "Lucía", "Jürgen", "Claire", "Siti", "Ahmad", "Giulia", "Pieter", "Sofia",
    "Thomas", "Zofia", "Priya", "Wei", "Diego", "Emma", "Karim", "Ingrid", "José", "Mary Ann",
)  # fmt: skip
FAMILY = (
    "Lehmann", "Nowak", "Ortega", "de Vries", "Moreau", "Abdullah", "bin Osman", "Conti", "Walker",
    "Janssen", "Wójcik", "Ramos Gil", "O'Brien", "Tan", "Krüger", "van den Berg", "Baker-Hill",
)  # fmt: skip
TITLES = ("Mr", "Mrs", "Herr", "Frau", "Mme", "Sig.", "Sra.", "Dhr.", "Pan", "Encik", "Dr.")
SALUTATIONS = ("Herrn", "Frau", "Firma", "An", "To", "Messrs", "Spett.le", "Monsieur", "Dhr.")
DEPARTMENTS = (
    "Accounts payable", "Buchhaltung", "Attn. Purchasing", "Service achats", "Abt. Einkauf",
    "Ufficio acquisti", "Dept. of Physics", "Dział księgowości", "z. Hd. Frau Lehmann",
)  # fmt: skip
BANKS = (
    "Sparkasse Neuburg", "Volksbank Elbtal eG", "Banque du Midi", "Crédit Rhodanien", "Banco Sur",
    "Caja Norte", "Banca Alpina S.p.A.", "Cassa di Risparmio", "Bank Zachodni S.A.",
    "Harbour Savings Bank plc", "First Valley Bank", "Bank Utama Berhad", "Polderbank N.V.",
)  # fmt: skip
CARRIERS = (
    "Atlantic Feeder Line", "Poseidon Shipping Ltd", "Reederei Hansen GmbH", "Blue Star Lines",
    "Compagnie Générale Transocéan", "Pacific Container Carriers Inc.", "Naviera del Sur S.A.",
    "Eastern Liner Services Pte Ltd", "Rederij Zeeland B.V.",
)  # fmt: skip
AUTHORITIES = (
    "Stadt Neuburg", "Landratsamt Aichach", "Préfecture du Rhône", "HMPO", "Home Office", "MAE",
    "Comune di Ravenna", "Burgemeester van Delft", "Prezydent Miasta Gdyni", "JPN Johor",
    "Department of Foreign Affairs", "DGP-28001", "Gemeente Breda", "Questura di Lucca",
)  # fmt: skip
CLAUSES = (
    "Received by the Carrier from the Shipper in apparent good order and condition",
    "unless otherwise indicated herein, the goods described below, to be transported",
    "subject to all the terms on the face and back hereof and the carrier's tariff.",
    "Weight, measure, marks, quality and value unknown. Freight payable at destination.",
    "Bitte prüfen Sie den Auszug. Einwendungen sind unverzüglich zu erheben.",
    "Please check this statement and report any difference to the bank within 30 days.",
    "Les prix s'entendent hors taxes. Aucun escompte pour paiement anticipé.",
    "Todos los envíos se rigen por las condiciones generales del transportista.",
)  # fmt: skip
OTHERS = {
    "shipping": (
        "bill_of_lading_number", "booking_number", "vessel_name", "voyage_number",
        "port_of_loading", "port_of_discharge", "place_of_receipt", "issue_date",
    ),
    "statement": (
        "statement_number", "statement_date", "account_number", "bic", "opening_balance",
        "closing_balance", "period_start",
    ),
    "payslip": (
        "employee_number", "pay_date", "gross_pay", "net_pay", "tax_class", "date_of_birth",
        "social_security_number",
    ),
    "order": (
        "purchase_order_number", "order_date", "delivery_date", "customer_number", "contact_person",
    ),
    "note": (
        "delivery_note_number", "delivery_note_date", "purchase_order_number", "customer_number",
        "contact_person",
    ),
    "invoice": (
        "invoice_number", "invoice_date", "due_date", "customer_number", "purchase_order_number",
        "contact_person",
    ),
    "utility": (
        "customer_number", "meter_number", "invoice_date", "due_date", "invoice_number",
    ),
    "card": (
        "surname", "given_names", "document_number", "expiry_date", "issue_date", "date_of_birth",
        "place_of_birth", "issuing_authority", "issuing_authority",
    ),
    "letter": ("our_reference", "your_reference", "letter_date", "contact_person", "subject"),
}  # fmt: skip
MONEY = frozenset({"opening_balance", "closing_balance", "gross_pay", "net_pay"})
Party = tuple[str, list[str]]  # a name and its address's lines


def paper(seed: int) -> tuple[Page, dict[str, str], tuple[str, ...]]:
    """One paper: its page, the values by the fields' names, the fields that it tells of."""
    draft = Draft(random.Random(f"party {seed}"))
    kind = draft.one(("shipping", "shipping", "statement", "payslip", "order", "note", "invoice",
                      "invoice", "letter", "utility", "card"))  # fmt: skip
    if kind == "card":
        told = _card(draft)
    else:
        told = _shipping(draft) if kind == "shipping" else _letter(draft, kind)
    return page_of(draft), draft.truth, told


def _shipping(draft: Draft) -> tuple[str, ...]:
    """Boxes of parties at the left, of other things at the right and below."""
    carrier = draft.one(CARRIERS)
    if draft.chance(0.8):
        draft.put(
            draft.dice.choice((45.0, 330.0)), 30, carrier, draft.dice.choice((11.0, 14.0, 18.0))
        )
        draft.truth["carrier"] = carrier
    draft.put(45 if draft.chance(0.3) else 380, 48, "BILL OF LADING", 14)
    y, wide = draft.dice.uniform(66, 95), draft.dice.choice((7.0, 9.0))
    names = ["shipper", "consignee", "notify_party"]
    for name in names:
        draft.put(42, y, label_of(draft, f"{name}_name"), draft.dice.choice((6.0, 7.0, 8.0, 9.0)))
        if name == "consignee" and draft.chance(0.15):
            order = f"TO ORDER OF {draft.one(BANKS).upper()}"
            draft.put(46, y + 11, order)
            draft.truth["consignee_name"] = order
        elif name == "notify_party" and draft.chance(0.2):
            draft.put(46, y + 11, draft.one(("SAME AS CONSIGNEE", "SAME AS ABOVE")))
        else:
            party = company(draft), address(draft)
            below = [*party[1], *_reached(draft, party[0], 0.4)]
            lines = [party[0], *below]
            if draft.chance(0.2):
                lines = [line.upper() for line in lines]
                party = party[0].upper(), [line.upper() for line in party[1]]
            for number, line in enumerate(lines):
                draft.put(46, y + 11 + 11 * number, line)
            _told(draft, f"{name}_name", f"{name}_address", party)
        y += draft.dice.uniform(62, 90)
    _cells(draft, 305, 70, 2, 120, "shipping")
    for number, clause in enumerate(draft.dice.sample(CLAUSES, 3)):
        draft.put(305, y - 90 + 8 * number, clause, wide - 2)
    _cells(draft, 42, y + 8, 4, 128, "shipping")
    _rows(draft, y + 100)
    return ("carrier", *(f"{name}_{what}" for name in names for what in ("name", "address")))


def _card(draft: Draft) -> tuple[str, ...]:
    """An identity card: small labels over their values, in one column or two."""
    x, y, wide = (
        draft.dice.uniform(40, 200),
        draft.dice.uniform(30, 200),
        draft.dice.uniform(0, 150),
    )
    size = draft.dice.choice((5.0, 6.0, 8.0))
    for number, name in enumerate(draft.dice.sample(OTHERS["card"], 6)):
        value = draft.one(AUTHORITIES) if name == "issuing_authority" else _value(draft, name)
        if name == "issuing_authority":
            draft.truth[name] = value
        left = x + (number % 2) * wide
        y += 0 if number % 2 and wide > 80 else 24
        draft.put(left, y, label_of(draft, name), size)
        draft.put(left, y + size + 3, value, draft.dice.choice((8.0, 9.0, 11.0)))
    return ("issuing_authority",)


def _letter(draft: Draft, kind: str) -> tuple[str, ...]:
    """A letterhead, whom it is for with or without a label, facts, a table, a foot."""
    own = draft.one(BANKS) if kind == "statement" else company(draft)
    street = address(draft)
    issuer, name, where, others = _TELLS[kind]
    told = [each for each in (*issuer, name, where, *others) if each]
    y = _letterhead(draft, own, street)
    draft.truth |= dict(zip(issuer, (own, " ".join(street)), strict=False))
    party: Party = _recipient(draft, kind)
    top = max(y, 90) + draft.dice.uniform(6, 50)
    if draft.chance(0.15):
        draft.put(45, top, draft.one(HEADINGS), draft.dice.choice((14.0, 20.0)))
        top += 26
    left, right = (45.0, 330.0) if draft.chance(0.8) else (330.0, 45.0)
    goods = False
    facts = draft.dice.sample(OTHERS[kind], draft.dice.randint(2, len(OTHERS[kind])))
    if kind == "payslip" and draft.chance(0.3):  # both as facts
        facts = ["employer_name", "employee_name", *facts]
        draft.truth |= {"employer_name": own, "employee_name": party[0]}
        top, left = y + 6, right
    else:
        if kind == "statement" and draft.chance(0.3):
            facts.insert(1, "account_holder")
        labelled = bool(_LABELLED[kind]) and draft.chance(_LABELLED[kind])
        if draft.chance(0.2) and not labelled:
            mark = draft.one((" · ", ", ", " - ", " | "))
            draft.put(left, top - 11, mark.join((own, *street)), 6)
        goods = kind == "note" and labelled and draft.chance(0.5)  # to where the customer is
        label = "delivery_address" if goods else name if labelled else ""
        if goods:
            draft.truth["delivery_address"] = " ".join(party[1])
        bottom = _party(draft, left, top, party, label)
        _told(draft, name, where, party)
        y = bottom
    if "delivery_address" in others and not goods and draft.chance(0.5):
        other: Party = company(draft), address(draft)
        if draft.chance(0.4):
            y = _party(draft, left, y + 14, other, "delivery_address")
        else:
            _party(draft, right, top, other, "delivery_address")
            top = max(y, top + 76)
        draft.truth["delivery_address"] = " ".join(other[1])
    y = max(y, _facts(draft, right, top, facts, {"employer_name": own, "employee_name": party[0],
                                                 "account_holder": party[0]}))  # fmt: skip
    if draft.chance(0.6):
        draft.put(45, y + 14, draft.one(HEADINGS), 14)
        y += 24
    if "supply_address" in others and draft.chance(0.6):
        place = party[1] if draft.chance(0.5) else address(draft)
        draft.truth["supply_address"] = " ".join(place)
        draft.put(45, y + 8, f"{label_of(draft, 'supply_address')}: {', '.join(place)}")
        y += 20
    if "carrier" in others and draft.chance(0.5):
        draft.truth["carrier"] = draft.one(("DPD", "UPS", "DHL", "GLS", *CARRIERS))
        draft.put(45, y + 8, f"{label_of(draft, 'carrier')}: {draft.truth['carrier']}")
        y += 20
    y = _rows(draft, y + draft.dice.choice((2.0, 14.0, 30.0)))
    for clause in draft.dice.sample(CLAUSES, draft.dice.randint(0, 2)):
        draft.put(45, y + 10, clause, 8)
        y += 11
    _foot(draft, own, street, bank="bank_name" in others)
    return tuple(told)


def _letterhead(draft: Draft, own: str, street: Sequence[str]) -> float:
    side = draft.dice.choice((45.0, 45.0, 330.0))
    y, size = draft.dice.uniform(25, 60), draft.dice.choice((9.0, 12.0, 16.0, 20.0))
    draft.put(side, y, own, size)
    y += size * 1.4
    lines = [draft.one((", ", " | ", " - ", " · ")).join(street)] if draft.chance(0.4) else street
    for line in (*lines, *contacts(draft, own)):
        draft.put(side, y, line)
        y += 12
    return y


def _recipient(draft: Draft, kind: str) -> Party:
    return _person(draft) if draft.chance(_PERSONS[kind]) else company(draft), address(draft)


def _foot(draft: Draft, own: str, street: Sequence[str], *, bank: bool) -> None:
    """The issuer again and its bank, in columns or run on."""
    if draft.chance(0.5):
        for number, line in enumerate((own, *street)):
            draft.put(45, 770 + 9 * number, line, 7)
    if not bank or draft.chance(0.3):
        return
    name = draft.one(BANKS)
    draft.truth["bank_name"] = name
    label = label_of(draft, "bank_name")
    line = name if draft.chance(0.2) else f"{label}{draft.one((':', ':', ''))} {name}"
    iban = f"IBAN: DE{draft.dice.randint(10**19, 10**20 - 1)}"
    if draft.chance(0.3):
        draft.put(45, 800, f"{line} | {iban}" if ":" in line else line, 7)
    else:
        draft.put(300, 770, line, 7)
        draft.put(300, 779, iban, 7)


_PERSONS = {"statement": 0.7, "payslip": 1.0, "letter": 0.6, "order": 0.0, "note": 0.1,
            "invoice": 0.25, "utility": 0.9}  # fmt: skip
_LABELLED = {"order": 0.8, "note": 0.5, "invoice": 0.5, "utility": 0.1, "statement": 0.0,
             "payslip": 0.0, "letter": 0.1}  # fmt: skip
_ISSUER = ("issuer_name", "issuer_address")
# Of each kind: the fields of whom it comes from, of whom it goes to, and others that may be there.
_TELLS: dict[str, tuple[tuple[str, ...], str, str, tuple[str, ...]]] = {
    "statement": (("bank_name",), "account_holder", "", ()),
    "payslip": (("employer_name",), "employee_name", "", ()),
    "letter": (_ISSUER, "recipient_name", "", ("contact_person",)),
    "order": (_ISSUER, "supplier_name", "", ("delivery_address", "contact_person")),
    "note": (_ISSUER, "customer_name", "", ("delivery_address", "contact_person", "carrier")),
    "invoice": (_ISSUER, "customer_name", "customer_address",
                ("delivery_address", "contact_person", "bank_name")),
    "utility": (_ISSUER, "customer_name", "customer_address", ("supply_address",)),
}  # fmt: skip
HEADINGS = (
    "Statement of account", "Lohnabrechnung", "Bestellung", "Lieferschein", "Invoice",
    "Relevé de compte", "Bolletta", "Documento", "Payslip", "Rechnung", "Purchase Order",
    "Bulletin de paie", "Nómina", "Factuur", "Zamówienie", "Slip Gaji", "Your electricity bill",
)  # fmt: skip


def _person(draft: Draft) -> str:
    return f"{draft.one(GIVEN)} {draft.one(FAMILY)}"


def _told(draft: Draft, name: str, where: str, party: Party) -> None:
    draft.truth[name] = party[0]
    if where:
        draft.truth[where] = " ".join(party[1])


def _reached(draft: Draft, name: str, share: float) -> list[str]:
    """How the party is reached, below its address: with labels, or a number alone."""
    if not draft.chance(share):
        return []
    if draft.chance(0.5):
        return contacts(draft, name)
    number = draft.dice.randint(10**6, 10**8)
    return [draft.one(("+49 30 {}", "0{} 55 93", "+60 3-{}", "({}) 555-0104", "{}")).format(number)]


def _party(draft: Draft, x: float, y: float, party: Party, label: str) -> float:
    """A name over its address, below, beside or behind the label; gives where it ends."""
    lines, lines_before = [party[0], *party[1]], 1
    if label:
        text = label_of(draft, label) + draft.one(("", ":", ""))
        form = draft.one(("below", "below", "beside", "behind"))
        if form == "behind":
            draft.put(x, y, f"{text.rstrip(':')}: {', '.join(lines)}")
            return y + 12
        draft.put(x, y, text, draft.dice.choice((7.0, 9.0, 9.0)))
        x, y = (x + 95, y) if form == "beside" else (x, y + draft.dice.uniform(11, 15))
    elif draft.chance(0.15):
        lines.insert(0, draft.one(SALUTATIONS))
        lines_before = 2
    if draft.chance(0.1):
        lines.insert(lines_before, draft.one(DEPARTMENTS))
    lines += _reached(draft, party[0], 0.15)
    for line in lines:
        draft.put(x, y, line)
        y += 12
    return y


def _value(draft: Draft, name: str) -> str:
    dice = draft.dice
    if name == "contact_person":
        person = _person(draft)
        draft.truth[name] = person
        return f"{draft.one(TITLES)} {person}" if draft.chance(0.2) else person
    if name in MONEY:
        return f"{dice.randint(100, 9999):,}.{dice.randint(10, 99)}"
    if "date" in name or name == "period_start":
        return f"{dice.randint(1, 28):02}.{dice.randint(1, 12):02}.20{dice.randint(10, 27)}"
    if name in ("surname", "given_names"):
        return draft.one(FAMILY if name == "surname" else GIVEN).upper()
    if name in (
        "place_of_birth",
        "port_of_loading",
        "port_of_discharge",
        "place_of_receipt",
        "vessel_name",
    ):
        return draft.one(("ANTWERPEN", "MV STELLA MARIS", "KOBE, JAPAN", "Valencia", "BREMERHAVEN"))
    return draft.one(("{}", "A-{}", "24/{}", "XR{}")).format(dice.randint(100, 10**8))


def _facts(
    draft: Draft, x: float, y: float, names: Sequence[str], given: Mapping[str, str]
) -> float:
    """Labels with values behind, beside or below them; ``given`` are some of the values."""
    form = draft.one(("behind", "beside", "below"))
    colon = draft.one(("", ":", " :"))
    for name in names:
        label, value = label_of(draft, name), given.get(name) or _value(draft, name)
        if form == "behind":
            draft.put(x, y, f"{label}: {value}")
        else:
            draft.put(x, y, label + colon)
            below = form == "below"
            draft.put(x + (0 if below else 110), y + (12 if below else 0), value)
        y += 26 if form == "below" else 12
    return y


def _cells(draft: Draft, x: float, y: float, count: int, wide: float, kind: str) -> None:
    """Small labels over values, one row of boxes."""
    names: Sequence[str] = draft.dice.sample(OTHERS[kind], count)
    for number, name in enumerate(names):
        draft.put(x + wide * number, y, label_of(draft, name)[:30], 7)
        draft.put(x + wide * number + 3, y + 10, _value(draft, name))


def _rows(draft: Draft, y: float) -> float:
    """A table of what was moved, booked or sold."""
    for _ in range(draft.dice.randint(2, 7)):
        draft.put(45, y, draft.one(("Machine parts", "Gutschrift", "Salaire de base", "Toner",
                  "Compra tarjeta", "Cotton yarn", "Consulting")))  # fmt: skip
        draft.put(300, y, str(draft.dice.randint(1, 40)))
        draft.put(480, y, f"{draft.dice.randint(10, 9999)}.{draft.dice.randint(10, 99)}")
        y += 13
    return y
