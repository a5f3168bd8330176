from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from extraction import pipeline
from extraction.engines import get
from extraction.engines.auto import beside
from extraction.options import Options
from extraction.types import Line, Page, PageImage, Word
from tests.documents import A4
from tests.extraction import scans
from tests.extraction.pdfs import PROSE, picture, prose, saved, with_mapping

OWN = Line("Own text", (1, 2, 30, 12), None, (Word("Own", (1, 2, 14, 12)),))


def read(tmp_path: Path, body: bytes, engine: str = "auto") -> Page:
    """The first page of a PDF, read."""
    path = tmp_path / "a.pdf"
    path.write_bytes(body)
    page = pipeline.run(path, Options(dpi=150, pages="1"), get(engine, 2)).pages[0]
    assert page.error is None
    return page


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def test_auto_takes_the_text_where_the_page_was_not_rendered_and_reads_the_rest() -> None:
    born_digital = PageImage(1, 595, 842, 0, 150, lines=(OWN,))
    scanned = scans.scan(scans.invoice, number=2)
    first, second = get("auto", 2).read([born_digital, scanned])
    assert (first.engine, first.lines) == ("text-layer", (OWN,))
    assert second.engine == "rapidocr"
    assert "HP-2024-0817" in {word.text for line in second.lines for word in line.words}


def test_auto_names_both_engines_in_its_revision() -> None:
    revision = get("auto", 2).revision
    assert revision == f"{get('text-layer').revision}+{get('rapidocr', 2).revision}"


def test_auto_leaves_sound_text_alone(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        prose(document.new_page(width=A4[0], height=A4[1]))
        page = read(tmp_path, saved(document))
    assert page.engine == "text-layer"
    assert texts(page) == list(PROSE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, ""),  # no mapping: no Unicode is known
        ("<0042> <005f> <0061>", "<0042> <005f> <0064>"),  # a wrong one: d for a, e for b, ...
        ("<0042> <005f> <0061>", "<0042> <005f> <e061>"),  # into the private use area
    ],
)
def test_auto_reads_text_of_a_broken_font_by_ocr(tmp_path: Path, old: str | None, new: str) -> None:
    page = read(tmp_path, with_mapping(old, new))
    assert page.engine == "rapidocr"
    assert texts(page) == list(PROSE)
    assert "text_layer_unsound" in page.warnings


def test_auto_reads_a_scan_rather_than_its_old_ocr(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_image(page.rect, stream=picture(["What the page says"], *A4))
        prose(page, ["Wh4t tbe paqe saus"], render_mode=3)
        page = read(tmp_path, saved(document))
    assert (page.engine, texts(page)) == ("rapidocr", ["What the page says"])
    assert "hidden_text" in page.warnings


def test_auto_reads_a_scan_painted_over_its_old_ocr(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        prose(page, [line.replace("e", "c") for line in PROSE])
        page.insert_image(page.rect, stream=picture(["What the page says"], *A4))
        page = read(tmp_path, saved(document))
    assert (page.engine, texts(page)) == ("rapidocr", ["What the page says"])


def test_text_layer_takes_the_old_ocr_of_a_scan_and_says_so(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_image(page.rect, stream=picture(["What the page says"], *A4))
        prose(page, ["Wh4t tbe paqe saus"], render_mode=3)
        page = read(tmp_path, saved(document), "text-layer")
    assert (page.engine, texts(page)) == ("text-layer", ["Wh4t tbe paqe saus"])
    assert "hidden_text" in page.warnings


@pytest.mark.parametrize("rotation", [0, 90])
def test_auto_adds_the_text_of_pictures_to_the_own_text(tmp_path: Path, rotation: int) -> None:
    shown = ["Figure caption in a picture", "Delivered 42 boxes"]
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        prose(page)
        page.insert_image((60, 400, 360, 500), stream=picture(shown, 300, 100))
        if rotation:  # the page as displayed lies on its side; what is drawn is turned with it
            page.set_rotation(rotation)
        page = read(tmp_path, saved(document))
    assert page.engine == "text-layer+rapidocr"
    assert sorted(texts(page)) == sorted([*PROSE, *shown])
    by_text = {line.text: line for line in page.lines}
    assert by_text[PROSE[0]].confidence is None
    read_line = by_text[shown[1]]
    assert read_line.confidence is not None and read_line.confidence > 0.8
    x0, y0, x1, y1 = read_line.box
    if rotation:  # what was y from the top is x from the right
        x0, y0, x1, y1 = y0, A4[1] - x1, y1, A4[1] - x0
    assert x0 >= 60
    assert x1 <= 360
    assert y0 >= 430
    assert y1 <= 465


def test_auto_does_not_double_words_typed_over_a_scanned_form(tmp_path: Path) -> None:
    form = picture(
        ["Application form", "Name:", "Town:", "Signed in the presence of"], *A4, size=16
    )
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_image(page.rect, stream=form)
        page.insert_text((100, 56), "Rosalind Okonkwo", fontsize=14)
        page.insert_text((100, 85), "Puddletown", fontsize=14)
        page = read(tmp_path, saved(document))
    assert page.engine == "text-layer+rapidocr"
    words = [word for text in texts(page) for word in text.split()]
    expected = "Application form Name: Rosalind Okonkwo Town: Puddletown Signed in the presence of"
    assert sorted(words) == sorted(expected.split())
    own = {word.text for line in page.lines for word in line.words if word.confidence is None}
    assert own == {"Rosalind", "Okonkwo", "Puddletown"}


def test_auto_keeps_a_stamp_and_reads_the_scan_beside_it(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_image(page.rect, stream=picture(PROSE, *A4, size=16))
        page.insert_text((500, 820), "Exhibit 7", fontsize=11)
        page = read(tmp_path, saved(document))
    assert page.engine == "text-layer+rapidocr"
    assert sorted(texts(page)) == sorted([*PROSE, "Exhibit 7"])


def test_auto_passes_over_logos_and_plain_backgrounds(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        shade = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 60, 80), 0)
        shade.clear_with(235)
        page.insert_image(page.rect, stream=shade.tobytes("png"))
        page.insert_image((480, 20, 560, 50), stream=picture(["LOGO"], 80, 30))
        prose(page)
        body = saved(document)
    page = read(tmp_path, body)
    assert (page.engine, texts(page)) == ("text-layer", list(PROSE))


def test_beside_drops_the_words_that_are_there_and_keeps_the_rest_of_the_line() -> None:
    words = (Word("0wn", (1, 2, 14, 12), 0.7), Word("more", (40, 2, 60, 12), 0.9))
    line = Line("0wn more", (1, 2, 60, 12), 0.8, words)
    (kept,) = beside([line], [OWN])
    assert (kept.text, kept.box, kept.words) == ("more", (40, 2, 60, 12), words[1:])
    assert beside([line], []) == (line,)
