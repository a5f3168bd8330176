"""Invoices of one vendor after another: each vendor's look stays, its documents' values differ.

What makes a vendor hard is drawn once: labels that no catalogue has (or none at all), dates and
numbers of the same kind close by, an issuer without legal form in the foot. ``seed`` chooses the
vendor, ``number`` its document.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benchmarks.business_papers import NAMES, STREETS, TOWNS, TRADES, Draft, page_of
from extraction.fields.definition import Field
from extraction.fields.templates import Template, starters
from extraction.types import Page

# Words that vendors do print beside these values, and catalogues hardly know.
ODD: dict[str, tuple[str, ...]] = {
    "invoice_number": ("Vorgang", "Folio", "Ticket", "Unser Zeichen", "Dokument", "Serie", "Akte"),
    "invoice_date": ("Stand", "Tag", "Gedruckt am", "Emis", "per", "Sent", ""),
    "due_date": ("Abbuchung am", "Wir buchen ab am", "Valuta", "Einzug", "Avant le", ""),
    "customer_number": ("Ihr Konto bei uns", "Mitglied", "Abo", "Vertragspartner", ""),
    "total_amount": ("Wir buchen ab", "Forderung", "Einzug", "Net to us", "Summe aller Posten"),
}
NUMBERS = ("{:06}", "V-{:06}", "{:05}/26", "A{:07}", "26-{:05}-X", "RG{:08}")
OWN = (
    Field("cost_centre", "Cost centre", "id", ("Cost centre",), document_types=()),
    Field("branch", "Branch", "text", ("Branch",), document_types=()),
)
WANTED = (
    "invoice_number", "invoice_date", "due_date", "customer_number", "total_amount", "issuer_name",
    "issuer_address",
)  # fmt: skip
BRANCHES = ("Nord", "Süd", "Hafen", "Innenstadt", "Ostbahnhof", "Messe")


@dataclass(frozen=True, slots=True)
class VendorPaper:
    """A page and the right normal values of what is printed on it, by field."""

    page: Page
    truth: dict[str, Any]


def template() -> Template:
    """The fields wanted of such papers: predefined ones, and two of the tenant's own."""
    (invoice,) = (each for each in starters() if each.name == "invoice")
    fields = tuple(field for field in invoice.fields if field.name in WANTED)
    return Template("vendor", "Vendor", (*fields, *OWN), "invoice")


def vendor_paper(seed: int, number: int, *, misread: bool | None = None) -> VendorPaper:
    """Document ``number`` of vendor ``seed``; half of them are misread in places if not said."""
    look = random.Random(f"vendor {seed}")
    draft = Draft(random.Random(f"vendor {seed} document {number}"))
    name = f"{look.choice(NAMES)} {look.choice(TRADES)}"
    pattern, streets = look.choice(STREETS)
    street = look.choice(streets.split("|") if "|" in streets else streets.split())
    address = [pattern.format(street, look.randint(1, 180)), look.choice(TOWNS)]
    issued = date(2026, draft.dice.randint(1, 9), draft.dice.randint(1, 28))
    style = look.choice(("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d"))
    values = {
        "invoice_number": look.choice(NUMBERS).format(draft.dice.randint(1, 99999)),
        "invoice_date": issued.strftime(style),
        "due_date": (issued + timedelta(draft.dice.choice((10, 14, 21)))).strftime(style),
        "customer_number": str(draft.dice.randint(10**5, 10**6)),
        "cost_centre": f"{draft.dice.randint(100, 999)}-{draft.dice.randint(10, 99)}",
        "branch": draft.one(BRANCHES),
    }
    labels = {field: look.choice(words) for field, words in ODD.items()}
    labels |= {"cost_centre": look.choice(("KST", "Dept", "")), "branch": "Filiale"}
    truth: dict[str, Any] = {
        **values,
        "invoice_date": issued.isoformat(),
        "issuer_name": name,
        "issuer_address": ", ".join(address),
    }
    day = values["due_date"]
    due = next(
        issued + timedelta(days)
        for days in (10, 14, 21)
        if (issued + timedelta(days)).strftime(style) == day
    )
    truth["due_date"] = due.isoformat()
    _head(draft, look, name, address)
    _facts(draft, look, values, labels, issued, style)
    truth["total_amount"] = _amounts(draft, look, labels["total_amount"])
    for at, line in enumerate((name, *address)):
        draft.put(60 + 170 * at, 800, line, 7)
    return VendorPaper(page_of(draft, misread), truth)


def _head(draft: Draft, look: random.Random, name: str, address: list[str]) -> None:
    if look.random() < 0.5:
        draft.put(look.choice((50, 350)), 40, name.split()[0].upper(), 20)
    other = f"{draft.one(NAMES)} {draft.one(TRADES)} GmbH"
    for at, line in enumerate((other, f"Uferweg {draft.dice.randint(1, 99)}", "10115 Berlin")):
        draft.put(50, 120 + 12 * at, line)
    draft.put(50, 215, look.choice(("Rechnung", "Invoice", "Beleg", "Abrechnung")), 14)


def _facts(
    draft: Draft, look: random.Random, values: dict[str, str], labels: dict[str, str],
    issued: date, style: str,
) -> None:  # fmt: skip
    """The facts in the vendor's order and form, between others that are none of ours."""
    order = list(values)
    look.shuffle(order)
    rows = [(labels[name], values[name]) for name in order]
    other = (issued - timedelta(draft.dice.randint(1, 20))).strftime(style)
    rows.insert(look.randrange(len(rows)), (look.choice(("Lauf", "Charge", "")), other))
    rows.insert(look.randrange(len(rows)), ("", str(draft.dice.randint(10**5, 10**6))))
    below, left = look.random() < 0.4, look.choice((50, 320))
    for at, (label, text) in enumerate(rows):
        if below:
            x, y = 50 + 125 * (at % 4), 245 + 34 * (at // 4)
            draft.put(x, y, label, 7)
            draft.put(x, y + 11, text)
        else:
            draft.put(left, 245 + 13 * at, label)
            draft.put(left + 130, 245 + 13 * at, text)


def _amounts(draft: Draft, look: random.Random, label: str) -> dict[str, str]:
    """Posts, and the total between other sums; gives the total's normal value."""
    y, total = 380.0, 0
    for _ in range(draft.dice.randint(2, 9)):
        cents = draft.dice.randint(500, 90000)
        total += cents
        draft.put(50, y, f"{draft.one(NAMES)} {draft.one(TRADES)}")
        draft.put(480, y, f"{cents / 100:.2f}")
        y += 13
    bonus = draft.dice.randint(100, 400)
    rows = [(label, total), (look.choice(("Bonus", "Guthaben", "Punkte")), bonus)]
    rows.append(
        (look.choice(("Stand alt", "Bisher", "Umsatz")), total + draft.dice.randint(1, 9999))
    )
    if look.random() < 0.5:
        rows.reverse()
    for text, cents in rows:
        y += 14
        draft.put(330, y, text)
        draft.put(480, y, f"{cents / 100:.2f} EUR")
    return {"amount": f"{total / 100:.2f}", "currency": "EUR"}
