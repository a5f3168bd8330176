"""extraction/media_types.py"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from extraction.media_types import MEDIA_TYPES, named_otherwise, sniff
from tests.documents import text_pdf


def image(format_name: str) -> bytes:
    """A small picture in that format."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, format_name)
    return file.getvalue()


def test_sniff_reads_magic_numbers_only() -> None:
    assert sniff(b"%PDF-1.7") == "application/pdf"
    assert sniff(b"some junk\n%PDF-1.4") == "application/pdf"
    assert sniff(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") == "image/heic"
    assert sniff(text_pdf(["x"])) == "application/pdf"
    Image.init()  # all that Pillow can write, whatever has been used before
    assert {
        sniff(image(row.format)) for row in MEDIA_TYPES.values() if row.format in Image.SAVE
    } > {
        "image/png",
        "image/tiff",
    }


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"%PD",
        b"BM not a bitmap",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<?xml version='1.0'?><svg>",
        b"PK\x03\x04",
        b"\x7fELF",
        b"%!PS-Adobe-3.0",
        b"x" * 1020 + b"%PDF-1.7",
    ],
)
def test_sniff_knows_no_other_type(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("name", "media_type", "otherwise"),
    [
        ("a.pdf", "application/pdf", False),
        ("a.PDF", "application/pdf", False),
        ("a.jpeg", "image/jpeg", False),
        ("a.jpe", "image/jpeg", False),
        ("scan", "application/pdf", False),
        ("scan.0001", "image/tiff", False),
        (".pdf", "image/png", False),
        ("offer.final", "application/pdf", False),
        ("a.png", "application/pdf", True),
        ("a.html", "application/pdf", True),
        ("a.pdf.exe", "application/pdf", True),
        ("a.heic", "image/jpeg", True),
        ("a.jpg", "image/png", True),
    ],
)
def test_name_that_says_another_type(name: str, media_type: str, otherwise: bool) -> None:
    assert named_otherwise(name, media_type) is otherwise
