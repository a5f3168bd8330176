"""An invoice or credit note as PDF; the same bytes each time, for it never changes.

It is in English whoever looks at it, as it was issued.
"""

from __future__ import annotations

from django.utils.translation import override

from accounts.models import Invoice
from accounts.money import shown
from accounts.pdf_sheet import BOLD, HEIGHT, WIDTH, Sheet, wrapped
from accounts.statements import from_json

LEFT, RIGHT, TOP, BOTTOM = 50, WIDTH - 50, 60, HEIGHT - 90
QUANTITY, PRICE = 370, 460  # where the columns end
STEP = 13  # between lines


@override("en")
def render(invoice: Invoice) -> bytes:
    """The PDF."""
    sheet = Sheet(title_of(invoice))
    sheet.new_page()
    y = _head(sheet, invoice)
    y = _columns(sheet, y)
    for line in from_json(invoice.lines):
        texts = wrapped(line.text, QUANTITY - LEFT - 80, 9)
        if line.included:
            texts.append(f"besides {line.included:,} included in the base fee")
        if y + STEP * len(texts) > BOTTOM:
            sheet.new_page()
            y = _columns(sheet, TOP)
        for number, text in enumerate(texts):
            sheet.text(LEFT, y + number * STEP, text)
        sheet.right(QUANTITY, y, f"{line.quantity.normalize():,f} {line.unit}".rstrip())
        sheet.right(PRICE, y, shown(line.unit_price, ""))
        sheet.right(RIGHT, y, shown(line.amount, invoice.currency))
        y += STEP * len(texts) + 4
    if y + 8 * STEP > BOTTOM:
        sheet.new_page()
        y = TOP
    _totals(sheet, invoice, y)
    for number, drawn in enumerate(sheet.pages, start=1):
        _foot(sheet, invoice, drawn, number)
    return sheet.body()


def title_of(invoice: Invoice) -> str:
    """ "Invoice INV-2026-00001"."""
    return f"{invoice.get_kind_display().capitalize()} {invoice.number}"


def _head(sheet: Sheet, invoice: Invoice) -> float:
    issuer, customer = invoice.issuer, invoice.customer
    y = float(TOP)
    for text in [issuer["name"], *issuer["address"].splitlines(), issuer["tax_id"]]:
        for part in wrapped(text, 230, 9) if text else []:
            sheet.right(RIGHT, y, part)
            y += STEP
    left = float(TOP)
    names = [customer["name"], *customer["address"].splitlines(), customer["country"]]
    tax_id = f"Tax number: {customer['tax_id']}" if customer["tax_id"] else ""
    for text in [*names, tax_id, customer["reference"]]:
        for part in wrapped(text, 230, 9) if text else []:
            sheet.text(LEFT, left, part)
            left += STEP
    y = max(y, left) + 2 * STEP
    sheet.text(LEFT, y, title_of(invoice), size=15, font=BOLD)
    y += 2 * STEP
    facts = [
        f"Issued on {invoice.issued_at:%Y-%m-%d}, for {invoice.month:%Y-%m}",
        f"Due on {invoice.due_on:%Y-%m-%d}" if invoice.due_on else "",
        f"Corrects invoice {invoice.corrects.number}" if invoice.corrects else "",
    ]
    for fact in filter(None, facts):
        sheet.text(LEFT, y, fact)
        y += STEP
    return y + STEP


def _columns(sheet: Sheet, y: float) -> float:
    sheet.text(LEFT, y, "What", font=BOLD)
    sheet.right(QUANTITY, y, "Quantity", font=BOLD)
    sheet.right(PRICE, y, "Price", font=BOLD)
    sheet.right(RIGHT, y, "Amount", font=BOLD)
    sheet.rule(y + 5, LEFT, RIGHT)
    return y + STEP + 6


def _totals(sheet: Sheet, invoice: Invoice, y: float) -> None:
    sheet.rule(y - 4, LEFT, RIGHT)
    y += STEP
    tax = f"{invoice.tax_label or 'Tax'} {invoice.tax_rate.normalize():f} %"
    for text, value, font in (
        ("Without tax", invoice.net, "DejaVuSans"),
        (tax, invoice.tax, "DejaVuSans"),
        ("Total", invoice.total, BOLD),
    ):
        sheet.right(PRICE, y, text, font=font)
        sheet.right(RIGHT, y, shown(value, invoice.currency), font=font)
        y += STEP
    for text in (invoice.tax_note, invoice.issuer["note"]):
        for part in wrapped(text, RIGHT - LEFT, 9) if text else []:
            y += STEP
            if y > BOTTOM:
                sheet.new_page()
                y = TOP
            sheet.text(LEFT, y, part)


def _foot(sheet: Sheet, invoice: Invoice, drawn: list[bytes], number: int) -> None:
    kept, sheet.pages = sheet.pages, [drawn]
    sheet.text(LEFT, HEIGHT - 40, f"{title_of(invoice)}, page {number} of {len(kept)}", size=7)
    sheet.pages = kept
