"""An invoice, or many, as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from accounts.models import Invoice
from accounts.statements import from_json
from extraction.formats.csv import safe_cell

COLUMNS = (
    "number", "kind", "month", "issued_at", "due_on", "corrects", "customer", "customer_tax_id",
    "line", "text", "engine", "quantity", "included", "unit", "unit_price", "amount", "currency",
    "tax_label", "tax_rate", "net", "tax", "total", "status", "payment",
)  # fmt: skip


def table(invoices: Iterable[Invoice]) -> str:
    """A row for each line; the sums stand in all rows of their invoice."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for invoice in invoices:
        for number, line in enumerate(from_json(invoice.lines), start=1):
            cells = (
                invoice.number,
                invoice.kind,
                f"{invoice.month:%Y-%m}",
                invoice.issued_at.isoformat(),
                invoice.due_on or "",
                invoice.corrects.number if invoice.corrects else "",
                invoice.customer["name"],
                invoice.customer["tax_id"],
                number,
                line.text,
                line.engine,
                line.quantity,
                line.included,
                line.unit,
                line.unit_price,
                line.amount,
                invoice.currency,
                invoice.tax_label,
                invoice.tax_rate,
                invoice.net,
                invoice.tax,
                invoice.total,
                invoice.status,
                invoice.payment,
            )
            writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()
