"""Searchable PDFs of pictures are PDF/A-1b: by their own claim, and as Apache PDFBox finds."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image, ImageCms

from extraction.types import Box
from tests.documents import image_png
from tests.extraction.test_searchable_pdf import line, made_bytes, read_page, result

JARS = Path("/usr/share/java")  # Debian: libpdfbox2-java, libjaxb-api-java
VALIDATOR = "org.apache.pdfbox.preflight.Validator_A1b"
needs_validator = pytest.mark.skipif(
    not shutil.which("java") or not (JARS / "preflight.jar").exists(),
    reason="Apache PDFBox Preflight is not installed",
)
COLOUR = Image.effect_noise((200, 100), 60).convert("RGB").rotate(3, fillcolor=(250, 40, 0))
GREY = Image.open(io.BytesIO(image_png(["grey"], 200, 100))).convert("L")
PICTURES: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "colour.jpg": (COLOUR, {}),
    "grey.jpg": (GREY, {}),
    "cmyk.jpg": (COLOUR.convert("CMYK"), {}),
    "colour.png": (COLOUR, {}),
    "transparent.png": (COLOUR.convert("RGBA"), {}),
    "black.tif": (GREY.convert("1"), {}),
    "pages.tif": (GREY, {"save_all": True, "append_images": [COLOUR.copy()]}),
}


def searchable(path: Path, *, skew: float = 0.0) -> bytes:
    """The picture with two touching words in two scripts on each page."""
    boxes: list[Box] = [(20, 30, 60, 42), (60, 30, 120, 42)]
    words = line(*zip(("Total", "合计"), boxes, strict=True))
    with Image.open(path) as picture:
        count = getattr(picture, "n_frames", 1)
    pages = [
        read_page([words], number, width=200.0, height=100.0, skew=skew)
        for number in range(1, count + 1)
    ]
    return made_bytes(path, result(path.suffix, pages))


def claim(body: bytes) -> str:
    return str(pymupdf.open(stream=body, filetype="pdf").get_xml_metadata())


@needs_validator
@pytest.mark.parametrize("skew", [0.0, 3.0])
@pytest.mark.parametrize("name", PICTURES)
def test_pdf_of_a_picture_is_valid(tmp_path: Path, name: str, skew: float) -> None:
    picture, options = PICTURES[name]
    path = tmp_path / name
    picture.save(path, **options)
    written = tmp_path / "made.pdf"
    written.write_bytes(searchable(path, skew=skew))

    told = subprocess.run(
        ["java", "-cp", f"{JARS}/*", VALIDATOR, str(written)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    ).stdout
    assert told.strip() == "The file made.pdf is a valid PDF/A-1b file"


@pytest.mark.parametrize("name", PICTURES)
def test_pdf_of_a_picture_claims_conformance(tmp_path: Path, name: str) -> None:
    picture, options = PICTURES[name]
    picture.save(tmp_path / name, **options)

    written = claim(searchable(tmp_path / name))
    assert "<pdfaid:part>1</pdfaid:part>" in written
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in written


def test_picture_with_a_newer_colour_profile_claims_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert profile[8] == 4  # its version
    COLOUR.save(tmp_path / "a.jpg", icc_profile=profile)

    body = searchable(tmp_path / "a.jpg")
    assert "pdfaid" not in claim(body)
    assert pymupdf.open(stream=body, filetype="pdf")[0].get_text().split() == ["Total", "合计"]
