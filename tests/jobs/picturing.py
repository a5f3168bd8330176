"""An invoice in review as it looks: its lines drawn on the page, its fields where they stand."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from extraction.types import Alternative, Box, FieldValue, Line, Page, Word
from jobs import models, storage
from jobs.models import Job
from tests.jobs.reviewing import money, read_job, value
from tests.people import Organisation

SIZE = (595.0, 842.0)
LINES = (
    (60, 70, "ACME Trading GmbH"),
    (60, 90, "Hauptstr. 5, 10115 Berlin"),
    (60, 170, "Invoice A-4711"),
    (380, 170, "Date 31.01.2026"),
    (60, 230, "Description"),
    (300, 230, "Quantity"),
    (380, 230, "Price"),
    (460, 230, "Amount"),
    (60, 250, "Bolts, M8"),
    (300, 250, "4"),
    (380, 250, "15,00"),
    (460, 250, "60,00"),
    (60, 270, "Nuts, M8"),
    (300, 270, "4"),
    (380, 270, "10,00"),
    (460, 270, "40,00"),
    (300, 320, "Net"),
    (440, 320, "100,00 EUR"),
    (300, 340, "VAT 19 %"),
    (440, 340, "19,00 EUR"),
    (300, 360, "Total"),
    (440, 360, "119,00 EUR"),
)
LETTER, TALL = 6.0, 11.0  # points


def box_of(text: str) -> Box:
    """Where the line of that text stands."""
    x, y = next((x, y) for x, y, line in LINES if line == text)
    return (x, y, x + LETTER * len(text), y + TALL)


def page_of(number: int = 1) -> Page:
    """The invoice's page, letters of one width."""
    lines = []
    for x, y, text in LINES:
        words, at = [], 0
        for word in text.split(" "):
            left = x + at * LETTER
            words.append(Word(word, (left, y, left + len(word) * LETTER, y + TALL)))
            at += len(word) + 1
        lines.append(Line(text, box_of(text), None, tuple(words)))
    return Page(number, *SIZE, engine="fake", revision="1", lines=tuple(lines))


def picture() -> bytes:
    """The page as a JPEG, each letter in its place."""
    image = Image.new("RGB", (int(SIZE[0] * 2), int(SIZE[1] * 2)), "white")
    draw = ImageDraw.Draw(image)
    for x, y, text in LINES:
        for at, letter in enumerate(text):
            draw.text(((x + at * LETTER) * 2, y * 2), letter, fill="black", font_size=20)
    body = BytesIO()
    image.save(body, "JPEG", quality=80)
    return body.getvalue()


def items() -> FieldValue:
    """The invoice's lines."""
    rows = [
        {"description": name, "quantity": "4", "unit_price": money(price), "amount": money(amount)}
        for name, price, amount in (("Bolts, M8", "15.00", "60.00"), ("Nuts, M8", "10.00", "40.00"))
    ]
    return value("line_items", "table", "", rows, box=(60.0, 245.0, 500.0, 285.0), confidence=0.8)


def fields() -> tuple[FieldValue, ...]:
    """What was read: the total is the tax, unsure and inconsistent; the date was not found."""
    wrong = {"checks": {"sum": False}}
    return (
        value("invoice_number", "id", "A-4711", "A-4711", box=(108.0, 170.0, 144.0, 181.0)),
        _placed("issuer_name", "organisation", "ACME Trading GmbH", "ACME Trading GmbH"),
        _placed("subtotal", "money", "100,00 EUR", money("100.00"), **wrong),
        _placed("tax_amount", "money", "19,00 EUR", money("19.00"), **wrong),
        replace(
            _placed("total_amount", "money", "19,00 EUR", money("19.00"), confidence=0.31, **wrong),
            alternatives=(
                Alternative("119,00 EUR", money("119.00"), 1, box_of("119,00 EUR"), 0.29),
                Alternative("100,00 EUR", money("100.00"), 1, box_of("100,00 EUR"), 0.12),
            ),
        ),
        items(),
    )


def _placed(name: str, kind: str, raw: str, normal: Any, **more: Any) -> FieldValue:
    return value(name, kind, raw, normal, box=box_of(raw), **more)


def pictured_job(organisation: Organisation, *values: FieldValue, pages: int = 1) -> Job:
    """A job in review whose pages have pictures."""
    job = read_job(
        organisation, *(values or fields()), pages=tuple(page_of(n + 1) for n in range(pages))
    )
    Job.objects.filter(pk=job.pk).update(page_count=pages)
    body = picture()
    for row in models.Page.objects.filter(job=job):
        row.preview_key = storage.preview_key(job.tenant_id, job.pk, row.number)
        storage.put(row.preview_key, body)
        row.save(update_fields=["preview_key"])
    return job
