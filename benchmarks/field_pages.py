"""Generated documents whose fields are known: what the fields benchmark reads.

Ten types in eight languages, each drawn from a seed: names, places, numbers, wordings, layout,
fonts and sizes, whether a field is printed at all. Some are made to look scanned. Nothing of
``extraction`` is used, so that the pages are not made of what it expects.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.field_banking import bank_statement
from benchmarks.field_business import delivery_note, invoice, purchase_order
from benchmarks.field_content import COUNTRIES
from benchmarks.field_drawing import Sheet, Truth
from benchmarks.field_freight import bill_of_lading
from benchmarks.field_household import payslip, utility_bill
from benchmarks.field_identity import id_card, passport
from benchmarks.field_phrases import STAMPS
from benchmarks.field_receipts import receipt
from benchmarks.scanning import scan

TYPES: dict[str, Callable[[Sheet], None]] = {
    "invoice": invoice,
    "receipt": receipt,
    "bank_statement": bank_statement,
    "id_card": id_card,
    "passport": passport,
    "payslip": payslip,
    "bill_of_lading": bill_of_lading,
    "purchase_order": purchase_order,
    "delivery_note": delivery_note,
    "utility_bill": utility_bill,
}
A4, LETTER = (595.0, 842.0), (612.0, 792.0)
RESOLUTIONS = (150, 200, 200, 300)  # dpi of scans
STAMPED = ("invoice", "purchase_order", "delivery_note", "utility_bill")


@dataclass(frozen=True, slots=True)
class Sample:
    """A document with its truth."""

    name: str
    document_type: str
    language: str
    country: str
    scanned: bool
    pdf: bytes
    truth: Truth


def samples(
    count: int, *, first: int = 0, types: Sequence[str] = (), scanned: float = 0.5
) -> list[Sample]:
    """So many documents, from seed ``first`` on: the types in turn, countries likewise.

    ``scanned`` is the share of those made to look scanned.
    """
    chosen = [name for name in TYPES if not types or name in types]
    return [
        sample(chosen[seed % len(chosen)], seed, scanned=scanned)
        for seed in range(first, first + count)
    ]


def sample(document_type: str, seed: int, *, scanned: float = 0.0) -> Sample:
    """One document, the same for the same seed; scanned or not, it is drawn alike."""
    import pymupdf

    chance = random.Random(f"{document_type} {seed}")
    looks_scanned = chance.random() < scanned
    codes = sorted(COUNTRIES)
    country = COUNTRIES[codes[(seed // len(TYPES) + seed * 5) % len(codes)]]
    document = pymupdf.open()
    if document_type == "receipt":
        size = (chance.choice((204.0, 226.0, 226.0, 250.0)), 1400.0)
    else:
        size = LETTER if country.code == "US" else A4
    mono = chance.random() < (0.5 if document_type == "receipt" else 0.04)
    sheet = Sheet(document, chance, country, size=size, mono=mono)
    TYPES[document_type](sheet)
    sheet.finish()
    if document_type in STAMPED and chance.random() < 0.08:
        _stamp(sheet)
    if looks_scanned:
        document = scan(document, chance, RESOLUTIONS)
    return Sample(
        f"{document_type}-{seed}", document_type, sheet.language, country.code, looks_scanned,
        document.tobytes(garbage=3, deflate=True), sheet.truth,
    )  # fmt: skip


def _stamp(sheet: Sheet) -> None:
    """When it came in: a slanted stamp with a date that is no field."""
    import pymupdf

    chance = sheet.chance
    text = f"{STAMPS[sheet.language]} {chance.randint(1, 28):02}.{chance.randint(1, 12):02}.2026"
    at = pymupdf.Point(sheet.width - 210, sheet.height - chance.uniform(150, 260))
    color = chance.choice(((0.7, 0, 0), (0.1, 0.1, 0.6)))
    turn = pymupdf.Matrix(chance.uniform(-14, 14))
    writer = pymupdf.TextWriter(sheet.page.rect, color=color)
    writer.append(at, text, sheet.look.bold, 12)
    writer.write_text(sheet.page, morph=(at, turn))
