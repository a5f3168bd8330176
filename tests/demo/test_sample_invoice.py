from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np
import pymupdf
import pytest

from demo.sample_invoice import EXPECTED, build, main
from extraction.fields import known

FIELDS = EXPECTED["fields"]
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def sample() -> bytes:
    return build()


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_build_gives_two_scanned_pages_without_text(sample: bytes) -> None:
    with pymupdf.open(stream=sample, filetype="pdf") as document:
        assert document.page_count == 2
        for page in document:
            assert page.rect == pymupdf.Rect(0, 0, 595, 842)
            assert page.get_text() == ""
            (picture,) = page.get_images()
            width, height, coding = picture[2], picture[3], picture[8]
            assert (width, height, coding) == (1653, 2339, "DCTDecode")


def test_build_gives_the_same_bytes_again(sample: bytes) -> None:
    assert build() == sample


@pytest.mark.parametrize(("number", "degrees"), [(0, 1.3), (1, -0.8)])
def test_build_skews_the_pages(sample: bytes, number: int, degrees: float) -> None:
    with pymupdf.open(stream=sample, filetype="pdf") as document:
        pixmap = document[number].get_pixmap(dpi=100, colorspace=pymupdf.csGRAY)
    gray = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    ink = (gray < 130).astype(np.uint8)

    def sharpness(angle: float) -> float:
        """How much the rows' ink varies: most where the lines are level."""
        height, width = ink.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        rows = cv2.warpAffine(ink, turn, (width, height)).sum(axis=1, dtype=np.float64)
        return float(np.square(np.diff(rows)).sum())

    angles = [step / 10 for step in range(-25, 26)]
    assert max(angles, key=sharpness) == pytest.approx(degrees, abs=0.15)


def test_expected_amounts_add_up() -> None:
    rows = EXPECTED["line_items"][1:]
    for _, quantity, price, total in rows:
        assert (amount(quantity) * amount(price)).quantize(CENT) == amount(total)
    subtotal = sum(amount(row[3]) for row in rows)
    tax = (subtotal * Decimal("0.19")).quantize(CENT)

    assert FIELDS["subtotal"] == {"amount": str(subtotal), "currency": "EUR"}
    assert FIELDS["tax_amount"] == {"amount": str(tax), "currency": "EUR"}
    assert FIELDS["total_amount"] == {"amount": str(subtotal + tax), "currency": "EUR"}
    hours = sum(Decimal(row[3]) for row in EXPECTED["hours"][1:])
    assert [row[1] for row in rows if "hours" in row[0]] == [str(hours)]


def test_expected_fields_are_in_the_catalogue() -> None:
    assert set(FIELDS) == {field.name for field in known(tuple(FIELDS))}


def test_expected_dates_keep_the_terms() -> None:
    issued, due = (date.fromisoformat(FIELDS[name]) for name in ("invoice_date", "due_date"))

    assert due - issued == timedelta(days=30)


def test_expected_iban_has_the_right_check_digits() -> None:
    iban = FIELDS["iban"]
    digits = "".join(str(int(character, 36)) for character in iban[4:] + iban[:4])

    assert re.fullmatch(r"DE\d{20}", iban)
    assert int(digits) % 97 == 1  # ISO 13616


def test_expected_vat_id_has_the_right_check_digit() -> None:
    digits = [int(character) for character in FIELDS["vat_number"].removeprefix("DE")]
    product = 10
    for digit in digits[:8]:  # ISO 7064, MOD 11,10
        product = ((digit + product) % 10 or 10) * 2 % 11

    assert len(digits) == 9
    assert (11 - product) % 10 == digits[8]


def test_main_writes_the_file(sample: bytes, tmp_path: Path) -> None:
    assert main([str(tmp_path / "out.pdf")]) == 0
    assert (tmp_path / "out.pdf").read_bytes() == sample


def test_main_refuses_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m demo.sample_invoice OUT.pdf\n"
