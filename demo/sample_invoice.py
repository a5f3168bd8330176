"""The sample: a scanned two-page invoice, drawn, printed and "scanned" here, with its truth.

``python -m demo.sample_invoice OUT.pdf`` writes it. The pages are pictures (200 dpi, JPEG) without
a text layer: skewed, unevenly lit, noisy and a little blurred, with a rubber stamp over the first.
The company, its customer and all numbers are invented; check digits and sums are right.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pymupdf

Pixels = npt.NDArray[np.uint8]

PAGE = pymupdf.Rect(0, 0, 595, 842)  # A4 in points
DPI = 200
SKEW = (1.3, -0.8)  # degrees clockwise, a page
REGULAR, BOLD, ITALIC = "helv", "hebo", "heit"
INK = (0.08, 0.08, 0.1)
BRAND = (0.07, 0.27, 0.42)
STAMP = (0.78, 0.1, 0.14)
PEN = (0.1, 0.16, 0.5)

EXPECTED: dict[str, Any] = {
    "fields": {
        "issuer_name": "Ostermoor Instruments GmbH",
        "invoice_number": "OI-2026-0417",
        "invoice_date": "2026-03-14",
        "due_date": "2026-04-13",
        "purchase_order_number": "PO-88213",
        "vat_number": "DE846209136",
        "customer_name": "Brackwater Analytics GmbH",
        "iban": "DE28200999500047216835",
        "subtotal": {"amount": "6030.90", "currency": "EUR"},
        "tax_amount": {"amount": "1145.87", "currency": "EUR"},
        "total_amount": {"amount": "7176.77", "currency": "EUR"},
    },
    "line_items": [
        ["Description", "Qty", "Unit price", "Amount"],
        ["Bench multimeter, 6.5 digits", "2", "1,284.00", "2,568.00"],
        ["Thermocouple probe type K, 300 mm", "12", "38.50", "462.00"],
        ["Calibration block, 50 to 400 C", "1", "946.00", "946.00"],
        ["Shielded test lead set, red and black", "8", "21.75", "174.00"],
        ["Reference resistor 100 ohm, 0.01 %", "4", "112.30", "449.20"],
        ["Rail power supply 24 V, 5 A", "3", "87.90", "263.70"],
        ["On-site calibration, hours (page 2)", "11.5", "96.00", "1,104.00"],
        ["Insured freight to Bremen", "1", "64.00", "64.00"],
    ],
    "hours": [
        ["Date", "Technician", "Work", "Hours"],
        ["2 March 2026", "J. Aldous", "Set-up and reference measurements", "3.5"],
        ["3 March 2026", "J. Aldous", "Calibration of temperature channels", "4.0"],
        ["4 March 2026", "M. Petrova", "Calibration of voltage channels", "2.5"],
        ["5 March 2026", "M. Petrova", "Certificates and hand-over", "1.5"],
    ],
    "checkboxes": {
        "Goods received complete and undamaged": True,
        "Partial delivery, balance to follow": False,
    },
    "page_numbers": ["Page 1 of 2", "Page 2 of 2"],
    "stamp": "RECEIVED",
}

TERMS = {
    "Payment": (
        "Payment is due within 30 days of the invoice date, without deduction, to the account named"
        " on page 1. Please quote the invoice number. Interest of 9 percentage points above the"
        " base rate is charged on late payments."
    ),
    "Retention of title": (
        "The goods remain our property until they have been paid in full. The customer shall store"
        " them with care and insure them against fire, water and theft until then."
    ),
    "Warranty": (
        "We warrant our instruments for 24 months from delivery. Calibration certificates are"
        " valid for 12 months. Claims for visible damage must reach us within 7 days of receipt."
    ),
}


def build() -> bytes:
    """The scanned invoice as a PDF; the same bytes at every call."""
    drawn = pymupdf.open()
    _first_page(drawn.new_page(width=PAGE.width, height=PAGE.height))
    _second_page(drawn.new_page(width=PAGE.width, height=PAGE.height))
    scanned = pymupdf.open()
    for number, degrees in enumerate(SKEW):
        pixmap = drawn[number].get_pixmap(dpi=DPI)
        ink: Pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(
            pixmap.height, pixmap.width, 3
        )
        jpeg = scan(ink, degrees=degrees, seed=4711 + number)
        page = scanned.new_page(width=PAGE.width, height=PAGE.height)
        page.insert_image(page.rect, stream=jpeg)
    return bytes(scanned.tobytes(no_new_id=True))


def scan(ink: Pixels, *, degrees: float, seed: int) -> bytes:
    """A printed page (RGB, height x width x 3) as a flat-bed scanner would give it, as JPEG.

    ``degrees`` is the skew, positive clockwise as seen.
    """
    random = np.random.default_rng(seed)
    height, width = ink.shape[:2]
    paper = np.array([250.0, 248.0, 243.0])

    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turned = cv2.warpAffine(ink, turn, (width, height), borderValue=(255, 255, 255))
    page = turned.astype(np.float32) / 255 * paper

    # Light falls off towards one edge, paper has a grain coarser than the sensor's noise.
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.0 - 0.10 * (x / width) ** 2 - 0.06 * (1 - y / height) ** 2
    grain = cv2.resize(
        random.normal(0, 2.5, (height // 4, width // 4)).astype(np.float32), (width, height)
    )
    page = page * light[..., None] + grain[..., None]
    for _ in range(40):  # dust on the glass
        centre = (int(random.integers(width)), int(random.integers(height)))
        cv2.circle(page, centre, int(random.integers(1, 3)), (120.0, 118.0, 112.0), -1)
    page = cv2.GaussianBlur(page, (0, 0), 0.8)
    page = page + random.normal(0, 5.0, page.shape)

    pixels = np.clip(page, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 68]
    )
    return jpeg.tobytes()


def _first_page(page: pymupdf.Page) -> None:
    fields = EXPECTED["fields"]
    _text(page, 50, 66, "Ostermoor Instruments GmbH", 20, BOLD, BRAND)
    _text(page, 50, 82, "Calibration and test equipment", 10, ITALIC, BRAND)
    for row, line in enumerate(
        ("Hafenweg 27, 20457 Hamburg", "+49 40 66969 120", "billing@ostermoor.example")
    ):
        _right(page, 545, 58 + 12 * row, line, 9)
    page.draw_line((50, 94), (545, 94), color=BRAND, width=1.5)

    _text(page, 50, 128, "Bill to", 9, BOLD, BRAND)
    for row, line in enumerate(
        ("Brackwater Analytics GmbH", "Accounts payable", "Kanalstrasse 8", "28195 Bremen")
    ):
        _text(page, 50, 144 + 14 * row, line, 10.5)

    _text(page, 340, 134, "INVOICE", 22, BOLD, BRAND)
    for row, (label, value) in enumerate(
        (
            ("Invoice number", fields["invoice_number"]),
            ("Invoice date", "14 March 2026"),
            ("Due date", "13 April 2026"),
            ("Purchase order", fields["purchase_order_number"]),
            ("VAT ID", fields["vat_number"]),
        )
    ):
        _text(page, 340, 156 + 15 * row, label + ":", 10, BOLD)
        _right(page, 545, 156 + 15 * row, value, 10)

    _text(page, 50, 252, "For the goods and services delivered in March 2026 we charge:", 10)
    bottom = _ruled_table(page, 266, (50, 310, 360, 450, 545), EXPECTED["line_items"])

    for row, (label, value, font) in enumerate(
        (
            ("Subtotal", "6,030.90", REGULAR),
            ("VAT 19 %", "1,145.87", REGULAR),
            ("Total due (EUR)", "7,176.77", BOLD),
        )
    ):
        y = bottom + 22 + 18 * row
        _text(page, 365, y, label, 11, font)
        _right(page, 539, y, value, 11, font)
    page.draw_line((360, bottom + 44), (545, bottom + 44), color=INK, width=0.7)
    page.draw_line((360, bottom + 64), (545, bottom + 64), color=INK, width=1.4)

    _stamp(page, (190, bottom + 62), "RECEIVED", "18 MAR 2026", degrees=9)

    _text(page, 50, 660, "Please pay to", 9, BOLD, BRAND)
    for row, (label, value) in enumerate(
        (
            ("Account holder", "Ostermoor Instruments GmbH"),
            ("IBAN", "DE28 2009 9950 0047 2168 35"),
            ("Bank", "Hanseatic Sample Bank, Hamburg"),
            ("Reference", fields["invoice_number"]),
        )
    ):
        _text(page, 50, 676 + 14 * row, label + ":", 10)
        _text(page, 135, 676 + 14 * row, value, 10)
    _footer(page, 1)


def _second_page(page: pymupdf.Page) -> None:
    _text(page, 50, 60, "Ostermoor Instruments GmbH", 11, BOLD, BRAND)
    _right(page, 545, 60, "Invoice OI-2026-0417, continued", 9)
    page.draw_line((50, 68), (545, 68), color=BRAND, width=0.8)

    _text(page, 50, 104, "Service hours", 14, BOLD, BRAND)
    columns = (50, 150, 245, 500)
    for row, cells in enumerate(EXPECTED["hours"]):
        font = BOLD if row == 0 else REGULAR
        y = 130 + 18 * row
        for x, cell in zip(columns[:3], cells[:3], strict=True):
            _text(page, x, y, cell, 10, font)
        _right(page, 545, y, cells[3], 10, font)

    top = 256.0
    _text(page, 50, top, "Terms", 14, BOLD, BRAND)
    for number, (title, text) in enumerate(TERMS.items(), start=1):
        _text(page, 50, top + 24, f"{number}. {title}", 10.5, BOLD)
        page.insert_textbox(
            pymupdf.Rect(50, top + 28, 545, top + 80),
            text,
            fontsize=10,
            fontname=REGULAR,
            color=INK,
        )
        top += 66

    _text(page, 50, top + 34, "Delivery", 14, BOLD, BRAND)
    for row, (label, checked) in enumerate(EXPECTED["checkboxes"].items()):
        _checkbox(page, 50, top + 50 + 26 * row, label, checked=checked)
    _footer(page, 2)


def _text(
    page: pymupdf.Page,
    x: float,
    y: float,
    text: str,
    size: float,
    font: str = REGULAR,
    color: tuple[float, float, float] = INK,
) -> None:
    page.insert_text((x, y), text, fontsize=size, fontname=font, color=color)


def _right(
    page: pymupdf.Page, x: float, y: float, text: str, size: float, font: str = REGULAR
) -> None:
    """Text that ends at ``x``."""
    _text(page, x - pymupdf.get_text_length(text, font, size), y, text, size, font)


def _ruled_table(
    page: pymupdf.Page, top: float, edges: tuple[float, ...], rows: list[list[str]]
) -> float:
    """A table with all its lines; numbers are aligned right. Returns its bottom edge."""
    pitch = 24.0
    bottom = top + pitch * len(rows)
    page.draw_rect(pymupdf.Rect(edges[0], top, edges[-1], top + pitch), fill=(0.88, 0.91, 0.94))
    for number in range(len(rows) + 1):
        y = top + pitch * number
        page.draw_line((edges[0], y), (edges[-1], y), color=INK, width=0.8)
    for x in edges:
        page.draw_line((x, top), (x, bottom), color=INK, width=0.8)
    for number, cells in enumerate(rows):
        font = REGULAR if number else BOLD
        y = top + pitch * number + 16
        _text(page, edges[0] + 6, y, cells[0], 10, font)
        for x, cell in zip(edges[2:], cells[1:], strict=True):
            _right(page, x - 6, y, cell, 10, font)
    return bottom


def _stamp(
    page: pymupdf.Page, centre: tuple[float, float], word: str, date: str, *, degrees: float
) -> None:
    """A rubber stamp: a double frame and two lines, turned anticlockwise about its centre."""
    x, y = centre
    morph = (pymupdf.Point(x, y), pymupdf.Matrix(degrees))
    shape = page.new_shape()
    for grow, width in ((0, 2.4), (5, 0.9)):
        shape.draw_rect(pymupdf.Rect(x - 80 - grow, y - 28 - grow, x + 80 + grow, y + 28 + grow))
        shape.finish(color=STAMP, width=width, morph=morph, stroke_opacity=0.75)
    for text, size, baseline in ((word, 24, y + 2), (date, 12, y + 20)):
        left = x - pymupdf.get_text_length(text, BOLD, size) / 2
        shape.insert_text(
            (left, baseline),
            text,
            fontsize=size,
            fontname=BOLD,
            color=STAMP,
            morph=morph,
            fill_opacity=0.75,
        )
    shape.commit()


def _checkbox(page: pymupdf.Page, x: float, y: float, label: str, *, checked: bool) -> None:
    """A printed box with its label; the cross is by hand and goes a little over the edge."""
    page.draw_rect(pymupdf.Rect(x, y, x + 12, y + 12), color=INK, width=1)
    if checked:
        page.draw_bezier(
            (x + 1, y - 1), (x + 5, y + 3), (x + 8, y + 9), (x + 13, y + 13), color=PEN, width=1.6
        )
        page.draw_bezier(
            (x + 13, y - 2), (x + 8, y + 4), (x + 4, y + 8), (x, y + 13), color=PEN, width=1.6
        )
    _text(page, x + 22, y + 10, label, 10.5)


def _footer(page: pymupdf.Page, number: int) -> None:
    page.draw_line((50, 792), (545, 792), color=BRAND, width=0.6)
    _text(page, 50, 806, "Ostermoor Instruments GmbH, HRB 990417 Hamburg", 8.5)
    _right(page, 545, 806, EXPECTED["page_numbers"][number - 1], 8.5)


def main(arguments: list[str]) -> int:
    """Write the sample to the path given; 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m demo.sample_invoice OUT.pdf\n")
        return 2
    Path(arguments[0]).write_bytes(build())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
