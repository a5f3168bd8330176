"""A folder of invoices to try, born-digital, of which two want a person's eye.

``python -m demo.sample_inbox FOLDER`` writes them (docs/tutorial-spreadsheet.md). Companies and
numbers are invented.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pymupdf

LEFT, RIGHT, VALUES = 56, 539, 190  # points from the left of the page
TAX = Decimal("0.19")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Invoice:
    """What one says; without a cost centre it is not printed, ``total`` None is the right one."""

    name: str
    issuer: str
    number: str
    date: str
    cost_centre: str
    net: Decimal
    iban: str
    total: Decimal | None = None


INVOICES = (
    Invoice(
        "alder-paper.pdf", "Alder Paper Ltd", "AP-10533", "3 November 2026", "CC-2040",
        Decimal("248.00"), "GB29NWBK60161331926819",
    ),
    Invoice(
        "brightwell-energy.pdf", "Brightwell Energy GmbH", "2026-88127", "5 November 2026",
        "CC-1100", Decimal("1430.50"), "DE89370400440532013000",
    ),
    Invoice(  # nobody said where it belongs
        "corvid-couriers.pdf", "Corvid Couriers GmbH", "CV/4471", "9 November 2026", "",
        Decimal("96.40"), "DE02120300000000202051",
    ),
    Invoice(  # two digits have changed places: 1,088.85 would be right
        "delft-instruments.pdf", "Delft Instruments B.V.", "F-26-0091", "12 November 2026",
        "CC-3005", Decimal("915.00"), "NL91ABNA0417164300", Decimal("1808.85"),
    ),
    Invoice(
        "eastgate-cleaning.pdf", "Eastgate Cleaning Ltd", "EC-0617", "16 November 2026", "CC-2040",
        Decimal("520.00"), "GB33BUKB20201555555555",
    ),
)  # fmt: skip


def build(invoice: Invoice) -> bytes:
    """The PDF, the same bytes each time."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((LEFT, 80), invoice.issuer, fontname="hebo", fontsize=16)
    page.insert_text((LEFT, 140), "Invoice", fontname="hebo", fontsize=14)
    rows = [
        ("Invoice number", invoice.number),
        ("Invoice date", invoice.date),
        ("Cost centre", invoice.cost_centre),
    ]
    y = 170
    for label, value in rows:
        if value:
            page.insert_text((LEFT, y), f"{label}:", fontsize=10)
            page.insert_text((VALUES, y), value, fontsize=10)
            y += 16
    tax = (invoice.net * TAX).quantize(CENT)
    sums = [
        ("Net amount", invoice.net),
        ("VAT 19 %", tax),
        ("Total amount", invoice.total or invoice.net + tax),
    ]
    y = 300
    for label, amount in sums:
        text = f"{amount:,.2f} EUR"
        page.insert_text((350, y), label, fontsize=10)
        page.insert_text((RIGHT - pymupdf.get_text_length(text, fontsize=10), y), text, fontsize=10)
        y += 18
    page.insert_text((LEFT, 400), f"Please pay to IBAN {invoice.iban}", fontsize=10)
    return bytes(document.tobytes(deflate=True, no_new_id=True))


def main(arguments: Sequence[str]) -> int:
    """Write the folder."""
    if len(arguments) != 1:
        print("usage: python -m demo.sample_inbox FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for invoice in INVOICES:
        (folder / invoice.name).write_bytes(build(invoice))
    print(f"{len(INVOICES)} invoices in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
