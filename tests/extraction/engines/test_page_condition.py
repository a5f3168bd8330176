"""Pages in bad condition, drawn here: what is truly written on them must be read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pymupdf
import pytest

from extraction.engines import get
from extraction.types import PageImage, PageText, Pixels

RECEIPT = (
    "Northgate Hardware Ltd",
    "27 Mill Lane, Durham",
    "Receipt No. 004417",
    "Hex bolts M8 x 40   12.60",
    "Masking tape 50 mm   4.15",
    "Sandpaper grade 120   3.99",
    "Subtotal   20.74",
    "VAT 20%   4.15",
    "Total GBP 24.89",
    "Thank you for your visit",
)


def draw(lines: Sequence[str], *, size: float = 24, width: int = 480, pitch: float = 1.7) -> Pixels:
    """The lines in Helvetica of ``size`` pixels, black on white."""
    document = pymupdf.open()
    page = document.new_page(width=width, height=(len(lines) + 2) * size * pitch)
    for index, line in enumerate(lines, start=1):
        page.insert_text((size, (index + 0.5) * size * pitch), line, fontsize=size)
    pixmap = page.get_pixmap(dpi=72, alpha=False)
    shape = (pixmap.height, pixmap.width, 3)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(shape).copy()


def grained(pixels: Pixels, strength: float) -> Pixels:
    """The picture with Gaussian noise of that standard deviation."""
    noise = np.random.default_rng(3).normal(0, strength, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def turned(pixels: Pixels, quarters: int) -> Pixels:
    """The picture turned by quarter turns clockwise."""
    return np.ascontiguousarray(np.rot90(pixels, -quarters))


def read(pixels: Pixels) -> PageText:
    height, width = pixels.shape[:2]
    page = PageImage(1, float(width), float(height), 0, 72, np.ascontiguousarray(pixels))
    return get("rapidocr", 2).read([page])[0]


def words(text: PageText) -> list[str]:
    """What was read; the sign × is as good as the letter, which at 12 pixels looks the same."""
    return sorted(word.text.replace("×", "x") for line in text.lines for word in line.words)


def expected(lines: Sequence[str] = RECEIPT) -> list[str]:
    return sorted(word for line in lines for word in line.split())


def missing(text: PageText, lines: Sequence[str] = RECEIPT) -> list[str]:
    found = words(text)
    return [word for word in expected(lines) if word not in found]


def test_a_plain_receipt_is_read_word_for_word() -> None:
    assert words(read(draw(RECEIPT))) == expected()


def test_light_text_on_a_dark_page_is_read() -> None:
    assert missing(read(grained(255 - draw(RECEIPT), 8))) == []


def test_a_dark_banner_on_a_light_page_is_read() -> None:
    page = draw(RECEIPT)
    page[:110] = 255 - page[:110]
    assert missing(read(page)) == []


@pytest.mark.parametrize("contrast", [0.2, 0.1])
def test_faint_text_is_read(contrast: float) -> None:
    faint = (190 + (draw(RECEIPT) - 255.0) * contrast).astype(np.uint8)
    assert missing(read(grained(faint, 1))) == []


@pytest.mark.parametrize("size", [8, 9, 60, 110])
def test_text_is_read_at_any_size(size: int) -> None:
    # 8 pixels a line is 6 point type at 96 dpi; on a large page it is lost at the first look.
    assert missing(read(draw(RECEIPT, size=size, width=20 * size))) == []


def test_tiny_text_on_a_large_page_is_read() -> None:
    page = np.full((2339, 1654, 3), 255, np.uint8)
    small = draw(RECEIPT, size=12, width=264)
    page[1000 : 1000 + small.shape[0], 700:964] = small
    assert missing(read(page)) == []


def test_a_very_long_receipt_is_read_without_losing_or_doubling_a_line() -> None:
    items = [f"Item {number:03} sold {number * 37 % 1000}.50" for number in range(140)]
    page = draw(items, size=24, width=600)
    assert page.shape[0] > 5500
    found = [line.text for line in read(page).lines]
    assert sorted(found) == sorted(items)


def test_a_very_long_receipt_lying_on_its_side_is_read() -> None:
    items = [f"Item {number:03} sold {number * 37 % 1000}.50" for number in range(60)]
    page = turned(draw(items, size=24, width=600), 3)
    text = read(page)
    assert missing(text, items) == []
    assert text.skew == pytest.approx(-90, abs=0.5)


def test_lines_longer_than_a_tile_are_one_line() -> None:
    sentence = " ".join(f"word{number}" for number in range(48))
    page = draw([sentence, "short line", sentence], size=40, width=7400)
    found = sorted(line.text for line in read(page).lines)
    assert found == sorted([sentence, "short line", sentence])


def test_two_receipts_on_one_scan_are_read_apart() -> None:
    other = [line.replace("Northgate", "Southgate").replace("4", "7") for line in RECEIPT]
    left, right = draw(RECEIPT), draw(other)
    text = read(np.hstack([left, right]))
    assert words(text) == sorted(expected() + expected(other))
    middle = left.shape[1]
    for line in text.lines:
        assert line.box[2] <= middle or line.box[0] >= middle


@pytest.mark.parametrize("degrees", [-12, -4, 4, 12, 25])
def test_a_skewed_page_is_read(degrees: float) -> None:
    page = cv2.copyMakeBorder(draw(RECEIPT), 80, 80, 80, 80, cv2.BORDER_CONSTANT, None, [255] * 3)
    height, width = page.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    skewed = cv2.warpAffine(page, turn, (width, height), borderValue=[255] * 3)
    text = read(np.asarray(skewed, np.uint8))
    assert missing(text) == []
    assert text.skew == pytest.approx(degrees, abs=0.6)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_lying_on_its_side_or_head_is_read(quarters: int) -> None:
    assert missing(read(turned(draw(RECEIPT), quarters))) == []


def chinese(size: float) -> Pixels:
    document = pymupdf.open()
    page = document.new_page(width=480, height=300)
    for index, line in enumerate(("收据北门五金商店", "谢谢您的光临欢迎再来"), start=1):
        page.insert_text((size, 3 * size * index), line, fontsize=size, fontname="china-s")
    pixmap = page.get_pixmap(dpi=72, alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(300, 480, 3).copy()


PAGES = {
    "ordinary": draw(RECEIPT),
    "one word": draw(["Durham"]),
    "two lines": draw(["Northgate Hardware", "Total 24.89"], pitch=6),
    "numbers": draw(
        [f"{n * 7919 % 1000}.{n * 37 % 90 + 10}   {n * 271 % 5000}" for n in range(12)]
    ),
    "capitals": draw([line.upper() for line in RECEIPT]),
    "large": draw(["Spring sale", "All week", "20% off"], size=150, width=1200),
    "Chinese": chinese(28),
    "dark": 255 - draw(RECEIPT),
    "poor": grained(draw(RECEIPT, size=11, width=220), 18),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("quarters", [0, 2])
def test_a_page_is_told_from_one_upside_down(name: str, quarters: int) -> None:
    skew = read(turned(PAGES[name], quarters)).skew
    assert abs(skew - 90 * quarters) < 5 or abs(skew + 90 * quarters) < 5


def test_a_line_up_the_margin_is_read_beside_upright_text() -> None:
    margin = turned(draw(["Printed in Durham by the harbour"], size=18, width=400), 3)
    page = draw(RECEIPT)
    page[20:420, 410:480] = margin[:, 10:80]
    text = read(page)
    assert "Printed in Durham by the harbour" in [line.text for line in text.lines]
    assert missing(text) == []
    assert abs(text.skew) < 1


@pytest.mark.parametrize("lean", [0.08, 0.15])
def test_a_photo_taken_at_an_angle_is_read(lean: float) -> None:
    page = draw(RECEIPT, size=30, width=620)
    height, width = page.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array(
        [
            [width * lean, height * lean / 2], [width * (1 - lean / 2), 0],
            [width, height], [0, height * (1 - lean / 2)],
        ],
        np.float32,
    )  # fmt: skip
    shape = (width + 200, height + 200)
    table = (90, 70, 50)  # the page lies on something dark
    photo = cv2.warpPerspective(
        page, cv2.getPerspectiveTransform(flat, seen + 100), shape, borderValue=table
    )
    blurred = np.asarray(cv2.GaussianBlur(photo, (3, 3), 0), np.uint8)
    assert missing(read(grained(blurred, 6))) == []
