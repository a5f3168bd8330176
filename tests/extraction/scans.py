"""Pages made on the spot that look scanned: drawn, rendered, turned a little, made noisy.

Coordinates are points from the top left; what is drawn is known, so tests assert true readings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pymupdf

from extraction.types import PageImage

A4 = (595.0, 842.0)
DPI = 150

Draw = Callable[[pymupdf.Page], object]

COLUMNS = (60.0, 250.0, 330.0, 420.0, 530.0)
ROWS = (300.0, 324.0, 348.0, 372.0, 396.0)
ITEMS = (
    ("Description", "Qty", "Price", "Amount"),
    ("Copper pipe", "12", "4.50", "54.00"),
    ("Brass valve", "3", "19.90", "59.70"),
    ("Sealing tape", "10", "1.20", "12.00"),
)


def scan(draw: Draw, *, skew: float = 0.0, noise: float = 0.0, number: int = 1) -> PageImage:
    """The drawn page as pixels: turned ``skew`` degrees clockwise, with Gaussian noise."""
    document = pymupdf.open()
    page = document.new_page(width=A4[0], height=A4[1])
    draw(page)
    pixmap = page.get_pixmap(dpi=DPI, alpha=False)
    pixels: npt.NDArray[Any] = np.frombuffer(pixmap.samples, np.uint8).reshape(
        pixmap.height, pixmap.width, 3
    )
    if skew:
        height, width = pixels.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -skew, 1.0)
        pixels = cv2.warpAffine(pixels, turn, (width, height), borderValue=(255, 255, 255))
    if noise:
        grain = np.random.default_rng(7).normal(0, noise, pixels.shape)
        pixels = np.clip(pixels.astype(np.float64) + grain, 0, 255).astype(np.uint8)
    return PageImage(number, A4[0], A4[1], 0, DPI, np.ascontiguousarray(pixels))


def invoice(page: pymupdf.Page) -> None:
    """An invoice with a ruled table, totals and two check boxes."""
    page.insert_text((60, 80), "Harbour Plumbing Ltd", fontsize=22)
    page.insert_text((60, 110), "14 Quay Street, Bristol BS1 4DJ", fontsize=11)
    page.insert_text((60, 160), "Invoice No.: HP-2024-0817", fontsize=11)
    page.insert_text((60, 180), "Invoice date: 17 May 2024", fontsize=11)
    page.insert_text((60, 200), "Due date: 16/06/2024", fontsize=11)
    page.insert_text((60, 220), "IBAN: GB29 NWBK 6016 1331 9268 19", fontsize=11)
    for y in ROWS:
        page.draw_line((COLUMNS[0], y), (COLUMNS[-1], y), width=1)
    for x in COLUMNS:
        page.draw_line((x, ROWS[0]), (x, ROWS[-1]), width=1)
    for row, texts in enumerate(ITEMS):
        for column, text in enumerate(texts):
            page.insert_text((COLUMNS[column] + 6, ROWS[row] + 16), text, fontsize=11)
    for row, (label, amount) in enumerate(
        (("Subtotal", "125.70"), ("VAT 20%", "25.14"), ("Total GBP", "150.84"))
    ):
        page.insert_text((330, 430 + 20 * row), label, fontsize=11)
        page.insert_text((426, 430 + 20 * row), amount, fontsize=11)
    check_box(page, 60, 520, ticked=True)
    page.insert_text((80, 531), "Delivered in full", fontsize=11)
    check_box(page, 60, 545, ticked=False)
    page.insert_text((80, 556), "Payment received", fontsize=11)
    page.insert_text((285, 820), "1 / 1", fontsize=9)


def check_box(page: pymupdf.Page, x: float, y: float, *, ticked: bool) -> None:
    """A square of 12 points, with a cross in it where ``ticked``."""
    page.draw_rect(pymupdf.Rect(x, y, x + 12, y + 12), width=1)
    if ticked:
        page.draw_line((x + 2, y + 2), (x + 10, y + 10), width=1.4)
        page.draw_line((x + 10, y + 2), (x + 2, y + 10), width=1.4)


def turned(page: PageImage, quarters: int) -> PageImage:
    """The page lying ``quarters`` quarter turns clockwise."""
    assert page.pixels is not None
    pixels = np.ascontiguousarray(np.rot90(page.pixels, -quarters))
    height, width = pixels.shape[:2]
    return PageImage(
        page.number, width * 72 / page.dpi, height * 72 / page.dpi, 0, page.dpi, pixels
    )
