"""The searchable PDF: its text is found where it stands, and it carries nothing that acts."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

from extraction import engines, pipeline, searchable_pdf
from extraction.channel import ChildDied, ChildTimeout
from extraction.errors import Cancelled, NotMade
from extraction.level import Frame, union
from extraction.options import Limits, Options
from extraction.sandbox import Child
from extraction.searchable_pdf import write_searchable_pdf
from extraction.types import Box, Document, Failure, Line, Page, Source, Word
from tests.documents import encrypted_pdf, image_pdf, image_png, text_pdf
from tests.extraction.scans import A4, DPI, invoice, scan

TYPES = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".tif": "image/tiff"}


def line(*words: tuple[str, Box]) -> Line:
    """A line as an engine reads it."""
    read = tuple(Word(text, box, 0.9) for text, box in words)
    return Line(" ".join(w.text for w in read), union(w.box for w in read), 0.9, read)


def result(suffix: str, pages: Sequence[Page], page_count: int = 0) -> Document:
    """What an engine made of a file of that kind."""
    source = Source(f"a{suffix}", TYPES[suffix], "0" * 64, page_count or len(pages))
    return Document(source, tuple(pages))


def read_page(lines: Iterable[Line], number: int = 1, **values: Any) -> Page:
    size = {"width": A4[0], "height": A4[1]} | values
    return Page(number, engine="rapidocr", lines=tuple(lines), **size)


def made(path: Path, document: Document, **options: Any) -> pymupdf.Document:
    """The searchable PDF, open."""
    return pymupdf.open(stream=made_bytes(path, document, **options), filetype="pdf")


def made_bytes(path: Path, document: Document, **options: Any) -> bytes:
    with path.with_name("out").open("w+b") as out:
        write_searchable_pdf(path, document, out, **options)
        return out.read()


def rendered(page: Any) -> bytes:
    return bytes(page.get_pixmap(dpi=100, alpha=False).samples)


def near(found: Sequence[float], wanted: Sequence[float], tolerance: float = 1.0) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """A PDF page with a picture and no text."""
    path = tmp_path / "a.pdf"
    path.write_bytes(image_pdf([[]], dpi=50))
    return path


# Places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [0.0, 1.5, -4.0])
def test_words_of_a_skewed_scan_are_found_where_they_are_printed(
    tmp_path: Path, skew: float
) -> None:
    """Through the real engine; the true places are the drawing's, turned like the scan."""
    drawing = pymupdf.open().new_page(width=A4[0], height=A4[1])
    invoice(drawing)
    frame = Frame(*A4, skew)
    path = tmp_path / "scan.png"
    Image.fromarray(np.asarray(scan(invoice, skew=skew).pixels)).save(path, dpi=(DPI, DPI))
    document = pipeline.run(path, Options(), engines.get("auto", 1))
    page = made(path, document)[0]

    for text in ("Harbour", "17 May 2024", "Copper pipe", "150.84", "Delivered in full"):
        (true,) = drawing.search_for(text)
        quads = page.search_for(text, quads=True)
        assert quads, f"{text} is not found"
        found = union(tuple(quad.rect) for quad in quads)
        # Engines give a line's words places by their share of its length: not to the point.
        assert near(found, frame.to_page(tuple(true)), tolerance=7)
        slope = np.degrees(np.arctan2(quads[0].ur.y - quads[0].ul.y, quads[0].ur.x - quads[0].ul.x))
        assert abs(slope - skew) < 0.3
    assert rendered(page) == rendered_picture(path)


def rendered_picture(path: Path) -> bytes:
    page = pymupdf.open().new_page(width=A4[0], height=A4[1])
    page.insert_image(page.rect, filename=str(path))
    return rendered(page)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (40, 30, 500, 700)])
def test_words_stand_in_place_on_turned_and_cropped_pages(
    tmp_path: Path, rotation: int, crop: Box | None
) -> None:
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.draw_rect((50, 60, 90, 80))
    page.set_rotation(rotation)
    if crop:
        page.set_cropbox(pymupdf.Rect(crop))
    path = tmp_path / "a.pdf"
    path.write_bytes(document.tobytes())
    before = rendered(pymupdf.open(path)[0])
    box: Box = (100, 200, 160, 214)
    size = {"width": page.rect.width, "height": page.rect.height}

    pages = [read_page([line(("needle", box))], rotation=rotation, **size)]
    found = made(path, result(".pdf", pages))[0]

    (place,) = found.search_for("needle")
    assert near(tuple(place * found.rotation_matrix if rotation else place), box)
    assert rendered(found) == before


def test_words_stand_in_place_whatever_the_content_before_did(tmp_path: Path) -> None:
    """A page whose own content leaves its coordinates scaled and its states unbalanced."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.draw_rect((50, 60, 90, 80))
    document.update_stream(page.get_contents()[0], b"Q Q q 0.1 0 0 0.1 300 300 cm q q BT")
    path = tmp_path / "a.pdf"
    path.write_bytes(document.tobytes())
    box: Box = (100, 200, 160, 214)

    found = made(path, result(".pdf", [read_page([line(("needle", box))])]))[0]

    (place,) = found.search_for("needle")
    assert near(place, box)


# Text --------------------------------------------------------------------------------------------

SCRIPTS = (
    "Café Ångström Łódź naïve",
    "Ελληνικά κείμενα εδώ",
    "Русский текст",
    "日本語の文章 漢字",
    "한국어 문장",
    "smile 😀 rare 𠀋 end",
    "(paren) \\back <angle>",
)
RIGHT_TO_LEFT = ("שלום עולם טוב", "مرحبا بالعالم كله")


def row(text: str, y: float, *, leftwards: bool = False) -> Line:
    """A line of words of ten points a character."""
    words = []
    x = 500.0 if leftwards else 60.0
    for word in text.split(" "):
        width = 10.0 * len(word)
        words.append((word, (x - width, y, x, y + 14) if leftwards else (x, y, x + width, y + 14)))
        x += -(width + 5) if leftwards else width + 5
    return line(*words)


def every_script() -> list[Line]:
    lines = [row(text, 60.0 + 30 * index) for index, text in enumerate(SCRIPTS)]
    return lines + [
        row(text, 400.0 + 30 * index, leftwards=True) for index, text in enumerate(RIGHT_TO_LEFT)
    ]


def test_text_of_every_script_is_extracted_as_read(blank: Path) -> None:
    page = made(blank, result(".pdf", [read_page(every_script())]))[0]

    assert page.get_text().split("\n")[:-1] == [*SCRIPTS, *RIGHT_TO_LEFT]
    for word in ("Ångström", "κείμενα", "текст", "漢字", "문장"):
        assert len(page.search_for(word)) == 1


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not installed")
def test_text_of_every_script_is_extracted_by_poppler(blank: Path) -> None:
    body = made_bytes(blank, result(".pdf", [read_page(every_script())]))

    marks = dict.fromkeys(map(ord, "\u202a\u202b\u202c\f"))  # of direction
    found = pdftotext(body).translate(marks).split("\n")
    assert [text for text in found if text] == [*SCRIPTS, *RIGHT_TO_LEFT]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not installed")
@pytest.mark.parametrize("arguments", [[], ["-raw"]])
@pytest.mark.parametrize(("columns", "skew"), [(1, -4.0), (1, 4.0), (2, -1.5), (2, 1.5)])
def test_text_of_a_skewed_page_is_in_reading_order_for_poppler(
    blank: Path, columns: int, skew: float, arguments: list[str]
) -> None:
    """Columns read one after the other; lines end up to 30 points off their beginning."""
    frame = Frame(*A4, skew)
    words = [f"w{n:03}" for n in range(240)]
    lines = []
    for index in range(60 // (3 - columns)):
        x, y = (60.0, 320.0)[index // 30], 100 + 18.0 * (index % 30)
        count = 12 - 4 * columns
        boxes = [frame.to_page((x + 50 * n, y, x + 50 * n + 42, y + 11)) for n in range(count)]
        lines.append(line(*zip(words[count * index : count * index + count], boxes, strict=True)))

    body = made_bytes(blank, result(".pdf", [read_page(lines, skew=skew)]))

    assert pdftotext(body, *arguments).split() == words
    assert pymupdf.open(stream=body)[0].get_text().split() == words


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not installed")
@pytest.mark.parametrize("skew", [0.0, 0.8, 3.0])
@pytest.mark.parametrize("arguments", [[], ["-raw"], ["-layout"]])
def test_words_whose_boxes_touch_stay_apart_for_poppler(
    blank: Path, skew: float, arguments: list[str]
) -> None:
    frame = Frame(*A4, skew)
    words = ["Bill", "to", "the", "harbour"]
    boxes = [frame.to_page((100 + 20 * n, 200, 121 + 20 * n, 212)) for n in range(4)]
    read = read_page([line(*zip(words, boxes, strict=True))], skew=skew)

    assert pdftotext(made_bytes(blank, result(".pdf", [read])), *arguments).split() == words


def pdftotext(body: bytes, *arguments: str) -> str:
    done = subprocess.run(
        ["pdftotext", *arguments, "-", "-"], input=body, capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode()


@pytest.mark.parametrize("text", ["縦書き文字", "margin note"])
def test_text_down_the_page_is_one_word_in_its_box(blank: Path, text: str) -> None:
    box: Box = (500, 100, 514, 100 + 14.0 * len(text))
    page = made(blank, result(".pdf", [read_page([line((text, box))])]))[0]

    (place,) = page.search_for(text)
    assert near(place, box)


def test_page_whose_own_text_was_used_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(text_pdf(["Total due: 12.50 EUR\nThank you for your order"]))
    document = pipeline.run(path, Options(), engines.get("auto", 1))

    page = made(path, document)[0]

    assert document.pages[0].engine == "text-layer"
    assert page.get_text() == pymupdf.open(path)[0].get_text()


def test_words_over_visible_text_are_not_doubled(tmp_path: Path) -> None:
    """A page read by OCR although it has text: only what the text lacks is added."""
    path = tmp_path / "a.pdf"
    path.write_bytes(text_pdf(["Total due"]))
    words = [(w[4], w[:4]) for w in pymupdf.open(path)[0].get_text("words")]
    stamp = line(("PAID", (300, 300, 360, 320)))

    page = made(path, result(".pdf", [read_page([line(*words), stamp])]))[0]

    assert page.get_text().split() == ["PAID", "Total", "due"]


def test_invisible_text_of_an_older_ocr_is_replaced(tmp_path: Path) -> None:
    document = pymupdf.open(stream=image_pdf([["Total due"]]), filetype="pdf")
    document[0].insert_text((100, 100), "Tota1 dve", render_mode=3)
    path = tmp_path / "a.pdf"
    path.write_bytes(document.tobytes())
    before = rendered(document[0])

    page = made(path, result(".pdf", [read_page([row("Total due", 90)])]))[0]

    assert page.get_text().split() == ["Total", "due"]
    assert rendered(page) == before


def test_text_that_was_not_trusted_is_seen_but_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(text_pdf(["T0ta1 g4rb1e"]))
    document = pymupdf.open(path)
    boxes = [word[:4] for word in document[0].get_text("words")]
    words = line(*zip(("Total", "garble"), boxes, strict=True))
    page = read_page([words], warnings=("text_layer_unsound",))

    body = made_bytes(path, result(".pdf", [page]))

    found = pymupdf.open(stream=body)[0]
    assert found.get_text().split() == ["Total", "garble"]
    assert rendered(found) == rendered(document[0])
    if shutil.which("pdftotext"):
        assert pdftotext(body).split() == ["Total", "garble"]


# Pages and pictures ------------------------------------------------------------------------------


def test_pages_of_the_result_alone_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(image_pdf([["one"], ["two"], ["three"]], dpi=50))
    failed = Page(2, error=Failure("page_timeout", "Too slow", "Too slow"))
    read = read_page([row("third", 90)], number=3)

    found = made(path, result(".pdf", [failed, read], page_count=3))

    assert [page.get_text().split() for page in found.pages()] == [[], ["third"]]
    assert rendered(found[1]) == rendered(pymupdf.open(path)[2])


def sized(picture: Image.Image) -> dict[str, Any]:
    """A page of a point a pixel."""
    return {"width": float(picture.width), "height": float(picture.height)}


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 180), (6, 270), (8, 90)])
def test_jpeg_stays_as_it_is_and_is_shown_upright(
    tmp_path: Path, orientation: int, turn: int
) -> None:
    """``turn`` is what Pillow's anticlockwise rotation needs to set the picture upright."""
    original = Image.open(io.BytesIO(image_png(["UPRIGHT"], 400, 200))).convert("RGB")
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "a.jpg"
    original.save(path, exif=exif)
    upright = original.rotate(turn, expand=True)

    found = made(path, result(".jpg", [read_page([row("UPRIGHT", 90)], **sized(upright))]))

    (image,) = found[0].get_images()
    assert found.xref_stream_raw(image[0]) == path.read_bytes()
    pixels = Image.frombytes("RGB", upright.size, found[0].get_pixmap(alpha=False).samples)
    difference = np.abs(np.asarray(pixels, np.int16) - np.asarray(upright, np.int16))
    assert difference.mean() < 4


def test_lossless_pictures_keep_every_pixel(tmp_path: Path) -> None:
    grey = Image.open(io.BytesIO(image_png(["grey"], 300, 100))).convert("L")
    colour = Image.effect_noise((120, 80), 50).convert("RGB").rotate(5, fillcolor=(255, 0, 0))
    black = grey.point(lambda value: 255 * (value > 128)).convert("1")
    path = tmp_path / "a.tif"
    grey.save(path, save_all=True, append_images=[colour, black])
    pages = [read_page([], number, width=200.0, height=100.0) for number in (1, 2, 3)]

    found = made(path, result(".tif", pages))

    kinds = []
    for page, picture in zip(list(found.pages()), (grey, colour, black), strict=True):
        (image,) = page.get_images()
        stored = pymupdf.Pixmap(found, image[0])
        kinds.append((image[4], stored.n))
        kept = pymupdf.Pixmap(pymupdf.csRGB, stored)
        assert kept.samples == picture.convert("RGB").tobytes()
    assert kinds == [(8, 1), (8, 3), (1, 1)]  # bits, channels


def test_picture_that_cannot_be_decoded_leaves_its_page_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    noise = np.random.default_rng(0).integers(0, 256, (2, 100, 300), np.uint8)
    frames = [Image.fromarray(frame) for frame in noise]
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="tiff_deflate")
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + b"\xff" * (half - 500) + data[-500:])
    document = pipeline.run(path, Options(text_layer="only"), engines.get("auto", 1))
    assert [page.error is None for page in document.pages] == [True, False]

    found = made(path, document)

    assert [len(page.get_images()) for page in found.pages()] == [1, 0]
    assert found[1].rect == pymupdf.Rect(0, 0, *A4)


# Hostile and encrypted originals -----------------------------------------------------------------

ACTING = ("JavaScript", "/JS", "Launch", "/URI", "SubmitForm", "EmbeddedFile", "/AA", "OpenAction",
          "RichMedia", "XFA", "GoToR", "ImportData", "/EF", "evil")  # fmt: skip


def acting_pdf() -> bytes:
    """One page that tries everything, in places usual and odd."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_image((50, 50, 150, 150), stream=image_png(["x"], 50, 50))
    corner = pymupdf.Rect(0, 0, 50, 50)
    for uri in ("https://evil.example", "javascript:evil()"):
        page.insert_link({"kind": pymupdf.LINK_URI, "from": corner, "uri": uri})
    page.insert_link({"kind": pymupdf.LINK_LAUNCH, "from": corner, "file": "evil.exe"})
    page.insert_link(
        {"kind": pymupdf.LINK_GOTO, "from": corner, "page": 0, "to": pymupdf.Point(9, 9)}
    )
    page.add_file_annot((100, 100), b"evil bytes", "evil.exe")
    document.embfile_add("evil", b"evil bytes", filename="evil.exe")
    catalog = document.pdf_catalog()
    script = "<< /S /JavaScript /JS (app.alert\\('evil'\\)) >>"
    document.xref_set_key(catalog, "OpenAction", script)
    document.xref_set_key(catalog, "AA", f"<< /WC {script} >>")
    document.xref_set_key(catalog, "Names/JavaScript", f"<< /Names [(evil) {script}] >>")
    document.xref_set_key(catalog, "AcroForm", f"<< /Fields [] /XFA (evil) /Odd [[ {script} ]] >>")
    document.xref_set_key(page.xref, "AA", "<< /O << /S /SubmitForm /F (http://evil) >> >>")
    document.xref_set_key(page.xref, "Odd", f"<< /A [ << /B {script} >> ] /C << /S /#4caunch >> >>")
    return document.tobytes()


def test_nothing_that_acts_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(acting_pdf())

    body = made_bytes(path, result(".pdf", [read_page([row("text", 300)])]))

    document = pymupdf.open(stream=body, filetype="pdf")
    objects = [document.xref_object(xref) for xref in range(1, document.xref_length())]
    assert [word for word in ACTING if any(word in text for text in objects)] == []
    assert b"evil" not in body
    assert document.embfile_count() == 0
    assert [link["kind"] for link in document[0].get_links()] == [pymupdf.LINK_GOTO]
    assert document[0].get_text().split() == ["text"]


def test_claims_of_conformance_are_left_out(tmp_path: Path, blank: Path) -> None:
    document = pymupdf.open(blank)
    document.set_xml_metadata("<x:xmpmeta><pdfaid:part>2</pdfaid:part></x:xmpmeta>")
    path = tmp_path / "b.pdf"
    path.write_bytes(document.tobytes())

    assert "pdfaid" not in made(path, result(".pdf", [read_page([])])).get_xml_metadata()


def test_encrypted_original_is_opened_only_with_its_password(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(encrypted_pdf("geheim", "Secret"))
    pages = result(".pdf", [read_page([row("stamp", 300)])])

    with pytest.raises(NotMade, match="encrypted"):
        made_bytes(path, pages)
    found = made(path, pages, password="geheim")

    assert not found.needs_pass
    assert found.metadata is not None
    assert found.metadata["encryption"] is None
    assert found[0].get_text().split() == ["stamp", "Secret"]


def test_restrictions_of_an_owner_stay(tmp_path: Path) -> None:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "Restricted")
    path = tmp_path / "a.pdf"
    aes: int = pymupdf.PDF_ENCRYPT_AES_256  # type: ignore[attr-defined]
    allowed: int = pymupdf.PDF_PERM_PRINT  # type: ignore[attr-defined]
    path.write_bytes(document.tobytes(encryption=aes, owner_pw="owner", permissions=allowed))

    found = made(path, result(".pdf", [read_page([row("stamp", 300)])]))

    assert found.metadata is not None
    assert "AES" in found.metadata["encryption"]
    assert found.permissions == pymupdf.open(path).permissions
    assert found[0].get_text().split() == ["stamp", "Restricted"]


@pytest.mark.parametrize(
    "body", [b"%PDF-1.7 and then nothing", b"%PDF-1.7\n" + b"1 0 obj<</Kids[1 0 R]>>" * 50]
)
def test_damaged_original_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(body)
    with pytest.raises(NotMade):
        made_bytes(path, result(".pdf", [read_page([row("x", 90)])]))


def test_picture_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(image_png(["x"], 200, 100))
    with pytest.raises(NotMade, match="more pixels"):
        made_bytes(path, result(".png", [read_page([])]), limits=Limits(max_pixels=100))


@pytest.mark.parametrize(
    ("fault", "told"), [(ChildTimeout, "too long"), (ChildDied, "ended on this document")]
)
def test_original_that_hangs_or_crashes_the_child_is_given_up(
    blank: Path, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], told: str
) -> None:
    def receive(child: Child, deadline: float) -> None:
        raise fault

    monkeypatch.setattr(Child, "receive", receive)
    with pytest.raises(NotMade, match=told):
        made_bytes(blank, result(".pdf", [read_page([])]))


def test_file_beyond_the_limit_is_given_up(
    tmp_path: Path, blank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchable_pdf, "MAX_GROWTH", 0.001)
    with pytest.raises(NotMade):
        made_bytes(blank, result(".pdf", [read_page([])]), limits=Limits(max_bytes=200_000))


def test_writing_stops_when_told(blank: Path) -> None:
    with pytest.raises(Cancelled):
        made_bytes(blank, result(".pdf", [read_page([])]), stop=lambda: True)
