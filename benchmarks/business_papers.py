"""Invoices set line by line, with their values: where to put what is drawn by lot.

Labels are the catalogue's own, in all its languages. The issuer stands at the top left or right, in
a line above the recipient, in the foot, or in several of these; values stand behind, beside or
below their labels; other dates, numbers and names stand around. Half of the papers are misread in
places, with the confidence that the recogniser would give. There are no pictures.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from extraction import layout
from extraction.fields import CATALOGUE
from extraction.fields.catalogue import OTHER_LABELS
from extraction.fields.kinds.currencies import currency
from extraction.types import Line, Page, PageImage, PageText, Word

WIDTH, HEIGHT = 595.0, 842.0
NAMES = (
    "Alder", "Amber", "Baltic", "Birch", "Brook", "Castle", "Cedar",
    "Copper", "Corvo", "Delta", "Eiche", "Falke", "Fjord", "Granit",
    "Harbour", "Helio", "Iris", "Jade", "Kiefer", "Linden", "Luna",
    "Marten", "Nordic", "Orion", "Polder", "Quarz", "Riviera",
    "Sierra", "Tulp", "Ursa", "Verde", "Weiss", "Zephyr", "Müller",
    "Schmidt", "García", "Rossi", "Kowalski", "Dubois", "Jansen",
    "Tan", "Smith",
)  # fmt: skip
TRADES = (
    "Hosting", "Elektronik", "Logistics", "Trading", "Hardware",
    "Consulting", "Druck", "Mobilia", "Foods", "Textil", "Services",
    "Software", "Bau", "Media", "Pharma", "Motors", "Garden",
    "Energie", "Travel", "Papier",
)  # fmt: skip
FORMS = (
    "GmbH", "AG", "Ltd", "Limited", "LLC", "Inc.", "B.V.", "S.L.", "S.r.l.", "SARL", "SAS",
    "Sp. z o.o.", "Sdn Bhd", "GmbH & Co. KG", "", "",
)  # fmt: skip
STREETS = (
    ("{} {}", "Lindenweg Hauptstraße Badweg Uferweg Bahnhofstr. Marktplatz Keizersgracht Weena"),
    ("{1} {0}", "Harbour Street|Mill Road|rue Victor Hugo|Quay Lane|avenue Foch|Park Avenue"),
    ("{} {}", "Calle Mayor|Via Roma|ul. Prosta|Viale Europa|Jalan Tampoi|Avenida Sur"),
    ("No. {1}, {0}", "Jalan Besar|Lorong Satu|Market Street|Taman Indah"),
)
TOWNS = (
    "63571 Gelnhausen", "10115 Berlin", "3012 CN Rotterdam", "8401 BL Gorredijk", "75011 Paris",
    "00-950 Warszawa", "20121 Milano MI", "28013 Madrid", "81200 Johor Bahru, Johor",
    "London SW1A 1AA", "Seattle, WA 98108", "1010 Wien", "8001 Zürich", "Bangalore 560 001",
    "Dublin 2", "40150 Shah Alam Selangor", "4000 Liège",
)  # fmt: skip
COUNTRY = ("Germany", "Deutschland", "Nederland", "France", "Malaysia", "United Kingdom", "USA")
SYMBOLS = ("€", "EUR", "$", "£", "RM", "zł", "CHF", "", "")
TITLES = ("INVOICE", "Invoice", "Rechnung", "Facture", "Factura", "Fattura", "Faktura", "Factuur")
RECIPIENTS = ("Bill to", "Customer", "Sold to", "Kunde", "Client", "", "", "")


@dataclass
class Draft:
    """A page as it is set: ``truth`` are the fields' values, as ``fields.expected`` gives them."""

    dice: random.Random
    lines: list[tuple[float, float, str, float]] = field(default_factory=list)
    truth: dict[str, str] = field(default_factory=dict)

    def put(self, x: float, y: float, text: str, size: float = 9.0) -> None:
        """A line of text from ``x`` with its top at ``y``, in points."""
        if text:
            self.lines.append((x, y, text, size))

    def one(self, choices: Sequence[str]) -> str:
        return self.dice.choice(choices)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share


def invoice(seed: int) -> tuple[Page, dict[str, str]]:
    """One invoice and its values by the fields' names; a field not in it has none."""
    draft = Draft(random.Random(seed))
    own, other = company(draft), company(draft)
    street, recipient_street = address(draft), address(draft)
    draft.truth |= {"issuer_name": own, "issuer_address": " ".join(street)}
    place = draft.dice.choices(("left", "right", "sender", "foot", "label"), (4, 3, 3, 2, 2))[0]
    y = draft.dice.uniform(25, 70)
    size = draft.one(("9", "12", "16", "20"))
    if place in ("left", "right"):
        x = 50.0 if place == "left" else draft.dice.uniform(330, 400)
        draft.put(x, y, own, float(size))
        top = y + float(size) * 1.5
        for line in (*street, *contacts(draft, own)):
            draft.put(x, top, line)
            top += 12
    elif draft.chance(0.4):
        draft.put(50, y, own.split(" ")[0], 18)  # a mark, not the name
    if place == "label":
        sold = label_of(draft, "issuer_name")
        if draft.chance(0.6):
            for number, line in enumerate((f"{sold}: {own}", *street)):
                draft.put(50, 80 + 12 * number, line)
        else:
            draft.put(50, 720, f"All services and goods {sold} {own}", 7)
    block = 140.0
    if place == "sender":
        mark = draft.one((" · ", " • ", ", ", " | ", " - "))
        draft.put(50, block, mark.join((own, *street)), 7)
        block += 16
    draft.truth |= {"customer_name": other, "customer_address": " ".join(recipient_street)}
    draft.put(50, block, draft.one(RECIPIENTS))
    for number, line in enumerate((other, *recipient_street)):
        draft.put(50, block + 13 + 12 * number, line)
    y = draft.dice.uniform(235, 260)
    if draft.chance(0.8):
        draft.put(50 if draft.chance(0.6) else 400, 215, draft.one(TITLES), 14)
    y = _numbers(draft, 50 if draft.chance(0.6) else 330, y)
    y = _sums(draft, items(draft, y + 20))
    _foot(draft, own, street, everything=place in ("foot", "sender"))
    return page_of(draft), draft.truth


def company(draft: Draft) -> str:
    words = [draft.one(NAMES), draft.one(TRADES), draft.one(FORMS)]
    return " ".join(word for word in words if word)


def address(draft: Draft) -> list[str]:
    pattern, names = draft.dice.choice(STREETS)
    name = draft.one(names.split("|") if "|" in names else names.split())
    lines = [pattern.format(name, draft.dice.randint(1, 180)), draft.one(TOWNS)]
    if draft.chance(0.15):
        lines.insert(0, draft.one(("2nd Floor", "Building 4", "Unit 7", "Suite 300")))
    return [*lines, draft.one(COUNTRY)] if draft.chance(0.3) else lines


def contacts(draft: Draft, own: str) -> list[str]:
    domain = own.split(" ")[0].lower().replace("ü", "ue").replace("í", "i") + ".com"
    lines = (
        f"Tel. {draft.dice.randint(10, 99)} {draft.dice.randint(10**5, 10**7)}",
        f"Fax {draft.dice.randint(10, 99)} {draft.dice.randint(10**5, 10**7)}",
        f"info@{domain}",
        f"www.{domain}",
    )
    return [line for line in lines if draft.chance(0.5)]


def label_of(draft: Draft, name: str) -> str:
    wanted = next(each for each in CATALOGUE if each.name == name)
    return draft.one(wanted.weak if wanted.weak and draft.chance(0.25) else wanted.synonyms)


def _numbers(draft: Draft, x: float, y: float) -> float:
    """Numbers and dates with their labels."""
    issued = date(
        draft.dice.randint(2012, 2027), draft.dice.randint(1, 12), draft.dice.randint(1, 28)
    )
    style = draft.one(("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d %b %Y"))
    number = draft.one(("{}", "R-{}", "INV/{}", "2024-{}", "VF{}")).format(
        draft.dice.randint(1000, 99999999)
    )
    order = f"{draft.dice.randint(10**5, 10**8)}"
    due = issued + timedelta(draft.dice.choice((14, 30)))
    rows = [
        ("invoice_number", number, number),
        ("invoice_date", issued.strftime(style), issued.isoformat()),
    ]
    if draft.chance(0.5):
        rows.append(("due_date", due.strftime(style), due.isoformat()))
    if draft.chance(0.4):
        rows.append(("purchase_order_number", order, order))
    for _ in range(draft.dice.randint(0, 2)):
        before = issued - timedelta(draft.dice.randint(1, 30))
        rows.append(draft.dice.choice((
            (draft.one(("Order date", "Lieferdatum", "Leistungsdatum", "data dostawy")),
             before.strftime(style), ""),
            (draft.one(("Customer no", "Kundennummer", "Account number", "Klantnummer")),
             str(draft.dice.randint(1000, 10**7)), ""),
        )))  # fmt: skip
    draft.dice.shuffle(rows)
    set_as = draft.one(("behind", "beside", "below"))
    wide = 500 / len(rows)
    for index, (name, text, value) in enumerate(rows):
        label = label_of(draft, name) if "_" in name else name
        if value:
            draft.truth[name] = value
        if set_as == "below":
            draft.put(50 + wide * index, y, label, 8)
            draft.put(50 + wide * index, y + 12, text)
            continue
        if set_as == "behind":
            draft.put(x, y, f"{label}{draft.one((':', ' :', ''))} {text}")
        else:
            draft.put(x, y, label)
            draft.put(x + 135, y, text)
        y += 13
    return y + 26


def _amount(draft: Draft, cents: int, mark: str) -> str:
    text = f"{cents // 100:,}.{cents % 100:02}"
    return text.translate(str.maketrans(",.", ".,")) if mark == "," else text


def items(draft: Draft, y: float) -> tuple[float, int, str]:
    """A list of goods; gives where it ends, its sum in cents and the decimal mark."""
    mark = draft.one((",", "."))
    head = draft.dice.choice((
        ("Description", "Qty", "Price", "Amount"), ("Bezeichnung", "Menge", "Preis", "Gesamt"),
        ("Désignation", "Qté", "P.U.", "Montant"), ("Omschrijving", "Aantal", "Prijs", "Totaal"),
    ))  # fmt: skip
    for x, text in zip((50, 310, 390, 490), head, strict=True):
        draft.put(x, y, text)
    total = 0
    for _ in range(draft.dice.randint(1, 8)):
        y += 14
        quantity, price = draft.dice.randint(1, 9), draft.dice.randint(99, 30000)
        total += quantity * price
        text = f"{draft.one(NAMES)} {draft.one(TRADES)}"
        if draft.chance(0.2):
            text += f" 01.0{draft.dice.randint(1, 9)}.2014"
        draft.put(50, y, text)
        draft.put(315, y, str(quantity))
        draft.put(390, y, _amount(draft, price, mark))
        draft.put(490, y, _amount(draft, quantity * price, mark))
    return y + 26, total, mark


def _sums(draft: Draft, items: tuple[float, int, str]) -> float:
    y, net, mark = items
    rate = draft.dice.choice((0, 7, 19, 20, 21))
    tax = round(net * rate / 100)
    symbol = draft.one(SYMBOLS)
    if symbol:
        draft.truth["currency"] = currency(symbol)
    rows = [("total_amount", net + tax)]
    if rate or draft.chance(0.3):
        rows[:0] = [("subtotal", net), ("tax_amount", tax)]
    for name, cents in rows:
        label = label_of(draft, name)
        if name == "tax_amount" and draft.chance(0.5):
            label += f" {rate} %"
        text = _amount(draft, cents, mark)
        text = f"{text} {symbol}".strip() if draft.chance(0.5) else f"{symbol} {text}".strip()
        draft.put(330, y, label)
        draft.put(485, y, text)
        draft.truth[name] = f"{cents / 100:.2f}"
        y += 14
    return y


def _foot(draft: Draft, own: str, street: Sequence[str], *, everything: bool) -> None:
    from stdnum import iban
    from stdnum.eu import vat

    account = f"DE00{draft.dice.randint(10**17, 10**18 - 1)}"
    account = account[:2] + iban.calc_check_digits(account) + account[4:]
    tax = next(
        number
        for number in (f"DE{draft.dice.randint(10**8, 10**9 - 1)}" for _ in range(10**5))
        if vat.is_valid(number)
    )
    columns: list[list[str]] = [[], [], []]
    if everything or draft.chance(0.3):
        columns[0] = [own, *street]
    if draft.chance(0.6):
        draft.truth["iban"] = account
        spaced = " ".join(account[i : i + 4] for i in range(0, len(account), 4))
        columns[1] = [draft.one((f"{draft.one(NAMES)} Bank AG", "")), f"IBAN: {spaced}"]
    if draft.chance(0.6):
        draft.truth["vat_number"] = tax
        columns[2] = [
            f"{label_of(draft, 'vat_number')}: {tax}",
            f"HRB {draft.dice.randint(100, 9999)}",
        ]
    for x, column in zip((50, 220, 410), columns, strict=True):
        for number, line in enumerate(column):
            draft.put(x, 770 + 9 * number, line, 7)
    if draft.chance(0.3):
        draft.put(50, 740, f"{draft.one(OTHER_LABELS)} {draft.dice.randint(1, 99)}", 8)


def page_of(draft: Draft, misread: bool | None = None) -> Page:
    """The page as it is read; half of them are misread in places where that is not said."""
    by_chance = draft.chance(0.5)
    misread = by_chance if misread is None else misread
    lines = []
    for x, y, text, size in draft.lines:
        words, at = [], x
        for word in text.split():
            sure = 1.0
            if misread:
                sure = draft.dice.uniform(0.96, 1.0)
                if draft.chance(0.02):
                    index = draft.dice.randrange(len(word))
                    word = word[:index] + draft.one("lIO08B5Srn") + word[index + 1 :]
                    sure = draft.dice.uniform(0.3, 0.9)
            wide = 0.52 * size * len(word)
            words.append(Word(word, (at, y, at + wide, y + size), sure if misread else None))
            at += wide + 0.3 * size
        box = (x, y, words[-1].box[2], y + size)
        lines.append(Line(" ".join(w.text for w in words), box, None, tuple(words)))
    image = PageImage(1, WIDTH, HEIGHT, rotation=0, dpi=72)
    ordered, blocks = layout.arrange(image, PageText(tuple(lines), "drawn", ""))
    return Page(1, WIDTH, HEIGHT, blocks=blocks, lines=ordered)
