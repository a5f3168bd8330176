"""Papers laid out from lines of text, as a reader's engine would hand them over, and their schemas.

x and y are points from the top left; letters are 6 points wide and 10 high.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from extraction import layout
from extraction.settling import settle
from extraction.types import Line, Page, PageImage, PageText
from tests.extraction.test_level import line

WIDTH, HEIGHT = 595.0, 842.0


def page(*lines: Line, number: int = 1, boxes: Sequence[tuple[float, float, bool]] = ()) -> Page:
    """A page of those lines; ``boxes`` are check boxes, ticked or not, 9 points wide, at x, y."""
    squares = tuple(((x, y, x + 9, y + 9), ticked) for x, y, ticked in boxes)
    image = PageImage(number, WIDTH, HEIGHT, 0, 72.0, lines=lines, squares=squares)
    arranged, blocks = layout.arrange(image, PageText(lines, "test", "1"))
    (settled,) = settle([Page(number, WIDTH, HEIGHT, lines=arranged, blocks=blocks)], strip=False)
    return settled


def table(rows: Sequence[Sequence[str]], xs: Sequence[float], top: float) -> list[Line]:
    """Cells as lines, 16 points a row; the last column's cells end at one edge."""
    end = xs[-1] + 6 * max(len(row[-1]) for row in rows)
    return [
        line(text, x if x != xs[-1] else end - 6 * len(text), top + 16 * index)
        for index, row in enumerate(rows)
        for x, text in zip(xs, row, strict=True)
        if text
    ]


def obj(required: str = "", /, **properties: Any) -> dict[str, Any]:
    """An object's schema; ``required`` are names with spaces between."""
    return {"type": "object", "properties": properties, "required": required.split()}


TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
DATE: dict[str, Any] = {"type": "string", "format": "date"}

INVOICE = page(
    line("Harbour Pumps Ltd", 60, 40, height=16),
    line("12 Quay Street, Bristol BS1 4DJ", 60, 62),
    line("VAT No: GB 980 7806 84", 60, 76),
    line("Invoice number: HP-2024-081", 320, 100),
    line("Invoice date: 14.03.2026", 320, 114),
    line("Due date: 13.04.2026", 320, 128),
    line("Bill to:", 60, 150),
    line("Nordwind GmbH", 60, 164),
    line("Kieler Weg 4, 20095 Hamburg", 60, 178),
    *table(
        [
            ["Description", "Qty", "Unit price", "Amount"],
            ["Copper pipe", "2", "4.50", "9.00"],
            ["Brass valve", "10", "19.90", "199.00"],
            ["Sealing tape", "1", "1.20", "1.20"],
        ],
        (60, 280, 360, 480),
        230,
    ),
    line("Subtotal", 360, 320), line("209.20", 486, 320),
    line("VAT 20 %", 360, 336), line("41.84", 492, 336),
    line("Total amount", 360, 352), line("EUR 251.04", 462, 352),
    line("Please pay by transfer to our account.", 60, 400),
)  # fmt: skip

RECEIPT = page(
    line("CORNER BAKERY LTD", 200, 40, height=16),
    line("5 Mill Lane, York", 210, 62),
    line("Receipt no: 004512", 60, 100),
    line("Date: 02.11.2025 08:41", 60, 116),
    line("Rye bread", 60, 150), line("3.20", 300, 150),
    line("Croissant", 60, 166), line("1.90", 300, 166),
    line("Total", 60, 200), line("GBP 5.10", 276, 200),
    line("Paid by: card", 60, 220),
)  # fmt: skip

STATEMENT = page(
    line("Severn Bank PLC", 60, 40, height=16),
    line("Statement of account", 60, 70),
    line("Account holder: Jane Marlow", 60, 90),
    line("IBAN: GB29 NWBK 6016 1331 9268 19", 60, 104),
    line("Opening balance: 1,200.00", 60, 118),
    line("Closing balance: 2,944.51", 60, 132),
    *table(
        [
            ["Date", "Details", "Debit", "Credit", "Balance"],
            ["01.02.2026", "Rent February", "850.00", "", "350.00"],
            ["03.02.2026", "Salary", "", "2,600.00", "2,950.00"],
            ["07.02.2026", "Coffee house", "5.49", "", "2,944.51"],
        ],
        (60, 150, 290, 370, 470),
        180,
    ),
)

PASSPORT = page(
    line("PASSPORT", 60, 40, height=16),
    line("Passport No: 925076473", 60, 80),
    line("Surname: ERIKSSON", 60, 100),
    line("Given names: ANNA MARIA", 60, 120),
    line("Nationality: UTOPIAN", 60, 140),
    line("Date of birth: 12.08.1974", 60, 160),
    line("Sex: F", 60, 180),
    line("Date of expiry: 15.04.2032", 60, 200),
)

PAYSLIP = page(
    line("Payslip", 60, 40, height=16),
    line("Employer: Foundry Works Ltd", 60, 70),
    line("Employee: Tom Archer", 60, 90),
    line("Employee number: E-4471", 60, 106),
    line("Pay period: March 2026", 60, 122),
    line("Gross pay", 60, 160), line("3,200.00", 300, 160),
    line("Income tax", 60, 176), line("412.50", 300, 176),
    line("Net pay", 60, 192), line("2,787.50", 300, 192),
)  # fmt: skip

DELIVERY = page(
    line("Delivery note", 60, 40, height=16),
    line("Delivery note no: DN-7781", 60, 70),
    line("Delivery date: 21.05.2026", 60, 86),
    line("Carrier: Swift Haulage", 60, 102),
    *table(
        [
            ["Pos", "Article", "Quantity", "Serial no"],
            ["1", "Pump P40", "2", "SN-10031"],
            ["2", "Hose 12 mm", "25", "SN-10077"],
            ["3", "Clamp set", "4", "SN-10102"],
        ],
        (60, 120, 300, 420),
        150,
    ),
)

GLIDER = page(
    line("Glider inspection sheet", 60, 40, height=16),
    line("Wing span: 17.5 m", 60, 80),
    line("Tow hook type: Tost E22", 60, 96),
    line("Airframe hours: 1482", 60, 112),
    line("Inspector e-mail: kim@soaring.example", 60, 128),
    line("Colours: red, white, blue", 60, 144),
)

FORM = page(
    line("Membership form", 60, 40, height=16),
    line("Full name: Rosa Field", 60, 80),
    line("Basic", 80, 120), line("Premium", 80, 140), line("Family", 80, 160),
    line("Newsletter", 80, 200), line("Photo consent", 80, 220),
    line("Insured: yes", 60, 250),
    boxes=[(64, 120, False), (64, 140, True), (64, 160, False), (64, 200, True), (64, 220, False)],
)  # fmt: skip

RECHNUNG = page(
    line("Werkzeugbau Krause GmbH", 60, 40, height=16),
    line("Rechnungsnummer: R-2026-114", 320, 90),
    line("Rechnungsdatum: 03.02.2026", 320, 104),
    line("Rechnung an:", 60, 130),
    line("Holzhandel Brandt GmbH", 60, 144),
    *table(
        [
            ["Pos", "Bezeichnung", "Menge", "Einzelpreis", "Gesamtpreis"],
            ["1", "Bohrer", "4", "12,50", "50,00"],
            ["2", "Fräser", "2", "1.050,00", "2.100,00"],
        ],
        (60, 110, 260, 340, 470),
        200,
    ),
    line("Nettobetrag", 340, 280), line("2.150,00", 488, 280),
    line("MwSt 19 %", 340, 296), line("408,50", 500, 296),
    line("Gesamtbetrag", 340, 312), line("2.558,50 EUR", 464, 312),
)  # fmt: skip
