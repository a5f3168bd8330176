"""Two sheets on one scan, drawn and read: each comes whole, in the order of reading."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pymupdf
import pytest

from extraction import layout
from extraction.engines import get
from extraction.types import PageImage, Pixels

WIDTH = 300  # points, of a receipt
DPI = 144
SHOPS = ("Northgate Hardware", "Southgate Bakery", "Eastgate Books", "Westgate Flowers")


def receipt(shop: str, *, size: float = 12, pitch: float = 17, count: int = 9) -> Pixels:
    """A receipt whose every line names the shop's first letter: "N1 valve 4.50"."""
    document = pymupdf.open()
    page = document.new_page(width=WIDTH, height=pitch * (count + 6))
    page.insert_text((24, 2 * pitch), shop, fontsize=size * 1.2)
    for index in range(count):
        y = pitch * (index + 3.5)
        page.insert_text((24, y), f"{shop[0]}{index + 1} copper valve", fontsize=size)
        page.insert_text((220, y), f"{index * 7 % 9 + 1}.{index * 37 % 90 + 10}", fontsize=size)
    page.insert_text((24, pitch * (count + 4.5)), f"{shop[0]} thanks you", fontsize=size)
    pixmap = page.get_pixmap(dpi=DPI, alpha=False)
    shape = (pixmap.height, pixmap.width, 3)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(shape).copy()


def leaning(pixels: Pixels, degrees: float) -> Pixels:
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turned = cv2.warpAffine(pixels, turn, (width, height), borderValue=[255] * 3)
    return np.asarray(turned, np.uint8)


def on_one(places: Sequence[tuple[Pixels, int, int]], width: int, height: int) -> PageImage:
    """A scan, in pixels, with each picture's upper left corner at its place."""
    scan = np.full((height, width, 3), 255, np.uint8)
    for picture, x, y in places:
        scan[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    noise = np.random.default_rng(5).normal(0, 5, scan.shape)
    pixels = np.clip(scan + noise, 0, 255).astype(np.uint8)
    return PageImage(1, width * 72 / DPI, height * 72 / DPI, 0, DPI, pixels)


def letters(page: PageImage) -> str:
    """The first letters of the lines that begin a row, in reading order, each run once."""
    text = get("rapidocr", 2).read([page])[0]
    lines, blocks = layout.arrange(page, text)
    assert [block.id for block in blocks] == [f"p1-b{i}" for i in range(1, len(blocks) + 1)]
    assert sorted(word.text for line in lines for word in line.words) == sorted(
        word.text for line in text.lines for word in line.words
    )
    assert {word.box for line in lines for word in line.words} == {
        word.box for line in text.lines for word in line.words
    }
    said = "".join(line.text[0] for line in lines if line.text[0] in "NSEW")
    assert len(said) >= 5
    return "".join(letter for i, letter in enumerate(said) if not i or said[i - 1] != letter)


@pytest.mark.parametrize(
    ("sizes", "skews", "offset"),
    [
        ((12, 12), (0, 0), 56),  # as from one printer, one lower than the other
        ((12, 9), (0, 0), 0),
        ((12, 9), (1.5, -1), 30),
        ((10, 13), (-2.5, 1), 0),
        ((12, 12), (3, 0), 0),
    ],
)
def test_two_receipts_side_by_side_come_one_after_the_other(
    sizes: tuple[float, float], skews: tuple[float, float], offset: int
) -> None:
    one, other = (
        leaning(receipt(shop, size=size, pitch=size * 1.5), skew)
        for shop, size, skew in zip(SHOPS, sizes, skews, strict=False)
    )
    page = on_one([(one, 20, 20), (other, 680, 20 + offset)], 1320, 760)
    assert letters(page) == "NS"


def test_two_receipts_one_above_the_other_come_one_after_the_other() -> None:
    upper = leaning(receipt(SHOPS[0]), 2.5)
    lower = leaning(receipt(SHOPS[1], size=10, pitch=14), -2)
    assert letters(on_one([(upper, 100, 20), (lower, 40, 560)], 800, 1100)) == "NS"


def test_a_receipt_lying_beside_one_that_stands_is_read_whole() -> None:
    lying = np.ascontiguousarray(np.rot90(receipt(SHOPS[1]), -1))
    page = on_one([(receipt(SHOPS[0]), 20, 20), (lying, 700, 20)], 1320, 700)
    assert letters(page) == "NS"


def test_four_receipts_come_one_after_the_other() -> None:
    sizes, skews = (12, 9, 10, 12), (1.5, -2, -1.5, 2)
    places = ((20, 20), (680, 40), (30, 620), (690, 580))
    drawn = [
        (leaning(receipt(shop, size=size, pitch=size * 1.5), skew), *place)
        for shop, size, skew, place in zip(SHOPS, sizes, skews, places, strict=True)
    ]
    assert letters(on_one(drawn, 1320, 1160)) in ("NESW", "NSEW")


def test_labels_and_values_of_one_page_are_no_two_sheets() -> None:
    page = receipt(SHOPS[0], count=12)
    text = get("rapidocr", 2).read([on_one([(page, 0, 0)], page.shape[1], page.shape[0])])[0]
    lines, _ = layout.arrange(on_one([(page, 0, 0)], page.shape[1], page.shape[0]), text)
    said = [line.text for line in lines]
    assert said[said.index("N1 copper valve") + 1] == "1.10"


def test_a_table_on_a_page_in_two_halves_is_one_table() -> None:
    """The white beside its first column goes on between the blocks above and below it."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=500)
    for index, text in enumerate(("Harbour Pumps Ltd", "12 Quay Street", "VAT GB 980 7806 84")):
        page.insert_text((60, 50 + 14 * index), text, fontsize=10)
    for index, text in enumerate(("Bill to:", "Nordwind GmbH", "Kieler Weg 4")):
        page.insert_text((60, 150 + 14 * index), text, fontsize=10)
    for index, text in enumerate(("Number 2024-081", "Date 14.03.2026", "Due 13.04.2026")):
        page.insert_text((320, 106 + 14 * index), text, fontsize=10)
    rows = (
        ("Description", "Qty", "Unit price", "Amount"),
        ("Copper pipe", "2", "4.50", "9.00"),
        ("Brass valve", "10", "19.90", "199.00"),
        ("Sealing tape", "1", "1.20", "1.20"),
    )
    for number, row in enumerate(rows):
        for x, text in zip((60, 280, 360, 480), row, strict=True):
            page.insert_text((x, 240 + 16 * number), text, fontsize=10)
    for index, (label, text) in enumerate((("Net", "209.20"), ("VAT", "41.84"), ("Sum", "251.04"))):
        page.insert_text((360, 327 + 16 * index), label, fontsize=10)
        page.insert_text((480, 327 + 16 * index), text, fontsize=10)
    page.insert_text((60, 410), "Please pay by transfer.", fontsize=10)
    pixmap = page.get_pixmap(dpi=DPI, alpha=False)
    shape = (pixmap.height, pixmap.width, 3)
    scan = np.frombuffer(pixmap.samples, np.uint8).reshape(shape).copy()
    image = on_one([(scan, 0, 0)], shape[1], shape[0])
    _, blocks = layout.arrange(image, get("rapidocr", 2).read([image])[0])
    (table,) = [block.table for block in blocks if block.table]
    texts = {(cell.row, cell.column): cell.text for cell in table.cells}
    assert [tuple(texts[row, column] for column in range(4)) for row in range(4)] == list(rows)
